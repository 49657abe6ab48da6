"""RDS instances restored from a snapshot or to a point in time.

Sources: the Amazon RDS API Reference (RestoreDBInstanceFromDBSnapshot, RestoreDBInstanceToPointInTime) and the RDS User
Guide ("Restoring to a DB instance").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any, cast

from moto.rds.exceptions import DBInstanceAlreadyExists, InvalidParameterCombination, InvalidParameterValue
from moto.rds.models import DBInstance, RDSBackend

from sandbox.emulator.rds.automated_backups import find_backup
from sandbox.emulator.rds.instance import Instance

Values = dict[str, Any]


class Backend(RDSBackend):
    """Methods of RDSBackend that restore an instance."""

    def restore_db_instance_from_db_snapshot(self, from_snapshot_id: str, overrides: Values) -> DBInstance:
        snapshot = self.get_db_snapshot(from_snapshot_id)
        source = {
            **cast("Instance", snapshot.database).inherited(),
            "storage_encrypted": snapshot.encrypted,
            "kms_key_id": snapshot.kms_key_id,
        }
        return self._restore(source, snapshot.allocated_storage, overrides)

    def restore_db_instance_to_point_in_time(
        self, source_db_identifier: str | None, target_db_identifier: str, overrides: Values
    ) -> DBInstance:
        backup = find_backup(
            self,
            identifier=source_db_identifier,
            resource_id=overrides.get("source_dbi_resource_id"),
            arn=overrides.get("source_db_instance_automated_backups_arn"),
        )
        if bool(overrides.get("restore_time")) == bool(overrides.get("use_latest_restorable_time")):
            raise InvalidParameterCombination("Specify either RestoreTime or UseLatestRestorableTime.")
        # Of the request, only what describes the new instance; a source's name would make it a replica.
        described = {k: v for k, v in overrides.items() if not k.startswith("source_db")}
        described["db_instance_identifier"] = target_db_identifier
        values = backup.instance.inherited_in(self.region_name, backup.kms_key_id)
        return self._restore(values, backup.allocated_storage, described)

    def _restore(self, source: Values, size_gib: int, overrides: Values) -> DBInstance:
        if overrides["db_instance_identifier"] in self.databases:
            raise DBInstanceAlreadyExists
        if overrides.get("allocated_storage", size_gib) < size_gib:
            raise InvalidParameterValue(
                f"The allocated storage size can't be less than that of the source, {size_gib} GiB."
            )
        return self.create_db_instance({**source, **{k: v for k, v in overrides.items() if v is not None}})
