"""The dashboard that the two committed stacks declare.

Proves that every alarm is on it, and that no widget covers another. Does not prove how CloudWatch draws it.
"""

import json

import pytest

from tests.harness.declared_alarms import both_kinds, composites, physical_name, region_of
from tests.harness.platform import STACKS, committed, declared, of_type

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"


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
        f"arn:aws:cloudwatch:{regions[region_of(each)]}:{account}:alarm:{physical_name(each)}"
        for each in both_kinds(stack)
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
