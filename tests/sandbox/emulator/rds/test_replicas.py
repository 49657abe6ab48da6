"""Read replicas of the emulated account, through boto3.

Proves that both sides of a replication agree on it whatever happens to one of them, and that what RDS refuses is
refused with RDS's codes. Does not prove that any data is copied: there is none.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.provider import ACCOUNT_ID
from tests.sandbox.emulator.calls import numbers, refused
from tests.sandbox.emulator.rds.databases import HERE, THERE, Region

Make = Callable[..., Any]


def replicate(region: Region, source: Any, **values: Any) -> str:
    """Create a replica in `region`; returns its identifier."""
    identifier = f"replica-{next(numbers)}"
    request = {"DBInstanceIdentifier": identifier, "SourceDBInstanceIdentifier": source["DBInstanceArn"]}
    if region.name == HERE:
        request["SourceDBInstanceIdentifier"] = source["DBInstanceIdentifier"]
    else:
        request |= {"KmsKeyId": region.key_arn, "DBSubnetGroupName": "replicas"}
    region.rds.create_db_instance_read_replica(**(request | values))
    return identifier


def test_a_replica_in_the_region_of_its_source_takes_over_what_it_is_not_told(
    here: Region, make: Make
) -> None:
    here.rds.create_db_parameter_group(
        DBParameterGroupName="of-the-source", DBParameterGroupFamily="postgres17", Description="parameters"
    )
    source = make(DBParameterGroupName="of-the-source", Iops=14_000, StorageThroughput=600)
    name = replicate(here, source, MaxAllocatedStorage=900, AvailabilityZone=f"{HERE}b")
    replica = here.describe(name)
    for field in ("Engine", "EngineVersion", "MasterUsername", "DBName", "KmsKeyId", "AllocatedStorage"):
        assert replica[field] == source[field], field
    for field in ("StorageType", "Iops", "StorageThroughput", "StorageEncrypted"):
        assert replica[field] == source[field], field
    assert replica["DBSubnetGroup"]["DBSubnetGroupName"] == "replicas"
    assert replica["DBParameterGroups"][0]["DBParameterGroupName"] == "of-the-source"
    assert (replica["BackupRetentionPeriod"], replica["MultiAZ"]) == (0, False)
    assert (replica["AvailabilityZone"], replica["MaxAllocatedStorage"]) == (f"{HERE}b", 900)
    assert replica["DbiResourceId"] != source["DbiResourceId"]
    assert replica["StatusInfos"] == [
        {"StatusType": "read replication", "Status": "replicating", "Normal": True}
    ]
    assert here.rds.describe_db_snapshots(DBInstanceIdentifier=name)["DBSnapshots"] == []


def test_both_sides_name_each_other_by_identifier_or_across_regions_by_arn(
    here: Region, there: Region, source: Any
) -> None:
    near, far = replicate(here, source), replicate(there, source, MultiAZ=True)
    found = there.describe(far)
    assert here.describe(near)["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceIdentifier"]
    assert found["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceArn"]
    assert here.describe(source["DBInstanceIdentifier"])["ReadReplicaDBInstanceIdentifiers"] == [
        near,
        found["DBInstanceArn"],
    ]
    assert (found["KmsKeyId"], found["MultiAZ"]) == (there.key_arn, True)
    assert found["DBInstanceArn"] == f"arn:aws:rds:{THERE}:{ACCOUNT_ID}:db:{far}"
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres17"

    for region, name in ((here, near), (there, far)):
        region.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    assert here.describe(source["DBInstanceIdentifier"])["ReadReplicaDBInstanceIdentifiers"] == []


def test_a_replica_with_the_arn_of_its_source_may_go_to_a_subnet_group(here: Region, source: Any) -> None:
    name = replicate(
        here, source, SourceDBInstanceIdentifier=source["DBInstanceArn"], DBSubnetGroupName="replicas"
    )
    assert here.describe(name)["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceIdentifier"]


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        ({"DBSubnetGroupName": "replicas"}, "DBSubnetGroupNotAllowedFault", "same region"),
        ({"DBParameterGroupName": "x"}, "InvalidParameterCombination", "parameter group can't be specified"),
        ({"SourceDBInstanceIdentifier": "nobody"}, "DBInstanceNotFound", "nobody"),
        ({"KmsKeyId": f"arn:aws:kms:{THERE}:1:key/x"}, "KMSKeyNotAccessibleFault", "does not exist"),
    ],
)
def test_a_replica_that_rds_would_not_make_in_the_same_region_is_refused(
    here: Region, source: Any, request_: Any, code: str, words: str
) -> None:
    found, message = refused(replicate, region=here, source=source, **request_)
    assert (found, words in message) == (code, True), message
    assert here.describe(source["DBInstanceIdentifier"])["ReadReplicaDBInstanceIdentifiers"] == []


def test_an_encrypted_replica_in_another_region_needs_a_key_of_that_region(
    here: Region, there: Region, source: Any
) -> None:
    request = {
        "DBInstanceIdentifier": "far",
        "SourceDBInstanceIdentifier": source["DBInstanceArn"],
        "DBSubnetGroupName": "replicas",
    }
    code, message = refused(there.rds.create_db_instance_read_replica, **request)
    assert code == "InvalidParameterCombination"
    assert "cross region unencrypted read replica from encrypted source" in message
    code, _ = refused(there.rds.create_db_instance_read_replica, **request, KmsKeyId=here.key_arn)
    assert code == "KMSKeyNotAccessibleFault"


def test_a_source_without_encryption_has_no_encrypted_replica(there: Region, make: Make) -> None:
    source = make(StorageEncrypted=False)
    code, message = refused(replicate, region=there, source=source)
    assert (code, "unencrypted source" in message) == ("InvalidParameterCombination", True)


def test_a_source_needs_automated_backups_and_keeps_them_while_it_has_replicas(
    here: Region, make: Make
) -> None:
    bare, backed_up = make(BackupRetentionPeriod=0), make()
    assert refused(replicate, region=here, source=bare)[0] == "InvalidDBInstanceState"
    replicate(here, backed_up)
    code, message = refused(
        here.rds.modify_db_instance,
        DBInstanceIdentifier=backed_up["DBInstanceIdentifier"],
        BackupRetentionPeriod=0,
        ApplyImmediately=True,
    )
    assert (code, "cannot be 0" in message) == ("InvalidParameterCombination", True)


def test_a_source_has_fifteen_replicas_at_most(here: Region, source: Any) -> None:
    for _ in range(15):
        replicate(here, source)
    code, message = refused(replicate, region=here, source=source)
    assert (code, "up to 15" in message) == ("InvalidDBInstanceState", True)


def test_a_promoted_replica_is_an_instance_of_its_own(here: Region, there: Region, source: Any) -> None:
    name = replicate(there, source)
    there.rds.promote_read_replica(
        DBInstanceIdentifier=name, BackupRetentionPeriod=30, PreferredBackupWindow="05:00-05:30"
    )
    promoted = there.describe(name)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in promoted
    assert promoted.get("StatusInfos", []) == []
    assert (promoted["BackupRetentionPeriod"], promoted["PreferredBackupWindow"]) == (30, "05:00-05:30")
    assert here.describe(source["DBInstanceIdentifier"])["ReadReplicaDBInstanceIdentifiers"] == []
    code, _ = refused(there.rds.promote_read_replica, DBInstanceIdentifier=name)
    assert code == "InvalidDBInstanceState"
    [backup] = there.rds.describe_db_instance_automated_backups(DBInstanceIdentifier=name)[
        "DBInstanceAutomatedBackups"
    ]
    assert backup["BackupRetentionPeriod"] == 30


def test_a_replica_is_promoted_with_one_day_of_backups_which_can_be_more_later(
    here: Region, source: Any
) -> None:
    name = replicate(here, source)
    here.rds.promote_read_replica(DBInstanceIdentifier=name)
    assert here.describe(name)["BackupRetentionPeriod"] == 1
    here.rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=0, ApplyImmediately=True)
    here.rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=30, ApplyImmediately=True)
    found = here.describe(name)
    assert (found["BackupRetentionPeriod"], found["DBInstanceStatus"]) == (30, "available")


def test_a_backup_window_over_the_maintenance_window_keeps_a_replica_what_it_is(
    here: Region, source: Any
) -> None:
    name = replicate(here, source)
    code, message = refused(
        here.rds.promote_read_replica, DBInstanceIdentifier=name, PreferredBackupWindow="06:30-07:00"
    )
    assert (code, "overlap" in message) == ("InvalidParameterValue", True)
    assert here.describe(name)["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceIdentifier"]


def test_what_is_no_replica_cannot_be_promoted(here: Region, source: Any) -> None:
    code, _ = refused(here.rds.promote_read_replica, DBInstanceIdentifier=source["DBInstanceIdentifier"])
    assert code == "InvalidDBInstanceState"
    assert refused(here.rds.promote_read_replica, DBInstanceIdentifier="nobody")[0] == "DBInstanceNotFound"


def test_a_deleted_source_promotes_replicas_beside_it_and_abandons_those_elsewhere(
    here: Region, there: Region, source: Any
) -> None:
    near, far = replicate(here, source), replicate(there, source)
    here.rds.delete_db_instance(DBInstanceIdentifier=source["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in here.describe(near)
    abandoned = there.describe(far)
    assert abandoned["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceArn"]
    assert abandoned["StatusInfos"] == [
        {"StatusType": "read replication", "Status": "terminated", "Normal": False}
    ]
    there.rds.promote_read_replica(DBInstanceIdentifier=far)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in there.describe(far)


def test_a_replica_goes_without_a_final_snapshot(here: Region, source: Any) -> None:
    name = replicate(here, source, DeletionProtection=True)
    delete = here.rds.delete_db_instance
    assert "protect" in refused(delete, DBInstanceIdentifier=name, SkipFinalSnapshot=True)[1]
    assert here.describe(name)["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceIdentifier"]
    here.rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    for request in ({"FinalDBSnapshotIdentifier": "last"}, {}):
        assert refused(delete, DBInstanceIdentifier=name, **request)[0] == "InvalidParameterCombination"
    delete(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    assert refused(here.describe, identifier=name)[0] == "DBInstanceNotFound"


def test_a_renamed_source_is_known_by_its_new_name(here: Region, source: Any) -> None:
    name, new = replicate(here, source), f"renamed-{next(numbers)}"
    here.rds.modify_db_instance(
        DBInstanceIdentifier=source["DBInstanceIdentifier"],
        NewDBInstanceIdentifier=new,
        ApplyImmediately=True,
    )
    assert here.describe(name)["ReadReplicaSourceDBInstanceIdentifier"] == new
