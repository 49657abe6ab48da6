"""The connection pool: the rows of PgBouncer, its tasks and its load balancer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi

from components.alarms.catalogue.builders import above, below, minutes, silent_row, ticket
from components.alarms.rows import Metric, Missing, Row
from contract.metrics import POOL_DIMENSION, POOL_NAMESPACE, PoolMetric

POOL = "pool"
# The names of rows that composite alarms name too.
ERRORS, NO_TARGET = "pool-errors", "pool-no-target"


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolSubject:
    """The facts about the pool that its rows are computed from.

    `max_wait_seconds`: how long a client may wait for a connection. `balancer` and `target_group`: their ARN suffixes.
    """

    cluster_name: str
    service_name: pulumi.Input[str]
    balancer: pulumi.Input[str]
    target_group: pulumi.Input[str]
    databases: Sequence[str]
    max_wait_seconds: int

    def max_wait_row_name(self, database: str) -> str:
        """The name of the row for clients of `database` that wait too long."""
        return f"pool-{database}-max-wait"


def pool_rows(pool: PoolSubject) -> tuple[Row, ...]:
    """The rows of the pool and its load balancer."""
    return (*_client_rows(pool), *_log_rows(pool), *_task_rows(pool))


def pool_metric(database: str, name: PoolMetric, statistic: str) -> Metric:
    """A metric that the reporter in the pool's tasks publishes for `database`."""
    dimensions = {POOL_DIMENSION: database}
    return Metric(namespace=POOL_NAMESPACE, name=name, statistic=statistic, dimensions=dimensions)


def _client_rows(pool: PoolSubject) -> Iterator[Row]:
    for database in pool.databases:
        yield ticket(
            f"pool-{database}-waiting",
            f"clients of {database} always wait for a connection: the pool is too small, or its server too slow",
            pool_metric(database, PoolMetric.CLIENTS_WAITING, "Sum"),
            family=POOL,
            limit=above(0, "Count"),
            evaluation=minutes(5),
        )
        yield ticket(
            pool.max_wait_row_name(database),
            f"a client of {database} has waited for more than {pool.max_wait_seconds} s",
            pool_metric(database, PoolMetric.MAX_WAIT_SECONDS, "Maximum"),
            family=POOL,
            limit=above(pool.max_wait_seconds, "Seconds"),
            evaluation=minutes(3),
        )


# PgBouncer writes one line for each login that the server refuses: more than one every six seconds.
POOL_ERRORS_PER_MINUTE = 10


def _log_rows(pool: PoolSubject) -> Iterator[Row]:
    """The rows of the pool's log, which has the reports of its tasks and the errors of PgBouncer."""
    yield silent_row(
        "pool-silent",
        # PgBouncer knows a database only after its first client, so silence alone is not worth a page.
        "no task of the pool reports how it does, or no client has ever come",
        pool_metric(pool.databases[0], PoolMetric.CLIENTS_ACTIVE, "SampleCount"),
        family=POOL,
    )
    yield ticket(
        ERRORS,
        "the pool's log is full of errors: its server refuses it, or clients are refused",
        Metric(namespace=POOL_NAMESPACE, name=PoolMetric.ERRORS, statistic="Sum"),
        family=POOL,
        limit=above(POOL_ERRORS_PER_MINUTE, "Count"),
        evaluation=minutes(3),
    )


def balancer_metric(pool: PoolSubject, name: str, statistic: str, id_: str = "m") -> Metric:
    """A metric of the pool's load balancer. It has data as long as there are targets, even without a database."""
    return Metric(
        id=id_,
        namespace="AWS/NetworkELB",
        name=name,
        statistic=statistic,
        dimensions={"LoadBalancer": pool.balancer, "TargetGroup": pool.target_group},
    )


def _service_metric(pool: PoolSubject, name: str, id_: str) -> Metric:
    return Metric(
        id=id_,
        namespace="ECS/ContainerInsights",
        name=name,
        statistic="Average",
        dimensions={"ClusterName": pool.cluster_name, "ServiceName": pool.service_name},
    )


def _task_rows(pool: PoolSubject) -> Iterator[Row]:
    yield ticket(
        "pool-unhealthy-targets",
        "the balancer finds a task of the pool unhealthy",
        balancer_metric(pool, "UnHealthyHostCount", "Maximum"),
        family=POOL,
        limit=above(0, "Count"),
        evaluation=minutes(5),
    )
    yield ticket(
        NO_TARGET,
        "the balancer has no healthy task of the pool: nobody can connect",
        balancer_metric(pool, "HealthyHostCount", "Maximum"),
        family=POOL,
        limit=below(1, "Count"),
        evaluation=minutes(2),
        missing=Missing.BREACHING,
    )
    yield ticket(
        "pool-tasks",
        "fewer tasks of the pool run than are wanted",
        _service_metric(pool, "DesiredTaskCount", "wanted"),
        _service_metric(pool, "RunningTaskCount", "running"),
        family=POOL,
        expression="wanted - running",
        limit=above(0, "Count"),
        evaluation=minutes(10),
    )
