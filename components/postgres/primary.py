"""Stateful. A PostgreSQL instance on RDS, with everything that belongs to it alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi_aws import cloudwatch, ec2, iam, rds, secretsmanager, vpc

from components.durability import Durability
from components.network import NetworkAttachment
from components.postgres.parameters import Parameter
from components.postgres.sizing import Gp3Storage
from components.secrets import Credentials
from components.trust import service_trust

# What an instance is born with. RDS takes these from the source of a restore, and any later change of them would
# replace the instance: so they are inputs of its creation, and never again looked at. Whether it is encrypted is
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
class SnapshotRestore:
    """Create the instance from a snapshot, named by identifier or (shared ones) by ARN."""

    snapshot_identifier: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PointInTimeRestore:
    """Create the instance as another one was at `restore_time` (RFC 3339, UTC); omitted: at its latest restorable time.

    The source is an instance's identifier, or the ARN of an automated backup that another region replicates into this one.
    """

    source_db_instance_identifier: str | None = None
    source_automated_backups_arn: str | None = None
    restore_time: str | None = None


Restore = SnapshotRestore | PointInTimeRestore


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """Who may connect."""

    security_group_ids: Sequence[str] = ()
    cidrs: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresPrimaryArgs:
    """What a primary needs. `backup_window` and `maintenance_window` are in UTC, in RDS's own notation.

    `identifier` is fixed because log groups, alarms and runbooks name it; changing it renames the instance.
    Omitted `restore`: an empty database. Whatever `restore`, `database_name` and the user's name say later, an existing
    instance keeps what it was created with.
    RDS grows the storage by itself up to `max_allocated_storage_gib`, and never shrinks it.
    Without `apply_immediately` a change that interrupts service waits for the maintenance window.
    """

    account_id: str
    region: str
    identifier: str
    engine_version: str
    parameter_group_family: str
    parameters: Sequence[Parameter]
    instance_class: str
    multi_az: bool
    port: int
    database_name: str
    storage: Gp3Storage
    max_allocated_storage_gib: int
    network: NetworkAttachment
    clients: Clients
    credentials: Credentials
    database_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    notification_topic_arn: pulumi.Input[str]
    ca_certificate_identifier: str
    backup_retention_days: int
    backup_window: str
    maintenance_window: str
    monitoring: Monitoring
    apply_immediately: bool
    restore: Restore | None = None
    durability: Durability = Durability.RETAIN


class PostgresPrimary(pulumi.ComponentResource):
    """Stateful. The instance with its parameter, subnet and security groups, logs, monitoring role and event subscriptions.

    It also writes the secret of its admin user, since only here the address is known.
    """

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    arn: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    identifier: pulumi.Output[str]
    database_name: pulumi.Output[str]
    kms_key_arn: pulumi.Output[str]
    parameter_group_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: PostgresPrimaryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:postgres:PostgresPrimary", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._security_group = self._define_security_group()
        self._parameter_group = self._define_parameter_group()
        log_groups = self._define_log_groups()
        monitoring_role, monitoring_permission = self._define_monitoring_role()
        self._instance = self._define_instance(monitoring_role, [*log_groups, monitoring_permission])
        self._define_event_subscriptions()
        self._define_secret_version()
        self.address = self._instance.address
        self.port = self._instance.port
        self.arn = self._instance.arn
        self.resource_id = self._instance.resource_id
        self.identifier = self._instance.identifier
        self.database_name = self._instance.db_name
        self.kms_key_arn = self._instance.kms_key_id
        self.parameter_group_name = self._parameter_group.name
        self.security_group_id = self._security_group.id
        self.register_outputs(
            {
                "address": self.address,
                "port": self.port,
                "arn": self.arn,
                "resource_id": self.resource_id,
                "identifier": self.identifier,
                "database_name": self.database_name,
                "kms_key_arn": self.kms_key_arn,
                "parameter_group_name": self.parameter_group_name,
                "security_group_id": self.security_group_id,
            }
        )

    def _define_security_group(self) -> ec2.SecurityGroup:
        args = self._args
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
            from_port=self._args.port,
            to_port=self._args.port,
            opts=self._child,
        )

    def _define_parameter_group(self) -> rds.ParameterGroup:
        """Named by Pulumi: a new family needs a new group while the instance still uses the old one."""
        args = self._args
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

    def _define_log_groups(self) -> list[cloudwatch.LogGroup]:
        """Made before the instance, which would otherwise create them itself: unencrypted, and kept for ever."""
        args = self._args
        return [
            cloudwatch.LogGroup(
                f"{self._name}-log-{log}",
                name=f"/aws/rds/instance/{args.identifier}/{log}",
                retention_in_days=args.monitoring.log_retention_days,
                kms_key_id=args.logs_key_arn,
                opts=pulumi.ResourceOptions.merge(self._child, args.durability.options()),
            )
            for log in EXPORTED_LOGS
        ]

    def _define_monitoring_role(self) -> tuple[iam.Role, iam.RolePolicyAttachment]:
        args = self._args
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

    def _define_instance(
        self, monitoring_role: iam.Role, depends_on: Sequence[pulumi.Resource]
    ) -> rds.Instance:
        args = self._args
        subnet_group = rds.SubnetGroup(
            f"{self._name}-subnets",
            description=f"isolated subnets of {args.identifier}",
            subnet_ids=args.network.data_subnet_ids,
            opts=self._child,
        )
        return rds.Instance(
            f"{self._name}-instance",
            identifier=args.identifier,
            engine="postgres",
            engine_version=args.engine_version,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=False,
            instance_class=args.instance_class,
            multi_az=args.multi_az,
            allocated_storage=args.storage.allocated_storage_gib,
            max_allocated_storage=args.max_allocated_storage_gib,
            storage_type="gp3",
            iops=args.storage.declared_iops,
            storage_throughput=args.storage.declared_throughput_mib_per_s,
            storage_encrypted=True,
            # A restored instance brings its key, its database and its user with it, and RDS refuses to be told them.
            kms_key_id=args.database_key_arn if args.restore is None else None,
            db_name=args.database_name if args.restore is None else None,
            username=args.credentials.username if args.restore is None else None,
            db_subnet_group_name=subnet_group.name,
            vpc_security_group_ids=[self._security_group.id],
            publicly_accessible=False,
            port=args.port,
            password=args.credentials.password,
            iam_database_authentication_enabled=True,
            ca_cert_identifier=args.ca_certificate_identifier,
            parameter_group_name=self._parameter_group.name,
            backup_retention_period=args.backup_retention_days,
            backup_window=args.backup_window,
            maintenance_window=args.maintenance_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=not args.durability.retains,
            deletion_protection=args.durability.retains,
            skip_final_snapshot=not args.durability.retains,
            final_snapshot_identifier=self._final_snapshot_identifier(),
            enabled_cloudwatch_logs_exports=list(EXPORTED_LOGS),
            monitoring_interval=args.monitoring.enhanced_interval_seconds,
            monitoring_role_arn=monitoring_role.arn,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.database_key_arn,
            performance_insights_retention_period=args.monitoring.performance_insights_retention_days,
            snapshot_identifier=(
                args.restore.snapshot_identifier if isinstance(args.restore, SnapshotRestore) else None
            ),
            restore_to_point_in_time=_point_in_time(args.restore),
            apply_immediately=args.apply_immediately,
            tags={"Name": args.identifier},
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions.merge(self._child, args.durability.options()),
                pulumi.ResourceOptions(
                    depends_on=list(depends_on),
                    ignore_changes=list(BIRTH_PROPERTIES),
                ),
            ),
        )

    def _final_snapshot_identifier(self) -> pulumi.Output[str] | None:
        """Unique, so that it collides with no snapshot of an earlier instance; stable, so that it is never a change."""
        if not self._args.durability.retains:
            return None
        suffix = random.RandomId(
            f"{self._name}-final-snapshot",
            byte_length=4,
            keepers={"identifier": self._args.identifier},
            opts=self._child,
        )
        return suffix.hex.apply(lambda text: f"{self._args.identifier}-final-{text}")

    def _define_event_subscriptions(self) -> None:
        sources: Mapping[str, tuple[Sequence[str], Sequence[pulumi.Input[str]] | None]] = {
            "db-instance": (INSTANCE_EVENTS, [self._instance.identifier]),
            "db-parameter-group": (PARAMETER_GROUP_EVENTS, [self._parameter_group.name]),
            "db-security-group": (SECURITY_GROUP_EVENTS, None),
        }
        for source_type, (categories, source_ids) in sources.items():
            rds.EventSubscription(
                f"{self._name}-events-{source_type.removeprefix('db-')}",
                sns_topic=self._args.notification_topic_arn,
                source_type=source_type,
                source_ids=source_ids,
                event_categories=list(categories),
                opts=self._child,
            )

    def _define_secret_version(self) -> None:
        """The keys are those that AWS's rotation functions and drivers read (Secrets Manager guide, "JSON structure")."""
        secretsmanager.SecretVersion(
            f"{self._name}-admin-secret-version",
            secret_id=self._args.credentials.secret_arn,
            secret_string=pulumi.Output.json_dumps(
                {
                    "engine": "postgres",
                    "host": self._instance.address,
                    "port": self._instance.port,
                    "dbname": self._instance.db_name,
                    "username": self._instance.username,
                    "password": self._args.credentials.password,
                }
            ),
            # A version is replaced by every change of the password, so it cannot be protected; it can be left behind.
            opts=pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(retain_on_delete=self._args.durability.retains)
            ),
        )


def _point_in_time(restore: Restore | None) -> rds.InstanceRestoreToPointInTimeArgs | None:
    if not isinstance(restore, PointInTimeRestore):
        return None
    return rds.InstanceRestoreToPointInTimeArgs(
        source_db_instance_identifier=restore.source_db_instance_identifier,
        source_db_instance_automated_backups_arn=restore.source_automated_backups_arn,
        restore_time=restore.restore_time,
        use_latest_restorable_time=True if restore.restore_time is None else None,
    )
