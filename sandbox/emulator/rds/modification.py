"""Changes to an RDS instance: ModifyDBInstance, at once or in the maintenance window, and RebootDBInstance.

Sources: the Amazon RDS API Reference (ModifyDBInstance, RebootDBInstance) and the RDS User Guide ("Amazon RDS DB instance
storage"). Nothing here checks what only the real service knows, such as which classes a Region offers.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import InvalidParameterCombination
from moto.rds.models import DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.emulator.extending import original
from sandbox.emulator.rds.instance import (
    Instance,
    check_family,
    check_gp3_performance,
    find_instance,
    full_version,
)

Values = dict[str, Any]

# RDS User Guide, "Increasing DB instance storage capacity".
SMALLEST_STORAGE_INCREASE_PERCENT = 10

# Changes that wait for the maintenance window unless they are asked for at once, and their names while they wait.
DEFERRED = {
    "allocated_storage": "AllocatedStorage",
    "backup_retention_period": "BackupRetentionPeriod",
    "ca_certificate_identifier": "CACertificateIdentifier",
    "db_instance_class": "DBInstanceClass",
    "dedicated_log_volume": "DedicatedLogVolume",
    "engine_version": "EngineVersion",
    "iops": "Iops",
    "license_model": "LicenseModel",
    "multi_az": "MultiAZ",
    "storage_throughput": "StorageThroughput",
    "storage_type": "StorageType",
}
# Request parameters that go by another name in the instance.
RENAMED = {"db_port_number": "port", "enable_performance_insights": "performance_insights_enabled"}


class Backend(RDSBackend):
    """Methods of RDSBackend that change an instance."""

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: Values) -> DBInstance:
        instance = find_instance(self, db_instance_identifier)
        changes = {RENAMED.get(name, name): value for name, value in db_kwargs.items() if value is not None}
        if "engine_version" in changes:
            changes["engine_version"] = full_version(changes["engine_version"])
        waiting = {
            name: instance.pending_modified_values[pending]
            for name, pending in DEFERRED.items()
            if pending in instance.pending_modified_values
        }
        _check_changes(instance, waiting, changes)
        if changes.get("apply_immediately"):
            changes = {**waiting, **changes}
            waiting = {}
        else:
            deferred = {name: changes.pop(name) for name in DEFERRED if _waits(instance, name, changes)}
            waiting = {k: v for k, v in {**waiting, **deferred}.items() if v != getattr(instance, k)}
        original(RDSBackend.modify_db_instance)(self, db_instance_identifier, changes)
        instance.pending_modified_values = {DEFERRED[name]: value for name, value in waiting.items()}
        return instance

    def reboot_db_instance(self, db_instance_identifier: str, force_failover: bool = False) -> DBInstance:
        instance = find_instance(self, db_instance_identifier)
        if force_failover:
            if not instance.secondary_availability_zone:
                raise InvalidParameterCombination("Reboot with failover requires a Multi-AZ DB instance.")
            instance.fail_over()
        return instance


def _waits(instance: DBInstance, name: str, changes: Values) -> bool:
    """True for a change that waits for the maintenance window (ModifyDBInstance).

    A change of the backup retention waits only when it switches backups on or off.
    """
    if name not in changes:
        return False
    if name != "backup_retention_period":
        return True
    return (int(changes[name]) == 0) != (int(instance.backup_retention_period) == 0)


def _check_changes(instance: Instance, waiting: Values, changes: Values) -> None:
    """Refuse what AWS refuses, before anything is changed. `waiting`: earlier changes that still wait."""
    expected = {**waiting, **changes}
    _check_storage(instance, expected, changes)
    if changes.get("backup_retention_period") == 0 and instance.read_replicas:
        raise InvalidParameterCombination(
            "The backup retention period of a DB instance that is the source of read replicas cannot be 0."
        )
    major, new_major = (v.split(".")[0] for v in (instance.engine_version, changes.get("engine_version", "")))
    if new_major and new_major != major and not changes.get("allow_major_version_upgrade"):
        raise InvalidParameterCombination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        )
    check_family(
        instance,
        expected.get("db_parameter_group_name", instance.db_parameter_group_name),
        expected.get("engine_version", instance.engine_version),
    )


def _check_storage(instance: Instance, expected: Values, changes: Values) -> None:
    size_gib = changes.get("allocated_storage", instance.allocated_storage)
    current_gib = instance.allocated_storage
    if size_gib < current_gib:
        raise InvalidParameterCombination(
            f"Invalid storage size: {size_gib} GiB is less than the current {current_gib} GiB, and storage cannot"
            " shrink."
        )
    if size_gib > current_gib and 100 * size_gib < (100 + SMALLEST_STORAGE_INCREASE_PERCENT) * current_gib:
        raise InvalidParameterCombination(
            f"Invalid storage size: {size_gib} GiB is less than {SMALLEST_STORAGE_INCREASE_PERCENT} percent more than"
            f" the current {current_gib} GiB."
        )
    if instance.engine == "postgres":
        check_gp3_performance(
            expected.get("storage_type", instance.storage_type),
            expected.get("allocated_storage", current_gib),
            changes,
        )


class Response(RDSResponse):
    """The call whose argument moto does not read."""

    def reboot_db_instance(self) -> ActionResult:
        instance = self.backend.reboot_db_instance(
            self.params["DBInstanceIdentifier"],
            force_failover=self.params.get("ForceFailover", False),  # type: ignore[call-arg]
        )
        return ActionResult({"DBInstance": instance})
