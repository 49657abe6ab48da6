"""The entry point of the scale-up function: an alarm or an approval in, one step at most out."""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3

from contract.scale_up import Mode, Target, Variable
from functions.scale_up.steps import ScaleUp

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


def handler(event: Mapping[str, Any], _context: object) -> str:
    """An alarm as CloudWatch sends it, or `{"approve": <target>, "step": <id>}`. Raises what ScaleUp does."""
    scale_up = ScaleUp(
        mode=Mode(os.environ[Variable.MODE]),
        approval_minutes=int(os.environ[Variable.APPROVAL_MINUTES]),
        apply_immediately=os.environ[Variable.APPLY_IMMEDIATELY] == "true",
        targets=[Target(**each) for each in json.loads(os.environ[Variable.TARGETS])],
        table_name=os.environ[Variable.TABLE_NAME],
        topic_arn=os.environ[Variable.TOPIC_ARN],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        region=os.environ["AWS_REGION"],
        clients={name: boto3.client(name) for name in ("dynamodb", "elasticache", "rds", "sns")},
        now=lambda: datetime.now(UTC),
    )
    if "approve" in event:
        outcome = scale_up.on_approval(event["approve"], event["step"])
    else:
        outcome = scale_up.on_alarm(event)
    log.info("%s", outcome)
    return outcome
