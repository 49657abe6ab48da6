"""PgBouncer: the pool in the primary region, in front of the writer and of the readers there."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.dns import Service, service_name
from components.encryption import DataClass
from components.pgbouncer.images import ImageRepository, ImageRepositoryArgs
from components.pgbouncer.pool_budget import PoolBudget
from components.pgbouncer.pooler import Pooler, PoolerArgs
from components.pgbouncer.rotation import PasswordRotation, PasswordRotationArgs
from components.pgbouncer.settings import (
    IMAGE_VERSION,
    READER_DATABASE,
    WRITER_DATABASE,
    DatabaseRoute,
    Files,
    PoolerSettings,
    render,
)
from components.pgbouncer.task import RDS_AUTHORITIES, SECRETS_DIRECTORY, SOCKET_DIRECTORY
from components.pgbouncer.users import PoolUsers, PoolUsersArgs
from components.postgres.instance import PostgresInstance
from contract.names import POOLER
from contract.outputs import OutputKey
from infra.config import pgbouncer
from infra.config.pgbouncer import Budgets
from infra.config.stack import StackConfig
from infra.outputs import Outputs
from infra.wiring.postgres import PostgresServers
from infra.wiring.regional import Region, Regions


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """The pool with its images, users and password rotation."""

    pooler: Pooler
    images: ImageRepository
    users: PoolUsers
    rotation: PasswordRotation

    def outputs(self) -> Outputs:
        """The pool's port, databases and secret for applications, and its images, service and log for operators."""
        return {
            OutputKey.POOLER_PORT: self.pooler.port,
            OutputKey.POOLER_DATABASE_NAMES: [WRITER_DATABASE, READER_DATABASE],
            OutputKey.POOLER_APP_SECRET_ARN: self.users.app_secret_arn,
            OutputKey.POOLER_REPOSITORY_URL: self.images.url,
            OutputKey.POOLER_CLUSTER_NAME: self.pooler.cluster_name,
            OutputKey.POOLER_SERVICE_NAME: self.pooler.service_name,
            OutputKey.POOLER_LOG_GROUP_NAME: self.pooler.log_group_name,
        }


def declare_pool(config: StackConfig, regions: Regions, postgres: PostgresServers) -> Pool:
    """The pool in the primary region.

    It connects to the instances' own addresses, which their certificates are for. A promotion changes them, and with them
    the task definition: the deployment that follows is what moves the pool.
    """
    primary = regions.primary
    name = service_name(Service.POOLER, config.dns.zone_name)
    images = ImageRepository(
        "pooler-images",
        ImageRepositoryArgs(
            placement=primary.placement,
            repository_name=primary.placement.names.of(POOLER),
            kms_key_arn=primary.key_arn(DataClass.IMAGES),
        ),
        primary.opts,
    )
    users = PoolUsers("pooler-users", _users_args(config, regions, name), primary.opts)
    reachable = _reachable(primary, postgres)
    pooler_args = _pooler_args(
        config, primary, postgres=postgres, images=images, users=users, reachable=reachable, name=name
    )
    pooler = Pooler("pooler", pooler_args, primary.opts)
    for instance in reachable.values():
        instance.allow_from("pooler", pooler.security_group_id)
    rotation = PasswordRotation(
        "pooler-rotation", _rotation_args(config, primary, pooler, users, name), primary.opts
    )
    return Pool(pooler=pooler, images=images, users=users, rotation=rotation)


def _reachable(primary: Region, postgres: PostgresServers) -> dict[str, PostgresInstance]:
    """The instances behind the pool that are in its own region, by their name in rules.

    An instance in another region lets in ranges and no security groups: `postgres.clients`.
    """
    wanted = {"writer": postgres.writer, **postgres.readers[primary.name]}
    return {
        name: instance
        for name, instance in wanted.items()
        if instance is not postgres.writer or (name == "writer" and postgres.writer_region == primary.name)
    }


def _dr_cidrs(config: StackConfig, primary: Region, postgres: PostgresServers) -> list[str]:
    """The DR network's range once a promoted instance there takes writes; the configuration has it then."""
    cidr = config.network.dr.cidr
    return [] if postgres.writer_region == primary.name or cidr is None else [cidr]


def _users_args(config: StackConfig, regions: Regions, name: str) -> PoolUsersArgs:
    return PoolUsersArgs(
        username=config.pgbouncer.username,
        secret_name_prefix=regions.primary.placement.names.of("pooler-"),
        host=name,
        port=config.pgbouncer.port,
        database_name=WRITER_DATABASE,
        storage=regions.secrets,
    )


def _pooler_args(
    config: StackConfig,
    primary: Region,
    *,
    postgres: PostgresServers,
    images: ImageRepository,
    users: PoolUsers,
    reachable: Mapping[str, PostgresInstance],
    name: str,
) -> PoolerArgs:
    wanted = config.pgbouncer
    return PoolerArgs(
        placement=primary.placement,
        network=primary.network,
        image=pulumi.Output.concat(images.url, "@", wanted.image_digest),
        repository_arn=images.arn,
        configuration=_configuration(config, primary, postgres),
        userlist_secret_arn=users.userlist_secret_arn,
        userlist_version=users.userlist_version,
        secrets_key_arn=primary.key_arn(DataClass.SECRETS),
        logs_key_arn=primary.key_arn(DataClass.LOGS),
        tls_name=name,
        port=wanted.port,
        clients=wanted.clients.as_clients(),
        databases={each: instance.security_group_id for each, instance in reachable.items()},
        database_cidrs=_dr_cidrs(config, primary, postgres),
        database_port=config.postgres.port,
        cpu_units=wanted.cpu_units,
        memory_mib=wanted.memory_mib,
        min_tasks=wanted.min_tasks,
        max_tasks=wanted.max_tasks,
        target_cpu_percent=wanted.target_cpu_percent,
    )


def _configuration(config: StackConfig, primary: Region, postgres: PostgresServers) -> pulumi.Output[str]:
    """The text of pgbouncer.ini, once the addresses of the instances are known."""
    budgets = pgbouncer.budgets(config.pgbouncer, config.postgres, config.dr, config.regions)
    readers = [reader.address for reader in postgres.readers[primary.name].values()]
    return pulumi.Output.all(
        writer=postgres.writer.address,
        readers=pulumi.Output.all(*readers),
        database_name=postgres.primary.database_name,
    ).apply(lambda late: render(_settings(config, budgets, **late)))


def _settings(
    config: StackConfig, budgets: Budgets, writer: str, readers: list[str], database_name: str
) -> PoolerSettings:
    def route(hosts: list[str], budget: PoolBudget) -> DatabaseRoute:
        return DatabaseRoute(
            hosts=hosts, port=config.postgres.port, database_name=database_name, budget=budget
        )

    return PoolerSettings(
        version=IMAGE_VERSION,
        listen_address="0.0.0.0",  # noqa: S104 - the task has one address, and a security group in front of it
        listen_port=config.pgbouncer.port,
        socket_directory=SOCKET_DIRECTORY,
        writer=route([writer], budgets.writer),
        readers=route(readers, budgets.readers),
        files=Files(
            userlist=f"{SECRETS_DIRECTORY}/userlist.txt",
            client_certificate=f"{SECRETS_DIRECTORY}/client.crt",
            client_key=f"{SECRETS_DIRECTORY}/client.key",
            server_authorities=RDS_AUTHORITIES,
        ),
        max_client_connections=config.pgbouncer.client_connections,
    )


def _rotation_args(
    config: StackConfig, primary: Region, pooler: Pooler, users: PoolUsers, name: str
) -> PasswordRotationArgs:
    return PasswordRotationArgs(
        placement=primary.placement,
        network=primary.network,
        pooler=pooler,
        pooler_name=name,
        database_name=WRITER_DATABASE,
        app_secret_arn=users.app_secret_arn,
        app_secret_version=users.app_secret_version,
        userlist_secret_arn=users.userlist_secret_arn,
        secrets_key_arn=primary.key_arn(DataClass.SECRETS),
        logs_key_arn=primary.key_arn(DataClass.LOGS),
        rotation_days=config.pgbouncer.rotation_days,
    )
