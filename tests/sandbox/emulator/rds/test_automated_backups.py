"""Automated backups of the emulated account, through boto3.

Proves that backups go to another Region and come back as an instance there, and that what RDS refuses is refused with RDS's
codes. Does not prove that any data is copied: there is none.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.emulator.calls import numbers, refused
from tests.sandbox.emulator.conftest import ACCOUNT_ID, Connect
from tests.sandbox.emulator.rds.databases import HERE, THERE, Region

Make = Callable[..., Any]


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
