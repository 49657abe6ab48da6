"""Faults: the composite alarms, each one page for a fault that several alarms show."""

from collections.abc import Sequence

from components.alarms.catalogue.pool import ERRORS, NO_TARGET, POOL, PoolSubject
from components.alarms.catalogue.postgres import (
    DOWN,
    LAG,
    REPLICATION,
    REPLICATION_BROKEN,
    SILENT,
    DatabaseSubject,
)
from components.alarms.rows import Composite, Severity

# A cause takes three minutes without data, as long as the quickest of its consequences, and may be seen that much
# after them: they wait for it. A window's alarm follows the clock within a minute (CloudWatch guide, "Composite alarm
# action suppression", WaitPeriod).
CAUSE_WAIT_SECONDS, WINDOW_WAIT_SECONDS = 180, 60


def down(database: DatabaseSubject, *, pool: PoolSubject | None, maintenance: str | None) -> Composite:
    """The fault of a writer that does not answer. A `pool` in front of it sees that too.

    `maintenance` is the name of the row for the writer's maintenance window.
    """
    seen_by_pool = () if pool is None else ((ERRORS, pool.max_wait_row_name(pool.databases[0])),)
    return Composite(
        name=f"{database.name}-down",
        family=DOWN,
        severity=Severity.PAGE,
        description=f"{database.identifier} does not answer; what else goes off with it is a consequence",
        any_of=((database.row_name(SILENT),), *seen_by_pool),
        suppressor=maintenance,
        suppressor_wait_seconds=0 if maintenance is None else WINDOW_WAIT_SECONDS,
    )


def replication_failing(replicas: Sequence[DatabaseSubject], *, cause: str, maintenance: str) -> Composite:
    """The fault of replicas that are behind or do not replicate while their primary answers."""
    return Composite(
        name="replication-failing",
        family=REPLICATION,
        severity=Severity.PAGE,
        description="reads are stale: a replica is behind, or does not replicate",
        any_of=tuple((replica.row_name(role),) for replica in replicas for role in (LAG, REPLICATION_BROKEN)),
        unless=(maintenance,),
        suppressor=cause,
        suppressor_wait_seconds=CAUSE_WAIT_SECONDS,
    )


def pool_failing(pool: PoolSubject, *, cause: str) -> Composite:
    """The fault of clients that the pool does not serve while the database answers."""
    waits = tuple((pool.max_wait_row_name(database),) for database in pool.databases)
    return Composite(
        name="pool-failing",
        family=POOL,
        severity=Severity.PAGE,
        description="applications cannot connect, or wait too long for a connection",
        any_of=(*waits, (NO_TARGET,)),
        suppressor=cause,
        suppressor_wait_seconds=CAUSE_WAIT_SECONDS,
    )
