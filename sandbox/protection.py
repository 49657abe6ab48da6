"""What only a person should do to a real account: take the protection off its databases."""

from collections.abc import Mapping

import boto3
from botocore.config import Config

from sandbox.environment import refuse_real_account


def lift_deletion_protection(environment: Mapping[str, str], regions: list[str]) -> list[str]:
    """Switch deletion protection off for every DB instance of the emulated account; returns their identifiers.

    Stands in for the deliberate act it takes on AWS, so that a sandbox can be taken down. The guard makes sure
    that `environment` leads to an emulated account.
    """
    refuse_real_account(environment)
    lifted = []
    for region in regions:
        rds = boto3.client(
            "rds",
            region_name=region,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )
        for page in rds.get_paginator("describe_db_instances").paginate():
            for instance in page["DBInstances"]:
                if instance.get("DeletionProtection"):
                    identifier = instance["DBInstanceIdentifier"]
                    rds.modify_db_instance(
                        DBInstanceIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True
                    )
                    lifted.append(identifier)
    return lifted
