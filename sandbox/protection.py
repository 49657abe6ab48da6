"""What only a person should do to a real account: delete its protected databases."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from sandbox.environment import refuse_real_account


def delete_protected_databases(environment: Mapping[str, str], regions: list[str]) -> list[str]:
    """Delete every DB instance of the emulated account that has deletion protection, with a final snapshot.

    Stands in for the deliberate acts it takes on AWS before a protected stack can be destroyed: lift the protection,
    delete the database. The engine does neither, it lets go of such a database; and the groups that the database uses
    cannot be deleted before it. The guard makes sure that `environment` leads to an emulated account.

    Returns: the identifiers of the instances that were deleted.
    """
    refuse_real_account(environment)
    deleted: list[str] = []
    for region in regions:
        rds = boto3.client(
            "rds",
            region_name=region,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )
        pages = rds.get_paginator("describe_db_instances").paginate()
        instances = [instance for page in pages for instance in page["DBInstances"]]
        deleted += [
            _delete(rds, instance["DBInstanceIdentifier"])
            for instance in instances
            if instance.get("DeletionProtection")
        ]
    return deleted


def _delete(rds: Any, identifier: str) -> str:
    rds.modify_db_instance(DBInstanceIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True)
    # An account may see a database of this name more than once, and a snapshot's name only once.
    moment = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    rds.delete_db_instance(
        DBInstanceIdentifier=identifier, FinalDBSnapshotIdentifier=f"{identifier}-final-{moment}"
    )
    return identifier
