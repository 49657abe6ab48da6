"""Alarms, log filters and the dashboard through the real Terraform AWS provider.

Proves, for every shape in which the platform declares them, that they are created, read back and refreshed without a
difference, changed in place and deleted. Does not prove the engine's part, nor that an alarm goes off: nothing is
measured here.
"""

import json
from typing import Any

from components.alarms.alarms import RESULT_ID
from components.alarms.catalogue.postgres import LONG_TRANSACTIONS
from components.alarms.rows import BAND_ID
from contract.metrics import BackupJobMetric, PostgresLogMetric, postgres_log_namespace
from tests.sandbox.adapter.engine import REGION, Plugin
from tests.sandbox.emulator.conftest import ACCOUNT_ID, Connect
from tests.sandbox.emulator.walk import life

METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
LOG_METRIC_FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:told"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:scale-up"
DATABASE = {"DBInstanceIdentifier": "reptidex-prod-postgres"}


def told(name: str, **differing: Any) -> dict[str, Any]:
    return {
        "name": name,
        "alarmDescription": "what is wrong. Runbook: docs/runbooks/some.md",
        "evaluationPeriods": 5,
        "datapointsToAlarm": 5,
        "comparisonOperator": "GreaterThanThreshold",
        "treatMissingData": "notBreaching",
        "alarmActions": [TOPIC],
        "okActions": [TOPIC],
        **differing,
    }


def query(id_: str, metric: str, *, is_compared: bool = False) -> dict[str, Any]:
    read = {
        "namespace": "AWS/RDS",
        "metricName": metric,
        "dimensions": DATABASE,
        "stat": "Average",
        "period": 60,
    }
    return {"id": id_, "metric": read, "returnData": is_compared}


def plain(name: str) -> dict[str, Any]:
    return told(
        name,
        namespace="AWS/RDS",
        metricName="CPUUtilization",
        dimensions=DATABASE,
        statistic="Average",
        period=60,
        threshold=80,
    )


def test_an_alarm_on_one_metric(aws: Plugin) -> None:
    changes = {"threshold": 70, "alarmActions": [FUNCTION, TOPIC]}
    with life(aws, METRIC_ALARM, "cpu", plain("cpu"), changes) as alarm:
        assert alarm.outputs["arn"] == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:cpu"


def test_an_alarm_on_an_expression(aws: Plugin) -> None:
    result = {
        "id": RESULT_ID,
        "expression": "100 * (reads + writes) / 12000",
        "label": "iops",
        "returnData": True,
    }
    queries = [query("reads", "ReadIOPS"), query("writes", "WriteIOPS"), result]
    with life(
        aws, METRIC_ALARM, "iops", told("iops", metricQueries=queries, threshold=70), {"threshold": 60}
    ):
        pass


def test_an_alarm_on_an_anomaly(aws: Plugin) -> None:
    band = {"id": BAND_ID, "expression": "ANOMALY_DETECTION_BAND(m, 3)", "label": "size", "returnData": True}
    inputs = told(
        "anomaly",
        metricQueries=[query("m", BackupJobMetric.SIZE_BYTES.value, is_compared=True), band],
        thresholdMetricId=BAND_ID,
        comparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
    )
    with life(aws, METRIC_ALARM, "anomaly", inputs, {"alarmDescription": "another"}):
        pass


def test_a_fault_made_of_alarms(aws: Plugin) -> None:
    inputs = {
        "alarmName": "down",
        "alarmDescription": "one page",
        "alarmRule": '((ALARM("silent")) OR (ALARM("errors") AND ALARM("waits"))) AND NOT ALARM("maintenance")',
        "alarmActions": [TOPIC],
        "okActions": [TOPIC],
        "actionsSuppressor": {"alarm": "maintenance", "waitPeriod": 180, "extensionPeriod": 300},
    }
    members = [
        aws.create(METRIC_ALARM, name, plain(name)) for name in ("silent", "errors", "waits", "maintenance")
    ]
    with life(aws, COMPOSITE_ALARM, "down", inputs, {"alarmRule": 'ALARM("silent")'}):
        pass
    for member in members:
        aws.delete(member)


def test_what_a_log_says_as_a_metric(aws: Plugin, own_connect: Connect) -> None:
    group = "/aws/rds/instance/reptidex-prod-postgres/postgresql"
    own_connect("logs").create_log_group(logGroupName=group)
    inputs = {
        "name": "long-transactions",
        "logGroupName": group,
        "pattern": LONG_TRANSACTIONS,
        "metricTransformation": {
            "namespace": postgres_log_namespace("reptidex-prod-postgres"),
            "name": PostgresLogMetric.LONG_TRANSACTIONS.value,
            "value": "1",
            "defaultValue": "0",
            "unit": "Count",
        },
    }
    with life(aws, LOG_METRIC_FILTER, "filter", inputs, {"pattern": '"deadlock detected"'}):
        pass


def test_a_dashboard(aws: Plugin) -> None:
    def body(title: str) -> str:
        place = {"x": 0, "y": 0, "width": 24, "height": 3}
        widget = {"type": "alarm", **place, "properties": {"title": title, "alarms": []}}
        return json.dumps({"widgets": [widget]})

    inputs = {"dashboardName": "reptidex-prod-alarms", "dashboardBody": body("before")}
    with life(aws, DASHBOARD, "dashboard", inputs, {"dashboardBody": body("after")}):
        pass
