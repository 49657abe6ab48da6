"""Deleted RDS instances of the emulated account and the instances made from others, through boto3.

Proves that deletion is protected, and what comes along to an instance made from a snapshot, a point in time or a
source. Does not prove that any data is copied: there is none.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.emulator.calls import numbers, refused
from tests.sandbox.emulator.rds.databases import describe


def test_deletion_protection_and_final_snapshots_are_enforced(rds: Any, create: Callable[..., Any]) -> None:
    instance = create(
        DeletionProtection=True, CopyTagsToSnapshot=True, Tags=[{"Key": "Owner", "Value": "me"}]
    )
    name = instance["DBInstanceIdentifier"]
    code, message = refused(rds.delete_db_instance, DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    assert (code, "protect" in message) == ("InvalidParameterCombination", True)
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    code, message = refused(rds.delete_db_instance, DBInstanceIdentifier=name)
    assert (code, "FinalDBSnapshotIdentifier" in message) == ("InvalidParameterCombination", True)

    rds.delete_db_instance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=f"{name}-final")
    assert refused(rds.describe_db_instances, DBInstanceIdentifier=name)[0] == "DBInstanceNotFound"
    snapshot = rds.describe_db_snapshots(DBSnapshotIdentifier=f"{name}-final")["DBSnapshots"][0]
    assert snapshot["DbiResourceId"] == instance["DbiResourceId"]
    assert snapshot["TagList"] == [{"Key": "Owner", "Value": "me"}]


@pytest.fixture
def protected_source(create: Callable[..., Any], key_arn: str) -> Any:
    return create(
        AllocatedStorage=60,
        StorageEncrypted=True,
        KmsKeyId=key_arn,
        DeletionProtection=True,
        MultiAZ=True,
        BackupRetentionPeriod=9,
        DBName="reptidex",
        Tags=[{"Key": "Owner", "Value": "me"}],
    )


def assert_is_restored_from(restored: Any, source: Any) -> None:
    """The data came along; protection, Multi-AZ and tags did not, as AWS documents it."""
    for name in ("AllocatedStorage", "MasterUsername", "DBName", "KmsKeyId", "EngineVersion", "StorageType"):
        assert restored[name] == source[name], name
    assert restored["DbiResourceId"] != source["DbiResourceId"]
    assert (restored["DeletionProtection"], restored["MultiAZ"], restored["TagList"]) == (False, False, [])
    assert "ReadReplicaSourceDBInstanceIdentifier" not in restored


def test_an_instance_is_restored_from_a_snapshot(rds: Any, protected_source: Any) -> None:
    name = protected_source["DBInstanceIdentifier"]
    rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-snap")
    restored = rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier=f"{name}-restored", DBSnapshotIdentifier=f"{name}-snap"
    )["DBInstance"]
    assert_is_restored_from(restored, protected_source)


@pytest.mark.parametrize("by", ["SourceDBInstanceIdentifier", "SourceDbiResourceId"])
def test_an_instance_is_restored_to_a_point_in_time(rds: Any, protected_source: Any, by: str) -> None:
    source = {
        "SourceDBInstanceIdentifier": protected_source["DBInstanceIdentifier"],
        "SourceDbiResourceId": protected_source["DbiResourceId"],
    }[by]
    restored = rds.restore_db_instance_to_point_in_time(
        TargetDBInstanceIdentifier=f"restored-{next(numbers)}", UseLatestRestorableTime=True, **{by: source}
    )["DBInstance"]
    assert_is_restored_from(restored, protected_source)


def test_a_point_in_time_needs_to_be_named(rds: Any, protected_source: Any) -> None:
    code, _ = refused(
        rds.restore_db_instance_to_point_in_time,
        SourceDBInstanceIdentifier=protected_source["DBInstanceIdentifier"],
        TargetDBInstanceIdentifier="nowhere",
    )
    assert code == "InvalidParameterCombination"


def test_a_replica_is_an_instance_of_its_own(rds: Any, protected_source: Any) -> None:
    name = protected_source["DBInstanceIdentifier"]
    replica = rds.create_db_instance_read_replica(
        DBInstanceIdentifier=f"{name}-replica", SourceDBInstanceIdentifier=name, MaxAllocatedStorage=90
    )["DBInstance"]
    assert replica["ReadReplicaSourceDBInstanceIdentifier"] == name
    assert replica["DbiResourceId"] != protected_source["DbiResourceId"]
    assert (replica["StorageEncrypted"], replica["MaxAllocatedStorage"]) == (True, 90)
    assert describe(rds, protected_source)["ReadReplicaDBInstanceIdentifiers"] == [f"{name}-replica"]
    assert "MaxAllocatedStorage" not in describe(rds, protected_source)
