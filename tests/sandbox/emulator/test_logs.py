"""Metric filters of the emulated account.

Proves that a filter that is put again is changed, and that another stays as it was. Proves nothing about what a filter matches: no
line is looked at.
"""

from typing import Any

from tests.sandbox.emulator.conftest import Connect


def test_a_metric_filter_that_is_put_again_is_changed(connect: Connect) -> None:
    logs = connect("logs")
    logs.create_log_group(logGroupName="filtered")
    made: list[dict[str, Any]] = [{"metricName": "M", "metricNamespace": "N", "metricValue": "1"}]
    for name, pattern in (("a", "first"), ("b", "other"), ("a", "second")):
        logs.put_metric_filter(
            logGroupName="filtered", filterName=name, filterPattern=pattern, metricTransformations=made
        )
    found = logs.describe_metric_filters(logGroupName="filtered")["metricFilters"]
    assert {each["filterName"]: each["filterPattern"] for each in found} == {"a": "second", "b": "other"}
    assert len(found) == 2
