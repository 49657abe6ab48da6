"""Faults in production, simulated minute by minute against its declared alarms.

Proves that a fault pages once, and not in a maintenance window. Proves nothing about AWS: the evaluator is a model
(tests/harness/alarm_evaluator.py), and nothing is sent.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contract.metrics import POOL_NAMESPACE, PoolMetric
from desired.program import declared_by
from infra.config.stack import StackConfig
from tests.harness.alarm_evaluator import MONDAY, Simulation, Value
from tests.harness.declared_alarms import COMPOSITE_ALARM, METRIC_ALARM, alarms, composites, pages
from tests.harness.platform import committed, of_type, only

START = MONDAY + timedelta(hours=20)  # in nobody's window


@dataclass(frozen=True)
class Fault:
    """A fault that begins in the tenth minute."""

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
            if namespace == POOL_NAMESPACE and is_wrong and (self.primary_down or self.pool_stuck):
                return {
                    PoolMetric.MAX_WAIT_SECONDS: min(wrong_for * 60 + 30, 150.0),
                    PoolMetric.CLIENTS_WAITING: 400.0,
                    PoolMetric.ERRORS: 60.0 if self.primary_down else 0.0,
                }.get(PoolMetric(metric), 1.0)
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
    PoolMetric.CLIENTS_ACTIVE: 1.0,
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


def paged(simulation: Simulation, region: str = "primary") -> list[str]:
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


# Prod's windows, 05:00-06:00 in New York's standard time: the primary's on Sunday, those of b and c on Monday and
# Tuesday.
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
