"""The PostgreSQL 17 parameters of this platform: what each takes, the value set, the check of an override.

`PARAMETERS` is the whole list, by subject. A row says which values PostgreSQL takes, in which unit RDS takes
a bare number, whether a change needs a reboot, and why the platform sets what it sets; a row without a value
is left to RDS unless an override names it. `compute` turns the table into the parameter group of one
instance.

Sources, and what was checked:

* Type, unit, range, allowed values and static or dynamic of every row that is not `rds_only` were compared
  with `pg_settings` of PostgreSQL 17.12 with pg_stat_statements, auto_explain and pg_cron 1.6 loaded. Where a
  row is narrower than PostgreSQL, its purpose says why.
* `rds_only` rows, apply types and "RDS uses the default PostgreSQL units": Amazon RDS User Guide, "Working
  with parameters on your RDS for PostgreSQL DB instance". RDS's own allowed values were not read off a live
  `describe-engine-default-parameters`, so RDS may still refuse a value that PostgreSQL takes.
* Values said to be measured were measured with pgbench on PostgreSQL 17 with two cores and local disks; they
  rank the choices and promise nothing about an RDS instance.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from components.postgres.sizing import MIB, InstanceClass, planned_max_connections

Value = str | int | float | bool
ParameterType = Literal["bool", "integer", "real", "enum", "string", "list"]
ApplyMethod = Literal["immediate", "pending-reboot"]
Unit = Literal["8kB", "kB", "MB", "ms", "s", "min"]

SUPPORTED_MAJOR = 17

# PostgreSQL's spellings, which are case-sensitive (PostgreSQL documentation, "Parameter Names and Values").
_BYTES = {"B": 1, "kB": 1024, "8kB": 8 * 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_MICROSECONDS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}

_INT_MAX = 2**31 - 1


class ParameterError(ValueError):
    """An override that cannot be used; `name` is the parameter. The message says what to do."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class FamilyError(ValueError):
    """An engine version without a parameter family here, or a family that belongs to another version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceFacts:
    """What computed values are computed from."""

    instance_class: InstanceClass
    max_connections: int
    allocated_storage_gib: int
    database_name: str

    @property
    def memory_bytes(self) -> int:
        """Memory PostgreSQL can count on, in bytes; shares below are shares of this."""
        return self.instance_class.usable_memory_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterSpec:
    """One parameter: what it takes, what the platform sets and why.

    `minimum` and `maximum` are in `unit` and both inclusive, None where there is no bound; `allowed` holds
    the values of an enum and the members of a list. `value` is what the platform sets: a constant, a function
    of the instance, or None to leave RDS's default. `static` parameters take effect at the next reboot.
    """

    name: str
    type: ParameterType
    purpose: str
    value: Value | Callable[[InstanceFacts], Value] | None = None
    unit: Unit | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    allowed: tuple[str, ...] = ()
    static: bool = False
    rds_only: bool = False

    @property
    def apply_method(self) -> ApplyMethod:
        """When RDS applies a change: it refuses `immediate` for static parameters."""
        return "pending-reboot" if self.static else "immediate"

    @property
    def source(self) -> str:
        """Where type, range and apply type come from."""
        return "Amazon RDS User Guide" if self.rds_only else f"pg_settings of PostgreSQL {SUPPORTED_MAJOR}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of a DB parameter group as RDS takes it: numbers are bare, in the parameter's unit."""

    name: str
    value: str
    apply_method: ApplyMethod


# --- Memory and storage shares ------------------------------------------------------------------------------

# RDS's default for shared_buffers is {DBInstanceClassMemory/32768} pages of 8 kB: a quarter.
SHARED_BUFFERS_PERCENT = 25
# Work memory of all planned connections together. At RDS's default number of connections it comes to
# PostgreSQL's default of 4 MB each; with buffers, vacuum and maintenance it leaves a fifth for the system and
# the backends. One work_mem for each stands for half of them running a hash at hash_mem_multiplier = 2.
WORK_MEM_PERCENT = 45
WORK_MEM_MIN_KB = 1024
# Beyond this a report should raise it for its own session: measured, 64 MB took 9 % off reporting queries.
WORK_MEM_MAX_KB = 64 * 1024


def work_mem_kb(instance: InstanceFacts) -> int:
    """45 % of memory over the planned connections, in steps of 64 kB between 1 MB and 64 MB."""
    share_bytes = instance.memory_bytes * WORK_MEM_PERCENT // 100
    share_kb = share_bytes // instance.max_connections // 1024
    return min(max(share_kb // 64 * 64, WORK_MEM_MIN_KB), WORK_MEM_MAX_KB)


def maintenance_work_mem_kb(instance: InstanceFacts) -> int:
    """1/32 of memory up to 1 GiB: one index build or restore at a time, and larger sorts gain little."""
    return min(instance.memory_bytes // 32, 1024 * MIB) // 1024


def autovacuum_work_mem_kb(instance: InstanceFacts) -> int:
    """1/64 of memory up to 512 MiB per worker: PostgreSQL 17 keeps its list of dead rows compact."""
    return min(instance.memory_bytes // 64, 512 * MIB) // 1024


def autovacuum_workers(instance: InstanceFacts) -> int:
    """One for every four vCPUs, at least PostgreSQL's 3 and at most 8: they share one cost limit."""
    return min(max(instance.instance_class.vcpu // 4, 3), 8)


def effective_cache_size_pages(instance: InstanceFacts) -> int:
    """Memory that work memory does not claim: buffers and page cache together, in pages of 8 kB."""
    return instance.memory_bytes * (100 - WORK_MEM_PERCENT) // 100 // _BYTES["8kB"]


def max_wal_size_mb(instance: InstanceFacts) -> int:
    """A tenth of storage up to 4 GiB: crash recovery replays at most this much, so it bounds a failover."""
    return min(instance.allocated_storage_gib * 1024 // 10, 4 * 1024)


def max_slot_wal_keep_size_mb(instance: InstanceFacts) -> int:
    """A fifth of storage: time for a replica to return, while a dead one never fills the disk."""
    return instance.allocated_storage_gib * 1024 // 5


# --- The table ----------------------------------------------------------------------------------------------

_Computed = Callable[[InstanceFacts], Value]


def _flag(
    name: str, value: bool | None, purpose: str, *, static: bool = False, rds_only: bool = False
) -> ParameterSpec:
    return ParameterSpec(
        name=name, type="bool", value=value, purpose=purpose, static=static, rds_only=rds_only
    )


def _integer(
    name: str,
    value: int | _Computed | None,
    purpose: str,
    *,
    minimum: int,
    maximum: int = _INT_MAX,
    unit: Unit | None = None,
    static: bool = False,
    rds_only: bool = False,
) -> ParameterSpec:
    return ParameterSpec(
        name=name,
        type="integer",
        value=value,
        purpose=purpose,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        static=static,
        rds_only=rds_only,
    )


def _real(
    name: str, value: float, purpose: str, *, minimum: float, maximum: float | None, unit: Unit | None = None
) -> ParameterSpec:
    return ParameterSpec(
        name=name, type="real", value=value, purpose=purpose, unit=unit, minimum=minimum, maximum=maximum
    )


def _enum(
    name: str, value: str, purpose: str, *, allowed: tuple[str, ...], rds_only: bool = False
) -> ParameterSpec:
    return ParameterSpec(
        name=name, type="enum", value=value, purpose=purpose, allowed=allowed, rds_only=rds_only
    )


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
    ParameterSpec(
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
    ParameterSpec(
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
        effective_cache_size_pages,
        "what the planner may expect to be cached",
        minimum=1,
        unit="8kB",
    ),
    _integer(
        "work_mem",
        work_mem_kb,
        "a budget for sorts and hashes that all connections fit into",
        minimum=64,
        unit="kB",
    ),
    _integer(
        "maintenance_work_mem", maintenance_work_mem_kb, "index builds and restores", minimum=64, unit="kB"
    ),
    _integer(
        "autovacuum_work_mem",
        autovacuum_work_mem_kb,
        "vacuum workers have a budget of their own",
        minimum=-1,
        unit="kB",
    ),
)

_AUTOVACUUM = (
    _integer(
        "autovacuum_max_workers",
        autovacuum_workers,
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
        max_wal_size_mb,
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
        max_slot_wal_keep_size_mb,
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

PARAMETERS: Mapping[str, ParameterSpec] = MappingProxyType(
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


# --- Family -------------------------------------------------------------------------------------------------


def family(engine_version: str) -> str:
    """The parameter group family of an engine version: `17.5` gives `postgres17`. Raises FamilyError."""
    match = re.fullmatch(r"(\d+)(\.\d+)?", engine_version)
    if match is None:
        raise FamilyError(
            f"engine version {engine_version!r} is not a PostgreSQL version: write it as 17 or 17.5"
        )
    if int(match.group(1)) != SUPPORTED_MAJOR:
        raise FamilyError(
            f"engine version {engine_version!r} is not supported: parameters are known for PostgreSQL "
            f"{SUPPORTED_MAJOR} only, so give {SUPPORTED_MAJOR} or one of its minor versions"
        )
    return f"postgres{SUPPORTED_MAJOR}"


def require_family(parameter_family: str, engine_version: str) -> None:
    """Raise FamilyError unless `parameter_family` is the one of `engine_version`."""
    fitting = family(engine_version)
    if parameter_family != fitting:
        raise FamilyError(
            f"parameter family {parameter_family!r} does not fit engine version {engine_version!r}: "
            f"use {fitting!r}"
        )


# --- Computing a parameter group ----------------------------------------------------------------------------


def compute(
    instance_class: InstanceClass,
    *,
    database_name: str,
    allocated_storage_gib: int,
    overrides: Mapping[str, Value] = MappingProxyType({}),
) -> tuple[Parameter, ...]:
    """The parameter group of one instance, in the order of `PARAMETERS`.

    `overrides` holds numbers in the parameter's unit, or strings with a unit of their own (`64MB`, `1s`). An
    overridden `max_connections` changes the memory values computed from it. Raises ParameterError for the
    first override that is unknown, out of range, in the wrong unit or at odds with another value.
    """
    overridden = {name: convert(name, value) for name, value in overrides.items()}
    instance = InstanceFacts(
        instance_class=instance_class,
        max_connections=int(overridden.get("max_connections", planned_max_connections(instance_class))),
        allocated_storage_gib=allocated_storage_gib,
        database_name=database_name,
    )
    values = {}
    for name, spec in PARAMETERS.items():
        own_value = spec.value(instance) if callable(spec.value) else spec.value
        if name in overridden:
            values[name] = overridden[name]
        elif own_value is not None:
            values[name] = convert(name, own_value)
    _require_loaded_libraries(values)
    _require_one_password_method(values, overridden)
    _require_wal_fits_storage(values, overridden, instance)
    _require_memory_budget(values, overridden, instance)
    return tuple(Parameter(name, value, PARAMETERS[name].apply_method) for name, value in values.items())


def _require_loaded_libraries(values: Mapping[str, str]) -> None:
    loaded = values["shared_preload_libraries"].split(",")
    for name in values:
        library = LIBRARY_BY_PREFIX.get(name.partition(".")[0])
        if library is not None and library not in loaded:
            raise ParameterError(
                "shared_preload_libraries",
                f"shared_preload_libraries {','.join(loaded)!r} leaves out {library}, which {name} needs: "
                f"add {library} to the list",
            )


def _require_one_password_method(values: Mapping[str, str], overridden: Mapping[str, str]) -> None:
    stored, accepted = "password_encryption", "rds.accepted_password_auth_method"
    if (values[stored], values[accepted]) == ("md5", "scram"):
        name = stored if stored in overridden else accepted
        raise ParameterError(
            name,
            "password_encryption 'md5' and rds.accepted_password_auth_method 'scram' lock out "
            "every new password: use 'scram-sha-256', or accept 'md5+scram'",
        )


def _require_wal_fits_storage(
    values: Mapping[str, str], overridden: Mapping[str, str], instance: InstanceFacts
) -> None:
    sizes_mb = {name: int(values[name]) for name in ("max_slot_wal_keep_size", "max_wal_size")}
    storage_mb = instance.allocated_storage_gib * 1024
    if sizes_mb["max_slot_wal_keep_size"] == -1:
        raise ParameterError(
            "max_slot_wal_keep_size",
            "max_slot_wal_keep_size -1 keeps WAL for a dead replica until the disk is full: "
            f"give a size in MB under the {storage_mb} MB allocated",
        )
    if sum(sizes_mb.values()) >= storage_mb:
        name = max(sizes_mb, key=lambda each: (each in overridden, sizes_mb[each]))
        raise ParameterError(
            name,
            f"{name} {sizes_mb[name]} MB does not fit: max_wal_size and max_slot_wal_keep_size add up to "
            f"{sum(sizes_mb.values())} MB of {storage_mb} MB allocated; lower it or allocate more storage",
        )


# Which overrides move which claim on memory.
_CLAIMANTS: Mapping[str, tuple[str, ...]] = {
    "shared_buffers": ("shared_buffers",),
    "work_mem": ("work_mem", "max_connections"),
    "autovacuum": ("autovacuum_work_mem", "autovacuum_max_workers"),
    "maintenance_work_mem": ("maintenance_work_mem",),
}


def _require_memory_budget(
    values: Mapping[str, str], overridden: Mapping[str, str], instance: InstanceFacts
) -> None:
    claims_bytes = memory_claims_bytes(values, instance)
    if sum(claims_bytes.values()) <= instance.memory_bytes:
        return
    # Every claim is within budget by itself until an override changes it, so one of these was overridden.
    causes = {name: claim for claim, names in _CLAIMANTS.items() for name in names if name in overridden}
    name = max(causes, key=lambda each: claims_bytes[causes[each]])
    parts = ", ".join(f"{claim} {size // MIB} MiB" for claim, size in claims_bytes.items())
    raise ParameterError(
        name,
        f"{name} {overridden[name]} asks for more memory than {instance.instance_class.name} has for "
        f"PostgreSQL, {instance.memory_bytes // MIB} MiB ({parts}): lower it or take a larger class",
    )


def memory_claims_bytes(values: Mapping[str, str], instance: InstanceFacts) -> dict[str, int]:
    """What PostgreSQL may use at its worst, in bytes by purpose, for parameter values as RDS takes them."""
    kib = 1024
    maintenance = int(values["maintenance_work_mem"]) * kib
    # -1 makes every autovacuum worker use maintenance_work_mem.
    worker = (
        int(values["autovacuum_work_mem"]) * kib if values["autovacuum_work_mem"] != "-1" else maintenance
    )
    if "shared_buffers" in values:
        buffers = int(values["shared_buffers"]) * _BYTES["8kB"]
    else:
        buffers = instance.memory_bytes * SHARED_BUFFERS_PERCENT // 100
    return {
        "shared_buffers": buffers,
        "work_mem": int(values["work_mem"]) * kib * instance.max_connections,
        "autovacuum": worker * int(values["autovacuum_max_workers"]),
        "maintenance_work_mem": maintenance,
    }


# --- Converting and checking one value ----------------------------------------------------------------------


def convert(name: str, value: Value) -> str:
    """`value` of parameter `name` as the string RDS takes. Raises ParameterError where it is not allowed."""
    spec = _find(name)
    match spec.type:
        case "bool":
            return _convert_bool(spec, value)
        case "integer" | "real":
            return _convert_number(spec, value)
        case "enum":
            return _convert_enum(spec, value)
        case "list":
            return _convert_list(spec, value)
        case "string":
            return _convert_string(spec, value)


def _find(name: str) -> ParameterSpec:
    if name in PARAMETERS:
        return PARAMETERS[name]
    if name in MANAGED_BY_RDS:
        raise ParameterError(name, f"{name} cannot be set: {MANAGED_BY_RDS[name]}; remove it")
    nearest = difflib.get_close_matches(name, PARAMETERS, n=1)
    hint = (
        f"did you mean {nearest[0]}"
        if nearest
        else "remove it, or add it to the table of known parameters first"
    )
    raise ParameterError(name, f"parameter {name!r} is not known: {hint}")


def _convert_bool(spec: ParameterSpec, value: Value) -> str:
    # PostgreSQL's own spellings of a boolean; YAML turns most of them into a bool already.
    match str(value).lower():
        case "true" | "on" | "yes" | "1":
            return "1"
        case "false" | "off" | "no" | "0":
            return "0"
        case _:
            raise ParameterError(spec.name, f"{spec.name} {value!r} is not a boolean: give true or false")


def _convert_enum(spec: ParameterSpec, value: Value) -> str:
    if value not in spec.allowed:
        raise ParameterError(spec.name, f"{spec.name} {value!r} is not allowed: give {_one_of(spec.allowed)}")
    return str(value)


def _convert_list(spec: ParameterSpec, value: Value) -> str:
    if not isinstance(value, str):
        raise ParameterError(
            spec.name, f"{spec.name} {value!r} is not a list: separate names by commas in a string"
        )
    members = [member.strip() for member in value.split(",")]
    for member in members:
        if member not in spec.allowed:
            raise ParameterError(
                spec.name,
                f"{spec.name} {value!r} holds {member!r}, which is not one of {', '.join(spec.allowed)}",
            )
    if len(set(members)) < len(members):
        raise ParameterError(spec.name, f"{spec.name} {value!r} names a library twice: name each once")
    return ",".join(members)


def _convert_string(spec: ParameterSpec, value: Value) -> str:
    # PostgreSQL cuts names at 63 bytes.
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= 63:
        raise ParameterError(
            spec.name, f"{spec.name} {value!r} is not a name: give a string of 1 to 63 bytes"
        )
    return value


_EXAMPLES: Mapping[Unit, str] = {
    "8kB": "512MB",
    "kB": "64MB",
    "MB": "4GB",
    "ms": "5s",
    "s": "5min",
    "min": "3d",
}
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([A-Za-z0-9]*)")


def _convert_number(spec: ParameterSpec, value: Value) -> str:
    number = _in_unit_of(spec, value)
    if spec.type == "integer" and number.denominator != 1:
        whole = number.numerator // number.denominator
        raise ParameterError(
            spec.name,
            f"{spec.name} {value!r} is not a whole number{_of_unit(spec)}: give {whole} or {whole + 1}",
        )
    below = spec.minimum is not None and number < spec.minimum
    above = spec.maximum is not None and number > spec.maximum
    if below or above:
        allowed = f"at least {spec.minimum}" if spec.maximum is None else f"{spec.minimum} to {spec.maximum}"
        stands_for = f" (= {_plain(number)}{_unit(spec)})" if isinstance(value, str) and spec.unit else ""
        raise ParameterError(
            spec.name, f"{spec.name} {value!r}{stands_for} is out of range: give {allowed}{_unit(spec)}"
        )
    return _plain(number)


def _in_unit_of(spec: ParameterSpec, value: Value) -> Fraction:
    """The number that `value` stands for in the parameter's own unit."""
    match = _NUMBER.fullmatch(str(value).strip())
    if isinstance(value, float):
        try:
            return Fraction(Decimal(str(value)))
        except (ValueError, OverflowError) as error:
            raise _not_a_number(spec, value) from error
    if match is None or isinstance(value, bool):
        raise _not_a_number(spec, value)
    number, unit = Fraction(match.group(1)), match.group(2)
    if not unit:
        return number
    if spec.unit is None:
        raise ParameterError(
            spec.name, f"{spec.name} {value!r} has a unit and the parameter takes none: drop {unit!r}"
        )
    scale = _BYTES if spec.unit in _BYTES else _MICROSECONDS
    if unit not in scale:
        quantity = "memory" if scale is _BYTES else "time"
        known = ", ".join(each for each in scale if each != "8kB")
        raise ParameterError(
            spec.name,
            f"{spec.name} {value!r} has {unit!r}, which is not a unit of {quantity}: "
            f"use one of {known}, or a bare number{_of_unit(spec)}",
        )
    return number * scale[unit] / scale[spec.unit]


def _not_a_number(spec: ParameterSpec, value: Value) -> ParameterError:
    kind = "a whole number" if spec.type == "integer" else "a number"
    example = f", or a string with a unit such as {_EXAMPLES[spec.unit]!r}" if spec.unit else ""
    return ParameterError(
        spec.name, f"{spec.name} {value!r} is not a number: give {kind}{_of_unit(spec)}{example}"
    )


def _unit(spec: ParameterSpec) -> str:
    """The unit as it follows a number in a sentence."""
    if spec.unit is None:
        return ""
    return " pages of 8 kB" if spec.unit == "8kB" else f" {spec.unit}"


def _of_unit(spec: ParameterSpec) -> str:
    return f" of{_unit(spec)}" if spec.unit else ""


def _plain(number: Fraction) -> str:
    """Decimal digits without exponent or trailing zeros."""
    if number.denominator == 1:
        return str(number.numerator)
    return format(Decimal(number.numerator) / Decimal(number.denominator), "f")


def _one_of(allowed: tuple[str, ...]) -> str:
    return " or ".join(allowed)
