"""RDS: what moto lacks for PostgreSQL instances, and what it answers differently from AWS.

The instance itself is in `rds_instance`, read replicas are in `rds_replicas`, automated backups and their replication
in `rds_automated_backups`.

Sources: the Amazon RDS API Reference (CreateDBInstance, ModifyDBInstance, DeleteDBInstance, RestoreDBInstance…,
DeleteDBParameterGroup, DeleteDBSubnetGroup, ModifyEventSubscription, DescribeDBParameters) and the RDS User Guide
("Restoring to a DB instance", "Amazon RDS DB instance storage", "Deleting a DB instance"). Nothing here checks what only
the real service knows, such as which classes a Region offers.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any, cast

from moto.core.responses import ActionResult, PaginatedResult
from moto.ec2.models import ec2_backends
from moto.rds import models
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBSubnetGroupNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
    SubscriptionNotFoundError,
)
from moto.rds.models import DBInstance, DBParameterGroup, DBSubnetGroup, EventSubscription, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.emulator import rds_automated_backups, rds_replicas
from sandbox.emulator.extending import extend
from sandbox.emulator.rds_instance import (
    Instance,
    check_family,
    check_gp3_performance,
    full_version,
    parameter_group,
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

_modify_db_instance = RDSBackend.modify_db_instance
_delete_db_instance = RDSBackend.delete_db_instance
_delete_db_parameter_group = RDSBackend.delete_db_parameter_group
_delete_subnet_group = RDSBackend.delete_subnet_group


class Backend(RDSBackend):
    """Methods of RDSBackend that are missing, or that answer differently from AWS."""

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: Values) -> DBInstance:
        instance = cast("Instance", self.describe_db_instances(db_instance_identifier)[0])
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
        _modify_db_instance(self, db_instance_identifier, changes)
        instance.pending_modified_values = {DEFERRED[name]: value for name, value in waiting.items()}
        return instance

    def reboot_db_instance(self, db_instance_identifier: str, force_failover: bool = False) -> DBInstance:
        instance = cast("Instance", self.describe_db_instances(db_instance_identifier)[0])
        if force_failover:
            if not instance.secondary_availability_zone:
                raise InvalidParameterCombination("Reboot with failover requires a Multi-AZ DB instance.")
            instance.fail_over()
        return instance

    def delete_db_instance(
        self,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> DBInstance:
        instance = cast("Instance", self.describe_db_instances(db_instance_identifier)[0])
        _check_deletion(instance, bool(skip_final_snapshot), final_db_snapshot_identifier)
        instance.stop_replicating()
        _delete_db_instance(
            self,
            db_instance_identifier,
            final_db_snapshot_identifier,
            skip_final_snapshot,
            delete_automated_backups,
        )
        rds_replicas.let_go(instance)
        rds_automated_backups.keep(instance, is_kept=not delete_automated_backups)
        return instance

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> DBParameterGroup:
        for instance in self.databases.values():
            if instance.db_parameter_group_name == db_parameter_group_name:
                raise RDSClientError(
                    "InvalidDBParameterGroupState",
                    "One or more database instances are still members of this parameter group"
                    f" {db_parameter_group_name}, so the group cannot be deleted",
                )
        return _delete_db_parameter_group(self, db_parameter_group_name)

    def delete_subnet_group(self, subnet_name: str) -> DBSubnetGroup:
        for instance in self.databases.values():
            if cast("Instance", instance).subnet_group_name == subnet_name:
                raise RDSClientError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{subnet_name}' because at least one database instance:"
                    f" {instance.db_instance_identifier} is still using it.",
                )
        return _delete_subnet_group(self, subnet_name)

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
        backup = rds_automated_backups.find(
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

    def modify_db_subnet_group(self, subnet_name: str, description: str, subnets: Any) -> DBSubnetGroup:
        if subnet_name not in self.subnet_groups:
            raise DBSubnetGroupNotFoundError(subnet_name)
        group = self.subnet_groups[subnet_name]
        group._subnets = subnets  # noqa: SLF001 - its own setter and getter differ in type
        if description is not None:
            group.description = description
        return group


def _check_deletion(instance: Instance, is_skipped: bool, identifier: str | None) -> None:
    if instance.deletion_protection:
        raise InvalidParameterCombination(
            "Cannot delete protected DB Instance, please disable deletion protection and try again."
        )
    if instance.is_replica:
        if identifier:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier cannot be specified when deleting a read replica."
            )
        if not is_skipped:
            raise InvalidParameterCombination("SkipFinalSnapshot must be set when deleting a read replica.")
    elif not is_skipped and not identifier:
        raise InvalidParameterCombination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )


def _waits(instance: DBInstance, name: str, changes: Values) -> bool:
    """Whether a change is deferred. Of the retention only one that switches backups on or off is (ModifyDBInstance)."""
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
    """Calls that moto does not know, or reads wrongly."""

    def reboot_db_instance(self) -> ActionResult:
        instance = self.backend.reboot_db_instance(
            self.params["DBInstanceIdentifier"],
            force_failover=self.params.get("ForceFailover", False),  # type: ignore[call-arg]
        )
        return ActionResult({"DBInstance": instance})

    def describe_db_parameters(self) -> ActionResult:
        """Only what was set in the group: the engine's own hundreds of defaults are not emulated."""
        source = self.params.get("Source", "user")
        group = parameter_group(self.backend, self.params["DBParameterGroupName"])
        parameters = group.parameters if source == "user" else {}
        return PaginatedResult(
            {
                "Parameters": [
                    {**value, "Source": "user", "IsModifiable": True} for value in parameters.values()
                ]
            }
        )

    def reset_db_parameter_group(self) -> ActionResult:
        group = parameter_group(self.backend, self.params["DBParameterGroupName"])
        if self.params.get("ResetAllParameters"):
            group.parameters.clear()
        for parameter in self.params.get("Parameters", []):
            group.parameters.pop(parameter["ParameterName"], None)
        return ActionResult({"DBParameterGroupName": group.name})

    def create_event_subscription(self) -> ActionResult:
        self.params.setdefault("Enabled", True)
        return ActionResult({"EventSubscription": self.backend.create_event_subscription(self.params)})

    def modify_event_subscription(self) -> ActionResult:
        subscription = _event_subscription(self.backend, self.params)
        for parameter, attribute in {
            "SnsTopicArn": "sns_topic_arn",
            "SourceType": "source_type",
            "EventCategories": "event_categories",
            "Enabled": "enabled",
        }.items():
            if parameter in self.params:
                setattr(subscription, attribute, self.params[parameter])
        return ActionResult({"EventSubscription": subscription})

    def add_source_identifier_to_subscription(self) -> ActionResult:
        subscription = _event_subscription(self.backend, self.params)
        subscription.source_ids = [*subscription.source_ids, self.params["SourceIdentifier"]]
        return ActionResult({"EventSubscription": subscription})

    def remove_source_identifier_from_subscription(self) -> ActionResult:
        subscription = _event_subscription(self.backend, self.params)
        subscription.source_ids = [i for i in subscription.source_ids if i != self.params["SourceIdentifier"]]
        return ActionResult({"EventSubscription": subscription})

    def modify_db_subnet_group(self) -> ActionResult:
        subnets = ec2_backends[self.current_account][self.region]
        group = self.backend.modify_db_subnet_group(
            self.params["DBSubnetGroupName"],
            self.params.get("DBSubnetGroupDescription"),
            [subnets.get_subnet(subnet_id) for subnet_id in self.params["SubnetIds"]],
        )
        return ActionResult({"DBSubnetGroup": group})


def _event_subscription(backend: RDSBackend, params: Values) -> EventSubscription:
    name = params["SubscriptionName"]
    if name not in backend.event_subscriptions:
        raise SubscriptionNotFoundError(name)
    return backend.event_subscriptions[name]


def install() -> None:
    """Put all of this into moto; it looks the instance class up by name wherever it makes or searches one."""
    models.DBInstance = Instance  # type: ignore[misc, assignment]
    extend(RDSBackend, Backend)
    extend(RDSResponse, Response)
    rds_replicas.install()
    rds_automated_backups.install()
