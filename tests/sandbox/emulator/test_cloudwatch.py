"""Composite alarms of the emulated account.

Proves that they are kept with all they were given, told apart from metric alarms, refused while what they look at does not
exist, and keep that from being deleted. Proves nothing about states: no alarm goes off here.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.emulator.conftest import Connect

TOPIC = "arn:aws:sns:us-east-1:444455556666:told"


def put_member(cloudwatch: Any, name: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/RDS",
        MetricName="CPUUtilization",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=10,
        Threshold=80,
        ComparisonOperator="GreaterThanThreshold",
    )


@pytest.fixture
def cloudwatch(connect: Connect) -> Any:
    """A region of its own for each test would be as well; names do."""
    return connect("cloudwatch")


def test_a_composite_alarm_is_kept_with_all_it_was_given(cloudwatch: Any) -> None:
    put_member(cloudwatch, "whole-a")
    put_member(cloudwatch, "whole-b")
    given = {
        "AlarmName": "whole",
        "AlarmRule": '(ALARM("whole-a")) AND NOT ALARM("whole-b")',
        "AlarmDescription": "both",
        "AlarmActions": [TOPIC],
        "OKActions": [TOPIC],
        "ActionsSuppressor": "whole-b",
        "ActionsSuppressorWaitPeriod": 120,
        "ActionsSuppressorExtensionPeriod": 180,
    }
    cloudwatch.put_composite_alarm(**given)
    [found] = cloudwatch.describe_alarms(AlarmNames=["whole"], AlarmTypes=["CompositeAlarm"])[
        "CompositeAlarms"
    ]
    assert {name: found[name] for name in given} == given
    assert found["AlarmArn"] == "arn:aws:cloudwatch:us-east-1:444455556666:alarm:whole"


def test_who_does_not_ask_for_composite_alarms_is_told_of_none(cloudwatch: Any) -> None:
    put_member(cloudwatch, "told-a")
    cloudwatch.put_composite_alarm(AlarmName="told", AlarmRule="ALARM(told-a)")
    found = cloudwatch.describe_alarms(AlarmNamePrefix="told")
    assert [alarm["AlarmName"] for alarm in found["MetricAlarms"]] == ["told-a"]
    assert not found.get("CompositeAlarms")
    found = cloudwatch.describe_alarms(AlarmNamePrefix="told", AlarmTypes=["CompositeAlarm"])
    assert [alarm["AlarmName"] for alarm in found["CompositeAlarms"]] == ["told"]
    assert not found.get("MetricAlarms")


@pytest.mark.parametrize(
    "differing",
    [
        {"AlarmRule": 'ALARM("refused-missing")'},
        {
            "AlarmRule": 'ALARM("refused-a")',
            "ActionsSuppressor": "refused-missing",
            "ActionsSuppressorWaitPeriod": 1,
            "ActionsSuppressorExtensionPeriod": 1,
        },
    ],
)
def test_a_composite_alarm_of_alarms_that_do_not_exist_is_refused(
    cloudwatch: Any, differing: dict[str, Any]
) -> None:
    put_member(cloudwatch, "refused-a")
    with pytest.raises(ClientError, match=r"refused-missing.*do not exist"):
        cloudwatch.put_composite_alarm(AlarmName="refused", **differing)


def test_a_suppressor_needs_its_periods(cloudwatch: Any) -> None:
    put_member(cloudwatch, "periods-a")
    with pytest.raises(ClientError, match="are required"):
        cloudwatch.put_composite_alarm(
            AlarmName="periods", AlarmRule='ALARM("periods-a")', ActionsSuppressor="periods-a"
        )


def test_what_a_composite_alarm_looks_at_cannot_be_deleted_before_it(cloudwatch: Any) -> None:
    put_member(cloudwatch, "kept-a")
    put_member(cloudwatch, "kept-b")
    cloudwatch.put_composite_alarm(
        AlarmName="kept",
        AlarmRule='ALARM("kept-a")',
        ActionsSuppressor="kept-b",
        ActionsSuppressorWaitPeriod=1,
        ActionsSuppressorExtensionPeriod=1,
    )
    for member in ("kept-a", "kept-b"):
        with pytest.raises(ClientError, match=f"Cannot delete {member}"):
            cloudwatch.delete_alarms(AlarmNames=[member])
    cloudwatch.delete_alarms(AlarmNames=["kept"])
    cloudwatch.delete_alarms(AlarmNames=["kept-a", "kept-b"])
    assert not cloudwatch.describe_alarms(AlarmNamePrefix="kept-").get("MetricAlarms")
