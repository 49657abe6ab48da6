"""The alarms that the two committed stacks declare, judged as CloudWatch judges them.

Proves that each goes off exactly at its boundary and at its length, says what missing data means, tells somebody and links a runbook;
that a fault pages once, and not in a maintenance window; that the dashboard shows every alarm. Proves nothing about AWS: the
evaluator is a model (tests/harness/alarm_evaluator.py), and nothing is sent.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from components.alarms.alarms import Alarms, AlarmsArgs
from components.alarms.rows import Severity
from contract.names import PhysicalNames
from desired.program import declared_by
from desired.recording import record
from infra.config.stack import StackConfig
from tests.harness.alarm_evaluator import MONDAY, MetricAlarm, Point, Simulation, Value
from tests.harness.platform import STACKS, changed, committed, declared, of_type, only
from tests.unit.test_alarm_catalogue import ROWS

METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
TOPIC = "aws:sns/topic:Topic"
LOG_FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"


def alarms(stack: str, *, region: str | None = None) -> dict[str, MetricAlarm]:
    """By the name of their row; of one region, `primary` or `dr`, or of both."""
    return {
        found.name.partition("alarms-")[2]: MetricAlarm(found.inputs)
        for found in of_type(declared(stack), METRIC_ALARM)
        if region in {None, found.provider.split("::")[-2]}
    }


def composites(stack: str) -> dict[str, Mapping[str, Any]]:
    return {
        each.name.partition("alarms-")[2]: each.inputs for each in of_type(declared(stack), COMPOSITE_ALARM)
    }


EVERY = [(stack, name) for stack in STACKS for name in alarms(stack)]
COMPARED = [
    (stack, name)
    for stack, name in EVERY
    if not name.startswith("maintenance-") and not name.endswith("-anomaly")
]


# Boundaries


def reading(alarm: MetricAlarm, value: float) -> Point:
    """What the metrics must be for the alarm to compare `value` with its threshold: every kind of expression has its way."""
    ids, expression = list(alarm.metrics), alarm.expression or ""
    match re.sub(r"[^A-Z/*+-]|(?<=-)\d", "", expression)[:3], ids:
        case "", [only]:
            return {only: value}
        case "MAX", _:
            return {**dict.fromkeys(ids, 0.0), ids[-1]: value}
    if expression.startswith("IF(SUM("):
        limit = float(expression.split("> ")[1].split(",")[0])
        return {**dict.fromkeys(ids, 0.0), "e0": limit + 1, "m0": value}
    if expression.startswith("SUM("):
        return {**dict.fromkeys(ids, 0.0), ids[0]: value}
    if expression.startswith("100 * SUM("):
        return {**dict.fromkeys(ids, 0.0), "h0": value, "e0": 100 - value}
    if expression.startswith("100 * (reads"):
        iops = float(expression.split("/ ")[1])
        return {"reads": value / 100 * iops, "writes": 0.0}
    if expression == "wanted - running":
        return {"wanted": value + 2, "running": 2.0}
    if expression.startswith("FILL("):
        return {**dict.fromkeys(ids, None), ids[0]: value}
    raise NotImplementedError(expression)


def just_wrong(alarm: MetricAlarm) -> float:
    """The nearest value beyond the threshold that the metric can have to the third decimal."""
    step = 0.001 if alarm.inputs["comparisonOperator"] == "GreaterThanThreshold" else -0.001
    return float(alarm.inputs["threshold"]) + step


@pytest.mark.parametrize(("stack", "name"), COMPARED)
def test_an_alarm_goes_off_just_beyond_its_threshold_and_not_at_it(stack: str, name: str) -> None:
    alarm = alarms(stack)[name]
    at, beyond = reading(alarm, alarm.inputs["threshold"]), reading(alarm, just_wrong(alarm))
    assert not alarm.goes_off([at] * alarm.periods)
    assert alarm.goes_off([beyond] * alarm.periods)


@pytest.mark.parametrize(("stack", "name"), COMPARED)
def test_an_alarm_does_not_go_off_one_period_early(stack: str, name: str) -> None:
    alarm = alarms(stack)[name]
    at, beyond = reading(alarm, alarm.inputs["threshold"]), reading(alarm, just_wrong(alarm))
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
    assert found["postgres-iops"].expression == (
        f"100 * (reads + writes) / {3000 if stack == 'dev' else 12000}"
    )


def test_an_idle_primary_is_not_taken_for_a_lagging_replica() -> None:
    """Without writes ReplicaLag climbs until RDS switches WAL, every five minutes."""
    alarm = alarms("prod")["postgres-b-lag"]
    sawtooth: list[Point] = [{"m": float(minute % 5 * 60)} for minute in range(20)]
    assert not any(alarm.goes_off(sawtooth[: end + 1]) for end in range(alarm.periods, 20))


# Who is told


@pytest.mark.parametrize("stack", STACKS)
def test_every_alarm_tells_somebody_when_it_goes_off_and_when_it_is_over(stack: str) -> None:
    topics = {
        f"{topic.provider.split('::')[-2]}:{topic.outputs['arn']}"
        for topic in of_type(declared(stack), TOPIC)
    }
    told = [*of_type(declared(stack), METRIC_ALARM), *of_type(declared(stack), COMPOSITE_ALARM)]
    assert told
    for alarm in told:
        if "-maintenance-" in alarm.name:
            assert not alarm.inputs.get("alarmActions")
            continue
        [arn] = alarm.inputs["okActions"]
        assert alarm.inputs["alarmActions"][0] == arn, alarm.name
        assert f"{alarm.provider.split('::')[-2]}:{arn}" in topics, f"{alarm.name}: a topic of another region"
        assert re.search(r"\. Runbook: docs/runbooks/[a-z-]+\.md$", alarm.inputs["alarmDescription"])


def test_dev_pages_nobody() -> None:
    assert list(declared("dev").outputs["alarm_topic_arns"]) == ["ticket"]
    assert not [topic.name for topic in of_type(declared("dev"), TOPIC) if "page" in topic.name]


def pages(stack: str, region: str) -> set[str]:
    """What wakes somebody, by physical name."""
    prefix = "dr-" if region == "dr" else ""
    told = [*of_type(declared(stack), METRIC_ALARM), *of_type(declared(stack), COMPOSITE_ALARM)]
    return {
        alarm.inputs.get("alarmName") or alarm.inputs["name"]
        for alarm in told
        if any(
            f":{prefix}alarms-{Severity.PAGE}-topic" in arn for arn in alarm.inputs.get("alarmActions") or ()
        )
    }


def test_what_pages_is_few_and_what_it_takes_to_be_woken() -> None:
    assert {name.removeprefix("reptidex-prod-") for name in pages("prod", "home")} == {
        "postgres-down",
        "replication-failing",
        "pool-failing",
        "postgres-free-storage",
        "postgres-b-free-storage",
        "postgres-c-free-storage",
        "postgres-transaction-ids",
        "sessions-memory",
    }
    assert pages("prod", "dr") == {"reptidex-prod-postgres-west-free-storage"}


def test_an_alarm_may_also_call_what_scales_up() -> None:
    """By the name of its row; everything else goes on telling somebody alone."""

    def program() -> Mapping[str, Any]:
        args = AlarmsArgs(
            names=PhysicalNames("prod"),
            rows=ROWS,
            composites=(),
            topic_arns=dict.fromkeys(Severity, "topic"),
            scale_up_arns={"postgres-cpu": "scale-postgres", "cache-memory": "scale-cache"},
        )
        return {"names": list(Alarms("alarms", args).by_name)}

    recording = record(program, "prod")
    actions = {each.name: each.inputs.get("alarmActions") for each in of_type(recording, METRIC_ALARM)}
    calling = {name: found for name, found in actions.items() if found and len(found) > 1}
    assert calling == {
        "alarms-postgres-cpu": ["topic", "scale-postgres"],
        "alarms-cache-memory": ["topic", "scale-cache"],
    }
    assert {"postgres-cpu", "postgres-memory", "postgres-connections", "postgres-iops", "cache-cpu", "cache-memory"} <= {
        each.scales for each in ROWS
    }  # fmt: skip


# Faults

START = MONDAY + timedelta(hours=20)  # in nobody's window


@dataclass(frozen=True)
class Fault:
    """What goes wrong, in the tenth minute."""

    primary_down: bool = False
    pool_stuck: bool = False
    replica_broken: bool = False
    until_minute: int = 10_000

    def world(self, start: datetime) -> Any:
        """Prod with this fault; all else is well, and busy."""

        def report(namespace: str, metric: str, dimensions: Mapping[str, str], moment: datetime) -> Value:
            wrong_for = (moment - start) / timedelta(minutes=1) - 10
            is_wrong = 0 <= wrong_for < self.until_minute - 10
            name = dimensions.get("DBInstanceIdentifier", "")
            if namespace == "AWS/RDS" and is_wrong and self.primary_down:
                if name == "reptidex-prod-postgres":
                    return None
                if metric == "ReplicaLag":
                    return wrong_for * 60 if wrong_for < 15 else -1.0
            if namespace == "AWS/RDS" and metric == "ReplicaLag" and is_wrong and self.replica_broken:
                return -1.0 if name.endswith("-b") else 1.0
            if namespace == "ReptiDex/PgBouncer" and is_wrong and (self.primary_down or self.pool_stuck):
                return {
                    "MaxWaitSeconds": min(wrong_for * 60 + 30, 150.0),
                    "ClientsWaiting": 400.0,
                    "Errors": 60.0 if self.primary_down else 0.0,
                }.get(metric, 1.0)
            return WELL.get(metric, 0.0)

        return report


# What an ordinary minute looks like, where it is not nothing.
WELL: Mapping[str, float] = {
    "FreeableMemory": 1e12,
    "FreeStorageSpace": 1e15,
    "DatabaseConnections": 100.0,
    "HealthyHostCount": 2.0,
    "DesiredTaskCount": 2.0,
    "RunningTaskCount": 2.0,
    "ClientsActive": 1.0,
    "CacheHits": 1000.0,
    "NumberOfBackupJobsCompleted": 1.0,
    "ReplicaLag": 1.0,
}


@functools.cache
def simulated(fault: Fault, start: datetime, minutes: int, region: str = "primary") -> Simulation:
    """Prod's alarms, of one region, through a fault."""
    simulation = Simulation(
        metric_alarms=list(alarms("prod", region=region).values()),
        composites=list(composites("prod").values()) if region == "primary" else [],
        world=fault.world(start),
        start=start,
    )
    simulation.run(minutes)
    return simulation


def paged(simulation: Simulation, region: str = "home") -> list[str]:
    return [
        name.removeprefix("reptidex-prod-") for _, name in simulation.fired if name in pages("prod", region)
    ]


def test_a_platform_that_is_well_goes_off_nowhere() -> None:
    assert simulated(Fault(), START, 60).went_off == set()


def test_a_primary_that_is_down_fires_one_page_not_nine() -> None:
    simulation = simulated(Fault(primary_down=True), START, 60)
    assert paged(simulation) == ["postgres-down"]
    assert len(simulation.went_off) > 9, "and everything behind it went off too"
    assert {"reptidex-prod-pool-failing", "reptidex-prod-replication-failing"} <= simulation.went_off


def test_a_primary_that_is_down_pages_within_five_minutes() -> None:
    simulation = simulated(Fault(primary_down=True), START, 60)
    [minute] = [minute for minute, name in simulation.fired if name == "reptidex-prod-postgres-down"]
    assert minute - 10 <= 5


def test_a_primary_that_is_down_pages_nobody_in_the_dr_region() -> None:
    simulation = simulated(Fault(primary_down=True), START, 60, region="dr")
    assert simulation.went_off
    assert paged(simulation, "dr") == []


def test_a_pool_that_is_stuck_pages_for_itself() -> None:
    assert paged(simulated(Fault(pool_stuck=True), START, 60)) == ["pool-failing"]


def test_a_broken_replica_pages_for_itself() -> None:
    assert paged(simulated(Fault(replica_broken=True), START, 60)) == ["replication-failing"]


# Prod's windows, 05:00-06:00 in New York's standard time: the primary's on Sunday, those of b and c on Monday and Tuesday.
PRIMARY_WINDOW = MONDAY + timedelta(days=6, hours=10)


def test_a_restart_in_the_maintenance_window_pages_nobody() -> None:
    simulation = simulated(Fault(primary_down=True, until_minute=30), PRIMARY_WINDOW, 120)
    assert "reptidex-prod-postgres-down" in simulation.went_off
    assert paged(simulation) == []


def test_what_is_still_down_after_the_window_pages() -> None:
    simulation = simulated(Fault(primary_down=True), PRIMARY_WINDOW, 120)
    assert paged(simulation) == ["postgres-down"]
    [minute] = [minute for minute, name in simulation.fired if name == "reptidex-prod-postgres-down"]
    assert 60 <= minute <= 70


def test_a_replicas_window_excuses_replicas_and_not_the_primary() -> None:
    monday = MONDAY + timedelta(hours=10)
    assert paged(simulated(Fault(replica_broken=True, until_minute=40), monday, 120)) == []
    assert paged(simulated(Fault(primary_down=True), monday, 50)) == ["postgres-down"]


def test_a_promoted_replica_is_watched_as_the_primary_that_it_is() -> None:
    values = committed("prod")
    values["dr"] = {"role": "primary", "replica": "west", "backup_retention_days": 30}
    recording = declared_by(StackConfig.parse("prod", values))
    names = {each.name for each in of_type(recording, METRIC_ALARM)}
    assert {"dr-alarms-postgres-west-silent", "dr-alarms-postgres-west-transaction-ids"} <= names
    assert "dr-alarms-postgres-west-lag" not in names
    down = only(recording, "dr-alarms-postgres-west-down", COMPOSITE_ALARM)
    assert down.inputs["alarmRule"] == '((ALARM("reptidex-prod-postgres-west-silent")))'


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


@pytest.mark.parametrize("stack", STACKS)
def test_what_only_the_log_tells_is_counted_there(stack: str) -> None:
    filters = {each.name: each.inputs for each in of_type(declared(stack), LOG_FILTER)}
    for what, metric in (("deadlocks", "Deadlocks"), ("long-transactions", "LongTransactions"), ("slow-statements", "SlowStatements")):  # fmt: skip
        counted = filters[f"alarms-postgres-{what}-filter"]
        read = alarms(stack)[f"postgres-{what}"].metrics["m"]
        made = counted["metricTransformation"]
        assert (read["namespace"], read["metricName"]) == (made["namespace"], made["name"])
        assert made["name"] == metric
        assert counted["logGroupName"] == f"/aws/rds/instance/reptidex-{stack}-postgres/postgresql"


# The dashboard


@pytest.mark.parametrize("stack", STACKS)
def test_every_alarm_is_on_the_dashboard(stack: str) -> None:
    [dashboard] = of_type(declared(stack), DASHBOARD)
    body = json.loads(dashboard.inputs["dashboardBody"])
    shown = {arn for widget in body["widgets"] for arn in widget["properties"].get("alarms", [])}
    graphs = {
        arn
        for widget in body["widgets"]
        for arn in widget["properties"].get("annotations", {}).get("alarms", [])
    }
    account = committed(stack)["account_id"]
    regions = {"primary": "us-east-1", "dr": "us-west-2"}
    wanted = {
        f"arn:aws:cloudwatch:{regions[each.provider.split('::')[-2]]}:{account}:alarm:"
        + (each.inputs.get("alarmName") or each.inputs["name"])
        for each in (*of_type(declared(stack), METRIC_ALARM), *of_type(declared(stack), COMPOSITE_ALARM))
    }
    assert shown == wanted
    composite_names = {each["alarmName"] for each in composites(stack).values()}
    assert graphs == {arn for arn in wanted if arn.rpartition(":")[2] not in composite_names}


@pytest.mark.parametrize("stack", STACKS)
def test_no_widget_covers_another(stack: str) -> None:
    [dashboard] = of_type(declared(stack), DASHBOARD)
    taken: set[tuple[int, int]] = set()
    for widget in json.loads(dashboard.inputs["dashboardBody"])["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert widget["x"] + widget["width"] <= 24
        taken |= cells


def test_a_stack_may_set_the_figures_that_depend_on_its_load() -> None:
    config = changed("prod", "alarms.thresholds", {"cache_hit_rate_percent": 60, "pool_max_wait_seconds": 20})
    found = {each.name: each.inputs for each in of_type(declared_by(config), METRIC_ALARM)}
    assert found["alarms-cache-hit-rate"]["threshold"] == 60
    assert found["alarms-pool-reptidex-max-wait"]["threshold"] == 20
