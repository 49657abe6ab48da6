"""PgBouncer: what a stack file may say about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from components.parameters.errors import ParameterError
from components.pgbouncer.pool_budget import RESERVED_CONNECTIONS, BudgetError, PoolBudget, pool_budget
from components.pgbouncer.pooler import DEPLOYMENT_MAXIMUM_PERCENT
from components.postgres.sizing import SizingError
from components.postgres.standby import Server
from infra.config.base import ConfigModel, Problem
from infra.config.dr import DrConfig
from infra.config.general import RegionsConfig
from infra.config.network import NetworkConfig
from infra.config.postgres import ClientsConfig, PostgresConfig, client_problems

# Fargate's sizes up to one vCPU, in MiB (ECS guide, "Task size"). PgBouncer has one thread: more it could not use.
MEMORY_MIB = {
    256: (512, 1024, 2048),
    512: (1024, 2048, 3072, 4096),
    1024: (2048, 3072, 4096, 5120, 6144, 7168, 8192),
}
# Two users take turns (components/pgbouncer/users.py), so either may have all of a task's connections: PgBouncer ends idle
# ones of the other where `max_db_connections` is reached.
USERS = 1
# Fargate gives a process 65,535 open files (ECS guide, "Ulimits"); servers, sockets and files need some of them.
MAXIMUM_CLIENTS = 60_000


class PgbouncerConfig(ConfigModel):
    """The pool in front of PostgreSQL.

    Without `rotation_days` no password is rotated: give it once the pool runs and its roles exist.
    `image_digest` is of the image in the stack's own repository, as `docker buildx build --push` prints it. `username` gets
    the suffixes `_a` and `_b`. `direct_connections` of each server are left to what connects without the pool.
    `client_connections` is how many clients one task takes, `server_connections` how many connections all tasks may take of
    each server, those that drain included: more than its CPUs can serve would only compete for them.
    """

    image_digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    port: int = Field(ge=1024, le=65535)
    username: str = Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")
    cpu_units: Literal[256, 512, 1024]
    memory_mib: int
    min_tasks: int = Field(ge=2)
    # Rotation looks at all tasks at once, of which ECS lists 100: enough for these while a deployment runs.
    max_tasks: int = Field(ge=2, le=50)
    target_cpu_percent: int = Field(ge=20, le=80)
    client_connections: int = Field(ge=100, le=MAXIMUM_CLIENTS)
    direct_connections: int = Field(ge=0)
    server_connections: int = Field(ge=10)
    rotation_days: Annotated[int, Field(ge=1, le=365)] | None = None
    clients: ClientsConfig = ClientsConfig()


@dataclass(frozen=True, slots=True)
class Budgets:
    """What one task may take of the server that takes writes, and of those that answer reads."""

    writer: PoolBudget
    readers: PoolBudget


def budgets(
    pgbouncer: PgbouncerConfig, postgres: PostgresConfig, dr: DrConfig, regions: RegionsConfig
) -> Budgets:
    """Of several readers the smallest decides. Where the writer answers reads too, each of both gets half of it.

    Raises: BudgetError, and what `PostgresConfig.server` does.
    """
    promoted = [replica for replica in postgres.replicas if dr.promotes(replica)]
    writer = postgres.replica_server(promoted[0]) if promoted else postgres.server()
    near = [replica for replica in postgres.replicas if replica.region == regions.primary]
    if promoted or not near:
        half = _budget(pgbouncer, writer, databases=2)
        return Budgets(writer=half, readers=half)
    readers = [_budget(pgbouncer, postgres.replica_server(replica), databases=1) for replica in near]
    return Budgets(
        writer=_budget(pgbouncer, writer, databases=1),
        readers=min(readers, key=lambda each: each.max_db_connections),
    )


def _budget(pgbouncer: PgbouncerConfig, server: Server, *, databases: int) -> PoolBudget:
    kept = RESERVED_CONNECTIONS + pgbouncer.direct_connections
    return pool_budget(
        max_connections=kept + (server.planned_max_connections - kept) // databases,
        headroom_connections=pgbouncer.direct_connections,
        max_tasks=pgbouncer.max_tasks,
        deployment_maximum_percent=DEPLOYMENT_MAXIMUM_PERCENT,
        users=USERS,
        useful_connections=pgbouncer.server_connections // databases,
    )


def problems(
    pgbouncer: PgbouncerConfig,
    postgres: PostgresConfig,
    dr: DrConfig,
    regions: RegionsConfig,
    network: NetworkConfig,
) -> Iterator[Problem]:
    """What must hold between the pool's values, and between them, the servers and their networks."""
    if pgbouncer.memory_mib not in MEMORY_MIB[pgbouncer.cpu_units]:
        allowed = ", ".join(map(str, MEMORY_MIB[pgbouncer.cpu_units]))
        yield Problem(
            "pgbouncer.memory_mib",
            f"{pgbouncer.memory_mib} does not go with {pgbouncer.cpu_units} CPU units; Fargate has {allowed}",
        )
    if pgbouncer.max_tasks < pgbouncer.min_tasks:
        yield Problem(
            "pgbouncer.max_tasks",
            f"{pgbouncer.max_tasks} is less than pgbouncer.min_tasks {pgbouncer.min_tasks}",
        )
    yield from client_problems("pgbouncer.clients", pgbouncer.clients)
    if dr.replica is not None and network.dr.cidr is None:
        yield Problem(
            "network.dr.cidr",
            f"is missing; after a promotion of dr.replica {dr.replica!r} the pool's tasks may connect to this range, "
            "and then is no time to look it up",
        )
    try:
        budgets(pgbouncer, postgres, dr, regions)
    except BudgetError as error:
        yield Problem("pgbouncer.max_tasks", str(error))
    except (SizingError, ParameterError):
        return  # a mistake of PostgreSQL's own, reported there
