"""What a primary and a replica have in common: the groups, logs, role and subscriptions around one DB instance."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, ec2, iam, rds

from components.clients import Clients, Peer
from components.durability import Durability
from components.network import NetworkAttachment
from components.parameters.postgres import PostgresParameter
from components.placement import Placement
from components.postgres.sizing import Gp3Storage
from components.security_groups import ServerSecurityGroup

# Create-only properties. RDS takes these from the source of a restore or a replica, and any later change of them
# would replace the instance: so they are inputs of its creation, and ignored afterwards. `storageEncrypted` is not
# among them: a plain copy of encrypted data must stay visible as a difference.
CREATE_ONLY_PROPERTIES = ("snapshotIdentifier", "restoreToPointInTime", "username", "dbName", "kmsKeyId")
# The logs that RDS for PostgreSQL can export (RDS guide, "Publishing PostgreSQL logs to CloudWatch Logs").
EXPORTED_LOGS = ("postgresql", "upgrade")
ENHANCED_MONITORING_POLICY_ARN = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
# Security Hub RDS.20 to RDS.22 ask for the first two of each; the others are what an on-call engineer acts on.
# Names: RDS guide, "Amazon RDS event categories and event messages".
INSTANCE_EVENTS = (
    "availability",
    "backup",
    "configuration change",
    "deletion",
    "failover",
    "failure",
    "low storage",
    "maintenance",
    "notification",
    "recovery",
    "restoration",
)
PARAMETER_GROUP_EVENTS = ("configuration change",)
SECURITY_GROUP_EVENTS = ("configuration change", "failure")


@dataclass(frozen=True, kw_only=True, slots=True)
class Monitoring:
    """The interval of Enhanced Monitoring, and how long Performance Insights keeps its data."""

    enhanced_interval_seconds: int
    performance_insights_retention_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresInstanceArgs:
    """What every instance needs. `backup_window` and `maintenance_window` are in UTC, in RDS's own notation.

    `identifier` is fixed because log groups, alarms and runbooks name it; changing it renames the instance.
    RDS grows the storage by itself up to `max_allocated_storage_gib`, and never shrinks it.
    Without `apply_immediately` a change that interrupts service waits for the maintenance window.
    `tags` are on the instance beside those that everything carries.
    """

    placement: Placement
    identifier: str
    parameter_group_family: str
    parameters: Sequence[PostgresParameter]
    instance_class: str
    multi_az: bool
    port: int
    storage: Gp3Storage
    max_allocated_storage_gib: int
    network: NetworkAttachment
    clients: Clients
    logs_key_arn: pulumi.Input[str]
    database_key_arn: pulumi.Input[str]
    notification_topic_arn: pulumi.Input[str]
    ca_certificate_identifier: str
    backup_window: str
    maintenance_window: str
    monitoring: Monitoring
    apply_immediately: bool
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSource:
    """Where an instance's data comes from, and how it is kept: all that differs between a primary and a replica.

    What is None is RDS's to decide: it takes it from the source, and refuses to be told.
    """

    backup_retention_days: int
    backup_window: str | None
    apply_immediately: bool
    durability: Durability
    password: pulumi.Input[str] | None
    subnet_group_name: pulumi.Input[str] | None
    kms_key_arn: pulumi.Input[str] | None
    engine: str | None = None
    engine_version: str | None = None
    database_name: str | None = None
    username: str | None = None
    availability_zone: str | None = None
    snapshot_identifier: str | None = None
    restore_to_point_in_time: rds.InstanceRestoreToPointInTimeArgs | None = None
    replicate_source_db: pulumi.Input[str] | None = None


class PostgresInstance(pulumi.ComponentResource):
    """Stateful. A DB instance with its parameter, subnet and security groups, logs, monitoring role and event
    subscriptions.

    A subclass says where the data comes from.
    """

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    arn: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    identifier: pulumi.Output[str]
    kms_key_arn: pulumi.Output[str]
    parameter_group_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(
        self,
        type_token: str,
        name: str,
        args: PostgresInstanceArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(type_token, name, None, opts)
        self._name, self._instance_args = name, args
        self._child = pulumi.ResourceOptions(parent=self)

    def _define_all(self, source: DataSource, *, events: Sequence[str]) -> None:
        self._security_group = self._define_security_group()
        self._parameter_group = self._define_parameter_group()
        log_groups = self._define_log_groups(source.durability)
        monitoring_role, monitoring_permission = self._define_monitoring_role()
        self._instance = self._define_instance(source, monitoring_role, [*log_groups, monitoring_permission])
        self._subscribe("db-instance", events, [self._instance.identifier])
        self._subscribe("db-parameter-group", PARAMETER_GROUP_EVENTS, [self._parameter_group.name])
        self.address = self._instance.address
        self.port = self._instance.port
        self.arn = self._instance.arn
        self.resource_id = self._instance.resource_id
        self.identifier = self._instance.identifier
        self.kms_key_arn = self._instance.kms_key_id
        self.parameter_group_name = self._parameter_group.name
        self.security_group_id = self._security_group.id
        self.log_group_name = log_groups[EXPORTED_LOGS.index("postgresql")].name

    def allow_from(self, client: str, security_group_id: pulumi.Input[str]) -> None:
        """Let what carries a security group of this region connect; `client` is the rule's name in the state."""
        self._security_group.allow(client, Peer(security_group_id=security_group_id))

    def _outputs(self) -> dict[str, pulumi.Output[Any]]:
        return {
            "address": self.address,
            "port": self.port,
            "arn": self.arn,
            "resource_id": self.resource_id,
            "identifier": self.identifier,
            "kms_key_arn": self.kms_key_arn,
            "parameter_group_name": self.parameter_group_name,
            "security_group_id": self.security_group_id,
            "log_group_name": self.log_group_name,
        }

    def _define_security_group(self) -> ServerSecurityGroup:
        args = self._instance_args
        group = ec2.SecurityGroup(
            f"{self._name}-security-group",
            vpc_id=args.network.vpc_id,
            description=f"who may connect to {args.identifier}",
            tags={"Name": args.identifier},
            opts=self._child,
        )
        server = ServerSecurityGroup(
            self._name, group, protocol="PostgreSQL", port=args.port, opts=self._child
        )
        server.allow_all(args.clients)
        return server

    def _define_parameter_group(self) -> rds.ParameterGroup:
        """Named by Pulumi: a new family needs a new group while the instance still uses the old one."""
        args = self._instance_args
        return rds.ParameterGroup(
            f"{self._name}-parameters",
            family=args.parameter_group_family,
            # Changing a description replaces the group: it must not name what may change.
            description=f"parameters of {args.identifier}",
            parameters=[
                rds.ParameterGroupParameterArgs(
                    name=parameter.name, value=parameter.value, apply_method=parameter.apply_method
                )
                for parameter in args.parameters
            ],
            opts=self._child,
        )

    def _define_log_groups(self, durability: Durability) -> list[cloudwatch.LogGroup]:
        """Made before the instance, which would otherwise create them itself."""
        args = self._instance_args
        placement = args.placement.with_durability(durability)
        return [
            placement.log_group(
                f"{self._name}-log-{log}",
                log_group_name=f"/aws/rds/instance/{args.identifier}/{log}",
                kms_key_arn=args.logs_key_arn,
                opts=self._child,
            )
            for log in EXPORTED_LOGS
        ]

    def _define_monitoring_role(self) -> tuple[iam.Role, iam.RolePolicyAttachment]:
        args = self._instance_args
        role = iam.Role(
            f"{self._name}-monitoring-role",
            description=f"lets RDS publish enhanced monitoring of {args.identifier}",
            assume_role_policy=json.dumps(
                args.placement.service_trust(
                    "monitoring.rds.amazonaws.com", args.placement.arn("rds", f"db:{args.identifier}")
                )
            ),
            opts=self._child,
        )
        attachment = iam.RolePolicyAttachment(
            f"{self._name}-monitoring-permission",
            role=role.name,
            policy_arn=ENHANCED_MONITORING_POLICY_ARN,
            opts=self._child,
        )
        return role, attachment

    def _define_subnet_group(self) -> rds.SubnetGroup:
        args = self._instance_args
        return rds.SubnetGroup(
            f"{self._name}-subnets",
            description=f"isolated subnets of {args.identifier}",
            subnet_ids=args.network.data_subnet_ids,
            opts=self._child,
        )

    def _define_instance(
        self, source: DataSource, monitoring_role: iam.Role, depends_on: Sequence[pulumi.Resource]
    ) -> rds.Instance:
        args, durability = self._instance_args, source.durability
        return rds.Instance(
            f"{self._name}-instance",
            identifier=args.identifier,
            engine=source.engine,
            engine_version=source.engine_version,
            replicate_source_db=source.replicate_source_db,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=False,
            instance_class=args.instance_class,
            multi_az=args.multi_az,
            availability_zone=source.availability_zone,
            allocated_storage=args.storage.allocated_storage_gib,
            max_allocated_storage=args.max_allocated_storage_gib,
            storage_type="gp3",
            iops=args.storage.declared_iops,
            storage_throughput=args.storage.declared_throughput_mib_per_s,
            storage_encrypted=True,
            kms_key_id=source.kms_key_arn,
            db_name=source.database_name,
            username=source.username,
            db_subnet_group_name=source.subnet_group_name,
            vpc_security_group_ids=[self._security_group.id],
            publicly_accessible=False,
            port=args.port,
            password=source.password,
            iam_database_authentication_enabled=True,
            ca_cert_identifier=args.ca_certificate_identifier,
            parameter_group_name=self._parameter_group.name,
            backup_retention_period=source.backup_retention_days,
            backup_window=source.backup_window,
            maintenance_window=args.maintenance_window,
            snapshot_identifier=source.snapshot_identifier,
            restore_to_point_in_time=source.restore_to_point_in_time,
            apply_immediately=source.apply_immediately,
            tags={"Name": args.identifier, **args.tags},
            **self._protection(durability),
            **self._monitoring(monitoring_role),
            opts=args.placement.with_durability(durability).stateful(
                self._child,
                pulumi.ResourceOptions(
                    depends_on=list(depends_on), ignore_changes=list(CREATE_ONLY_PROPERTIES)
                ),
            ),
        )

    def _protection(self, durability: Durability) -> dict[str, Any]:
        """The arguments that decide what a deletion leaves behind."""
        return {
            "copy_tags_to_snapshot": True,
            "delete_automated_backups": not durability.retains,
            "deletion_protection": durability.retains,
            "skip_final_snapshot": not durability.retains,
            "final_snapshot_identifier": durability.final_snapshot(
                self._name, self._instance_args.identifier, self._child
            ),
        }

    def _monitoring(self, role: iam.Role) -> dict[str, Any]:
        """The arguments for logs, Enhanced Monitoring and Performance Insights."""
        args = self._instance_args
        return {
            "enabled_cloudwatch_logs_exports": list(EXPORTED_LOGS),
            "monitoring_interval": args.monitoring.enhanced_interval_seconds,
            "monitoring_role_arn": role.arn,
            "performance_insights_enabled": True,
            "performance_insights_kms_key_id": args.database_key_arn,
            "performance_insights_retention_period": args.monitoring.performance_insights_retention_days,
        }

    def _subscribe(
        self,
        source_type: str,
        categories: Sequence[str],
        source_ids: Sequence[pulumi.Input[str]] | None = None,
    ) -> None:
        """Have events published. Without `source_ids`: those of every such source in the account and region."""
        rds.EventSubscription(
            f"{self._name}-events-{source_type.removeprefix('db-')}",
            sns_topic=self._instance_args.notification_topic_arn,
            source_type=source_type,
            source_ids=source_ids,
            event_categories=list(categories),
            opts=self._child,
        )
