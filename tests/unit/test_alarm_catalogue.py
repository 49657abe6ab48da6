"""The catalogue's arithmetic, and its names against what AWS documents.

Proves that every metric, dimension and runbook that a row names exists, that thresholds follow from the facts they
are computed from, that CloudWatch takes every row's length, and that a maintenance row is in alarm in exactly the
minutes of its windows. Proves nothing about what is declared with it: tests/stack/test_alarms.py does.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.alarms.catalogue.backups import MAXIMUM_AGE_HOURS, BackupSubject, backup_rows
from components.alarms.catalogue.faults import down, pool_failing, replication_failing
from components.alarms.catalogue.functions import dead_letter_row, rotation_row
from components.alarms.catalogue.maintenance import maintenance_row
from components.alarms.catalogue.pool import PoolSubject, balancer_metric, pool_rows
from components.alarms.catalogue.postgres import LONG_TRANSACTIONS, DatabaseSubject, postgres_rows
from components.alarms.catalogue.stores import StoreSubject, nodes, store_rows
from components.alarms.rows import MAXIMUM_METRICS, Composite, Evaluation, Metric, Missing, Row, Severity
from components.cache.sizing import NODE_TYPES
from components.pgbouncer.image import metrics as reporter
from components.postgres.sizing import DB_INSTANCE_CLASSES
from components.windows import MINUTES_PER_WEEK, WeeklyWindow
from contract.alarms import numbered, unnumbered
from contract.metrics import (
    AGE_METRICS,
    BACKUP_JOB_NAMESPACE,
    POOL_DIMENSION,
    POOL_NAMESPACE,
    POSTGRES_LOG_NAMESPACE,
    BackupJobMetric,
    PoolMetric,
    PostgresLogMetric,
    PublishedAge,
)
from contract.scale_up import TargetName
from tests.harness.alarm_evaluator import MONDAY, calculate
from tests.harness.platform import ROOT

DOCUMENTED: Mapping[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "documented_metrics.yaml").read_text()
)

PRIMARY = DatabaseSubject(
    name="postgres",
    identifier="reptidex-prod-postgres",
    takes_writes=True,
    feeds_replicas=True,
    scales_up=True,
    memory_bytes=32 * 2**30,
    max_connections=3000,
    iops=12_000,
    allocated_storage_gib=400,
    max_wal_size_mib=4096,
    max_slot_wal_keep_size_mib=81_920,
    log_group_name="/aws/rds/instance/reptidex-prod-postgres/postgresql",
)
REPLICA = replace(
    PRIMARY,
    name="postgres-b",
    identifier="reptidex-prod-postgres-b",
    takes_writes=False,
    feeds_replicas=False,
    scales_up=False,
)
POOL = PoolSubject(
    cluster_name="reptidex-prod-pooler",
    service_name="pooler-service",
    balancer="net/pooler/0a",
    target_group="targetgroup/pooler/0b",
    databases=("reptidex", "reptidex_ro"),
    max_wait_seconds=30,
)
CACHE = StoreSubject(
    name="cache",
    identifier="reptidex-prod-cache",
    service="elasticache",
    cluster_mode=True,
    shards=2,
    replicas_per_shard=1,
    vcpu=2,
    evicts=True,
    scales_up=True,
    evictions_per_minute=1000,
    hit_rate_percent=80,
)
SESSIONS = replace(
    CACHE,
    name="sessions",
    identifier="reptidex-prod-sessions",
    service="memorydb",
    evicts=False,
    scales_up=False,
)
BACKUPS = BackupSubject(
    stack="prod", vault_name="vault", has_copies=True, published_ages=tuple(MAXIMUM_AGE_HOURS)
)
CLOCK = balancer_metric(POOL, "HealthyHostCount", "Maximum", "clock")
WINDOW = WeeklyWindow.parse("sun:10:00-sun:11:00")
# Every row that there can be, whether the committed stacks have it or not.
ROWS: tuple[Row, ...] = (
    *postgres_rows(PRIMARY),
    *postgres_rows(REPLICA),
    *pool_rows(POOL),
    *store_rows(CACHE),
    *store_rows(SESSIONS),
    *backup_rows(BACKUPS),
    rotation_row("reptidex-prod-pooler-rotation"),
    dead_letter_row("exports"),
    maintenance_row("maintenance-postgres", [WINDOW], CLOCK),
)
COMPOSITES: tuple[Composite, ...] = (
    down(PRIMARY, pool=POOL, maintenance="maintenance-postgres"),
    replication_failing([REPLICA], cause="postgres-down", maintenance="maintenance-postgres"),
    pool_failing(POOL, cause="postgres-down"),
)


def row(name: str, rows: tuple[Row, ...] = ROWS) -> Row:
    [found] = [each for each in rows if each.name == name]
    return found


def metrics() -> list[tuple[str, Metric]]:
    return [(each.name, metric) for each in ROWS for metric in each.metrics]


@pytest.mark.parametrize(
    ("of", "metric"), metrics(), ids=lambda value: value if isinstance(value, str) else value.id
)
def test_every_metric_is_on_its_namespaces_page(of: str, metric: Metric) -> None:
    namespace = metric.namespace.removesuffix(f"/{PRIMARY.identifier}")
    page = DOCUMENTED[namespace]
    assert metric.name in page["metrics"], f"{of}: {namespace} has no {metric.name} ({page['source']})"
    assert set(metric.dimensions) <= set(page["dimensions"]), of


def test_the_pools_metrics_are_those_that_its_reporter_sends() -> None:
    assert {*reporter.UNITS, "Errors"} == set(DOCUMENTED[POOL_NAMESPACE]["metrics"])


@pytest.mark.parametrize(
    ("namespace", "names"),
    [
        (POOL_NAMESPACE, PoolMetric),
        (POSTGRES_LOG_NAMESPACE, PostgresLogMetric),
        (BACKUP_JOB_NAMESPACE, BackupJobMetric),
    ],
)
def test_every_metric_of_ours_is_documented(namespace: str, names: type[StrEnum]) -> None:
    assert sorted(names) == sorted(DOCUMENTED[namespace]["metrics"])


def test_the_reporter_in_the_image_has_the_names_of_the_contract() -> None:
    """The image holds the script alone, so the script repeats the names."""
    assert [*reporter.UNITS, PoolMetric.ERRORS] == list(PoolMetric)
    line = json.loads(reporter.embedded(POOL_NAMESPACE, "reptidex", dict.fromkeys(reporter.UNITS, 0), 0))
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [[POOL_DIMENSION]]


def test_every_age_that_a_job_may_publish_has_a_metric_and_a_limit() -> None:
    assert set(AGE_METRICS) == set(MAXIMUM_AGE_HOURS) == set(PublishedAge)


@pytest.mark.parametrize("alarm", [*ROWS, *COMPOSITES], ids=lambda alarm: alarm.name)
def test_every_alarm_has_its_runbook_which_says_what_a_runbook_must(alarm: Row | Composite) -> None:
    text = (ROOT / alarm.runbook).read_text()
    for heading in (
        "intent",
        "type",
        "risk",
        "requirements",
        "permissions required",
        "supports rollback",
        "inputs",
        "outputs",
    ):
        assert re.search(rf"^\| {heading} \| \S", text, re.MULTILINE), (
            f"{alarm.runbook} does not say its {heading}"
        )


@pytest.mark.parametrize("alarm", ROWS, ids=lambda alarm: alarm.name)
def test_cloudwatch_takes_every_row(alarm: Row) -> None:
    """An alarm looks back a day, or with periods of an hour or more a week (PutMetricAlarm, EvaluationPeriods)."""
    seconds = alarm.evaluation.period_seconds * alarm.evaluation.evaluation_periods
    assert seconds <= (7 * 86_400 if alarm.evaluation.period_seconds >= 3600 else 86_400)
    assert len(alarm.metrics) <= MAXIMUM_METRICS
    assert (alarm.expression is None) == (len(alarm.metrics) == 1 and not alarm.expression)
    assert len({metric.id for metric in alarm.metrics}) == len(alarm.metrics)
    for metric in alarm.metrics:
        assert re.fullmatch("[a-z][a-zA-Z0-9_]*", metric.id), "MetricDataQuery, Id"


def test_names_are_one_space() -> None:
    names = [row.name for row in ROWS] + [composite.name for composite in COMPOSITES]
    assert len(set(names)) == len(names)


def test_a_row_that_nobody_could_evaluate_is_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2 datapoints can never be"):
        Evaluation(period_seconds=60, evaluation_periods=2, datapoints_to_alarm=3)
    good = row("postgres-cpu")
    with pytest.raises(ValueError, match="11 metrics are too many; an alarm reads 10"):
        replace(good, metrics=good.metrics * 11)


@given(st.sampled_from(list(DB_INSTANCE_CLASSES.values())))
def test_memory_is_alarmed_by_what_is_free_of_the_classes_ram(instance_class: Any) -> None:
    database = replace(PRIMARY, memory_bytes=instance_class.memory_bytes)
    threshold = row("postgres-memory", postgres_rows(database)).threshold
    assert threshold == instance_class.memory_gib * 2**30 * 15 // 100
    assert threshold < instance_class.usable_memory_bytes


@given(st.integers(1, 5000), st.integers(3000, 64_000))
def test_connections_and_iops_are_shares_of_what_there_is(connections: int, iops: int) -> None:
    rows = postgres_rows(replace(PRIMARY, max_connections=connections, iops=iops))
    assert row("postgres-connections", rows).threshold == connections * 80 // 100
    alarm = row("postgres-iops", rows)
    assert alarm.expression is not None
    value = calculate(alarm.expression, {"reads": iops / 2, "writes": iops / 4})
    assert value == pytest.approx(75)
    assert alarm.threshold == 70


@given(st.sampled_from(list(NODE_TYPES.values())))
def test_a_nodes_cpu_is_its_engines_where_that_is_measured(node: Any) -> None:
    alarm = row("cache-cpu", store_rows(replace(CACHE, vcpu=node.vcpu)))
    measured = {metric.name for metric in alarm.metrics}
    if node.vcpu >= 4:
        assert (measured, alarm.threshold) == ({"EngineCPUUtilization"}, 90)
    else:
        assert (measured, alarm.threshold) == ({"CPUUtilization"}, 45)


@given(st.integers(1, 8), st.integers(0, 5), st.booleans())
def test_every_declared_node_is_watched_by_every_alarm_of_its_store(
    shards: int, replicas: int, evicts: bool
) -> None:
    store = replace(CACHE, shards=shards, replicas_per_shard=replicas, evicts=evicts)
    declared = set(nodes(store))
    assert len(declared) == shards * (replicas + 1)
    watched: dict[str, set[Any]] = {}
    for each in store_rows(store):
        role = re.sub(r"-\d+$", "", each.name)
        watched.setdefault(role, set()).update(metric.dimensions["CacheClusterId"] for metric in each.metrics)
    assert set(watched) >= {"cache-cpu", "cache-memory"}
    assert set(map(frozenset, watched.values())) == {frozenset(declared)}


def test_every_store_alarm_beyond_the_first_of_its_name_has_a_number() -> None:
    names = [each.name for each in store_rows(replace(CACHE, shards=6)) if "cpu" in each.name]
    assert names == ["cache-cpu", "cache-cpu-2", "cache-cpu-3"]
    assert {unnumbered(name) for name in names} == {"cache-cpu"}


@given(st.sampled_from(["cache-cpu", "reptidex-prod-cache-memory"]), st.integers(1, 10_000))
def test_unnumbered_is_the_inverse_of_numbered(name: str, number: int) -> None:
    assert unnumbered(numbered(name, number)) == name


def test_load_rows_of_what_scales_up_name_its_target_and_no_other_rows_do() -> None:
    assert {each.name: each.scales for each in ROWS if each.scales is not None} == {
        "postgres-cpu": TargetName.POSTGRES_CLASS,
        "postgres-memory": TargetName.POSTGRES_CLASS,
        "postgres-connections": TargetName.POSTGRES_CLASS,
        "postgres-iops": TargetName.POSTGRES_STORAGE,
        "cache-cpu": TargetName.CACHE_NODE,
        "cache-memory": TargetName.CACHE_NODE,
    }


def test_nodes_are_named_as_aws_names_them() -> None:
    assert nodes(CACHE) == tuple(
        f"reptidex-prod-cache-{node}" for node in ("0001-001", "0001-002", "0002-001", "0002-002")
    )
    assert nodes(replace(CACHE, cluster_mode=False)) == (
        "reptidex-prod-cache-001",
        "reptidex-prod-cache-002",
    )


def test_only_a_store_that_may_not_forget_pages_when_it_is_full() -> None:
    assert row("cache-memory").severity is Severity.TICKET
    assert row("sessions-memory").severity is Severity.PAGE
    assert not [each.name for each in store_rows(SESSIONS) if "evictions" in each.name]


def test_a_slot_is_noticed_before_postgresql_gives_it_up_and_before_the_disk_is_full() -> None:
    slot, disk = row("postgres-slot-lag").threshold, row("postgres-wal-disk").threshold
    assert slot is not None
    assert disk is not None
    assert 0 < slot < 81_920 * 2**20
    assert disk > slot
    assert disk < 400 * 2**30 // 4
    assert not [each for each in postgres_rows(REPLICA) if "slot" in each.name]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("LOG:  duration: 299999.999 ms  statement: SELECT 1", False),
        ("LOG:  duration: 300000.000 ms  statement: SELECT 1", True),
        ("LOG:  duration: 1000000.000 ms  statement: SELECT 1", True),
        ("LOG:  duration: 99999.000 ms  statement: SELECT 1", False),
        ("FATAL:  terminating connection due to idle-in-transaction timeout", True),
        ("FATAL:  terminating connection due to idle-session timeout", False),
    ],
)
def test_a_transaction_is_long_from_five_minutes_on_or_when_it_sat_idle(line: str, counts: bool) -> None:
    pattern = LONG_TRANSACTIONS
    assert "(" not in pattern, "CloudWatch Logs' expressions have no groups"
    assert bool(re.search(pattern.strip("%"), line)) is counts


@given(
    st.integers(0, MINUTES_PER_WEEK - 1), st.integers(30, 24 * 60 - 1), st.integers(0, MINUTES_PER_WEEK - 1)
)
def test_a_maintenance_row_is_in_alarm_in_the_minutes_of_its_windows_alone(
    start: int, length: int, minute: int
) -> None:
    alarm = maintenance_row("maintenance", [WeeklyWindow(start, length), WINDOW], CLOCK)
    assert alarm.expression is not None
    found = calculate(alarm.expression, {"clock": 1.0}, MONDAY + timedelta(minutes=minute))
    inside = any(
        (minute - window.start_minute) % MINUTES_PER_WEEK < window.length_minutes
        for window in (WeeklyWindow(start, length), WINDOW)
    )
    assert found == int(inside)
    assert alarm.severity is None


def test_without_its_clock_no_window_is_open() -> None:
    alarm = row("maintenance-postgres")
    assert alarm.expression is not None
    assert calculate(alarm.expression, {"clock": None}) is None
    assert alarm.missing is Missing.NOT_BREACHING
