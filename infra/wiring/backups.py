"""Backups: both regions' vaults and export buckets, and in each region with a primary its plan and its restore test."""

from dataclasses import dataclass

import pulumi

from components.backups.exports import (
    ExportBucket,
    ExportBucketArgs,
    ExportReplication,
    ExportReplicationArgs,
)
from components.backups.plan import BackupPlan, BackupPlanArgs, BackupRule
from components.backups.replication import AutomatedBackupsReplication, AutomatedBackupsReplicationArgs
from components.backups.restore_testing import RestoreTesting, RestoreTestingArgs
from components.backups.vault import BackupVault, BackupVaultArgs, VaultLock
from components.encryption import DataClass
from contract.names import PhysicalNames
from infra.config.stack import StackConfig
from infra.wiring.regional import Region


@dataclass(frozen=True, kw_only=True, slots=True)
class Backups:
    """Where backups and exports are kept."""

    vault: BackupVault
    dr_vault: BackupVault
    exports: ExportBucket
    dr_exports: ExportBucket


def declare_backups(
    config: StackConfig, *, home: Region, dr: Region, primary_arn: pulumi.Input[str], is_promoted: bool
) -> Backups:
    """Everything that keeps the data of the instance `primary_arn` in `home`.

    After a promotion the DR region has a primary too, and backs it up; there is no third region to copy to.
    """
    vault, dr_vault = _vault(config, "", home), _vault(config, "dr-", dr)
    _plan(config, "", home, vault, copy_vault=dr_vault)
    _restore_testing(config, "", home, vault)
    if is_promoted:
        _plan(config, "dr-", dr, dr_vault, copy_vault=None)
        _restore_testing(config, "dr-", dr, dr_vault)
    replication = config.backups.automated_backups_replication
    if replication is not None:
        AutomatedBackupsReplication(
            "dr-automated-backups",
            AutomatedBackupsReplicationArgs(
                source_region=home.name,
                destination_region=dr.name,
                source_db_instance_arn=primary_arn,
                kms_key_arn=dr.key_arn(DataClass.DATABASE),
                retention_days=replication.retention_days,
            ),
            dr.opts,
        )
    exports, dr_exports = _exports(config, "", home), _exports(config, "dr-", dr)
    ExportReplication(
        "export-replication", ExportReplicationArgs(source=exports, destination=dr_exports), home.opts
    )
    return Backups(vault=vault, dr_vault=dr_vault, exports=exports, dr_exports=dr_exports)


def _vault(config: StackConfig, prefix: str, region: Region) -> BackupVault:
    lock = config.backups.lock
    return BackupVault(
        f"{prefix}backups",
        BackupVaultArgs(
            region=region.name,
            kms_key_arn=region.key_arn(DataClass.BACKUPS),
            notification_topic_arn=region.notifications.arn,
            lock=(
                None
                if lock is None
                else VaultLock(
                    min_retention_days=lock.min_retention_days, max_retention_days=lock.max_retention_days
                )
            ),
            durability=config.durability,
        ),
        region.opts,
    )


def _plan(
    config: StackConfig, prefix: str, region: Region, vault: BackupVault, *, copy_vault: BackupVault | None
) -> None:
    BackupPlan(
        f"{prefix}backup-plan",
        BackupPlanArgs(
            account_id=config.account_id,
            region=region.name,
            names=PhysicalNames(config.stack),
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
            account_id=config.account_id,
            region=region.name,
            names=PhysicalNames(config.stack),
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
            account_id=config.account_id,
            region=region.name,
            names=PhysicalNames(config.stack),
            kms_key_arn=region.key_arn(DataClass.EXPORTS),
            retention_days=exports.retention_days,
            object_lock_days=exports.object_lock_days,
            durability=config.durability,
        ),
        region.opts,
    )
