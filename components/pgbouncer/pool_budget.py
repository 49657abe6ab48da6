"""How many of the database's connections each PgBouncer task may take, so that all of them together never overrun it.

The sum is made for the worst moment: every task that autoscaling allows, beside them the tasks that a deployment starts
before it stops the old ones, and those that it has told to stop. A pool that is sized for the usual moment lets the others
starve in the worst.
"""

from dataclasses import dataclass

from components.errors import FieldError

# PostgreSQL's default, which RDS leaves; for superusers, who on RDS are AWS's own.
SUPERUSER_RESERVED_CONNECTIONS = 3
# RDS's `rds.rds_superuser_reserved_connections`: a way in for the administrator when all others are taken.
RDS_RESERVED_CONNECTIONS = 2
# What RDS's own agents hold open (seen on running instances; AWS states no figure).
RDSADMIN_CONNECTIONS = 6
RESERVED_CONNECTIONS = SUPERUSER_RESERVED_CONNECTIONS + RDS_RESERVED_CONNECTIONS + RDSADMIN_CONNECTIONS
# A tenth for users that have to wait, the rest in their usual pools: PgBouncer's own defaults are 20 and none.
RESERVE_PERCENT = 10


class BudgetError(FieldError):
    """Connections that do not add up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolBudget:
    """What one task may take of one database.

    `max_db_connections` is the limit that PgBouncer keeps whatever happens. Within it each of the `users` has a pool of
    `default_pool_size`, and `reserve_pool_size` more when its clients have to wait.
    """

    max_db_connections: int
    default_pool_size: int
    reserve_pool_size: int


def peak_tasks(max_tasks: int, deployment_maximum_percent: int) -> int:
    """The most tasks that hold connections at one time.

    A deployment may exceed the desired count by that percentage, rounded down, and counts tasks that are pending or running
    (ECS API reference, DeploymentConfiguration, `maximumPercent`). One that was told to stop is no longer counted, and keeps
    its connections until its clients are drained, minutes later: at most as many again as are wanted.
    """
    if max_tasks < 1:
        raise BudgetError("max_tasks", f"max_tasks {max_tasks} is out of range: give at least 1")
    if not 100 <= deployment_maximum_percent <= 200:
        raise BudgetError(
            "deployment_maximum_percent",
            f"deployment_maximum_percent {deployment_maximum_percent} is out of range: give 100 to 200 "
            "(ECS itself sets no upper limit; 200 already runs every task twice)",
        )
    return max_tasks * deployment_maximum_percent // 100 + max_tasks


def pool_budget(
    *,
    max_connections: int,
    headroom_connections: int,
    max_tasks: int,
    deployment_maximum_percent: int,
    users: int,
    useful_connections: int | None = None,
) -> PoolBudget:
    """The budget of one task for one database server, or for the smallest of several that share its clients.

    `max_connections` is the server's (plan with `components.postgres.sizing.planned_max_connections`) and
    `headroom_connections` of it are kept for jobs, migrations and people, who connect without the pooler. `max_tasks` is the
    upper limit of autoscaling and `deployment_maximum_percent` ECS's `deploymentMaximumPercent`. `users` is how many roles
    connect through the pooler: PgBouncer has a pool for each. `useful_connections` limits all tasks together where more
    connections would only compete for the server's CPUs.

    Raises: BudgetError when a task would be left without a connection for each user.
    """
    for field, value, minimum in (
        ("max_connections", max_connections, 1),
        ("headroom_connections", headroom_connections, 0),
        ("users", users, 1),
    ):
        if value < minimum:
            raise BudgetError(field, f"{field} {value} is out of range: give at least {minimum}")
    tasks = peak_tasks(max_tasks, deployment_maximum_percent)
    available = max_connections - RESERVED_CONNECTIONS - headroom_connections
    if useful_connections is not None:
        available = min(available, useful_connections)
    share = available // tasks
    if share < users:
        raise BudgetError(
            "max_tasks",
            f"{tasks} tasks at the peak of a deployment (max_tasks {max_tasks} at {deployment_maximum_percent} %) cannot "
            f"share {max(available, 0)} connections: each needs {users}, one for each user. Allow at most "
            f"{max(available, 0) // users} tasks at the peak, keep fewer than {headroom_connections} connections free, or "
            f"take a larger instance class (max_connections is {max_connections}, of which {RESERVED_CONNECTIONS} "
            "are reserved)",
        )
    reserve = min(share * RESERVE_PERCENT // 100, share - users)
    return PoolBudget(
        max_db_connections=share,
        default_pool_size=(share - reserve) // users,
        reserve_pool_size=reserve,
    )
