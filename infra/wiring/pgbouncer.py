"""PgBouncer: the pool in the primary region, in front of whoever takes writes and whoever answers reads there."""

from dataclasses import dataclass

import pulumi

from components.encryption import DataClass
from components.pgbouncer.images import ImageRepository, ImageRepositoryArgs
from components.pgbouncer.pool_budget import PoolBudget
from components.pgbouncer.pooler import Pooler, PoolerArgs
from components.pgbouncer.rotation import PasswordRotation, PasswordRotationArgs
from components.pgbouncer.settings import (
    IMAGE_VERSION,
    WRITER_DATABASE,
    DatabaseRoute,
    Files,
    PoolerSettings,
    render,
)
from components.pgbouncer.task import RDS_AUTHORITIES, SECRETS_DIRECTORY, SOCKET_DIRECTORY
from components.pgbouncer.users import PoolUsers, PoolUsersArgs
from components.postgres.instance import Clients, PostgresInstance
from contract.names import PhysicalNames
from infra.config import pgbouncer
from infra.config.pgbouncer import Budgets
from infra.config.stack import StackConfig
from infra.wiring.postgres import PostgresServers
from infra.wiring.regional import Region


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """The pool with what belongs to it."""

    pooler: Pooler
    images: ImageRepository
    users: PoolUsers
    rotation: PasswordRotation


def declare_pgbouncer(
    config: StackConfig, *, home: Region, dr: Region, postgres: PostgresServers, name: str
) -> Pool:
    """The pool that clients in `home` know as `name`.

    It connects to the instances' own addresses, which their certificates are for. A promotion changes them, and with them
    the task definition: the deployment that follows is what moves the pool.
    """
    images = ImageRepository(
        "pooler-images",
        ImageRepositoryArgs(
            repository_name=PhysicalNames(config.stack).of("pooler"),
            kms_key_arn=home.key_arn(DataClass.IMAGES),
            durability=config.durability,
        ),
        home.opts,
    )
    users = PoolUsers("pooler-users", _users_args(config, home, dr, name), home.opts)
    reachable = _reachable(home, postgres)
    pooler_args = _pooler_args(
        config, home, postgres=postgres, images=images, users=users, reachable=reachable, name=name
    )
    pooler = Pooler("pooler", pooler_args, home.opts)
    for instance in reachable.values():
        instance.allow_from("pooler", pooler.security_group_id)
    rotation = PasswordRotation(
        "pooler-rotation", _rotation_args(config, home, pooler, users, name), home.opts
    )
    return Pool(pooler=pooler, images=images, users=users, rotation=rotation)


def _reachable(home: Region, postgres: PostgresServers) -> dict[str, PostgresInstance]:
    """The instances behind the pool that are in its own region. One elsewhere lets in ranges, not groups: `postgres.clients`."""
    wanted = {"writer": postgres.writer, **postgres.readers[home.name]}
    return {
        name: instance
        for name, instance in wanted.items()
        if instance is not postgres.writer or (name == "writer" and postgres.writer_region == home.name)
    }


def _cidrs_abroad(config: StackConfig, home: Region, postgres: PostgresServers) -> list[str]:
    """The DR network's range once a promoted instance there takes writes; the configuration has it then."""
    cidr = config.network.dr.cidr
    return [] if postgres.writer_region == home.name or cidr is None else [cidr]


def _users_args(config: StackConfig, home: Region, dr: Region, name: str) -> PoolUsersArgs:
    return PoolUsersArgs(
        username=config.pgbouncer.username,
        secret_name_prefix=PhysicalNames(config.stack).of("pooler-"),
        host=name,
        port=config.pgbouncer.port,
        database_name=WRITER_DATABASE,
        kms_key_arn=home.key_arn(DataClass.SECRETS),
        recovery_window_days=config.secrets.recovery_window_days,
        replica_region=dr.name,
        replica_kms_key_arn=dr.key_arn(DataClass.SECRETS),
        durability=config.durability,
    )


def _pooler_args(
    config: StackConfig,
    home: Region,
    *,
    postgres: PostgresServers,
    images: ImageRepository,
    users: PoolUsers,
    reachable: dict[str, PostgresInstance],
    name: str,
) -> PoolerArgs:
    wanted = config.pgbouncer
    return PoolerArgs(
        account_id=config.account_id,
        region=home.name,
        names=PhysicalNames(config.stack),
        network=home.network,
        image=pulumi.Output.concat(images.url, "@", wanted.image_digest),
        repository_arn=images.arn,
        configuration=_configuration(config, home, postgres),
        userlist_secret_arn=users.userlist_secret_arn,
        userlist_version=users.userlist_version,
        secrets_key_arn=home.key_arn(DataClass.SECRETS),
        logs_key_arn=home.key_arn(DataClass.LOGS),
        tls_name=name,
        port=wanted.port,
        clients=Clients(security_group_ids=wanted.clients.security_group_ids, cidrs=wanted.clients.cidrs),
        databases={each: instance.security_group_id for each, instance in reachable.items()},
        database_cidrs=_cidrs_abroad(config, home, postgres),
        database_port=config.postgres.port,
        cpu_units=wanted.cpu_units,
        memory_mib=wanted.memory_mib,
        min_tasks=wanted.min_tasks,
        max_tasks=wanted.max_tasks,
        target_cpu_percent=wanted.target_cpu_percent,
        log_retention_days=config.logs.retention_days,
        durability=config.durability,
    )


def _configuration(config: StackConfig, home: Region, postgres: PostgresServers) -> pulumi.Output[str]:
    """pgbouncer.ini, once the addresses of the instances are known."""
    budgets = pgbouncer.budgets(config.pgbouncer, config.postgres, config.dr, config.regions)
    readers = [reader.address for reader in postgres.readers[home.name].values()]
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
    config: StackConfig, home: Region, pooler: Pooler, users: PoolUsers, name: str
) -> PasswordRotationArgs:
    return PasswordRotationArgs(
        account_id=config.account_id,
        region=home.name,
        names=PhysicalNames(config.stack),
        network=home.network,
        pooler=pooler,
        pooler_name=name,
        database_name=WRITER_DATABASE,
        app_secret_arn=users.app_secret_arn,
        app_secret_version=users.app_secret_version,
        userlist_secret_arn=users.userlist_secret_arn,
        secrets_key_arn=home.key_arn(DataClass.SECRETS),
        logs_key_arn=home.key_arn(DataClass.LOGS),
        rotation_days=config.pgbouncer.rotation_days,
        log_retention_days=config.logs.retention_days,
        durability=config.durability,
    )
