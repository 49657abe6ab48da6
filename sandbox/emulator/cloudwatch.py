"""CloudWatch: composite alarms, and which alarms may not be deleted because others look at them.

Source: CloudWatch API Reference (PutCompositeAlarm, DescribeAlarms, DeleteAlarms). No alarm ever goes off: nothing is measured here.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import re
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from sandbox.emulator.extending import extend, original

# An alarm in a rule, by its name in quotes or bare; other than a name it may be an ARN, which ends with it.
MEMBER = re.compile(r"\b(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*[\"']?([^\"')]+?)[\"']?\s*\)")
METRIC_ALARM, COMPOSITE_ALARM = "MetricAlarm", "CompositeAlarm"
# What a suppressor is given with, and how long its alarm is waited for, in seconds.
SUPPRESSOR = "ActionsSuppressor"
SUPPRESSOR_PERIODS = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


class Response(CloudWatchResponse):
    """A composite alarm is an alarm with a rule; who does not ask for it is told of metric alarms alone."""

    def put_composite_alarm(self) -> ActionResult:
        rule, suppressor = self._get_param("AlarmRule"), self._get_param(SUPPRESSOR)
        named = [*_members(rule), *([] if suppressor is None else [_name(suppressor)])]
        missing = [name for name in named if name not in self.cloudwatch_backend.alarms]
        if missing:
            raise ValidationError(
                f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist"
            )
        if suppressor is not None and None in map(self._get_param, SUPPRESSOR_PERIODS):
            raise ValidationError(f"{' and '.join(SUPPRESSOR_PERIODS)} are required with {SUPPRESSOR}")
        self.put_metric_alarm()
        alarm: Any = self.cloudwatch_backend.alarms[self._get_param("AlarmName")]
        alarm.actions_suppressor = suppressor
        alarm.actions_suppressor_wait_period, alarm.actions_suppressor_extension_period = map(
            self._get_param, SUPPRESSOR_PERIODS
        )
        return EmptyResult()

    def describe_alarms(self) -> ActionResult:
        answer = original(CloudWatchResponse.describe_alarms)(self)
        wanted = self._get_param("AlarmTypes", []) or [METRIC_ALARM]
        lists: Any = answer.result
        for type_ in (METRIC_ALARM, COMPOSITE_ALARM):
            if type_ not in wanted:
                lists[f"{type_}s"] = []
        return answer


class Backend(CloudWatchBackend):
    """DeleteAlarms refuses what a composite alarm still looks at."""

    def delete_alarms(self, alarm_names: list[str]) -> None:
        for alarm in self.alarms.values():
            watched = set(_watched(alarm)) & set(alarm_names)
            if watched and alarm.name not in alarm_names:
                raise ValidationError(
                    f"Cannot delete {', '.join(sorted(watched))} as there are composite alarm(s) depending on it."
                )
        original(CloudWatchBackend.delete_alarms)(self, alarm_names)


def _watched(alarm: Alarm) -> list[str]:
    suppressor = getattr(alarm, "actions_suppressor", None)
    return [*_members(alarm.rule or ""), *([] if suppressor is None else [_name(suppressor)])]


def _members(rule: str) -> list[str]:
    return [_name(member) for member in MEMBER.findall(rule)]


def _name(alarm: str) -> str:
    """An alarm's name, of its name or its ARN."""
    return alarm.rpartition(":alarm:")[2]


def install() -> None:
    """Put this into moto."""
    extend(CloudWatchResponse, Response)
    extend(CloudWatchBackend, Backend)
