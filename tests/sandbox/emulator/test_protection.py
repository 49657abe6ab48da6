"""Deleting protected databases and stores.

Proves that every one of the emulated account is found and kept as a snapshot, and that no other account is spoken to. Does
not prove that a stack then comes down; tests/sandbox/test_prod.py takes one down.
"""

import pytest

from sandbox.emulated_account import EmulatedAccount
from sandbox.environment import aws_environment
from sandbox.errors import SandboxError
from sandbox.protection import delete_protected_databases, delete_stores
from tests.sandbox.emulator.conftest import Connect


def test_protected_databases_are_deleted_in_every_region_of_the_stack(
    connect: Connect, account: EmulatedAccount
) -> None:
    for region, protected in (("eu-west-1", True), ("eu-west-2", False)):
        connect("rds", region).create_db_instance(
            DBInstanceIdentifier=f"in-{region}",
            DBInstanceClass="db.t4g.medium",
            Engine="postgres",
            AllocatedStorage=20,
            DeletionProtection=protected,
        )
    environment = aws_environment(account.port or 0)
    assert delete_protected_databases(environment, ["eu-west-1", "eu-west-2"]) == ["in-eu-west-1"]
    assert connect("rds", "eu-west-1").describe_db_instances()["DBInstances"] == []
    [snapshot] = connect("rds", "eu-west-1").describe_db_snapshots(DBInstanceIdentifier="in-eu-west-1")[
        "DBSnapshots"
    ]
    assert snapshot["DBSnapshotIdentifier"].startswith("in-eu-west-1-final-")
    assert len(connect("rds", "eu-west-2").describe_db_instances()["DBInstances"]) == 1
    assert delete_protected_databases(environment, ["eu-west-1", "eu-west-2"]) == []


def test_the_stores_that_are_named_are_deleted_with_a_snapshot_and_no_other(
    connect: Connect, account: EmulatedAccount
) -> None:
    elasticache = connect("elasticache", "eu-west-1")
    elasticache.create_cache_parameter_group(
        CacheParameterGroupName="g", CacheParameterGroupFamily="valkey8", Description="of a test"
    )
    for name in ("kept", "gone"):
        elasticache.create_replication_group(
            ReplicationGroupId=name,
            ReplicationGroupDescription="of a test",
            Engine="valkey",
            EngineVersion="8.1",
            CacheNodeType="cache.t4g.micro",
            CacheParameterGroupName="g",
        )
    environment = aws_environment(account.port or 0)
    regions = ["eu-west-1", "eu-west-2"]
    assert delete_stores(environment, regions, replication_groups=["gone"], clusters=["nowhere"]) == ["gone"]
    [kept] = elasticache.describe_replication_groups()["ReplicationGroups"]
    assert kept["ReplicationGroupId"] == "kept"
    [snapshot] = elasticache.describe_snapshots()["Snapshots"]
    assert snapshot["SnapshotName"].startswith("gone-final-")


def test_a_real_account_is_refused() -> None:
    environment = {**aws_environment(1), "AWS_ENDPOINT_URL": "https://rds.eu-west-1.amazonaws.com"}
    with pytest.raises(SandboxError, match="speaks to"):
        delete_protected_databases(environment, ["eu-west-1"])
    with pytest.raises(SandboxError, match="speaks to"):
        delete_stores(environment, ["eu-west-1"], replication_groups=["gone"], clusters=[])
