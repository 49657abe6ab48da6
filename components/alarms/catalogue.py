"""Every alarm of the platform as a row, and every threshold with where it comes from.

Sources, cited below by their short name:

* RDS metrics: Amazon RDS User Guide, "Amazon CloudWatch metrics for Amazon RDS". Memory and storage are in bytes.
* ElastiCache metrics: ElastiCache user guide, "Metrics for Valkey and Redis OSS" and "Host-Level Metrics"; which of them, and
  the CPU thresholds: "Which Metrics Should I Monitor?". MemoryDB's guide has chapters of the same names.
* AWS Backup metrics: AWS Backup guide, "AWS Backup metrics with Amazon CloudWatch".
* Pool metrics: components/pgbouncer/image/metrics.py.
* The figures of the requirement (S1, S3): CPU 80 % for ten minutes, memory 85 % for five, connections 80 %, IOPS 70 %,
  replication 5 s behind.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import pulumi

from components.alarms.rows import (
    Comparison,
    Composite,
    Evaluation,
    LogFilter,
    Metric,
    Missing,
    Row,
    Severity,
)
from components.windows import MINUTES_PER_DAY, MINUTES_PER_WEEK, WeeklyWindow

MIB, GIB = 2**20, 2**30
MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 3600, 86_400

CPU_PERCENT, CPU_MINUTES = 80, 10
MEMORY_PERCENT, MEMORY_MINUTES = 85, 5
CONNECTIONS_PERCENT, IOPS_PERCENT = 80, 70
LAG_SECONDS = 5

RDS, ELASTICACHE, MEMORYDB = "AWS/RDS", "AWS/ElastiCache", "AWS/MemoryDB"
NETWORK_LOAD_BALANCER, CONTAINER_INSIGHTS = "AWS/NetworkELB", "ECS/ContainerInsights"
BACKUP, LAMBDA, QUEUES = "AWS/Backup", "AWS/Lambda", "AWS/SQS"
POOL, POSTGRES_LOG, BACKUP_JOBS = "ReptiDex/PgBouncer", "ReptiDex/PostgreSQL", "ReptiDex/Backups"


# PostgreSQL


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """What the rows of one DB instance are computed from. `name` begins their names; the slot limit is a parameter in MiB.

    `takes_writes` is of the primary and of a promoted replica; `feeds_replicas` of one that has replication slots.
    """

    name: str
    identifier: str
    takes_writes: bool
    feeds_replicas: bool
    memory_bytes: int
    max_connections: int
    iops: int
    allocated_storage_gib: int
    max_wal_size_mib: int
    max_slot_wal_keep_size_mib: int
    log_group_name: pulumi.Input[str]


# RDS grows storage by itself below 10 % free, unless it has reached the ceiling or did so in the last six hours (RDS guide,
# "Managing capacity automatically with Amazon RDS storage autoscaling"). Half an hour later it did not.
STORAGE_HEADROOM_PERCENT, STORAGE_HEADROOM_MINUTES = 10, 30
# Half of where autoscaling acts. RDS stops an instance whose storage is full.
FREE_STORAGE_PERCENT = 5
# A billion of the two that there are: AWS Database Blog, "Implement an early warning system for transaction ID wraparound in
# Amazon RDS for PostgreSQL". Autovacuum has had five times its limit of 200 million by then.
TRANSACTION_IDS = 1_000_000_000
# While nothing is written, RDS switches WAL every five minutes, and each switch takes ReplicaLag back to 0 (RDS guide,
# "Monitoring and tuning the replication process"): of six minutes in a row, one would show it.
LAG_MINUTES = 6
# A statement every five seconds that takes longer than log_min_duration_statement, which is a second.
SLOW_STATEMENTS_PER_5_MINUTES = 60
# Statements that took five minutes or more, by the duration that PostgreSQL logs in milliseconds, and transactions that sat
# idle until the server ended them. CloudWatch Logs' regular expressions have no groups (CloudWatch Logs guide, "Supported
# regular expressions (regex) syntax").
LONG_TRANSACTIONS = (
    r"%duration:\s[3-9]\d\d\d\d\d\.|duration:\s\d{7,12}\.|due\sto\sidle-in-transaction\stimeout%"
)


def postgres_rows(database: Database) -> tuple[Row, ...]:
    """The alarms of one DB instance."""
    rows = [*_load_rows(database), *_storage_rows(database)]
    if database.takes_writes:
        rows += _writer_rows(database)
    else:
        rows += _replica_rows(database)
    if database.feeds_replicas:
        rows += _slot_rows(database)
    return tuple(rows)


def _rds(database: Database, name: str, statistic: str, id_: str = "m") -> Metric:
    return Metric(
        id=id_,
        namespace=RDS,
        name=name,
        statistic=statistic,
        dimensions={"DBInstanceIdentifier": database.identifier},
    )


def _load_rows(database: Database) -> Iterator[Row]:
    """What says that an instance is too small. Where it has no data it says nothing: `silent` does."""
    name, family = database.name, "postgres-load"
    yield Row(
        name=f"{name}-cpu",
        family=family,
        severity=Severity.TICKET,
        description=f"CPU of {database.identifier} above {CPU_PERCENT} % for {CPU_MINUTES} minutes",
        metrics=(_rds(database, "CPUUtilization", "Average"),),
        evaluation=minutes(CPU_MINUTES),
        comparison=Comparison.ABOVE,
        threshold=CPU_PERCENT,
        unit="Percent",
        missing=Missing.NOT_BREACHING,
        scales=f"{name}-cpu",
    )
    yield Row(
        name=f"{name}-memory",
        family=family,
        severity=Severity.TICKET,
        description=f"memory of {database.identifier} more than {MEMORY_PERCENT} % in use for {MEMORY_MINUTES} minutes",
        metrics=(_rds(database, "FreeableMemory", "Average"),),
        evaluation=minutes(MEMORY_MINUTES),
        comparison=Comparison.BELOW,
        threshold=free_bytes(database.memory_bytes, used_percent=MEMORY_PERCENT),
        unit="Bytes",
        missing=Missing.NOT_BREACHING,
        scales=f"{name}-memory",
    )
    yield Row(
        name=f"{name}-connections",
        family=family,
        severity=Severity.TICKET,
        description=f"more than {CONNECTIONS_PERCENT} % of {database.identifier}'s {database.max_connections} connections in use",
        metrics=(_rds(database, "DatabaseConnections", "Maximum"),),
        evaluation=minutes(5),
        comparison=Comparison.ABOVE,
        threshold=database.max_connections * CONNECTIONS_PERCENT // 100,
        unit="Count",
        missing=Missing.NOT_BREACHING,
        scales=f"{name}-connections",
    )
    yield Row(
        name=f"{name}-iops",
        family=family,
        severity=Severity.TICKET,
        description=f"more than {IOPS_PERCENT} % of {database.identifier}'s {database.iops} provisioned IOPS in use",
        metrics=(
            _rds(database, "ReadIOPS", "Average", "reads"),
            _rds(database, "WriteIOPS", "Average", "writes"),
        ),
        expression=f"100 * (reads + writes) / {database.iops}",
        evaluation=minutes(5),
        comparison=Comparison.ABOVE,
        threshold=IOPS_PERCENT,
        unit="Percent",
        missing=Missing.NOT_BREACHING,
        scales=f"{name}-iops",
    )


def _storage_rows(database: Database) -> Iterator[Row]:
    """Of what was allocated at first: storage that RDS has grown since is watched by the same number of bytes."""
    allocated_bytes = database.allocated_storage_gib * GIB
    yield Row(
        name=f"{database.name}-storage-headroom",
        family="postgres-storage",
        severity=Severity.TICKET,
        description=f"storage of {database.identifier} should have grown by itself and has not: look at its ceiling",
        metrics=(_rds(database, "FreeStorageSpace", "Minimum"),),
        evaluation=minutes(STORAGE_HEADROOM_MINUTES, period_seconds=5 * MINUTE_SECONDS),
        comparison=Comparison.BELOW,
        threshold=allocated_bytes * STORAGE_HEADROOM_PERCENT // 100,
        unit="Bytes",
        missing=Missing.NOT_BREACHING,
    )
    yield Row(
        name=f"{database.name}-free-storage",
        family="postgres-storage",
        severity=Severity.PAGE,
        description=f"storage of {database.identifier} less than {FREE_STORAGE_PERCENT} % free: it stops when none is",
        metrics=(_rds(database, "FreeStorageSpace", "Minimum"),),
        evaluation=minutes(5),
        comparison=Comparison.BELOW,
        threshold=allocated_bytes * FREE_STORAGE_PERCENT // 100,
        unit="Bytes",
        missing=Missing.NOT_BREACHING,
    )


def _writer_rows(database: Database) -> Iterator[Row]:
    name, identifier = database.name, database.identifier
    yield silent_row(
        f"{name}-silent",
        family="postgres-down",
        description=f"{identifier} reports nothing: it is down, or not reachable by AWS itself",
        metric=_rds(database, "DatabaseConnections", "SampleCount"),
    )
    yield Row(
        name=f"{name}-transaction-ids",
        family="postgres-transactions",
        severity=Severity.PAGE,
        description=f"the oldest transaction of {identifier} is a billion back: at two billion it takes no writes",
        metrics=(_rds(database, "MaximumUsedTransactionIDs", "Maximum"),),
        evaluation=minutes(15, period_seconds=5 * MINUTE_SECONDS),
        comparison=Comparison.ABOVE,
        threshold=TRANSACTION_IDS,
        unit="Count",
        missing=Missing.NOT_BREACHING,
    )
    for what, pattern, limit, description in (
        ("deadlocks", '"deadlock detected"', 0, "transactions of {} waited for each other, and one was ended"),
        ("long-transactions", LONG_TRANSACTIONS, 0, "a transaction of {} took five minutes, or sat idle until it was ended"),
        ("slow-statements", '"duration:" -"plan:"', SLOW_STATEMENTS_PER_5_MINUTES, "many statements of {} take longer than a second"),
    ):  # fmt: skip
        yield Row(
            name=f"{name}-{what}",
            family="postgres-transactions",
            severity=Severity.TICKET,
            description=description.format(identifier),
            metrics=(
                # The name of the database is in the namespace: what a log filter counts has no dimension that is not in the line.
                Metric(namespace=f"{POSTGRES_LOG}/{identifier}", name=LOG_METRICS[what], statistic="Sum"),
            ),
            evaluation=minutes(5, period_seconds=5 * MINUTE_SECONDS),
            comparison=Comparison.ABOVE,
            threshold=limit,
            unit="Count",
            missing=Missing.NOT_BREACHING,
            log_filter=LogFilter(log_group_name=database.log_group_name, pattern=pattern),
        )


LOG_METRICS = {
    "deadlocks": "Deadlocks",
    "long-transactions": "LongTransactions",
    "slow-statements": "SlowStatements",
}


def _replica_rows(database: Database) -> Iterator[Row]:
    """A replica is not worth a page by itself: that replication is broken is a fault of its own."""
    lag = _rds(database, "ReplicaLag", "Minimum")
    yield Row(
        name=f"{database.name}-lag",
        family="postgres-replication",
        severity=Severity.TICKET,
        description=f"{database.identifier} is more than {LAG_SECONDS} s behind",
        metrics=(lag,),
        evaluation=minutes(LAG_MINUTES),
        comparison=Comparison.ABOVE,
        threshold=LAG_SECONDS,
        unit="Seconds",
        missing=Missing.NOT_BREACHING,
    )
    yield Row(
        name=f"{database.name}-replication-broken",
        family="postgres-replication",
        severity=Severity.TICKET,
        # RDS guide, "Monitoring read replication": -1 where replication is not active.
        description=f"{database.identifier} does not replicate, or reports nothing",
        metrics=(lag,),
        evaluation=minutes(3),
        comparison=Comparison.BELOW,
        threshold=0,
        unit="Seconds",
        missing=Missing.BREACHING,
    )


def _slot_rows(database: Database) -> Iterator[Row]:
    """Half of what a slot may hold: there is time to act before PostgreSQL gives the replica up, or the disk fills."""
    half_of_a_slot = database.max_slot_wal_keep_size_mib * MIB // 2
    for what, metric, threshold, description in (
        ("slot-lag", "OldestReplicationSlotLag", half_of_a_slot, "a replica of {} is so far behind that its slot is half used"),
        ("wal-disk", "TransactionLogsDiskUsage", database.max_wal_size_mib * MIB + half_of_a_slot, "WAL that {} may not remove takes much of its storage"),
    ):  # fmt: skip
        yield Row(
            name=f"{database.name}-{what}",
            family="postgres-replication",
            severity=Severity.TICKET,
            description=description.format(database.identifier),
            metrics=(_rds(database, metric, "Maximum"),),
            evaluation=minutes(5),
            comparison=Comparison.ABOVE,
            threshold=threshold,
            unit="Bytes",
            missing=Missing.NOT_BREACHING,
        )


# The pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """What the rows of the pool are computed from. `max_wait_seconds` is how long a client may wait for a connection."""

    cluster_name: str
    service_name: pulumi.Input[str]
    balancer: pulumi.Input[str]
    target_group: pulumi.Input[str]
    databases: Sequence[str]
    max_wait_seconds: int


# PgBouncer writes one line for each login that the server refuses: more than one every six seconds.
POOL_ERRORS_PER_MINUTE = 10


def pool_rows(pool: Pool) -> tuple[Row, ...]:
    """The alarms of the pool and of its balancer."""
    return (*_client_rows(pool), *_task_rows(pool))


def _client_rows(pool: Pool) -> Iterator[Row]:
    for database in pool.databases:
        dimensions = {"Database": database}
        yield Row(
            name=f"pool-{database}-waiting",
            family="pool",
            severity=Severity.TICKET,
            description=f"clients of {database} always wait for a connection: the pool is too small, or its server too slow",
            metrics=(Metric(namespace=POOL, name="ClientsWaiting", statistic="Sum", dimensions=dimensions),),
            evaluation=minutes(5),
            comparison=Comparison.ABOVE,
            threshold=0,
            unit="Count",
            missing=Missing.NOT_BREACHING,
        )
        yield Row(
            name=f"pool-{database}-max-wait",
            family="pool",
            severity=Severity.TICKET,
            description=f"a client of {database} has waited for more than {pool.max_wait_seconds} s",
            metrics=(
                Metric(namespace=POOL, name="MaxWaitSeconds", statistic="Maximum", dimensions=dimensions),
            ),
            evaluation=minutes(3),
            comparison=Comparison.ABOVE,
            threshold=pool.max_wait_seconds,
            unit="Seconds",
            missing=Missing.NOT_BREACHING,
        )
    yield silent_row(
        "pool-silent",
        family="pool",
        # PgBouncer knows a pool from its first client on, so that silence alone is not worth a page.
        description="no task of the pool reports how it does, or no client has ever come",
        metric=Metric(
            namespace=POOL,
            name="ClientsActive",
            statistic="SampleCount",
            dimensions={"Database": pool.databases[0]},
        ),
    )
    yield Row(
        name="pool-errors",
        family="pool",
        severity=Severity.TICKET,
        description="the pool's log is full of errors: its server refuses it, or clients are refused",
        metrics=(Metric(namespace=POOL, name="Errors", statistic="Sum"),),
        evaluation=minutes(3),
        comparison=Comparison.ABOVE,
        threshold=POOL_ERRORS_PER_MINUTE,
        unit="Count",
        missing=Missing.NOT_BREACHING,
    )


def balancer_metric(pool: Pool, name: str, statistic: str, id_: str = "m") -> Metric:
    """A metric of the pool's balancer, which reports as long as it has targets, whatever becomes of the database."""
    return Metric(
        id=id_,
        namespace=NETWORK_LOAD_BALANCER,
        name=name,
        statistic=statistic,
        dimensions={"LoadBalancer": pool.balancer, "TargetGroup": pool.target_group},
    )


def _task_rows(pool: Pool) -> Iterator[Row]:
    yield Row(
        name="pool-unhealthy-targets",
        family="pool",
        severity=Severity.TICKET,
        description="the balancer finds a task of the pool unhealthy",
        metrics=(balancer_metric(pool, "UnHealthyHostCount", "Maximum"),),
        evaluation=minutes(5),
        comparison=Comparison.ABOVE,
        threshold=0,
        unit="Count",
        missing=Missing.NOT_BREACHING,
    )
    yield Row(
        name="pool-no-target",
        family="pool",
        severity=Severity.TICKET,
        description="the balancer has no healthy task of the pool: nobody can connect",
        metrics=(balancer_metric(pool, "HealthyHostCount", "Maximum"),),
        evaluation=minutes(2),
        comparison=Comparison.BELOW,
        threshold=1,
        unit="Count",
        missing=Missing.BREACHING,
    )
    service = {"ClusterName": pool.cluster_name, "ServiceName": pool.service_name}
    yield Row(
        name="pool-tasks",
        family="pool",
        severity=Severity.TICKET,
        description="fewer tasks of the pool run than are wanted",
        metrics=tuple(
            Metric(id=id_, namespace=CONTAINER_INSIGHTS, name=metric, statistic="Average", dimensions=service)
            for id_, metric in (("wanted", "DesiredTaskCount"), ("running", "RunningTaskCount"))
        ),
        expression="wanted - running",
        evaluation=minutes(10),
        comparison=Comparison.ABOVE,
        threshold=0,
        unit="Count",
        missing=Missing.NOT_BREACHING,
    )


# Stores


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """What the rows of one store are computed from. `evicts` is of one that forgets when it is full."""

    name: str
    identifier: str
    service: Literal["elasticache", "memorydb"]
    cluster_mode: bool
    shards: int
    replicas_per_shard: int
    vcpu: int
    evicts: bool
    evictions_per_minute: int
    hit_rate_percent: int


# "Which Metrics Should I Monitor?": 90 % of what one thread can use. From four vCPUs on the engine's own thread is measured;
# on less, the host's CPU, of which that thread is one part.
STORE_CPU_PERCENT, VCPU_OF_ENGINE_METRIC = 90, 4
# "Which Metrics Should I Monitor?", SwapUsage.
SWAP_BYTES = 50 * MIB
# So many nodes' metrics are in one alarm, twice where it reads two.
NODES_PER_ALARM = 5


def nodes(store: Store) -> tuple[str, ...]:
    """The names of the nodes that are declared; scaling adds more, which share their work.

    Source: ElastiCache user guide and MemoryDB developer guide, "Nodes": cluster, shard in four digits, node in three.
    """
    if not store.cluster_mode:
        return tuple(f"{store.identifier}-{node:03d}" for node in range(1, store.replicas_per_shard + 2))
    return tuple(
        f"{store.identifier}-{shard:04d}-{node:03d}"
        for shard in range(1, store.shards + 1)
        for node in range(1, store.replicas_per_shard + 2)
    )


def store_rows(store: Store) -> tuple[Row, ...]:
    """The alarms of one store. A store of more nodes than an alarm can read has each several times."""
    every = nodes(store)
    groups = [every[start : start + NODES_PER_ALARM] for start in range(0, len(every), NODES_PER_ALARM)]
    return tuple(
        row
        for index, group in enumerate(groups, start=1)
        for row in _node_rows(store, group, suffix="" if index == 1 else f"-{index}")
    )


def store_cpu_threshold_percent(vcpu: int) -> float:
    """From what on a node's CPU is too busy, in percent of the metric that `store_cpu_metric` names."""
    return STORE_CPU_PERCENT if vcpu >= VCPU_OF_ENGINE_METRIC else STORE_CPU_PERCENT / vcpu


def store_cpu_metric(vcpu: int) -> str:
    """Which CPU metric says how busy the engine's thread is."""
    return "EngineCPUUtilization" if vcpu >= VCPU_OF_ENGINE_METRIC else "CPUUtilization"


def _node_rows(store: Store, group: Sequence[str], *, suffix: str) -> Iterator[Row]:
    row = partial(Row, family="stores", missing=Missing.NOT_BREACHING)

    def named(role: str) -> str:
        return f"{store.name}-{role}{suffix}"

    def each(metric: str, statistic: str, id_: str = "m") -> tuple[Metric, ...]:
        return tuple(
            _node_metric(store, node, metric, statistic, f"{id_}{n}") for n, node in enumerate(group)
        )

    def listed(id_: str = "m") -> str:
        return f"[{', '.join(f'{id_}{n}' for n in range(len(group)))}]"

    yield row(
        name=named("cpu"),
        severity=Severity.TICKET,
        description=f"a node of {store.identifier} has hardly any CPU left",
        metrics=each(store_cpu_metric(store.vcpu), "Average"),
        expression=f"MAX({listed()})",
        evaluation=minutes(5),
        comparison=Comparison.ABOVE,
        threshold=store_cpu_threshold_percent(store.vcpu),
        unit="Percent",
        scales=f"{store.name}-cpu",
    )
    memory = each("DatabaseMemoryUsagePercentage", "Maximum")
    if store.evicts:
        yield row(
            name=named("memory"),
            severity=Severity.TICKET,
            description=f"{store.identifier} is full and forgets what it would still need",
            metrics=(*memory, *each("Evictions", "Sum", "e")),
            # A cache is meant to be full; it is too small when it also has to forget much.
            expression=f"IF(SUM({listed('e')}) > {store.evictions_per_minute}, MAX({listed()}), 0)",
            evaluation=minutes(MEMORY_MINUTES),
            comparison=Comparison.ABOVE,
            threshold=MEMORY_PERCENT,
            unit="Percent",
            scales=f"{store.name}-memory",
        )
        yield row(
            name=named("evictions"),
            severity=Severity.TICKET,
            description=f"{store.identifier} forgets more than {store.evictions_per_minute} keys a minute",
            metrics=each("Evictions", "Sum", "e"),
            expression=f"SUM({listed('e')})",
            evaluation=minutes(15),
            comparison=Comparison.ABOVE,
            threshold=store.evictions_per_minute,
            unit="Count",
        )
        yield row(
            name=named("hit-rate"),
            severity=Severity.TICKET,
            description=f"less than {store.hit_rate_percent} % of what is asked of {store.identifier} is in it",
            metrics=(*each("CacheHits", "Sum", "h"), *each("CacheMisses", "Sum", "e")),
            # Where nothing was asked there is no rate, and no data.
            expression=f"100 * SUM({listed('h')}) / (SUM({listed('h')}) + SUM({listed('e')}))",
            evaluation=minutes(30, period_seconds=5 * MINUTE_SECONDS),
            comparison=Comparison.BELOW,
            threshold=store.hit_rate_percent,
            unit="Percent",
        )
    else:
        yield row(
            name=named("memory"),
            severity=Severity.PAGE,
            description=f"{store.identifier} is nearly full: it refuses to write what it has no room for",
            metrics=memory,
            expression=f"MAX({listed()})",
            evaluation=minutes(MEMORY_MINUTES),
            comparison=Comparison.ABOVE,
            threshold=MEMORY_PERCENT,
            unit="Percent",
            scales=f"{store.name}-memory",
        )
    yield row(
        name=named("replication-lag"),
        severity=Severity.TICKET,
        description=f"a replica of {store.identifier} is more than {LAG_SECONDS} s behind",
        metrics=each("ReplicationLag", "Maximum"),
        expression=f"MAX({listed()})",
        evaluation=minutes(5),
        comparison=Comparison.ABOVE,
        threshold=LAG_SECONDS,
        unit="Seconds",
    )
    yield row(
        name=named("swap"),
        severity=Severity.TICKET,
        description=f"a node of {store.identifier} swaps: it has too little memory beside its data",
        metrics=each("SwapUsage", "Maximum"),
        expression=f"MAX({listed()})",
        evaluation=minutes(5),
        comparison=Comparison.ABOVE,
        threshold=SWAP_BYTES,
        unit="Bytes",
    )


def _node_metric(store: Store, node: str, name: str, statistic: str, id_: str) -> Metric:
    if store.service == "elasticache":
        namespace, dimensions = ELASTICACHE, {"CacheClusterId": node}
    else:
        namespace, dimensions = MEMORYDB, {"ClusterName": store.identifier, "NodeName": node}
    return Metric(id=id_, namespace=namespace, name=name, statistic=statistic, dimensions=dimensions)


# Backups, and what runs beside


@dataclass(frozen=True, kw_only=True, slots=True)
class Backups:
    """What the rows of the backups are computed from. `published_ages` are those that a job reports."""

    stack: str
    vault_name: pulumi.Input[str]
    has_copies: bool
    published_ages: Sequence[str]


# A daily backup may start eight hours late and take long (components/backups/plan.py); 30 hours hold one all the same.
HOURS_WITHOUT_BACKUP = 30
# How old the latest good one may be, by what it is of: (metric, hours). Replicated automated backups are never more than some
# minutes old while they work; exports are daily; a restore test is weekly, and may take a day.
MAXIMUM_AGE_HOURS: Mapping[str, tuple[str, int]] = {
    "replicated-backup": ("ReplicatedBackupAgeSeconds", 1),
    "restore-test": ("RestoreTestAgeSeconds", 8 * 24),
    "export": ("ExportAgeSeconds", 30),
}
# Standard deviations: CloudWatch guide, "Using CloudWatch anomaly detection", whose own default is 2; backups grow in steps.
ANOMALY_BAND_WIDTH = 3


def backup_rows(backups: Backups) -> tuple[Row, ...]:
    """The alarms of AWS Backup's jobs, and of what the jobs beside it report."""
    vault: Mapping[str, pulumi.Input[str]] = {"BackupVaultName": backups.vault_name}
    # Copies and restores are counted by resource type only.
    databases = {"ResourceType": "RDS"}
    rows = [
        _failed_row(
            "backup-failed",
            "a backup job failed, expired or was aborted",
            "BackupJobs",
            ("Failed", "Expired", "Aborted"),
            vault,
        ),
        Row(
            name="backup-missing",
            family="backups",
            severity=Severity.TICKET,
            description=f"no backup job has ended well for {HOURS_WITHOUT_BACKUP} hours",
            metrics=(
                Metric(
                    namespace=BACKUP, name="NumberOfBackupJobsCompleted", statistic="Sum", dimensions=vault
                ),
            ),
            evaluation=Evaluation(
                period_seconds=HOUR_SECONDS,
                evaluation_periods=HOURS_WITHOUT_BACKUP,
                datapoints_to_alarm=HOURS_WITHOUT_BACKUP,
            ),
            comparison=Comparison.BELOW,
            threshold=1,
            unit="Count",
            missing=Missing.BREACHING,
        ),
        _failed_row("restore-test-failed", "a restore failed", "RestoreJobs", ("Failed",), databases),
    ]
    if backups.has_copies:
        rows.append(
            _failed_row("copy-failed", "a copy to the DR region failed", "CopyJobs", ("Failed",), databases)
        )
    rows += [_age_row(backups, what) for what in backups.published_ages]
    rows += [
        _anomaly_row(backups, "backup-size", "BackupSizeBytes", "Bytes"),
        _anomaly_row(backups, "backup-duration", "BackupDurationSeconds", "Seconds"),
    ]
    return tuple(rows)


def _failed_row(
    name: str,
    description: str,
    jobs: str,
    ends: Sequence[str],
    dimensions: Mapping[str, pulumi.Input[str]],
) -> Row:
    """AWS Backup reports a kind of end only when there was one, so what is missing is none."""
    ids = [end.lower() for end in ends]
    return Row(
        name=name,
        family="backups",
        severity=Severity.TICKET,
        description=description,
        metrics=tuple(
            Metric(
                id=id_, namespace=BACKUP, name=f"NumberOf{jobs}{end}", statistic="Sum", dimensions=dimensions
            )
            for id_, end in zip(ids, ends, strict=True)
        ),
        expression=" + ".join(f"FILL({id_}, 0)" for id_ in ids),
        evaluation=Evaluation(period_seconds=HOUR_SECONDS, evaluation_periods=1, datapoints_to_alarm=1),
        comparison=Comparison.ABOVE,
        threshold=0,
        unit="Count",
        missing=Missing.NOT_BREACHING,
    )


def _age_row(backups: Backups, what: str) -> Row:
    metric, hours = MAXIMUM_AGE_HOURS[what]
    return Row(
        name=f"{what}-old",
        family="backups",
        severity=Severity.TICKET,
        description=f"the latest good {what.replace('-', ' ')} is more than {hours} hours old, or nobody looks",
        metrics=(
            Metric(
                namespace=BACKUP_JOBS, name=metric, statistic="Minimum", dimensions={"Stack": backups.stack}
            ),
        ),
        evaluation=Evaluation(period_seconds=HOUR_SECONDS, evaluation_periods=2, datapoints_to_alarm=2),
        comparison=Comparison.ABOVE,
        threshold=hours * HOUR_SECONDS,
        unit="Seconds",
        missing=Missing.BREACHING,
    )


def _anomaly_row(backups: Backups, name: str, metric: str, unit: str) -> Row:
    """AWS publishes neither: a job reports each backup, and until it does there is no band and no alarm."""
    return Row(
        name=f"{name}-anomaly",
        family="backups",
        severity=Severity.TICKET,
        description=f"the latest {name.replace('-', ' ')} is unlike those before it",
        metrics=(
            Metric(
                namespace=BACKUP_JOBS, name=metric, statistic="Maximum", dimensions={"Stack": backups.stack}
            ),
        ),
        expression=f"ANOMALY_DETECTION_BAND(m, {ANOMALY_BAND_WIDTH})",
        evaluation=Evaluation(period_seconds=DAY_SECONDS, evaluation_periods=1, datapoints_to_alarm=1),
        comparison=Comparison.OUTSIDE_BAND,
        threshold=None,
        unit=unit,
        missing=Missing.NOT_BREACHING,
    )


def rotation_row(function_name: str) -> Row:
    """The alarm of the function that rotates the pool's password: Secrets Manager calls it again, and nobody else sees it."""
    return Row(
        name="rotation-failed",
        family="rotation",
        severity=Severity.TICKET,
        description="a step of the rotation of the pool's password failed",
        metrics=(
            Metric(
                namespace=LAMBDA, name="Errors", statistic="Sum", dimensions={"FunctionName": function_name}
            ),
        ),
        evaluation=minutes(5, period_seconds=5 * MINUTE_SECONDS),
        comparison=Comparison.ABOVE,
        threshold=0,
        unit="Count",
        missing=Missing.NOT_BREACHING,
    )


def dead_letter_row(queue_name: str) -> Row:
    """The alarm of a queue in which a job's calls end that failed for good."""
    return Row(
        name=f"{queue_name}-dead-letters",
        family="jobs",
        severity=Severity.TICKET,
        description=f"a job failed for good: its call is in {queue_name}",
        metrics=(
            Metric(
                namespace=QUEUES,
                name="ApproximateNumberOfMessagesVisible",
                statistic="Maximum",
                dimensions={"QueueName": queue_name},
            ),
        ),
        evaluation=minutes(5, period_seconds=5 * MINUTE_SECONDS),
        comparison=Comparison.ABOVE,
        threshold=0,
        unit="Count",
        missing=Missing.NOT_BREACHING,
    )


# Time


def maintenance_row(name: str, windows: Sequence[WeeklyWindow], clock: Metric) -> Row:
    """In alarm during `windows`, which are in UTC; it is for other alarms to look at. `clock` is any metric that never rests.

    Source: CloudWatch guide, "Using math expressions with CloudWatch metrics" (MINUTE, HOUR, DAY, with Monday as 1), which
    AWS's Incident Detection and Response guide uses in alarms ("Use a metric math function to suppress an alarm").
    """
    minute = f"((DAY({clock.id}) - 1) * {MINUTES_PER_DAY} + HOUR({clock.id}) * 60 + MINUTE({clock.id}))"
    inside = " OR ".join(
        f"({minute} >= {start} AND {minute} < {end})" for window in windows for start, end in _spans(window)
    )
    return Row(
        name=name,
        family="maintenance",
        severity=None,
        description=f"AWS may work on it now ({', '.join(map(str, windows))} UTC): what that causes pages nobody",
        metrics=(clock,),
        expression=f"IF({inside}, 1, 0)",
        evaluation=minutes(1),
        comparison=Comparison.AT_LEAST,
        threshold=1,
        unit="None",
        missing=Missing.NOT_BREACHING,
    )


def _spans(window: WeeklyWindow) -> Iterator[tuple[int, int]]:
    """The minutes of the week, from Monday on, that a window holds: in two parts where it runs over the week's end."""
    end = window.start_minute + window.length_minutes
    yield window.start_minute, min(end, MINUTES_PER_WEEK)
    if end > MINUTES_PER_WEEK:
        yield 0, end - MINUTES_PER_WEEK


# Faults

# A cause takes three minutes without data, as long as the quickest of its consequences, and may be seen that much after them:
# they wait for it. A window's alarm follows the clock within a minute (CloudWatch guide, "Composite alarm action suppression",
# WaitPeriod).
CAUSE_WAIT_SECONDS, WINDOW_WAIT_SECONDS = 180, 60


def down(database: Database, *, pool: Pool | None, maintenance: str | None) -> Composite:
    """A database that takes writes is gone. Where a `pool` is in front of it, that one sees it too."""
    seen_by_pool = () if pool is None else (("pool-errors", f"pool-{pool.databases[0]}-max-wait"),)
    return Composite(
        name=f"{database.name}-down",
        family="postgres-down",
        severity=Severity.PAGE,
        description=f"{database.identifier} does not answer; what else goes off with it is a consequence",
        any_of=((f"{database.name}-silent",), *seen_by_pool),
        suppressor=maintenance,
        suppressor_wait_seconds=0 if maintenance is None else WINDOW_WAIT_SECONDS,
    )


def replication_failing(replicas: Sequence[Database], *, cause: str, maintenance: str) -> Composite:
    """Replicas fall behind or do not replicate, and not because their primary is gone."""
    return Composite(
        name="replication-failing",
        family="postgres-replication",
        severity=Severity.PAGE,
        description="reads are stale: a replica is behind, or does not replicate",
        any_of=tuple(
            (f"{replica.name}-{what}",) for replica in replicas for what in ("lag", "replication-broken")
        ),
        unless=(maintenance,),
        suppressor=cause,
        suppressor_wait_seconds=CAUSE_WAIT_SECONDS,
    )


def pool_failing(pool: Pool, *, cause: str) -> Composite:
    """Clients are not served, and not because the database is gone."""
    waits = tuple((f"pool-{database}-max-wait",) for database in pool.databases)
    return Composite(
        name="pool-failing",
        family="pool",
        severity=Severity.PAGE,
        description="applications cannot connect, or wait too long for a connection",
        any_of=(*waits, ("pool-no-target",)),
        suppressor=cause,
        suppressor_wait_seconds=CAUSE_WAIT_SECONDS,
    )


# Common parts


def free_bytes(total_bytes: int, *, used_percent: int) -> int:
    """What is free of `total_bytes` when `used_percent` of it is in use, as RDS reports memory."""
    return total_bytes * (100 - used_percent) // 100


def minutes(count: int, *, period_seconds: int = MINUTE_SECONDS) -> Evaluation:
    """So many minutes without an exception."""
    periods = count * MINUTE_SECONDS // period_seconds
    return Evaluation(period_seconds=period_seconds, evaluation_periods=periods, datapoints_to_alarm=periods)


def silent_row(name: str, *, family: str, description: str, metric: Metric) -> Row:
    """The alarm of something that reports every minute, and does not: `metric` counts its reports."""
    return Row(
        name=name,
        family=family,
        severity=Severity.TICKET,
        description=description,
        metrics=(metric,),
        evaluation=minutes(3),
        comparison=Comparison.BELOW,
        threshold=1,
        unit="Count",
        missing=Missing.BREACHING,
    )
