"""The alarms that the committed stacks declare, by the names of their rows."""

from collections.abc import Mapping
from typing import Any

from components.alarms.rows import Severity
from desired.recording import Registration
from tests.harness.alarm_evaluator import MetricAlarm
from tests.harness.platform import declared, of_type

METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"


def region_of(registration: Registration) -> str:
    """`primary` or `dr`: the name of the provider."""
    return registration.provider.split("::")[-2]


def alarms(stack: str, *, region: str | None = None) -> dict[str, MetricAlarm]:
    """The metric alarms by the name of their row: those of one region, `primary` or `dr`, or of both."""
    return {
        found.name.partition("alarms-")[2]: MetricAlarm(found.inputs)
        for found in of_type(declared(stack), METRIC_ALARM)
        if region in {None, region_of(found)}
    }


def composites(stack: str) -> dict[str, Mapping[str, Any]]:
    """The inputs of the composite alarms by name."""
    return {
        each.name.partition("alarms-")[2]: each.inputs for each in of_type(declared(stack), COMPOSITE_ALARM)
    }


def both_kinds(stack: str) -> list[Registration]:
    """The metric alarms and the composite alarms."""
    return [*of_type(declared(stack), METRIC_ALARM), *of_type(declared(stack), COMPOSITE_ALARM)]


def physical_name(alarm: Registration) -> str:
    """The name that AWS shows."""
    return str(alarm.inputs.get("alarmName") or alarm.inputs["name"])


def pages(stack: str, region: str) -> set[str]:
    """The physical names of the alarms that page, in region `primary` or `dr`."""
    prefix = "dr-" if region == "dr" else ""
    topic = f":{prefix}alarms-{Severity.PAGE}-topic"
    return {
        physical_name(alarm)
        for alarm in both_kinds(stack)
        if any(topic in arn for arn in alarm.inputs.get("alarmActions") or ())
    }
