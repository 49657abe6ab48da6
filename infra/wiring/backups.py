"""Backups: both regions' vaults and export buckets, and in each region with a primary its plan and its restore test."""

from dataclasses import dataclass

from components.backups.export_replication import ExportReplication, ExportReplicationArgs
from components.backups.exports import ExportBucket, ExportBucketArgs
from components.backups.plan import BackupPlan, BackupPlanArgs, BackupRule
from components.backups.replication import AutomatedBackupsReplication, AutomatedBackupsReplicationArgs
from components.backups.restore_testing import RestoreTesting, RestoreTestingArgs
from components.backups.vault import BackupVault, BackupVaultArgs, VaultLock
from components.encryption import DataClass
from contract.outputs import OutputKey
from infra.config.stack import StackConfig
from infra.outputs import Outputs
from infra.wiring.postgres import PostgresServers
from infra.wiring.regional import Region, Regions


@dataclass(frozen=True, kw_only=True, slots=True)
class Backups:
    """The vaults and the export buckets of both regions."""

    vault: BackupVault
    dr_vault: BackupVault
    exports: ExportBucket
    dr_exports: ExportBucket

    def outputs(self) -> Outputs:
        """The vaults' ARNs and the buckets' names."""
        return {
            OutputKey.BACKUP_VAULT_ARN: self.vault.arn,
            OutputKey.DR_BACKUP_VAULT_ARN: self.dr_vault.arn,
            OutputKey.EXPORT_BUCKET: self.exports.bucket,
            OutputKey.DR_EXPORT_BUCKET: self.dr_exports.bucket,
        }


def declare_backups(config: StackConfig, regions: Regions, postgres: PostgresServers) -> Backups:
    """Everything that keeps the primary's data outside of RDS's own backups.

    After a promotion the DR region has a primary too, and backs it up; there is no third region to copy to.
    """
    primary, dr = regions.primary, regions.dr
    vault, dr_vault = _vault(config, "", primary), _vault(config, "dr-", dr)
    _plan(config, "", primary, vault, copy_vault=dr_vault)
    _restore_testing(config, "", primary, vault)
    if postgres.is_promoted:
        _plan(config, "dr-", dr, dr_vault, copy_vault=None)
        _restore_testing(config, "dr-", dr, dr_vault)
    replication = config.backups.automated_backups_replication
    if replication is not None:
        AutomatedBackupsReplication(
            "dr-automated-backups",
            AutomatedBackupsReplicationArgs(
                source_region=primary.name,
                destination_region=dr.name,
                source_db_instance_arn=postgres.primary.arn,
                kms_key_arn=dr.key_arn(DataClass.DATABASE),
                retention_days=replication.retention_days,
            ),
            dr.opts,
        )
    exports, dr_exports = _exports(config, "", primary), _exports(config, "dr-", dr)
    ExportReplication(
        "export-replication", ExportReplicationArgs(source=exports, destination=dr_exports), primary.opts
    )
    return Backups(vault=vault, dr_vault=dr_vault, exports=exports, dr_exports=dr_exports)


def _vault(config: StackConfig, prefix: str, region: Region) -> BackupVault:
    lock = config.backups.lock
    return BackupVault(
        f"{prefix}backups",
        BackupVaultArgs(
            placement=region.placement,
            kms_key_arn=region.key_arn(DataClass.BACKUPS),
            notification_topic_arn=region.notifications.arn,
            lock=(
                None
                if lock is None
                else VaultLock(
                    min_retention_days=lock.min_retention_days, max_retention_days=lock.max_retention_days
                )
            ),
        ),
        region.opts,
    )


def _plan(
    config: StackConfig, prefix: str, region: Region, vault: BackupVault, *, copy_vault: BackupVault | None
) -> None:
    BackupPlan(
        f"{prefix}backup-plan",
        BackupPlanArgs(
            placement=region.placement,
            time_zone=config.time_zone,
            rules=[
                BackupRule(
                    name=name,
                    schedule=rule.schedule,
                    retention_days=rule.retention_days,
                    copy_retention_days=rule.copy_retention_days,
                )
                for name, rule in config.backups.rules.items()
            ],
            vault_name=vault.name,
            vault_arn=vault.arn,
            copy_vault_arn=None if copy_vault is None else copy_vault.arn,
        ),
        region.opts,
    )


def _restore_testing(config: StackConfig, prefix: str, region: Region, vault: BackupVault) -> None:
    wanted = config.backups.restore_testing
    if wanted is None:
        return
    RestoreTesting(
        f"{prefix}restore-testing",
        RestoreTestingArgs(
            placement=region.placement,
            time_zone=config.time_zone,
            schedule=wanted.schedule,
            vault_arns=[vault.arn],
            network=region.network,
            instance_class=wanted.instance_class,
            validation_window_hours=wanted.validation_window_hours,
        ),
        region.opts,
    )


def _exports(config: StackConfig, prefix: str, region: Region) -> ExportBucket:
    exports = config.backups.exports
    return ExportBucket(
        f"{prefix}exports",
        ExportBucketArgs(
            placement=region.placement,
            kms_key_arn=region.key_arn(DataClass.EXPORTS),
            retention_days=exports.retention_days,
            object_lock_days=exports.object_lock_days,
        ),
        region.opts,
    )
