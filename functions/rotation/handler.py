"""The entry point of the rotation function: one step of one rotation, as Secrets Manager asks for it."""

import logging
import os
from collections.abc import Mapping

import boto3

from contract.logins import DATABASE, HOST, PORT
from contract.rotation import RotationVariable
from functions.rotation.login import run_through_pool
from functions.rotation.steps import STEPS, Rotation

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


def handler(event: Mapping[str, str], _context: object) -> None:
    """One step, as Secrets Manager asks for it. Raises RotationError, and what the AWS SDK does."""
    log.info("%s of version %s", event["Step"], event["ClientRequestToken"])
    rotation = Rotation(
        secret_id=event["SecretId"],
        version_id=event["ClientRequestToken"],
        userlist_secret_id=os.environ[RotationVariable.USERLIST_SECRET_ARN],
        cluster_name=os.environ[RotationVariable.CLUSTER_NAME],
        service_name=os.environ[RotationVariable.SERVICE_NAME],
        address={
            HOST: os.environ[RotationVariable.POOLER_HOST],
            PORT: int(os.environ[RotationVariable.POOLER_PORT]),
            DATABASE: os.environ[RotationVariable.POOLER_DATABASE],
        },
        secrets_manager=boto3.client("secretsmanager"),
        ecs=boto3.client("ecs"),
        run=run_through_pool,
    )
    STEPS[event["Step"]](rotation)
