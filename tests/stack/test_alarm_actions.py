"""The actions of the alarms that the two committed stacks declare.

Proves that each notifies a topic of its region and links a runbook, and which alarms page or invoke the scale-up
function. Does not prove that AWS delivers anything.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from components.alarms.alarms import AlarmsArgs, RegionAlarms
from components.alarms.rows import Severity
from contract.names import PhysicalNames
from contract.scale_up import TargetName
from desired.recording import record
from tests.harness.declared_alarms import METRIC_ALARM, both_kinds, pages, region_of
from tests.harness.platform import STACKS, declared, of_type
from tests.unit.test_alarm_catalogue import ROWS

TOPIC = "aws:sns/topic:Topic"


@pytest.mark.parametrize("stack", STACKS)
def test_every_alarm_tells_somebody_when_it_goes_off_and_when_it_is_over(stack: str) -> None:
    topics = {f"{region_of(topic)}:{topic.outputs['arn']}" for topic in of_type(declared(stack), TOPIC)}
    told = both_kinds(stack)
    assert told
    for alarm in told:
        if "-maintenance-" in alarm.name:
            assert not alarm.inputs.get("alarmActions")
            continue
        [arn] = alarm.inputs["okActions"]
        assert alarm.inputs["alarmActions"][0] == arn, alarm.name
        assert f"{region_of(alarm)}:{arn}" in topics, f"{alarm.name}: a topic of another region"
        assert re.search(r"\. Runbook: docs/runbooks/[a-z-]+\.md$", alarm.inputs["alarmDescription"])


def test_dev_pages_nobody() -> None:
    assert list(declared("dev").outputs["alarm_topic_arns"]) == ["ticket"]
    assert not [topic.name for topic in of_type(declared("dev"), TOPIC) if "page" in topic.name]


def test_what_pages_is_few_and_what_it_takes_to_be_woken() -> None:
    assert {name.removeprefix("reptidex-prod-") for name in pages("prod", "primary")} == {
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
    """By the target of its row. All other alarms notify the topic alone."""

    def program() -> Mapping[str, Any]:
        args = AlarmsArgs(
            names=PhysicalNames("prod"),
            rows=ROWS,
            composites=(),
            topic_arns=dict.fromkeys(Severity, "topic"),
            scale_up_arns={
                TargetName.POSTGRES_STORAGE: "scale-postgres",
                TargetName.CACHE_NODE: "scale-cache",
            },
        )
        return {"names": list(RegionAlarms("alarms", args).by_name)}

    recording = record(program, "prod")
    actions = {each.name: each.inputs.get("alarmActions") for each in of_type(recording, METRIC_ALARM)}
    calling = {name: found for name, found in actions.items() if found and len(found) > 1}
    assert calling == {
        "alarms-postgres-iops": ["topic", "scale-postgres"],
        "alarms-cache-cpu": ["topic", "scale-cache"],
        "alarms-cache-memory": ["topic", "scale-cache"],
    }
    assert {each.scales for each in ROWS} == {None, *TargetName}
