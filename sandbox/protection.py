"""What only a person should do to a real account: delete its protected databases and stores."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.environment import aws_client, refuse_real_account


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
        rds = aws_client("rds", region, environment)
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
    rds.delete_db_instance(
        DBInstanceIdentifier=identifier, FinalDBSnapshotIdentifier=_snapshot_name(identifier)
    )
    return identifier


def delete_stores(
    environment: Mapping[str, str],
    regions: Sequence[str],
    *,
    replication_groups: Sequence[str],
    clusters: Sequence[str],
) -> list[str]:
    """Delete these stores of ElastiCache and MemoryDB, each with a final snapshot, in whichever of the regions they are.

    Neither service has a deletion protection of its own. For the rest, see `delete_protected_databases`.

    Returns: the names of the stores that were deleted.
    """
    refuse_real_account(environment)
    deleted: list[str] = []
    for region in regions:
        elasticache = aws_client("elasticache", region, environment)
        for group in elasticache.describe_replication_groups()["ReplicationGroups"]:
            name = group["ReplicationGroupId"]
            if name in replication_groups:
                elasticache.delete_replication_group(
                    ReplicationGroupId=name, FinalSnapshotIdentifier=_snapshot_name(name)
                )
                deleted.append(name)
        memorydb = aws_client("memorydb", region, environment)
        for cluster in memorydb.describe_clusters()["Clusters"]:
            name = cluster["Name"]
            if name in clusters:
                memorydb.delete_cluster(ClusterName=name, FinalSnapshotName=_snapshot_name(name))
                deleted.append(name)
    return deleted


def _snapshot_name(identifier: str) -> str:
    """An account may see a store of this name more than once, and a snapshot's name only once."""
    return f"{identifier}-final-{datetime.now(UTC):%Y%m%d%H%M%S}"
