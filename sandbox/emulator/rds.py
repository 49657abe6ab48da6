"""RDS: what moto lacks for PostgreSQL instances, and what it answers differently from AWS.

Sources: the Amazon RDS API Reference (CreateDBInstance, ModifyDBInstance, DeleteDBInstance, RestoreDBInstance…,
DeleteDBParameterGroup, DeleteDBSubnetGroup, ModifyEventSubscription, DescribeDBParameters) and the RDS User Guide
("Restoring to a DB instance", "Amazon RDS DB instance storage"). Nothing here checks what only the real service knows,
such as which classes a Region offers.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import uuid
from typing import Any, cast

from moto.core.responses import ActionResult, PaginatedResult
from moto.ec2.models import ec2_backends
from moto.rds import models
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBParameterGroupNotFoundError,
    DBSubnetGroupNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
    SubscriptionNotFoundError,
)
from moto.rds.models import DBInstance, DBParameterGroup, DBSubnetGroup, EventSubscription, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.emulator.extending import extend

Values = dict[str, Any]

DEFAULT_CA_CERTIFICATE = "rds-ca-rsa2048-g1"
DEFAULT_PERFORMANCE_INSIGHTS_RETENTION_DAYS = 7
LICENSE_MODELS = {"postgres": "postgresql-license"}
# What a request for a major version alone gets: the minor versions that PostgreSQL released in August 2025.
MINOR_VERSIONS = {"17": "17.6", "16": "16.10", "15": "15.14", "14": "14.19", "13": "13.22"}
# RDS User Guide, "gp3 storage": what every volume has without asking; from 400 GiB on it is striped over four.
GP3_STRIPE_THRESHOLD_GIB = 400
# RDS User Guide, "Increasing DB instance storage capacity".
SMALLEST_STORAGE_INCREASE_PERCENT = 10
GP3_BASELINE_IOPS, GP3_STRIPED_IOPS = 3_000, 12_000
GP3_BASELINE_MIB_PER_S, GP3_STRIPED_MIB_PER_S = 125, 500

# Changes that wait for the maintenance window unless they are asked for at once, and their names while they wait.
DEFERRED = {
    "allocated_storage": "AllocatedStorage",
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

# What a restored instance and a replica take over from their source unless told otherwise. All else starts from the
# defaults: parameter and security groups, Multi-AZ, deletion protection, monitoring, log exports, tags.
INHERITED = (
    "allocated_storage",
    "auto_minor_version_upgrade",
    "backup_retention_period",
    "ca_certificate_identifier",
    "db_instance_class",
    "db_name",
    "engine",
    "engine_version",
    "iops",
    "kms_key_id",
    "license_model",
    "master_username",
    "port",
    "preferred_backup_window",
    "preferred_maintenance_window",
    "storage_encrypted",
    "storage_throughput",
    "storage_type",
)


class Instance(DBInstance):
    """A DB instance that remembers everything `CreateDBInstance` can set, and is nobody's copy."""

    def __init__(self, backend: RDSBackend, **values: Any) -> None:
        engine = values["engine"]
        values.setdefault("ca_certificate_identifier", DEFAULT_CA_CERTIFICATE)
        values.setdefault("license_model", LICENSE_MODELS.get(engine, "general-public-license"))
        values.setdefault("publicly_accessible", False)
        if engine == "postgres":
            values["engine_version"] = full_version(values.get("engine_version") or "17")
            check_gp3_performance(values.get("storage_type"), values.get("allocated_storage", 0), values)
        super().__init__(backend, **values)
        self.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"
        if not self.option_group_supplied and engine == "postgres":
            self.option_group_name = f"default:postgres-{self.engine_version.split('.')[0]}"
        self.pending_modified_values: Values = {}
        self.performance_insights_enabled = values.get("enable_performance_insights") or False
        self.performance_insights_kms_key_id = values.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = values.get("performance_insights_retention_period")
        if self.performance_insights_enabled and self.performance_insights_retention_period is None:
            self.performance_insights_retention_period = DEFAULT_PERFORMANCE_INSIGHTS_RETENTION_DAYS
        self.dedicated_log_volume = values.get("dedicated_log_volume") or False
        self.engine_lifecycle_support = values.get(
            "engine_lifecycle_support", "open-source-rds-extended-support"
        )
        self.database_insights_mode = values.get("database_insights_mode", "standard")
        self.network_type = values.get("network_type", "IPV4")
        self.backup_target = values.get("backup_target", "region")
        self._place(values.get("availability_zone"))
        self._apply_gp3_baseline()
        check_family(self, self.db_parameter_group_name, self.engine_version)

    def _place(self, requested_zone: str | None) -> None:
        """Choose the instance's zones among those of its subnet group, in alphabetical order."""
        zones = [f"{self.region}{letter}" for letter in "abc"]
        if hasattr(self, "db_subnet_group"):
            subnets = self.db_subnet_group.subnets
            zones = sorted({subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets})
        self.availability_zone = requested_zone or zones[0]
        self._other_zones = [zone for zone in zones if zone != self.availability_zone]

    @property
    def secondary_availability_zone(self) -> str | None:
        return self._other_zones[0] if self.multi_az and self._other_zones else None

    def _apply_gp3_baseline(self) -> None:
        if self.storage_type != "gp3":
            return
        striped = self.allocated_storage >= GP3_STRIPE_THRESHOLD_GIB
        self.iops: Any = self.iops or (GP3_STRIPED_IOPS if striped else GP3_BASELINE_IOPS)
        self.storage_throughput = self.storage_throughput or (
            GP3_STRIPED_MIB_PER_S if striped else GP3_BASELINE_MIB_PER_S
        )

    def fail_over(self) -> None:
        """Swap the zones of primary and standby."""
        self.availability_zone, self._other_zones = self._other_zones[0], [self.availability_zone]

    @property
    def subnet_group_name(self) -> str | None:
        return self._db_subnet_group_name

    def inherited(self) -> Values:
        """Values for a new instance made from this one's data."""
        values = {name: getattr(self, name) for name in INHERITED}
        if self.storage_type == "gp3" and self.allocated_storage < GP3_STRIPE_THRESHOLD_GIB:
            values["iops"] = values["storage_throughput"] = None  # its baseline, which nobody may ask for
        values["enable_iam_database_authentication"] = self.enable_iam_database_authentication
        values["db_subnet_group_name"] = self.subnet_group_name
        values["master_user_password"] = self._master_user_password
        if self.option_group_supplied:
            values["option_group_name"] = self.option_group_name
        return {name: value for name, value in values.items() if value is not None}


def full_version(version: str) -> str:
    """A PostgreSQL version with its minor part."""
    return MINOR_VERSIONS.get(version, version)


def check_family(instance: DBInstance, group_name: str | None, engine_version: str) -> None:
    """An instance and its parameter group must be of one engine family; a default group goes with the version."""
    if not group_name or instance.is_default_parameter_group(group_name):
        return
    group = _parameter_group(instance.backend, group_name)
    family = f"{instance.engine}{engine_version.rpartition('.')[0]}"
    if group.family != family:
        raise InvalidParameterCombination(
            f"The parameter group {group.name} with DBParameterGroupFamily {group.family} can't be used for this"
            f" instance. Please use a parameter group with DBParameterGroupFamily {family}."
        )


def check_gp3_performance(storage_type: str | None, size_gib: int, asked: Values) -> None:
    """IOPS and throughput of gp3 can be chosen only for a striped volume."""
    chosen = asked.get("iops") or asked.get("storage_throughput")
    if chosen and storage_type == "gp3" and size_gib < GP3_STRIPE_THRESHOLD_GIB:
        raise InvalidParameterCombination(
            "You can't specify IOPS or storage throughput for engine postgres and a storage size less than"
            f" {GP3_STRIPE_THRESHOLD_GIB}."
        )


_modify_db_instance = RDSBackend.modify_db_instance
_delete_db_instance = RDSBackend.delete_db_instance
_delete_db_parameter_group = RDSBackend.delete_db_parameter_group
_delete_subnet_group = RDSBackend.delete_subnet_group


class Backend(RDSBackend):
    """Methods of RDSBackend that are missing, or that answer differently from AWS."""

    def create_db_instance_read_replica(self, db_kwargs: Values) -> DBInstance:
        source = cast("Instance", self.find_db_from_id(db_kwargs["source_db_instance_identifier"]))
        if source.backup_retention_period == 0:
            raise InvalidParameterCombination(
                "Automated backups are not enabled for this database instance. To enable automated backups, use"
                " ModifyDBInstance to set the backup retention period to a non-zero value."
            )
        values = {**source.inherited(), "backup_retention_period": 0}
        if source.region != self.region_name:
            # A key and a subnet group belong to one Region.
            values = {k: v for k, v in values.items() if k not in ("kms_key_id", "db_subnet_group_name")}
        elif not db_kwargs.get("db_parameter_group_name"):
            values["db_parameter_group_name"] = source.db_parameter_group_name
        replica = self.create_db_instance({**values, **db_kwargs})
        replica.set_as_replica()
        source.add_replica(replica)
        return replica

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
            deferred = {name: changes.pop(name) for name in DEFERRED if name in changes}
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
        instance = self.describe_db_instances(db_instance_identifier)[0]
        if not skip_final_snapshot and not final_db_snapshot_identifier and not instance.is_replica:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        return _delete_db_instance(
            self,
            db_instance_identifier,
            final_db_snapshot_identifier,
            skip_final_snapshot,
            delete_automated_backups,
        )

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
        source = self._source_of_restore(source_db_identifier, overrides.get("source_dbi_resource_id"))
        if bool(overrides.get("restore_time")) == bool(overrides.get("use_latest_restorable_time")):
            raise InvalidParameterCombination("Specify either RestoreTime or UseLatestRestorableTime.")
        if source.backup_retention_period == 0:
            raise InvalidParameterValue("The source has no automated backups to restore from.")
        # Of the request, only what describes the new instance; a source's name would make it a replica.
        described = {k: v for k, v in overrides.items() if not k.startswith("source_db")}
        described["db_instance_identifier"] = target_db_identifier
        return self._restore(source.inherited(), source.allocated_storage, described)

    def _source_of_restore(self, identifier: str | None, resource_id: str | None) -> Instance:
        if identifier:
            return cast("Instance", self.describe_db_instances(identifier)[0])
        found = self.describe_db_instances(filters={"dbi-resource-id": [resource_id]})
        if not found:
            raise InvalidParameterValue(f"No DB instance has the resource id {resource_id}.")
        return cast("Instance", found[0])

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


def _check_changes(instance: Instance, waiting: Values, changes: Values) -> None:
    """Refuse what AWS refuses, before anything is changed. `waiting`: earlier changes that still wait."""
    expected = {**waiting, **changes}
    _check_storage(instance, expected, changes)
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
        group = _parameter_group(self.backend, self.params["DBParameterGroupName"])
        parameters = group.parameters if source == "user" else {}
        return PaginatedResult(
            {
                "Parameters": [
                    {**value, "Source": "user", "IsModifiable": True} for value in parameters.values()
                ]
            }
        )

    def reset_db_parameter_group(self) -> ActionResult:
        group = _parameter_group(self.backend, self.params["DBParameterGroupName"])
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


def _parameter_group(backend: RDSBackend, name: str) -> DBParameterGroup:
    if name not in backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    return backend.db_parameter_groups[name]


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
