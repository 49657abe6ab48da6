"""Automated backups of RDS instances, and their replication to another Region.

Sources: the Amazon RDS API Reference (DescribeDBInstanceAutomatedBackups, StartDBInstanceAutomatedBackupsReplication,
StopDBInstanceAutomatedBackupsReplication, DeleteDBInstanceAutomatedBackup, DBInstanceAutomatedBackup) and the RDS User
Guide ("Replicating automated backups to another AWS Region", "Retaining automated backups"). Which Regions AWS pairs is
not checked, and a backup can be restored as soon as it is there.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import uuid
from typing import Any, cast

from moto.core.responses import ActionResult, PaginatedResult
from moto.core.utils import utcnow
from moto.rds.exceptions import InvalidParameterValue, RDSClientError
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.emulator.rds.instance import Instance
from sandbox.emulator.rds.replicas import InvalidDBInstanceStateError

Values = dict[str, Any]

# RDS User Guide, "Replicating automated backups": of one account, in each destination Region.
MOST_REPLICATED_BACKUPS = 20
RETAINED = "retained"  # the status of a backup whose instance or replication is no more


class BackupError(RDSClientError):
    """A refusal about automated backups, with the code that AWS documents."""


class AutomatedBackup:
    """What is kept of an instance in `region`: its own Region, or the one that its backups are replicated to."""

    status_of_running = "active"

    def __init__(self, instance: Instance, region: str) -> None:
        self.instance = instance
        self.region = region
        self.arn = (
            f"arn:{instance.backend.partition}:rds:{region}:{instance.account_id}"
            f":auto-backup:ab-{uuid.uuid4().hex}"
        )
        self.ended_at: Any = None

    @property
    def status(self) -> str:
        return RETAINED if self.ended_at else self.status_of_running

    @property
    def kms_key_id(self) -> str | None:
        return self.instance.kms_key_id

    @property
    def backup_retention_period(self) -> int:
        return self.instance.backup_retention_period

    @property
    def allocated_storage(self) -> int:
        return self.instance.allocated_storage

    def shown(self) -> Values:
        """As a DBInstanceAutomatedBackup; its Region is the one of the instance."""
        source = self.instance
        return {
            "DBInstanceArn": source.db_instance_arn,
            "DBInstanceIdentifier": source.db_instance_identifier,
            "DbiResourceId": source.dbi_resource_id,
            "Region": source.region,
            "RestoreWindow": {
                "EarliestTime": source.instance_create_time,
                "LatestTime": self.ended_at or utcnow(),
            },
            "AllocatedStorage": source.allocated_storage,
            "Status": self.status,
            "Port": source.port,
            "AvailabilityZone": source.availability_zone,
            "InstanceCreateTime": source.instance_create_time,
            "MasterUsername": source.master_username,
            "Engine": source.engine,
            "EngineVersion": source.engine_version,
            "LicenseModel": source.license_model,
            "Iops": source.iops,
            "StorageThroughput": source.storage_throughput,
            "StorageType": source.storage_type,
            "OptionGroupName": source.option_group_name,
            "Encrypted": source.storage_encrypted,
            "KmsKeyId": self.kms_key_id,
            "IAMDatabaseAuthenticationEnabled": source.enable_iam_database_authentication,
            "BackupRetentionPeriod": self.backup_retention_period,
            "PreferredBackupWindow": source.preferred_backup_window,
            "DBInstanceAutomatedBackupsArn": self.arn,
            "DBInstanceAutomatedBackupsReplications": source.db_instance_automated_backups_replications,
            "BackupTarget": "region",
        }


class ReplicatedBackup(AutomatedBackup):
    """Kept in another Region than the instance's, under a key of that Region and for a time of its own."""

    status_of_running = "replicating"

    def __init__(
        self, instance: Instance, region: str, kms_key_id: str | None, backup_retention_period: int
    ) -> None:
        super().__init__(instance, region)
        self._kms_key_id = kms_key_id
        self._backup_retention_period = backup_retention_period

    @property
    def kms_key_id(self) -> str | None:
        return self._kms_key_id

    @property
    def backup_retention_period(self) -> int:
        return self._backup_retention_period


class Backend(RDSBackend):
    """Methods of RDSBackend about automated backups."""

    @property
    def automated_backups(self) -> list[AutomatedBackup]:
        """What this Region keeps, here and from elsewhere.

        An instance's own backup is noticed when somebody looks: automated backups are turned on and off in many ways.
        """
        kept: list[AutomatedBackup] = self.__dict__.setdefault("_automated_backups", [])
        for instance in self.databases.values():
            own = [
                backup for backup in kept if backup.instance is instance and backup.region == instance.region
            ]
            if isinstance(instance, Instance) and instance.backup_retention_period and not own:
                kept.append(AutomatedBackup(instance, self.region_name))
            if own and not instance.backup_retention_period:
                kept.remove(own[0])
        return kept

    def start_db_instance_automated_backups_replication(
        self, source_arn: str, kms_key_id: str | None, retention_days: int | None
    ) -> AutomatedBackup:
        source = cast("Instance", self.find_db_from_id(source_arn))
        self._check_replication(source, kms_key_id)
        key_arn = self._validate_kms_key(kms_key_id) if kms_key_id and source.storage_encrypted else None
        for earlier in self.automated_backups:
            if earlier.instance is source and earlier.kms_key_id != key_arn:
                raise BackupError(
                    "InvalidDBInstanceAutomatedBackupState",
                    f"Retained backups of this DB instance are encrypted with {earlier.kms_key_id}: use the same key, or"
                    " delete them first.",
                )
        self.automated_backups[:] = [
            backup for backup in self.automated_backups if backup.instance is not source
        ]
        replicated = ReplicatedBackup(
            source, self.region_name, key_arn, retention_days or source.backup_retention_period
        )
        self.automated_backups.append(replicated)
        source.backup_replications.append(replicated.arn)
        return replicated

    def _check_replication(self, source: Instance, kms_key_id: str | None) -> None:
        if source.region == self.region_name:
            raise InvalidParameterValue(
                f"Feature is not available in region {self.region_name}: it is the Region of the source DB instance."
            )
        if source.status != "available":
            raise InvalidDBInstanceStateError(
                f"The source DB instance is not available: it is {source.status}."
            )
        if source.backup_retention_period == 0:
            raise InvalidDBInstanceStateError("Automated backups are not enabled for the source DB instance.")
        if source.storage_encrypted and not kms_key_id:
            raise InvalidParameterValue("Encrypted instances require a valid KMS key ID")
        replicated = [
            backup
            for backup in self.automated_backups
            if isinstance(backup, ReplicatedBackup) and backup.status != RETAINED
        ]
        if any(backup.instance is source for backup in replicated):
            raise BackupError(
                "InvalidDBInstanceAutomatedBackupState",
                "Automated backups of this DB instance are already replicated to this Region.",
            )
        if len(replicated) >= MOST_REPLICATED_BACKUPS:
            raise BackupError(
                "DBInstanceAutomatedBackupQuotaExceeded",
                f"At most {MOST_REPLICATED_BACKUPS} automated backups can be replicated to this Region.",
            )

    def stop_db_instance_automated_backups_replication(self, source_arn: str) -> AutomatedBackup:
        source = cast("Instance", self.find_db_from_id(source_arn))
        for backup in self.automated_backups:
            if backup.arn in source.backup_replications:
                _end(backup)
                return backup
        raise InvalidDBInstanceStateError(
            "Automated backups of this DB instance are not replicated to this Region."
        )

    def describe_db_instance_automated_backups(
        self, db_instance_identifier: str | None = None, **others: Any
    ) -> Any:
        wanted = {
            "DBInstanceIdentifier": [db_instance_identifier],
            "DbiResourceId": [others.get("dbi_resource_id")],
            "DBInstanceAutomatedBackupsArn": [others.get("db_instance_automated_backups_arn")],
        }
        names = {
            "status": "Status",
            "db-instance-id": "DBInstanceIdentifier",
            "dbi-resource-id": "DbiResourceId",
        }
        named = {field: values for field, values in wanted.items() if values != [None]}
        filters = {names[entry["Name"]]: entry["Values"] for entry in others.get("filters") or []}
        found = [
            shown
            for shown in (backup.shown() for backup in self.automated_backups)
            if all(shown[field] in values for field, values in (*named.items(), *filters.items()))
        ]
        if named and not found:
            raise _not_found()
        return found

    def delete_db_instance_automated_backup(
        self, resource_id: str | None, arn: str | None
    ) -> AutomatedBackup:
        backup = find_backup(self, resource_id=resource_id, arn=arn)
        if backup.status != RETAINED:
            raise BackupError(
                "InvalidDBInstanceAutomatedBackupState",
                "The automated backup belongs to an active DB instance.",
            )
        self.automated_backups.remove(backup)
        return backup


def find_backup(
    backend: RDSBackend,
    *,
    identifier: str | None = None,
    resource_id: str | None = None,
    arn: str | None = None,
) -> AutomatedBackup:
    """The backup of a live instance, or the one with an instance's resource id or an ARN of its own."""
    backups: list[AutomatedBackup] = backend.automated_backups  # type: ignore[attr-defined]
    if identifier:
        instance = backend.describe_db_instances(identifier)[0]
        found = [backup for backup in backups if backup.instance is instance]
        if not found:
            raise BackupError(
                "PointInTimeRestoreNotEnabled",
                f"DB instance {identifier} has no automated backups to restore from.",
            )
    else:
        found = [b for b in backups if b.arn == arn or b.instance.dbi_resource_id == resource_id]
        if not found:
            raise _not_found()
    return found[0]


def keep_backups(deleted: Instance, *, is_kept: bool) -> None:
    """What the deletion of an instance leaves of its backups; what another Region has stays there as it is."""
    for arn in list(deleted.backup_replications):
        backend = deleted.backend.get_backend("rds", arn.split(":")[3], deleted.account_id)
        _end(find_backup(backend, arn=arn))
    backups: list[AutomatedBackup] = deleted.backend.automated_backups  # type: ignore[attr-defined]
    for backup in [backup for backup in backups if backup.instance is deleted]:
        if is_kept:
            _end(backup)
        else:
            backups.remove(backup)


def _end(backup: AutomatedBackup) -> None:
    backup.ended_at = utcnow()
    if backup.arn in backup.instance.backup_replications:
        backup.instance.backup_replications.remove(backup.arn)


def _not_found() -> BackupError:
    return BackupError(
        "DBInstanceAutomatedBackupNotFound", "No automated backup for this DB instance was found."
    )


class Response(RDSResponse):
    """Calls about automated backups."""

    def describe_db_instance_automated_backups(self) -> ActionResult:
        found = self.backend.describe_db_instance_automated_backups(**self.params)
        return PaginatedResult({"DBInstanceAutomatedBackups": found})

    def start_db_instance_automated_backups_replication(self) -> ActionResult:
        backup = self.backend.start_db_instance_automated_backups_replication(  # type: ignore[attr-defined]
            self.params["SourceDBInstanceArn"],
            self.params.get("KmsKeyId"),
            self.params.get("BackupRetentionPeriod"),
        )
        return ActionResult({"DBInstanceAutomatedBackup": backup.shown()})

    def stop_db_instance_automated_backups_replication(self) -> ActionResult:
        backup = self.backend.stop_db_instance_automated_backups_replication(  # type: ignore[attr-defined]
            self.params["SourceDBInstanceArn"]
        )
        return ActionResult({"DBInstanceAutomatedBackup": backup.shown()})

    def delete_db_instance_automated_backup(self) -> ActionResult:
        backup = self.backend.delete_db_instance_automated_backup(  # type: ignore[attr-defined]
            self.params.get("DbiResourceId"), self.params.get("DBInstanceAutomatedBackupsArn")
        )
        return ActionResult({"DBInstanceAutomatedBackup": backup.shown()})
