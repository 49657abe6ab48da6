"""A PostgreSQL instance of RDS: what it remembers and derives, where moto's remembers less.

Sources: the Amazon RDS API Reference (CreateDBInstance, CreateDBInstanceReadReplica, DBInstance) and the RDS User Guide
("Amazon RDS DB instance storage", "Restoring to a DB instance", "Working with DB instance read replicas").
"""

# ruff: noqa: D102 - properties are named after the fields that they fill, which AWS documents

import uuid
from typing import Any, cast

from moto.rds.exceptions import DBParameterGroupNotFoundError, InvalidParameterCombination
from moto.rds.models import DBInstance, DBParameterGroup, RDSBackend

Values = dict[str, Any]

DEFAULT_CA_CERTIFICATE = "rds-ca-rsa2048-g1"
DEFAULT_PERFORMANCE_INSIGHTS_RETENTION_DAYS = 7
LICENSE_MODELS = {"postgres": "postgresql-license"}
# What a request for a major version alone gets: the minor versions that PostgreSQL released in August 2025.
MINOR_VERSIONS = {"17": "17.6", "16": "16.10", "15": "15.14", "14": "14.19", "13": "13.22"}
# RDS User Guide, "gp3 storage": what every volume has without asking; from 400 GiB on it is striped over four.
GP3_STRIPE_THRESHOLD_GIB = 400
GP3_BASELINE_IOPS, GP3_STRIPED_IOPS = 3_000, 12_000
GP3_BASELINE_MIB_PER_S, GP3_STRIPED_MIB_PER_S = 125, 500

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
    """A DB instance that remembers everything `CreateDBInstance` can set, and is nobody's copy.

    `replication_source` is set on a read replica; `read_replicas` are the instance's own. Both sides show each other
    by identifier within a Region and by ARN beyond it.
    """

    def __init__(self, backend: RDSBackend, **values: Any) -> None:
        engine = values["engine"]
        values.setdefault("ca_certificate_identifier", DEFAULT_CA_CERTIFICATE)
        values.setdefault("license_model", LICENSE_MODELS.get(engine, "general-public-license"))
        values.setdefault("publicly_accessible", False)
        if engine == "postgres":
            values["engine_version"] = full_version(values.get("engine_version") or "17")
            check_gp3_performance(values.get("storage_type"), values.get("allocated_storage", 0), values)
        self.replication_source: Instance | None = None
        self.read_replicas: list[Instance] = []
        self.is_replication_terminated = False
        # ARNs of what other Regions receive of this instance's automated backups.
        self.backup_replications: list[str] = []
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

    def save_automated_backup(self) -> None:
        """The first automated snapshot; none where the retention of zero turns automated backups off."""
        if self.backup_retention_period:
            super().save_automated_backup()

    def replicate(self, source: "Instance") -> None:
        """Become a read replica of `source`."""
        self.replication_source = source
        self.is_replica = True
        source.read_replicas.append(self)

    def stop_replicating(self) -> None:
        """Stop being a read replica."""
        if self.replication_source:
            self.replication_source.read_replicas.remove(self)
        self.replication_source = None
        self.is_replica = self.is_replication_terminated = False

    def _name_of(self, other: "Instance") -> str:
        return str(other.db_instance_identifier if other.region == self.region else other.db_instance_arn)

    @property
    def read_replica_source_db_instance_identifier(self) -> str | None:
        return self._name_of(self.replication_source) if self.replication_source else None

    @property
    def read_replica_db_instance_identifiers(self) -> list[str]:
        return [self._name_of(replica) for replica in self.read_replicas]

    @property
    def status_infos(self) -> list[Values]:
        if not self.replication_source:
            return []
        status = "terminated" if self.is_replication_terminated else "replicating"
        return [
            {
                "StatusType": "read replication",
                "Status": status,
                "Normal": not self.is_replication_terminated,
            }
        ]

    @property
    def db_instance_automated_backups_replications(self) -> list[Values]:
        return [{"DBInstanceAutomatedBackupsArn": arn} for arn in self.backup_replications]

    def inherited_in(self, region: str, kms_key_id: str | None) -> Values:
        """Values for a new instance in `region` made from this one's data, under a key of that Region.

        A key, a subnet group and an option group belong to one Region: from another one they are not taken over.
        """
        values = self.inherited()
        if region != self.region:
            for name in ("kms_key_id", "db_subnet_group_name", "option_group_name"):
                values.pop(name, None)
        return {**values, "kms_key_id": kms_key_id} if kms_key_id else values

    def inherited(self) -> Values:
        """Values for a new instance in this Region made from this one's data."""
        values = {name: getattr(self, name) for name in INHERITED}
        if self.storage_type == "gp3" and self.allocated_storage < GP3_STRIPE_THRESHOLD_GIB:
            values["iops"] = values["storage_throughput"] = None  # its baseline, which nobody may ask for
        values["enable_iam_database_authentication"] = self.enable_iam_database_authentication
        values["db_subnet_group_name"] = self.subnet_group_name
        values["master_user_password"] = self._master_user_password
        if self.option_group_supplied:
            values["option_group_name"] = self.option_group_name
        return {name: value for name, value in values.items() if value is not None}


def find_instance(backend: RDSBackend, identifier: str) -> Instance:
    """The instance of an identifier; raises DBInstanceNotFoundError."""
    return cast("Instance", backend.describe_db_instances(identifier)[0])


def full_version(version: str) -> str:
    """A PostgreSQL version with its minor part."""
    return MINOR_VERSIONS.get(version, version)


def check_family(instance: DBInstance, group_name: str | None, engine_version: str) -> None:
    """An instance and its parameter group must be of one engine family; a default group goes with the version."""
    if not group_name or instance.is_default_parameter_group(group_name):
        return
    group = parameter_group(instance.backend, group_name)
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


def parameter_group(backend: RDSBackend, name: str) -> DBParameterGroup:
    """The parameter group of a name; raises DBParameterGroupNotFoundError."""
    if name not in backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    return backend.db_parameter_groups[name]
