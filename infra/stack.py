"""The platform on one page, top to bottom in dependency order."""

from collections.abc import Mapping

import pulumi

from components.alarms.rows import Severity
from components.backups.plan import selection_tags
from components.dns import Service, ServiceNames, ServiceNamesArgs, service_name
from components.encryption import DataClass
from components.pgbouncer.settings import READER_DATABASE, WRITER_DATABASE
from components.secrets import Credentials, CredentialsArgs, DatabaseConnection, DatabaseConnectionArgs
from contract.names import PhysicalNames
from infra.config.stack import StackConfig
from infra.outputs import StackOutputs
from infra.providers import declare_providers
from infra.wiring.alarms import declare_alarms, declare_topics
from infra.wiring.backups import declare_backups
from infra.wiring.cache import declare_stores
from infra.wiring.pgbouncer import declare_pgbouncer
from infra.wiring.postgres import PostgresServers, declare_postgres
from infra.wiring.regional import Region, declare_region
from infra.wiring.scale_up import declare_scaling, with_what_grew

# Neither stores nor the pool's images are in the DR region: a key there would encrypt nothing.
ONLY_AT_HOME = frozenset({DataClass.CACHE, DataClass.IMAGES})


def declare(config: StackConfig, admin_password: pulumi.Output[str] | None = None) -> StackOutputs:
    """Declare everything that `config` asks for, and return what the stack exports.

    Omitted `admin_password` (a secret): one is generated.
    """
    providers = declare_providers(config)
    floor, config = config, with_what_grew(config, providers)
    home = declare_region(
        config,
        name=config.regions.primary,
        prefix="",
        provider=providers.primary,
        network=config.network.primary,
        interface_endpoints=config.network.interface_endpoints,
    )
    dr = declare_region(
        config,
        name=config.regions.dr,
        prefix="dr-",
        provider=providers.dr,
        network=config.network.dr,
        data_classes=[each for each in DataClass if each not in ONLY_AT_HOME],
    )

    admin = Credentials("postgres-admin", _admin_args(config, home, dr, admin_password), home.opts)
    postgres = declare_postgres(
        config, home=home, dr=dr, admin=admin, backup_tags=selection_tags(PhysicalNames(config.stack))
    )
    DatabaseConnection("postgres-admin-connection", _connection_args(config, postgres, admin), home.opts)

    pool = declare_pgbouncer(
        config, home=home, dr=dr, postgres=postgres, name=service_name(Service.POOLER, config.dns.zone_name)
    )
    stores = declare_stores(config, home=home, dr=dr)
    topics = declare_topics("alarms", config, home)
    scaling = declare_scaling(
        floor, home=home, postgres=postgres, stores=stores, topic_arn=topics[Severity.TICKET]
    )

    addresses = {
        Service.WRITER: postgres.writer.address,
        Service.CACHE: stores.cache.address,
        Service.SESSIONS: stores.sessions.address,
    }
    names = ServiceNames(
        "names",
        _names_args(config, postgres, home, {**addresses, Service.POOLER: pool.pooler.address}),
        home.opts,
    )
    ServiceNames("dr-names", _names_args(config, postgres, dr, addresses), dr.opts)

    backups = declare_backups(
        config,
        home=home,
        dr=dr,
        primary_arn=postgres.primary.arn,
        is_promoted=postgres.writer is not postgres.primary,
    )

    alarms = declare_alarms(
        config,
        primary=home,
        dr=dr,
        postgres=postgres,
        pool=pool,
        backups=backups,
        topics=topics,
        scaling=scaling,
    )

    return StackOutputs(
        postgres_address=postgres.writer.address,
        postgres_port=postgres.writer.port,
        postgres_database_name=postgres.primary.database_name,
        postgres_region=postgres.writer_region,
        postgres_identifier=postgres.writer.identifier,
        postgres_arn=postgres.writer.arn,
        postgres_resource_id=postgres.writer.resource_id,
        postgres_kms_key_arn=postgres.writer.kms_key_arn,
        postgres_parameter_group_name=postgres.writer.parameter_group_name,
        postgres_security_group_id=postgres.writer.security_group_id,
        postgres_admin_secret_arn=admin.secret_arn,
        postgres_writer_name=names.names[Service.WRITER],
        postgres_readers_name=names.names[Service.READERS],
        postgres_replica_addresses={name: each.address for name, each in postgres.replicas.items()},
        backup_vault_arn=backups.vault.arn,
        dr_backup_vault_arn=backups.dr_vault.arn,
        export_bucket=backups.exports.bucket,
        dr_export_bucket=backups.dr_exports.bucket,
        pooler_name=names.names[Service.POOLER],
        pooler_port=pool.pooler.port,
        pooler_database_names=[WRITER_DATABASE, READER_DATABASE],
        pooler_app_secret_arn=pool.users.app_secret_arn,
        pooler_repository_url=pool.images.url,
        pooler_cluster_name=pool.pooler.cluster_name,
        pooler_service_name=pool.pooler.service_name,
        pooler_log_group_name=pool.pooler.log_group_name,
        cache_address=stores.cache.address,
        cache_port=stores.cache.port,
        cache_name=names.names[Service.CACHE],
        cache_arn=stores.cache.arn,
        cache_security_group_id=stores.cache.security_group_id,
        cache_secret_arns=stores.cache.secret_arns,
        sessions_address=stores.sessions.address,
        sessions_port=stores.sessions.port,
        sessions_name=names.names[Service.SESSIONS],
        sessions_arn=stores.sessions.arn,
        sessions_security_group_id=stores.sessions.security_group_id,
        sessions_secret_arns=stores.sessions.secret_arns,
        store_event_topic_arn=stores.events.arn,
        notification_topic_arn=home.notifications.arn,
        alarm_topic_arns=alarms.topic_arns,
        dr_alarm_topic_arns=alarms.dr_topic_arns,
        alarm_dashboard_name=alarms.dashboard_name,
        primary_region=home.name,
        primary_vpc_id=home.network.vpc_id,
        primary_app_subnet_ids=home.network.app_subnet_ids,
        primary_data_subnet_ids=home.network.data_subnet_ids,
        primary_database_key_arn=home.key_arn(DataClass.DATABASE),
        dr_region=dr.name,
        dr_vpc_id=dr.network.vpc_id,
        dr_app_subnet_ids=dr.network.app_subnet_ids,
        dr_data_subnet_ids=dr.network.data_subnet_ids,
        dr_database_key_arn=dr.key_arn(DataClass.DATABASE),
        dr_notification_topic_arn=dr.notifications.arn,
    )


def _admin_args(
    config: StackConfig, home: Region, dr: Region, password: pulumi.Output[str] | None
) -> CredentialsArgs:
    return CredentialsArgs(
        secret_name_prefix=PhysicalNames(config.stack).of("postgres-admin-"),
        username=config.postgres.admin_username,
        password=password,
        kms_key_arn=home.key_arn(DataClass.SECRETS),
        recovery_window_days=config.secrets.recovery_window_days,
        replica_region=dr.name,
        replica_kms_key_arn=dr.key_arn(DataClass.SECRETS),
        durability=config.durability,
    )


def _connection_args(
    config: StackConfig, postgres: PostgresServers, admin: Credentials
) -> DatabaseConnectionArgs:
    """Where to write. The user's and the database's name are the primary's: a promoted replica has them from it."""
    return DatabaseConnectionArgs(
        credentials=admin,
        host=postgres.writer.address,
        port=postgres.writer.port,
        database_name=postgres.primary.database_name,
        username=postgres.primary.username,
        durability=config.durability,
    )


def _names_args(
    config: StackConfig,
    postgres: PostgresServers,
    region: Region,
    addresses: Mapping[Service, pulumi.Input[str]],
) -> ServiceNamesArgs:
    return ServiceNamesArgs(
        zone_name=config.dns.zone_name,
        vpc_id=region.network.vpc_id,
        region=region.name,
        addresses=addresses,
        readers={name: reader.address for name, reader in postgres.readers[region.name].items()},
    )
