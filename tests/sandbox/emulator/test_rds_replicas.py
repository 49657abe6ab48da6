"""Read replicas and automated backups of the emulated account, through boto3.

Proves that both sides of a replication agree on it whatever happens to one of them, that what RDS refuses is refused
with RDS's codes, and that backups go to another Region and come back as an instance there. Does not prove that any data
is copied: there is none.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.emulator.conftest import ACCOUNT_ID, Connect
from tests.sandbox.emulator.test_rds import numbers, refused

HERE, THERE = "us-east-1", "us-west-2"

Make = Callable[..., Any]


class Region:
    """One Region with what a replica needs there: a key, a subnet group and a security group of the same VPC."""

    def __init__(self, connect: Connect, region: str) -> None:
        self.name = region
        self.rds = connect("rds", region)
        self.key_arn: str = connect("kms", region).create_key()["KeyMetadata"]["Arn"]
        ec2 = connect("ec2", region)
        vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.8.{i}.0/24", AvailabilityZone=f"{region}{zone}")
            for i, zone in enumerate("ab")
        ]
        self.rds.create_db_subnet_group(
            DBSubnetGroupName="replicas",
            DBSubnetGroupDescription="replicas",
            SubnetIds=[subnet["Subnet"]["SubnetId"] for subnet in subnets],
        )
        self.security_group: str = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)[
            "GroupId"
        ]

    def describe(self, identifier: str) -> Any:
        return self.rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]


@pytest.fixture(scope="module")
def here(connect: Connect) -> Region:
    return Region(connect, HERE)


@pytest.fixture(scope="module")
def there(connect: Connect) -> Region:
    return Region(connect, THERE)


@pytest.fixture
def make(here: Region) -> Make:
    """Create a source; returns what DescribeDBInstances says of it."""

    def create(**values: Any) -> Any:
        identifier = f"source-{next(numbers)}"
        here.rds.create_db_instance(
            **{
                "DBInstanceIdentifier": identifier,
                "DBInstanceClass": "db.m7g.large",
                "Engine": "postgres",
                "EngineVersion": "17.5",
                "AllocatedStorage": 500,
                "StorageType": "gp3",
                "StorageEncrypted": True,
                "KmsKeyId": here.key_arn,
                "MasterUsername": "repti_admin",
                "MasterUserPassword": "not-a-secret",
                "DBName": "reptidex",
                "DBSubnetGroupName": "replicas",
                "BackupRetentionPeriod": 7,
                "PreferredBackupWindow": "08:00-09:00",
                **values,
            }
        )
        return here.describe(identifier)

    return create


@pytest.fixture
def source(make: Make) -> Any:
    return make(MultiAZ=True)


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


# ---- automated backups


def backups(region: Region, source: Any, **values: Any) -> Any:
    """The automated backups that a Region has of an instance."""
    found = region.rds.describe_db_instance_automated_backups(**values)["DBInstanceAutomatedBackups"]
    return [backup for backup in found if backup["DbiResourceId"] == source["DbiResourceId"]]


def start(region: Region, source: Any, **values: Any) -> Any:
    request = {"SourceDBInstanceArn": source["DBInstanceArn"], "KmsKeyId": region.key_arn, **values}
    return region.rds.start_db_instance_automated_backups_replication(**request)["DBInstanceAutomatedBackup"]


@pytest.fixture
def replicated(there: Region, source: Any) -> Iterator[Any]:
    """A replication that is stopped afterwards, so that the Region's quota stays free."""
    yield start(there, source, BackupRetentionPeriod=14)
    if backups(there, source, Filters=[{"Name": "status", "Values": ["replicating"]}]):
        there.rds.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source["DBInstanceArn"])


def test_an_instance_has_automated_backups_as_long_as_they_are_on(here: Region, make: Make) -> None:
    source = make()
    [backup] = backups(here, source, DBInstanceIdentifier=source["DBInstanceIdentifier"])
    assert (backup["Status"], backup["Region"], backup["BackupRetentionPeriod"]) == ("active", HERE, 7)
    assert (
        backups(here, source)[0]["DBInstanceAutomatedBackupsArn"] == backup["DBInstanceAutomatedBackupsArn"]
    )
    here.rds.modify_db_instance(
        DBInstanceIdentifier=source["DBInstanceIdentifier"], BackupRetentionPeriod=0, ApplyImmediately=True
    )
    assert backups(here, source) == []


@pytest.mark.parametrize("is_deleted", [True, False])
def test_backups_outlive_their_instance_only_if_asked_to(here: Region, source: Any, is_deleted: bool) -> None:
    before = backups(here, source)
    here.rds.delete_db_instance(
        DBInstanceIdentifier=source["DBInstanceIdentifier"],
        SkipFinalSnapshot=True,
        DeleteAutomatedBackups=is_deleted,
    )
    after = backups(here, source)
    assert [backup["Status"] for backup in after] == ([] if is_deleted else ["retained"])
    if after:
        assert after[0]["DBInstanceAutomatedBackupsArn"] == before[0]["DBInstanceAutomatedBackupsArn"]
        restored = here.rds.restore_db_instance_to_point_in_time(
            TargetDBInstanceIdentifier=f"restored-{next(numbers)}",
            SourceDbiResourceId=source["DbiResourceId"],
            UseLatestRestorableTime=True,
        )["DBInstance"]
        assert (restored["DBName"], restored["KmsKeyId"]) == ("reptidex", here.key_arn)
        here.rds.delete_db_instance_automated_backup(DbiResourceId=source["DbiResourceId"])
        assert backups(here, source) == []


def test_replicated_backups_are_seen_in_both_regions(
    here: Region, there: Region, source: Any, replicated: Any
) -> None:
    arn = replicated["DBInstanceAutomatedBackupsArn"]
    assert arn.startswith(f"arn:aws:rds:{THERE}:{ACCOUNT_ID}:auto-backup:ab-")
    [found] = backups(there, source, DBInstanceAutomatedBackupsArn=arn)
    assert (found["Status"], found["KmsKeyId"], found["BackupRetentionPeriod"]) == (
        "replicating",
        there.key_arn,
        14,
    )
    assert (found["DBInstanceArn"], found["Region"]) == (source["DBInstanceArn"], HERE)
    described = here.describe(source["DBInstanceIdentifier"])
    assert described["DBInstanceAutomatedBackupsReplications"] == [{"DBInstanceAutomatedBackupsArn": arn}]
    assert [backup["Status"] for backup in backups(here, source)] == ["active"]


def test_a_stopped_replication_leaves_what_it_copied_under_the_key_it_had(
    connect: Connect, here: Region, there: Region, source: Any, replicated: Any
) -> None:
    arn = replicated["DBInstanceAutomatedBackupsArn"]
    code, _ = refused(there.rds.delete_db_instance_automated_backup, DBInstanceAutomatedBackupsArn=arn)
    assert code == "InvalidDBInstanceAutomatedBackupState"
    stop = there.rds.stop_db_instance_automated_backups_replication
    stop(SourceDBInstanceArn=source["DBInstanceArn"])
    assert [backup["Status"] for backup in backups(there, source)] == ["retained"]
    assert (
        here.describe(source["DBInstanceIdentifier"]).get("DBInstanceAutomatedBackupsReplications", []) == []
    )
    assert refused(stop, SourceDBInstanceArn=source["DBInstanceArn"])[0] == "InvalidDBInstanceState"

    other_key = connect("kms", THERE).create_key()["KeyMetadata"]["Arn"]
    code, message = refused(start, region=there, source=source, KmsKeyId=other_key)
    assert (code, there.key_arn in message) == ("InvalidDBInstanceAutomatedBackupState", True)
    there.rds.delete_db_instance_automated_backup(DBInstanceAutomatedBackupsArn=arn)
    code, _ = refused(there.rds.describe_db_instance_automated_backups, DBInstanceAutomatedBackupsArn=arn)
    assert code == "DBInstanceAutomatedBackupNotFound"


def test_an_instance_is_restored_in_the_region_that_its_backups_went_to(
    here: Region, there: Region, source: Any, replicated: Any
) -> None:
    def restore(**values: Any) -> Any:
        return there.rds.restore_db_instance_to_point_in_time(
            TargetDBInstanceIdentifier=f"restored-{next(numbers)}",
            UseLatestRestorableTime=True,
            DBSubnetGroupName="replicas",
            **values,
        )["DBInstance"]

    arn = replicated["DBInstanceAutomatedBackupsArn"]
    here.rds.delete_db_instance(DBInstanceIdentifier=source["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    assert [backup["Status"] for backup in backups(there, source)] == ["retained"]
    restored = restore(SourceDBInstanceAutomatedBackupsArn=arn)
    for field in ("Engine", "EngineVersion", "MasterUsername", "DBName", "AllocatedStorage"):
        assert restored[field] == source[field], field
    assert (restored["KmsKeyId"], restored["StorageEncrypted"]) == (there.key_arn, True)
    assert restored["DBInstanceArn"].startswith(f"arn:aws:rds:{THERE}:")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in restored
    code, _ = refused(restore, SourceDBInstanceAutomatedBackupsArn=f"{arn}x")
    assert code == "DBInstanceAutomatedBackupNotFound"


def test_an_instance_without_backups_is_not_restored_to_a_point_in_time(here: Region, make: Make) -> None:
    code, _ = refused(
        here.rds.restore_db_instance_to_point_in_time,
        SourceDBInstanceIdentifier=make(BackupRetentionPeriod=0)["DBInstanceIdentifier"],
        TargetDBInstanceIdentifier="nowhere",
        UseLatestRestorableTime=True,
    )
    assert code == "PointInTimeRestoreNotEnabled"


def test_backups_that_rds_would_not_replicate_are_refused(
    here: Region, there: Region, make: Make, replicated: Any
) -> None:
    source, bare = make(), make(BackupRetentionPeriod=0)
    assert refused(start, region=there, source=bare)[0] == "InvalidDBInstanceState"
    assert refused(start, region=here, source=source)[0] == "InvalidParameterValue"
    assert refused(start, region=there, source=source, KmsKeyId=here.key_arn)[0] == "KMSKeyNotAccessibleFault"
    code, message = refused(
        there.rds.start_db_instance_automated_backups_replication, SourceDBInstanceArn=source["DBInstanceArn"]
    )
    assert (code, "KMS key" in message) == ("InvalidParameterValue", True)
    again = {"DBInstanceArn": replicated["DBInstanceArn"]}
    assert refused(start, region=there, source=again)[0] == "InvalidDBInstanceAutomatedBackupState"
    nobody = {"DBInstanceArn": f"{source['DBInstanceArn']}x"}
    assert refused(start, region=there, source=nobody)[0] == "DBInstanceNotFound"


def test_a_region_takes_the_backups_of_twenty_instances(there: Region, make: Make) -> None:
    sources = [make() for _ in range(20)]
    for source in sources:
        start(there, source)
    assert refused(start, region=there, source=make())[0] == "DBInstanceAutomatedBackupQuotaExceeded"
    for source in sources:
        there.rds.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source["DBInstanceArn"])
