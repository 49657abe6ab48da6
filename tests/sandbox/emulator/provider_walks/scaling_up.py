"""The table and the failed calls of scaling up under the provider."""

from tests.sandbox.emulator.calls import create_function
from tests.sandbox.emulator.provider_walks.lab import Lab
from tests.sandbox.emulator.walk import life


def walk_what_scaling_up_keeps_and_reports(lab: Lab) -> None:
    create_function(lab.connect, "scale-up")
    topic = lab.connect("sns").create_topic(Name="failures")["TopicArn"]
    failures = {
        "functionName": "scale-up",
        "maximumEventAgeInSeconds": 900,
        "maximumRetryAttempts": 2,
        "destinationConfig": {"onFailure": {"destination": topic}},
    }
    table = {
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "target",
        "attributes": [{"name": "target", "type": "S"}],
        "tags": {"Name": "steps"},
    }
    with (
        life(lab.aws, "aws:dynamodb/table:Table", "steps", table, {"tags": {"Name": "steps of targets"}}),
        life(
            lab.aws,
            "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
            "failures",
            failures,
            {"maximumEventAgeInSeconds": 600},
        ),
    ):
        pass
