"""The alarms that the two committed stacks declare, judged as CloudWatch judges them.

Proves that each goes off exactly at its boundary and at its length, and says what missing data means. Their actions,
faults and dashboard have tests of their own (test_alarm_*.py). Proves nothing about AWS: the evaluator is a model
(tests/harness/alarm_evaluator.py), and nothing is sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import pytest

from desired.program import declared_by
from infra.config.stack import StackConfig
from tests.harness.alarm_evaluator import MetricAlarm, Point, Value
from tests.harness.declared_alarms import METRIC_ALARM, alarms
from tests.harness.platform import STACKS, changed, committed, declared, of_type

LOG_FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"

EVERY = [(stack, name) for stack in STACKS for name in alarms(stack)]
COMPARED = [
    (stack, name)
    for stack, name in EVERY
    if not name.startswith("maintenance-") and not name.endswith("-anomaly")
]


# Boundaries


# The IOPS and the evictions a minute with which the stack files' alarms calculate. An oracle of the test, so literals.
IOPS = {"dev": 3000, "prod": 12_000}
EVICTIONS_PER_MINUTE = 1000
# The metrics from which an alarm on metric math computes a value, by the stack, the ids of its metrics and the value.
Sample = Callable[[str, Sequence[str], float], Point]


def of_iops(stack: str, _ids: Sequence[str], percent: float) -> Point:
    return {"reads": percent / 100 * IOPS[stack], "writes": 0.0}


def of_worst_node(_stack: str, ids: Sequence[str], value: float) -> Point:
    """The last node has the value, so that an expression that leaves it out shows."""
    return {**dict.fromkeys(ids, 0.0), ids[-1]: value}


def of_memory_of_a_cache(_stack: str, ids: Sequence[str], percent: float) -> Point:
    return {**dict.fromkeys(ids, 0.0), "m0": percent, "e0": EVICTIONS_PER_MINUTE + 1.0}


def of_evictions(_stack: str, ids: Sequence[str], count: float) -> Point:
    return {**dict.fromkeys(ids, 0.0), "e0": count}


def of_hit_rate(_stack: str, ids: Sequence[str], percent: float) -> Point:
    return {**dict.fromkeys(ids, 0.0), "h0": percent, "e0": 100 - percent}


def of_tasks(_stack: str, _ids: Sequence[str], missing: float) -> Point:
    return {"wanted": missing + 2, "running": 2.0}


def of_failed_jobs(_stack: str, ids: Sequence[str], count: float) -> Point:
    """AWS Backup publishes no zero."""
    return {**dict.fromkeys(ids, None), "failed": count}


SAMPLES: Mapping[str, Sample] = {
    "postgres-iops": of_iops,
    "postgres-b-iops": of_iops,
    "postgres-c-iops": of_iops,
    "postgres-west-iops": of_iops,
    "pool-tasks": of_tasks,
    "cache-cpu": of_worst_node,
    "cache-memory": of_memory_of_a_cache,
    "cache-evictions": of_evictions,
    "cache-hit-rate": of_hit_rate,
    "cache-replication-lag": of_worst_node,
    "cache-swap": of_worst_node,
    "sessions-cpu": of_worst_node,
    "sessions-memory": of_worst_node,
    "sessions-replication-lag": of_worst_node,
    "sessions-swap": of_worst_node,
    "backup-failed": of_failed_jobs,
    "restore-test-failed": of_failed_jobs,
    "copy-failed": of_failed_jobs,
}


def reading(stack: str, name: str, value: float) -> Point:
    """The metrics of one period in which alarm `name` compares `value` with its threshold."""
    alarm = alarms(stack)[name]
    if alarm.expression is None:
        return {"m": value}
    return SAMPLES[name](stack, list(alarm.metrics), value)


def just_wrong(alarm: MetricAlarm) -> float:
    """The nearest value beyond the threshold that the metric can have to the third decimal."""
    step = 0.001 if alarm.inputs["comparisonOperator"] == "GreaterThanThreshold" else -0.001
    return float(alarm.inputs["threshold"]) + step


@pytest.mark.parametrize(("stack", "name"), COMPARED)
def test_an_alarm_goes_off_just_beyond_its_threshold_and_not_at_it(stack: str, name: str) -> None:
    alarm = alarms(stack)[name]
    at, beyond = reading(stack, name, alarm.inputs["threshold"]), reading(stack, name, just_wrong(alarm))
    assert not alarm.goes_off([at] * alarm.periods)
    assert alarm.goes_off([beyond] * alarm.periods)


@pytest.mark.parametrize(("stack", "name"), COMPARED)
def test_an_alarm_does_not_go_off_one_period_early(stack: str, name: str) -> None:
    alarm = alarms(stack)[name]
    at, beyond = reading(stack, name, alarm.inputs["threshold"]), reading(stack, name, just_wrong(alarm))
    for well in {0, alarm.periods - 1, alarm.periods // 2}:
        points = [beyond] * alarm.periods
        points[well] = at
        assert not alarm.goes_off(points)


# Whatever reports as long as it lives, or as long as a job does its work.
REPORTS_BY_ITSELF = re.compile(r"-silent$|-replication-broken$|^pool-no-target$|^backup-missing$|-old$")


@pytest.mark.parametrize(("stack", "name"), EVERY)
def test_missing_data_is_wrong_only_for_what_always_reports(stack: str, name: str) -> None:
    alarm = alarms(stack)[name]
    nothing = {**dict.fromkeys(alarm.metrics), "lower": None, "upper": None}
    assert alarm.goes_off([nothing] * alarm.periods) is bool(REPORTS_BY_ITSELF.search(name))


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("what", ["size", "duration"])
def test_a_backup_is_odd_outside_the_band_of_those_before_it(stack: str, what: str) -> None:
    alarm = alarms(stack)[f"backup-{what}-anomaly"]
    band: dict[str, Value] = {"lower": 90.0, "upper": 110.0}
    assert [alarm.goes_off([{"m": value, **band}]) for value in (89.9, 90.0, 110.0, 110.1)] == [
        True, False, False, True,
    ]  # fmt: skip
    assert not alarm.goes_off([{"m": 1.0, "lower": None, "upper": None}]), "no band is known yet"


GIB = 2**30
# The requirement's own figures, and what they come to: metric, threshold, minutes, unit of the threshold.
EXACT: Mapping[str, Mapping[str, tuple[float, int]]] = {
    "dev": {
        "postgres-cpu": (80, 10),
        "postgres-memory": (4 * GIB * 15 // 100, 5),
        "postgres-connections": (316, 5),
        "postgres-iops": (70, 5),
        "cache-cpu": (45, 5),
        "cache-memory": (85, 5),
    },
    "prod": {
        "postgres-cpu": (80, 10),
        "postgres-memory": (32 * GIB * 15 // 100, 5),
        "postgres-connections": (2688, 5),
        "postgres-iops": (70, 5),
        "postgres-b-lag": (5, 6),
        "postgres-c-lag": (5, 6),
        "postgres-west-lag": (5, 6),
        "postgres-b-replication-broken": (0, 3),
        "cache-cpu": (45, 5),
        "cache-memory": (85, 5),
        "sessions-memory": (85, 5),
    },
}


@pytest.mark.parametrize("stack", STACKS)
def test_the_requirements_figures_are_the_thresholds(stack: str) -> None:
    found = alarms(stack)
    for name, (threshold, minutes) in EXACT[stack].items():
        alarm = found[name]
        assert alarm.inputs["threshold"] == threshold, name
        assert alarm.periods * alarm.period_seconds == minutes * 60, name
        assert alarm.inputs["datapointsToAlarm"] == alarm.periods, name
    assert found["postgres-iops"].expression == (f"100 * (reads + writes) / {IOPS[stack]}")


def test_an_idle_primary_is_not_taken_for_a_lagging_replica() -> None:
    """Without writes ReplicaLag climbs until RDS switches WAL, every five minutes."""
    alarm = alarms("prod")["postgres-b-lag"]
    sawtooth: list[Point] = [{"m": float(minute % 5 * 60)} for minute in range(20)]
    assert not any(alarm.goes_off(sawtooth[: end + 1]) for end in range(alarm.periods, 20))


# What jobs report


def test_what_no_job_reports_yet_has_no_alarm_that_would_never_end() -> None:
    for stack in STACKS:
        assert not [name for name in alarms(stack) if name.endswith(("-old", "-dead-letters"))]


def test_what_a_job_reports_is_watched_once_the_stack_says_so() -> None:
    values = committed("prod")
    values["alarms"]["published_ages"] = ["replicated-backup", "restore-test", "export"]
    values["alarms"]["dead_letter_queues"] = ["exports"]
    recording = declared_by(StackConfig.parse("prod", values))
    found = {each.name: MetricAlarm(each.inputs) for each in of_type(recording, METRIC_ALARM)}
    assert found["alarms-exports-dead-letters"].goes_off([{"m": 1.0}])
    for what, hours in (("replicated-backup", 1), ("restore-test", 8 * 24), ("export", 30)):
        alarm = found[f"alarms-{what}-old"]
        assert not alarm.goes_off([{"m": hours * 3600.0}] * 2)
        assert alarm.goes_off([{"m": hours * 3600.0 + 1}] * 2)
        assert alarm.goes_off([{"m": None}] * 2), "a job that stopped reporting"


LOG_METRICS = {
    "deadlocks": "Deadlocks",
    "long-transactions": "LongTransactions",
    "slow-statements": "SlowStatements",
}


@pytest.mark.parametrize("stack", STACKS)
def test_what_only_the_log_tells_is_counted_there(stack: str) -> None:
    filters = {each.name: each.inputs for each in of_type(declared(stack), LOG_FILTER)}
    for what, metric in LOG_METRICS.items():
        counted = filters[f"alarms-postgres-{what}-filter"]
        read = alarms(stack)[f"postgres-{what}"].metrics["m"]
        made = counted["metricTransformation"]
        assert (read["namespace"], read["metricName"]) == (made["namespace"], made["name"])
        assert made["name"] == metric
        assert counted["logGroupName"] == f"/aws/rds/instance/reptidex-{stack}-postgres/postgresql"


def test_a_stack_may_set_the_figures_that_depend_on_its_load() -> None:
    config = changed("prod", "alarms.thresholds", {"cache_hit_rate_percent": 60, "pool_max_wait_seconds": 20})
    found = {each.name: each.inputs for each in of_type(declared_by(config), METRIC_ALARM)}
    assert found["alarms-cache-hit-rate"]["threshold"] == 60
    assert found["alarms-pool-reptidex-max-wait"]["threshold"] == 20
