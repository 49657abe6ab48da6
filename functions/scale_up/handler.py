"""The entry point of the scale-up function: an alarm or an approval in, one step at most out."""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3

from contract.scale_up import ELASTICACHE, RDS, Mode, ScaleUpVariable, Target
from functions.scale_up.steps import Scaler

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


def handler(event: Mapping[str, Any], _context: object) -> str:
    """An alarm as CloudWatch sends it, or `{"approve": <target>, "step": <id>}`. Raises what Scaler does."""
    scale_up = Scaler(
        mode=Mode(os.environ[ScaleUpVariable.MODE]),
        approval_minutes=int(os.environ[ScaleUpVariable.APPROVAL_MINUTES]),
        apply_immediately=os.environ[ScaleUpVariable.APPLY_IMMEDIATELY] == "true",
        targets=[Target(**each) for each in json.loads(os.environ[ScaleUpVariable.TARGETS])],
        table_name=os.environ[ScaleUpVariable.TABLE_NAME],
        topic_arn=os.environ[ScaleUpVariable.TOPIC_ARN],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        region=os.environ["AWS_REGION"],
        clients={name: boto3.client(name) for name in ("dynamodb", ELASTICACHE, RDS, "sns")},
        now=lambda: datetime.now(UTC),
    )
    if "approve" in event:
        outcome = scale_up.on_approval(event["approve"], event["step"])
    else:
        outcome = scale_up.on_alarm(event)
    log.info("%s", outcome)
    return outcome
