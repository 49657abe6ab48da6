"""The platform on one page, top to bottom in dependency order."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pulumi

from components import subnets
from components.encryption import DataClass, Keys, KeysArgs
from components.naming import PhysicalNames
from components.network import Network, NetworkArgs, NetworkAttachment
from components.notifications import NotificationTopic, NotificationTopicArgs
from components.postgres import parameters, sizing
from components.postgres.primary import (
    Clients,
    Monitoring,
    PointInTimeRestore,
    PostgresPrimary,
    PostgresPrimaryArgs,
    Restore,
    SnapshotRestore,
)
from components.secrets import Credentials, CredentialsArgs
from infra.config import AnyNetwork, ExistingNetwork, RestoreConfig, StackConfig
from infra.outputs import StackOutputs
from infra.providers import declare_providers

PRIMARY_DATA_CLASSES = (DataClass.DATABASE, DataClass.SECRETS, DataClass.LOGS, DataClass.NOTIFICATIONS)
# The DR region publishes nothing yet; its keys are for what is copied there.
DR_DATA_CLASSES = (DataClass.DATABASE, DataClass.SECRETS, DataClass.LOGS)


def declare(config: StackConfig, admin_password: pulumi.Output[str] | None = None) -> StackOutputs:
    """Declare everything that `config` asks for, and return what the stack exports.

    Omitted `admin_password` (a secret): one is generated.
    """
    names = PhysicalNames(config.stack)
    providers = declare_providers(config)
    in_primary = pulumi.ResourceOptions(provider=providers.primary)
    in_dr = pulumi.ResourceOptions(provider=providers.dr)

    primary_keys = Keys("keys", _keys_args(config, config.regions.primary, PRIMARY_DATA_CLASSES), in_primary)
    dr_keys = Keys("dr-keys", _keys_args(config, config.regions.dr, DR_DATA_CLASSES), in_dr)

    primary_network = _network(
        "network",
        config.network.primary,
        region=config.regions.primary,
        interface_endpoints=config.network.interface_endpoints,
        keys=primary_keys,
        config=config,
        opts=in_primary,
    )
    dr_network = _network(
        "dr-network",
        config.network.dr,
        region=config.regions.dr,
        interface_endpoints=(),
        keys=dr_keys,
        config=config,
        opts=in_dr,
    )

    notifications = NotificationTopic(
        "notifications",
        NotificationTopicArgs(
            account_id=config.account_id,
            kms_key_arn=primary_keys.arns[DataClass.NOTIFICATIONS],
            email_addresses=config.notifications.email_addresses,
        ),
        in_primary,
    )

    admin = Credentials(
        "postgres-admin",
        CredentialsArgs(
            secret_name_prefix=names.of("postgres-admin-"),
            username=config.postgres.admin_username,
            password=admin_password,
            kms_key_arn=primary_keys.arns[DataClass.SECRETS],
            recovery_window_days=config.secrets.recovery_window_days,
            replica_region=config.regions.dr,
            replica_kms_key_arn=dr_keys.arns[DataClass.SECRETS],
            durability=config.durability,
        ),
        in_primary,
    )
    primary = PostgresPrimary(
        "postgres",
        _postgres_args(
            config, network=primary_network, keys=primary_keys, admin=admin, notifications=notifications
        ),
        in_primary,
    )

    return StackOutputs(
        postgres_address=primary.address,
        postgres_port=primary.port,
        postgres_database_name=primary.database_name,
        postgres_identifier=primary.identifier,
        postgres_arn=primary.arn,
        postgres_resource_id=primary.resource_id,
        postgres_kms_key_arn=primary.kms_key_arn,
        postgres_parameter_group_name=primary.parameter_group_name,
        postgres_security_group_id=primary.security_group_id,
        postgres_admin_secret_arn=admin.secret_arn,
        notification_topic_arn=notifications.arn,
        primary_region=config.regions.primary,
        primary_vpc_id=primary_network.vpc_id,
        primary_app_subnet_ids=primary_network.app_subnet_ids,
        primary_data_subnet_ids=primary_network.data_subnet_ids,
        primary_database_key_arn=primary_keys.arns[DataClass.DATABASE],
        dr_region=config.regions.dr,
        dr_vpc_id=dr_network.vpc_id,
        dr_app_subnet_ids=dr_network.app_subnet_ids,
        dr_data_subnet_ids=dr_network.data_subnet_ids,
        dr_database_key_arn=dr_keys.arns[DataClass.DATABASE],
    )


def _keys_args(config: StackConfig, region: str, data_classes: Sequence[DataClass]) -> KeysArgs:
    return KeysArgs(
        account_id=config.account_id,
        region=region,
        names=PhysicalNames(config.stack),
        data_classes=data_classes,
        deletion_window_days=config.encryption.deletion_window_days,
        durability=config.durability,
    )


def _network(
    name: str,
    wanted: AnyNetwork,
    *,
    region: str,
    interface_endpoints: Sequence[str],
    keys: Keys,
    config: StackConfig,
    opts: pulumi.ResourceOptions,
) -> NetworkAttachment:
    """The network to attach to: a new one, or the existing one that the configuration names."""
    if isinstance(wanted, ExistingNetwork):
        return NetworkAttachment(
            vpc_id=wanted.vpc_id,
            app_subnet_ids=wanted.app_subnet_ids,
            data_subnet_ids=wanted.data_subnet_ids,
        )
    args = NetworkArgs(
        account_id=config.account_id,
        region=region,
        names=PhysicalNames(config.stack),
        availability_zones=wanted.availability_zones,
        subnets=subnets.plan(wanted.cidr, availability_zones=len(wanted.availability_zones)),
        interface_endpoints=interface_endpoints,
        logs_key_arn=keys.arns[DataClass.LOGS],
        flow_log_retention_days=config.logs.retention_days,
        durability=config.durability,
    )
    return Network(name, args, opts).attachment


def _postgres_args(
    config: StackConfig,
    *,
    network: NetworkAttachment,
    keys: Keys,
    admin: Credentials,
    notifications: NotificationTopic,
) -> PostgresPrimaryArgs:
    postgres = config.postgres
    instance_class = sizing.find_instance_class(postgres.instance_class)
    storage = sizing.validate_gp3(
        postgres.storage.allocated_storage_gib,
        postgres.storage.iops,
        postgres.storage.throughput_mib_per_s,
    )
    return PostgresPrimaryArgs(
        account_id=config.account_id,
        region=config.regions.primary,
        identifier=PhysicalNames(config.stack).of("postgres"),
        engine_version=postgres.engine_version,
        parameter_group_family=postgres.family,
        parameters=parameters.compute(
            instance_class,
            database_name=postgres.database_name,
            allocated_storage_gib=storage.allocated_storage_gib,
            overrides=postgres.parameters,
        ),
        instance_class=postgres.instance_class,
        multi_az=postgres.multi_az,
        port=postgres.port,
        database_name=postgres.database_name,
        storage=storage,
        max_allocated_storage_gib=postgres.storage.max_allocated_storage_gib,
        network=network,
        clients=Clients(security_group_ids=postgres.clients.security_group_ids, cidrs=postgres.clients.cidrs),
        credentials=admin,
        database_key_arn=keys.arns[DataClass.DATABASE],
        logs_key_arn=keys.arns[DataClass.LOGS],
        notification_topic_arn=notifications.arn,
        ca_certificate_identifier=postgres.ca_certificate_identifier,
        backup_retention_days=postgres.backup_retention_days,
        backup_window=str(postgres.backup_window.to_utc(config.time_zone)),
        maintenance_window=str(postgres.maintenance_window.to_utc(config.time_zone)),
        monitoring=Monitoring(
            enhanced_interval_seconds=postgres.monitoring.enhanced_interval_seconds,
            performance_insights_retention_days=postgres.monitoring.performance_insights_retention_days,
            log_retention_days=config.logs.retention_days,
        ),
        apply_immediately=postgres.apply_immediately,
        restore=_restore(postgres.restore),
        durability=config.durability,
    )


def _restore(wanted: RestoreConfig | None) -> Restore | None:
    if wanted is None:
        return None
    if wanted.snapshot_identifier is not None:
        return SnapshotRestore(snapshot_identifier=wanted.snapshot_identifier)
    return PointInTimeRestore(
        source_db_instance_identifier=wanted.source_db_instance_identifier,
        source_automated_backups_arn=wanted.source_automated_backups_arn,
        restore_time=None if wanted.restore_time is None else _rfc3339(wanted.restore_time),
    )


def _rfc3339(moment: datetime) -> str:
    """As RDS takes a time: in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
