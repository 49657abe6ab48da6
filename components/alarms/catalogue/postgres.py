"""PostgreSQL: the rows of one DB instance."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from components.alarms.catalogue.builders import (
    GIB,
    MIB,
    MINUTE_SECONDS,
    above,
    below,
    minutes,
    page,
    silent_row,
    ticket,
)
from components.alarms.catalogue.requirement import (
    CONNECTIONS_PERCENT,
    CPU_MINUTES,
    CPU_PERCENT,
    IOPS_PERCENT,
    LAG_SECONDS,
    MEMORY_MINUTES,
    MEMORY_PERCENT,
)
from components.alarms.rows import LogFilter, Metric, Missing, Row
from contract.metrics import PostgresLogMetric, postgres_log_namespace
from contract.scale_up import TargetName

LOAD, STORAGE, DOWN = "postgres-load", "postgres-storage", "postgres-down"
TRANSACTIONS, REPLICATION = "postgres-transactions", "postgres-replication"
# The roles of rows that composite alarms name.
SILENT, LAG, REPLICATION_BROKEN = "silent", "lag", "replication-broken"


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSubject:
    """The facts about one DB instance that its rows are computed from. `name` begins the name of each row.

    `takes_writes`: primary or promoted replica. `feeds_replicas`: has replication slots. `scales_up`: its load rows
    name a target of the scale-up function. `max_slot_wal_keep_size_mib` limits the WAL that a slot keeps, as the
    parameter does.
    """

    name: str
    identifier: str
    takes_writes: bool
    feeds_replicas: bool
    scales_up: bool
    memory_bytes: int
    max_connections: int
    iops: int
    allocated_storage_gib: int
    max_wal_size_mib: int
    max_slot_wal_keep_size_mib: int
    log_group_name: pulumi.Input[str]

    def metric(self, name: str, statistic: str, id_: str = "m") -> Metric:
        """A metric that RDS publishes of the instance."""
        dimensions = {"DBInstanceIdentifier": self.identifier}
        return Metric(id=id_, namespace="AWS/RDS", name=name, statistic=statistic, dimensions=dimensions)

    def row_name(self, role: str) -> str:
        """The name of the instance's row for `role`."""
        return f"{self.name}-{role}"

    def target(self, name: TargetName) -> TargetName | None:
        """Target `name`, if an alarm of this instance asks for a step of it."""
        return name if self.scales_up else None


def postgres_rows(database: DatabaseSubject) -> tuple[Row, ...]:
    """The rows of one DB instance."""
    rows = [*_load_rows(database), *_storage_rows(database)]
    if database.takes_writes:
        rows += _writer_rows(database)
    else:
        rows += _replica_rows(database)
    if database.feeds_replicas:
        rows += _slot_rows(database)
    return tuple(rows)


# Load


def _load_rows(database: DatabaseSubject) -> Iterator[Row]:
    """The rows of an instance that is too small. Missing data does not breach: other rows report it."""
    identifier = database.identifier
    yield ticket(
        database.row_name("cpu"),
        f"CPU of {identifier} above {CPU_PERCENT} % for {CPU_MINUTES} minutes",
        database.metric("CPUUtilization", "Average"),
        family=LOAD,
        limit=above(CPU_PERCENT, "Percent"),
        evaluation=minutes(CPU_MINUTES),
        scales=database.target(TargetName.POSTGRES_CLASS),
    )
    yield ticket(
        database.row_name("memory"),
        f"memory of {identifier} more than {MEMORY_PERCENT} % in use for {MEMORY_MINUTES} minutes",
        database.metric("FreeableMemory", "Average"),
        family=LOAD,
        limit=below(free_bytes(database.memory_bytes, used_percent=MEMORY_PERCENT), "Bytes"),
        evaluation=minutes(MEMORY_MINUTES),
        scales=database.target(TargetName.POSTGRES_CLASS),
    )
    yield ticket(
        database.row_name("connections"),
        f"more than {CONNECTIONS_PERCENT} % of {identifier}'s {database.max_connections} connections in use",
        database.metric("DatabaseConnections", "Maximum"),
        family=LOAD,
        limit=above(database.max_connections * CONNECTIONS_PERCENT // 100, "Count"),
        evaluation=minutes(5),
        scales=database.target(TargetName.POSTGRES_CLASS),
    )
    yield ticket(
        database.row_name("iops"),
        f"more than {IOPS_PERCENT} % of {identifier}'s {database.iops} provisioned IOPS in use",
        database.metric("ReadIOPS", "Average", "reads"),
        database.metric("WriteIOPS", "Average", "writes"),
        family=LOAD,
        expression=f"100 * (reads + writes) / {database.iops}",
        limit=above(IOPS_PERCENT, "Percent"),
        evaluation=minutes(5),
        scales=database.target(TargetName.POSTGRES_STORAGE),
    )


def free_bytes(total_bytes: int, *, used_percent: int) -> int:
    """The free part of `total_bytes` when `used_percent` of it is in use. RDS reports free memory."""
    return total_bytes * (100 - used_percent) // 100


# Storage

# RDS grows storage by itself below 10 % free, unless it has reached the ceiling or did so in the last six hours (RDS
# guide, "Managing capacity automatically with Amazon RDS storage autoscaling"). Half an hour later it did not.
STORAGE_HEADROOM_PERCENT, STORAGE_HEADROOM_MINUTES = 10, 30
# Half of where autoscaling acts. RDS stops an instance whose storage is full.
FREE_STORAGE_PERCENT = 5


def _storage_rows(database: DatabaseSubject) -> Iterator[Row]:
    """The rows of storage, from the declared size. Storage that RDS has grown keeps the same limits in bytes."""
    allocated_bytes = database.allocated_storage_gib * GIB
    free_storage = database.metric("FreeStorageSpace", "Minimum")
    yield ticket(
        database.row_name("storage-headroom"),
        f"storage of {database.identifier} should have grown by itself and has not: look at its ceiling",
        free_storage,
        family=STORAGE,
        limit=below(allocated_bytes * STORAGE_HEADROOM_PERCENT // 100, "Bytes"),
        evaluation=minutes(STORAGE_HEADROOM_MINUTES, period_seconds=5 * MINUTE_SECONDS),
    )
    yield page(
        database.row_name("free-storage"),
        f"storage of {database.identifier} less than {FREE_STORAGE_PERCENT} % free: it stops when none is",
        free_storage,
        family=STORAGE,
        limit=below(allocated_bytes * FREE_STORAGE_PERCENT // 100, "Bytes"),
        evaluation=minutes(5),
    )


# Writes and transactions

# Half of the 2^31 transaction ids before wraparound: AWS Database Blog, "Implement an early warning system for
# transaction ID wraparound in Amazon RDS for PostgreSQL". Autovacuum acts at 200 million; it has had five times that
# many by then.
TRANSACTION_IDS = 1_000_000_000
# One statement in five seconds that takes longer than log_min_duration_statement, which is one second.
SLOW_STATEMENTS_PER_5_MINUTES = 60
# Statements that took five minutes or more, by the duration that PostgreSQL logs in milliseconds, and transactions
# that sat idle until the server ended them. CloudWatch Logs' regular expressions have no groups (CloudWatch Logs
# guide, "Supported regular expressions (regex) syntax").
LONG_TRANSACTIONS = (
    r"%duration:\s[3-9]\d\d\d\d\d\.|duration:\s\d{7,12}\.|due\sto\sidle-in-transaction\stimeout%"
)


def _writer_rows(database: DatabaseSubject) -> Iterator[Row]:
    identifier = database.identifier
    yield silent_row(
        database.row_name(SILENT),
        f"{identifier} reports nothing: it is down, or not reachable by AWS itself",
        database.metric("DatabaseConnections", "SampleCount"),
        family=DOWN,
    )
    yield page(
        database.row_name("transaction-ids"),
        f"the oldest transaction of {identifier} is a billion back: at two billion it takes no writes",
        database.metric("MaximumUsedTransactionIDs", "Maximum"),
        family=TRANSACTIONS,
        limit=above(TRANSACTION_IDS, "Count"),
        evaluation=minutes(15, period_seconds=5 * MINUTE_SECONDS),
    )
    yield _log_row(
        database,
        "deadlocks",
        f"transactions of {identifier} waited for each other, and one was ended",
        metric=PostgresLogMetric.DEADLOCKS,
        pattern='"deadlock detected"',
    )
    yield _log_row(
        database,
        "long-transactions",
        f"a transaction of {identifier} took five minutes, or sat idle until it was ended",
        metric=PostgresLogMetric.LONG_TRANSACTIONS,
        pattern=LONG_TRANSACTIONS,
    )
    yield _log_row(
        database,
        "slow-statements",
        f"many statements of {identifier} take longer than a second",
        metric=PostgresLogMetric.SLOW_STATEMENTS,
        pattern='"duration:" -"plan:"',
        lines_per_5_minutes=SLOW_STATEMENTS_PER_5_MINUTES,
    )


def _log_row(
    database: DatabaseSubject,
    role: str,
    description: str,
    *,
    metric: PostgresLogMetric,
    pattern: str,
    lines_per_5_minutes: int = 0,
) -> Row:
    """The row of more than `lines_per_5_minutes` lines in the instance's log that match `pattern`."""
    return ticket(
        database.row_name(role),
        description,
        Metric(namespace=postgres_log_namespace(database.identifier), name=metric, statistic="Sum"),
        family=TRANSACTIONS,
        limit=above(lines_per_5_minutes, "Count"),
        evaluation=minutes(5, period_seconds=5 * MINUTE_SECONDS),
        log_filter=LogFilter(log_group_name=database.log_group_name, pattern=pattern),
    )


# Replication

# While nothing is written, RDS switches WAL every five minutes, and each switch takes ReplicaLag back to 0 (RDS guide,
# "Monitoring and tuning the replication process"). Among six minutes in a row, one shows that.
LAG_MINUTES = 6


def _replica_rows(database: DatabaseSubject) -> Iterator[Row]:
    """The rows of a replica. None pages: the composite alarm for failing replication does."""
    lag = database.metric("ReplicaLag", "Minimum")
    yield ticket(
        database.row_name(LAG),
        f"{database.identifier} is more than {LAG_SECONDS} s behind",
        lag,
        family=REPLICATION,
        limit=above(LAG_SECONDS, "Seconds"),
        evaluation=minutes(LAG_MINUTES),
    )
    yield ticket(
        database.row_name(REPLICATION_BROKEN),
        f"{database.identifier} does not replicate, or reports nothing",
        lag,
        family=REPLICATION,
        # RDS guide, "Monitoring read replication": -1 where replication is not active.
        limit=below(0, "Seconds"),
        evaluation=minutes(3),
        missing=Missing.BREACHING,
    )


def _slot_rows(database: DatabaseSubject) -> Iterator[Row]:
    """The rows of replication slots.

    Their limit is half of the WAL that a slot may keep. It leaves time to act before PostgreSQL gives up the replica
    or the disk is full.
    """
    half_of_a_slot_bytes = database.max_slot_wal_keep_size_mib * MIB // 2
    yield ticket(
        database.row_name("slot-lag"),
        f"a replica of {database.identifier} is so far behind that its slot is half used",
        database.metric("OldestReplicationSlotLag", "Maximum"),
        family=REPLICATION,
        limit=above(half_of_a_slot_bytes, "Bytes"),
        evaluation=minutes(5),
    )
    yield ticket(
        database.row_name("wal-disk"),
        f"WAL that {database.identifier} may not remove takes much of its storage",
        database.metric("TransactionLogsDiskUsage", "Maximum"),
        family=REPLICATION,
        limit=above(database.max_wal_size_mib * MIB + half_of_a_slot_bytes, "Bytes"),
        evaluation=minutes(5),
    )
