"""The PostgreSQL 17 parameters of this platform: the values that each takes, the value set, and the reason.

`PARAMETERS` is the whole list, by subject. A row states the values that PostgreSQL takes, the unit in which RDS takes a
bare number, and whether a change needs a reboot. A row without a value is left to RDS unless an override names it.

Sources, and what was checked:

* Type, unit, range, allowed values and static or dynamic of every row that is not `rds_only` were compared
  with `pg_settings` of PostgreSQL 17.12 with pg_stat_statements, auto_explain and pg_cron 1.6 loaded. Where a
  row is narrower than PostgreSQL, its purpose gives the reason.
* `rds_only` rows, apply types and "RDS uses the default PostgreSQL units": Amazon RDS User Guide, "Working
  with parameters on your RDS for PostgreSQL DB instance". RDS's own allowed values were not read off a live
  `describe-engine-default-parameters`, so RDS may still refuse a value that PostgreSQL takes.
* Values said to be measured were measured with pgbench on PostgreSQL 17 with two cores and local disks; they
  rank the choices and promise nothing about an RDS instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal

from components.parameters import postgres_formulas as formulas
from components.parameters.postgres_formulas import InstanceFacts
from components.parameters.spec import ParameterSpec

SUPPORTED_MAJOR = 17

ApplyMethod = Literal["immediate", "pending-reboot"]

_INT_MAX = 2**31 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresParameterSpec(ParameterSpec[InstanceFacts]):
    """One parameter of PostgreSQL on RDS.

    A `static` parameter takes effect at the next reboot. PostgreSQL itself does not know an `rds_only` one.
    """

    static: bool = False
    rds_only: bool = False

    @property
    def apply_method(self) -> ApplyMethod:
        """When RDS applies a change: it refuses `immediate` for static parameters."""
        return "pending-reboot" if self.static else "immediate"

    @property
    def source(self) -> str:
        """The source of type, range and apply type."""
        return "Amazon RDS User Guide" if self.rds_only else f"pg_settings of PostgreSQL {SUPPORTED_MAJOR}"


# Every row gives its name, value and purpose first.
_flag = partial(PostgresParameterSpec, type="bool")
_integer = partial(PostgresParameterSpec, type="integer", maximum=_INT_MAX)
_real = partial(PostgresParameterSpec, type="real")
_enum = partial(PostgresParameterSpec, type="enum")

# Parameters with one of these prefixes exist only while the library is loaded.
LIBRARY_BY_PREFIX: Mapping[str, str] = MappingProxyType(
    {"auto_explain": "auto_explain", "cron": "pg_cron", "pg_stat_statements": "pg_stat_statements"}
)

_SECURITY = (
    _flag("rds.force_ssl", True, "connections without TLS are refused", rds_only=True),
    _enum(
        "password_encryption",
        "scram-sha-256",
        "new passwords are stored as SCRAM verifiers, which the pooler shares",
        allowed=("md5", "scram-sha-256"),
    ),
    _enum(
        "rds.accepted_password_auth_method",
        "scram",
        "a role that still has an md5 password cannot log in",
        allowed=("md5+scram", "scram"),
        rds_only=True,
    ),
)

_EXTENSIONS = (
    PostgresParameterSpec(
        name="shared_preload_libraries",
        type="list",
        value="pg_stat_statements,auto_explain,pg_cron",
        purpose="statement statistics, plans of slow queries and jobs inside the database",
        # What RDS for PostgreSQL offers (Amazon RDS User Guide, parameter list and extension pages).
        allowed=(
            "auto_explain",
            "orafce",
            "pg_bigm",
            "pg_cron",
            "pg_hint_plan",
            "pg_partman_bgw",
            "pg_prewarm",
            "pg_similarity",
            "pg_stat_statements",
            "pg_tle",
            "pg_transport",
            "pgaudit",
            "pglogical",
            "plprofiler",
        ),
        static=True,
    ),
    PostgresParameterSpec(
        name="cron.database_name",
        type="string",
        value=lambda instance: instance.database_name,
        purpose="pg_cron keeps its jobs in the application's database",
        static=True,
    ),
    _enum(
        "pg_stat_statements.track",
        "all",
        "statements inside functions count too, so that trigger work is seen",
        allowed=("none", "top", "all"),
    ),
    _integer(
        "pg_stat_statements.max",
        10_000,
        "twice the default, as partitions multiply distinct statements",
        minimum=100,
        maximum=2**30 - 1,
        static=True,
    ),
    _integer(
        "auto_explain.log_min_duration",
        1_000,
        "a plan for exactly the statements the slow query log holds",
        minimum=-1,
        unit="ms",
    ),
    _flag("auto_explain.log_analyze", True, "plans carry real row counts, without which they explain little"),
    _flag(
        "auto_explain.log_timing",
        False,
        "no clock read per node and row, which is the costly part of log_analyze",
    ),
    _flag("auto_explain.log_buffers", True, "plans say how much was read from disk"),
    _flag("auto_explain.log_nested_statements", False, "one plan per statement of the client"),
    _enum(
        "auto_explain.log_format",
        "json",
        "plans are read by the slow query review, not by eye",
        allowed=("text", "xml", "json", "yaml"),
    ),
    _real(
        "auto_explain.sample_rate",
        1.0,
        "every statement is watched; lower it if the instrumentation shows in CPU",
        minimum=0,
        maximum=1,
    ),
)

_LOGGING = (
    _integer("log_min_duration_statement", 1_000, "slow queries are those over 1 s", minimum=-1, unit="ms"),
    _enum(
        "log_statement", "ddl", "every change of schema is on record", allowed=("none", "ddl", "mod", "all")
    ),
    _flag("log_connections", True, "who connected; the pooler keeps the number of lines small"),
    _flag("log_disconnections", True, "how long sessions lasted"),
    _flag("log_lock_waits", True, "waits longer than deadlock_timeout"),
    _integer("log_temp_files", 10 * 1024, "sorts that spill 10 MB or more to disk", minimum=-1, unit="kB"),
    _integer("log_autovacuum_min_duration", 1_000, "vacuum runs over 1 s", minimum=-1, unit="ms"),
    _flag("track_io_timing", True, "time spent reading and writing in statistics and plans"),
    _integer(
        "rds.log_retention_period",
        4_320,
        "3 days on the instance's own disk, as CloudWatch keeps the exported logs",
        minimum=1_440,
        maximum=10_080,
        unit="min",
        rds_only=True,
    ),
)

_SESSIONS = (
    _integer(
        "idle_session_timeout",
        3_600_000,
        "forgotten sessions go after 1 h, long after the 10 min at which PgBouncer closes an idle connection",
        minimum=0,
        unit="ms",
    ),
    _integer(
        "idle_in_transaction_session_timeout",
        60_000,
        "an idle transaction holds locks, a pooled connection and vacuum; "
        "a job that must hold a snapshot sets its own limit",
        minimum=0,
        unit="ms",
    ),
    _integer(
        "max_connections",
        None,
        "left to RDS's formula; work_mem follows it. RDS takes no less than 6",
        minimum=6,
        maximum=262_143,
        static=True,
    ),
    _integer("max_locks_per_transaction", None, "only for very many partitions", minimum=10, static=True),
    _integer(
        "max_prepared_transactions",
        None,
        "two-phase commit is not used",
        minimum=0,
        maximum=262_143,
        static=True,
    ),
)

_MEMORY = (
    _integer(
        "shared_buffers",
        None,
        "RDS's quarter of memory; measured, other sizes changed nothing",
        minimum=16,
        maximum=2**30 - 1,
        unit="8kB",
        static=True,
    ),
    _integer(
        "effective_cache_size",
        formulas.effective_cache_size_pages,
        "what the planner may expect to be cached",
        minimum=1,
        unit="8kB",
    ),
    _integer(
        "work_mem",
        formulas.work_mem_kb,
        "a budget for sorts and hashes that all connections fit into",
        minimum=64,
        unit="kB",
    ),
    _integer(
        "maintenance_work_mem",
        formulas.maintenance_work_mem_kb,
        "index builds and restores",
        minimum=64,
        unit="kB",
    ),
    _integer(
        "autovacuum_work_mem",
        formulas.autovacuum_work_mem_kb,
        "vacuum workers have a budget of their own",
        minimum=-1,
        unit="kB",
    ),
)

_AUTOVACUUM = (
    _integer(
        "autovacuum_max_workers",
        formulas.autovacuum_workers,
        "more tables at once on larger classes",
        minimum=1,
        maximum=262_143,
        static=True,
    ),
    _integer(
        "autovacuum_naptime",
        15,
        "busy tables are looked at four times a minute",
        minimum=1,
        maximum=2_147_483,
        unit="s",
    ),
    _real(
        "autovacuum_vacuum_scale_factor",
        0.05,
        "large tables are vacuumed at 5 % dead rows, not 20 %",
        minimum=0,
        maximum=100,
    ),
    _real(
        "autovacuum_vacuum_insert_scale_factor",
        0.05,
        "append-only logs get frozen and visible pages early",
        minimum=0,
        maximum=100,
    ),
    _real("autovacuum_analyze_scale_factor", 0.02, "statistics follow the data", minimum=0, maximum=100),
    _integer(
        "autovacuum_vacuum_cost_limit",
        400,
        "all workers together dirty at most 78 MiB/s (400/20 pages of 8 KiB every 2 ms), "
        "under the 125 MiB/s of the smallest gp3 volume",
        minimum=-1,
        maximum=10_000,
    ),
    _real(
        "autovacuum_vacuum_cost_delay",
        2,
        "PostgreSQL's default, pinned since the limit counts on it",
        minimum=-1,
        maximum=100,
        unit="ms",
    ),
)

_WAL_AND_REPLICATION = (
    _enum(
        "wal_compression",
        "lz4",
        "measured: 8 % more transactions than pglz, and a fifth of the WAL that no compression writes, "
        "which is why off is not offered",
        allowed=("lz4", "pglz", "zstd"),
    ),
    _enum(
        "default_toast_compression", "lz4", "cheaper than pglz for large JSON values", allowed=("pglz", "lz4")
    ),
    _integer(
        "checkpoint_timeout",
        900,
        "full page images are written once per checkpoint, so fewer checkpoints mean less WAL",
        minimum=30,
        maximum=86_400,
        unit="s",
    ),
    _integer(
        "max_wal_size",
        formulas.max_wal_size_mb,
        "measured: no effect on throughput, less WAL with fewer checkpoints",
        minimum=2,
        unit="MB",
    ),
    _integer(
        "min_wal_size",
        None,
        "PostgreSQL wants two WAL segments, which RDS makes of 64 MB",
        minimum=128,
        unit="MB",
    ),
    _integer(
        "max_slot_wal_keep_size",
        formulas.max_slot_wal_keep_size_mb,
        "the slot of a dead replica is given up before the disk fills",
        minimum=-1,
        unit="MB",
    ),
    _integer(
        "max_wal_senders",
        None,
        "RDS's default serves five replicas and more",
        minimum=0,
        maximum=262_143,
        static=True,
    ),
    _integer(
        "max_replication_slots",
        None,
        "RDS's default serves five replicas and more",
        minimum=0,
        maximum=262_143,
        static=True,
    ),
    _flag(
        "hot_standby_feedback",
        None,
        "off by default: long reads on a replica would hold back vacuum on the primary",
    ),
)

_PLANNER = (
    _real(
        "random_page_cost",
        1.1,
        "SSD storage: a random read costs about what a sequential one does",
        minimum=0,
        maximum=None,
    ),
    _integer(
        "effective_io_concurrency", 200, "SSD storage serves many reads at once", minimum=0, maximum=1_000
    ),
    _flag("jit", False, "measured: no gain on short queries, 12 to 27 % slower on wide ones"),
    _integer("max_worker_processes", None, "RDS sizes it by vCPU", minimum=0, maximum=262_143, static=True),
    _integer("max_parallel_workers", None, "RDS sizes it by vCPU", minimum=0, maximum=1_024),
)

PARAMETERS: Mapping[str, PostgresParameterSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            *_SECURITY,
            *_EXTENSIONS,
            *_LOGGING,
            *_SESSIONS,
            *_MEMORY,
            *_AUTOVACUUM,
            *_WAL_AND_REPLICATION,
            *_PLANNER,
        )
    }
)
"""Every parameter this project sets or lets an override set, in the order of the parameter group."""

# RDS sets these itself and shows them as not modifiable.
MANAGED_BY_RDS: Mapping[str, str] = MappingProxyType(
    {
        "archive_command": "RDS archives WAL for point-in-time recovery",
        "archive_timeout": "RDS archives WAL every five minutes",
        "data_directory": "RDS owns the file system",
        "fsync": "RDS never runs without durability",
        "listen_addresses": "reach is set by subnets and security groups",
        "port": "the port is a setting of the instance",
        "wal_level": "RDS sets it from backups and replicas",
    }
)
