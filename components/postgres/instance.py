"""What a primary and a replica have in common: the groups, logs, role and subscriptions around one DB instance."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_random as random
from pulumi_aws import cloudwatch, ec2, iam, rds, vpc

from components.durability import Durability
from components.network import NetworkAttachment
from components.parameters.postgres import PostgresParameter
from components.postgres.sizing import Gp3Storage
from components.trust import service_trust

# What an instance is born with. RDS takes these from the source of a restore or a replica, and any later change of them
# would replace the instance: so they are inputs of its creation, and never again looked at. Whether it is encrypted is
# not among them: a plain copy of encrypted data must stay visible as a difference.
BIRTH_PROPERTIES = ("snapshotIdentifier", "restoreToPointInTime", "username", "dbName", "kmsKeyId")
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
    """What is measured and how long it is kept."""

    enhanced_interval_seconds: int
    performance_insights_retention_days: int
    log_retention_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """Who may connect."""

    security_group_ids: Sequence[str] = ()
    cidrs: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresInstanceArgs:
    """What every instance needs. `backup_window` and `maintenance_window` are in UTC, in RDS's own notation.

    `identifier` is fixed because log groups, alarms and runbooks name it; changing it renames the instance.
    RDS grows the storage by itself up to `max_allocated_storage_gib`, and never shrinks it.
    Without `apply_immediately` a change that interrupts service waits for the maintenance window.
    `tags` are on the instance beside those that everything carries.
    """

    account_id: str
    region: str
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
    durability: Durability = Durability.RETAIN


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
    """Stateful. A DB instance with its parameter, subnet and security groups, logs, monitoring role and event subscriptions.

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
        self._allow(self._security_group, client, referenced_security_group_id=security_group_id)

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

    def _define_security_group(self) -> ec2.SecurityGroup:
        args = self._instance_args
        group = ec2.SecurityGroup(
            f"{self._name}-security-group",
            vpc_id=args.network.vpc_id,
            description=f"who may connect to {args.identifier}",
            tags={"Name": args.identifier},
            opts=self._child,
        )
        for client_id in args.clients.security_group_ids:
            self._allow(group, client_id, referenced_security_group_id=client_id)
        for cidr in args.clients.cidrs:
            self._allow(group, cidr, cidr_ipv4=cidr)
        return group

    def _allow(
        self,
        group: ec2.SecurityGroup,
        client: str,
        *,
        referenced_security_group_id: pulumi.Input[str] | None = None,
        cidr_ipv4: str | None = None,
    ) -> None:
        vpc.SecurityGroupIngressRule(
            f"{self._name}-from-{client}",
            security_group_id=group.id,
            description=f"PostgreSQL from {client}",
            referenced_security_group_id=referenced_security_group_id,
            cidr_ipv4=cidr_ipv4,
            ip_protocol="tcp",
            from_port=self._instance_args.port,
            to_port=self._instance_args.port,
            opts=self._child,
        )

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
        """Made before the instance, which would otherwise create them itself: unencrypted, and kept for ever."""
        args = self._instance_args
        return [
            cloudwatch.LogGroup(
                f"{self._name}-log-{log}",
                name=f"/aws/rds/instance/{args.identifier}/{log}",
                retention_in_days=args.monitoring.log_retention_days,
                kms_key_id=args.logs_key_arn,
                opts=pulumi.ResourceOptions.merge(self._child, durability.options()),
            )
            for log in EXPORTED_LOGS
        ]

    def _define_monitoring_role(self) -> tuple[iam.Role, iam.RolePolicyAttachment]:
        args = self._instance_args
        role = iam.Role(
            f"{self._name}-monitoring-role",
            description=f"lets RDS publish enhanced monitoring of {args.identifier}",
            assume_role_policy=json.dumps(
                service_trust(
                    "monitoring.rds.amazonaws.com",
                    args.account_id,
                    f"arn:aws:rds:{args.region}:{args.account_id}:db:{args.identifier}",
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
        args = self._instance_args
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
            copy_tags_to_snapshot=True,
            delete_automated_backups=not source.durability.retains,
            deletion_protection=source.durability.retains,
            skip_final_snapshot=not source.durability.retains,
            final_snapshot_identifier=self._final_snapshot_identifier(source.durability),
            enabled_cloudwatch_logs_exports=list(EXPORTED_LOGS),
            monitoring_interval=args.monitoring.enhanced_interval_seconds,
            monitoring_role_arn=monitoring_role.arn,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.database_key_arn,
            performance_insights_retention_period=args.monitoring.performance_insights_retention_days,
            snapshot_identifier=source.snapshot_identifier,
            restore_to_point_in_time=source.restore_to_point_in_time,
            apply_immediately=source.apply_immediately,
            tags={"Name": args.identifier, **args.tags},
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions.merge(self._child, source.durability.options()),
                pulumi.ResourceOptions(
                    depends_on=list(depends_on),
                    ignore_changes=list(BIRTH_PROPERTIES),
                ),
            ),
        )

    def _final_snapshot_identifier(self, durability: Durability) -> pulumi.Output[str] | None:
        """Unique, so that it collides with no snapshot of an earlier instance; stable, so that it is never a change."""
        if not durability.retains:
            return None
        suffix = random.RandomId(
            f"{self._name}-final-snapshot",
            byte_length=4,
            keepers={"identifier": self._instance_args.identifier},
            opts=self._child,
        )
        return suffix.hex.apply(lambda text: f"{self._instance_args.identifier}-final-{text}")

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
