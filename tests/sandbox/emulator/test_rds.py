"""RDS of the emulated account, through boto3 and the real server process.

Proves that what the platform declares about a database is remembered, read back and enforced as the RDS API
Reference says. Does not prove what the service decides by itself (offered classes, durations, real storage).
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.emulator.conftest import Connect

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def rds(connect: Connect) -> Any:
    return connect("rds")


@pytest.fixture(scope="session")
def key_arn(connect: Connect) -> str:
    return str(connect("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="session")
def subnet_group(connect: Connect, rds: Any) -> str:
    ec2 = connect("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{i}.0/24", AvailabilityZone=f"us-east-1{zone}")[
            "Subnet"
        ]
        for i, zone in enumerate("bcd")
    ]
    rds.create_db_subnet_group(
        DBSubnetGroupName="data",
        DBSubnetGroupDescription="data",
        SubnetIds=[subnet["SubnetId"] for subnet in subnets],
    )
    return "data"


@pytest.fixture(scope="session")
def create(rds: Any, subnet_group: str) -> Callable[..., Any]:
    """Create an instance with a name of its own; returns what the call answers."""

    def create(**values: Any) -> Any:
        request = {
            "DBInstanceIdentifier": f"db-{next(numbers)}",
            "DBInstanceClass": "db.m7g.large",
            "Engine": "postgres",
            "EngineVersion": "17.5",
            "AllocatedStorage": 50,
            "StorageType": "gp3",
            "MasterUsername": "repti_admin",
            "MasterUserPassword": "not-a-secret",
            "DBSubnetGroupName": subnet_group,
            **values,
        }
        return rds.create_db_instance(**request)["DBInstance"]

    return create


def describe(rds: Any, instance: Any) -> Any:
    return rds.describe_db_instances(DBInstanceIdentifier=instance["DBInstanceIdentifier"])["DBInstances"][0]


def settled(rds: Any, instance: Any) -> Any:
    """What describes an instance, without the one value that goes with the clock."""
    return {k: v for k, v in describe(rds, instance).items() if k != "LatestRestorableTime"}


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**request)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_every_instance_has_a_resource_id_of_its_own(create: Callable[..., Any]) -> None:
    first, second = create(), create()
    assert first["DbiResourceId"] != second["DbiResourceId"]
    assert first["DbiResourceId"].startswith("db-")


def test_an_instance_reads_back_as_it_was_created(
    rds: Any, create: Callable[..., Any], key_arn: str, connect: Connect
) -> None:
    rds.create_db_parameter_group(
        DBParameterGroupName="pg17", DBParameterGroupFamily="postgres17", Description="parameters"
    )
    asked = {
        "AllocatedStorage": 500,
        "MaxAllocatedStorage": 1_000,
        "Iops": 14_000,
        "StorageThroughput": 600,
        "StorageEncrypted": True,
        "KmsKeyId": key_arn,
        "EnablePerformanceInsights": True,
        "PerformanceInsightsKMSKeyId": key_arn,
        "PerformanceInsightsRetentionPeriod": 31,
        "MonitoringInterval": 15,
        "MonitoringRoleArn": "arn:aws:iam::123456789012:role/rds-monitoring",
        "CACertificateIdentifier": "rds-ca-ecc384-g1",
        "PreferredBackupWindow": "08:00-09:00",
        "PreferredMaintenanceWindow": "sun:10:00-sun:11:00",
        "BackupRetentionPeriod": 30,
        "EnableCloudwatchLogsExports": ["postgresql", "upgrade"],
        "DeletionProtection": True,
        "CopyTagsToSnapshot": True,
        "EnableIAMDatabaseAuthentication": True,
        "DedicatedLogVolume": True,
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "Port": 6543,
        "MultiAZ": True,
        "DBParameterGroupName": "pg17",
        "DBName": "reptidex",
        "Tags": [{"Key": "Owner", "Value": "platform"}],
    }
    found = describe(rds, create(**asked))
    renamed = {
        "EnablePerformanceInsights": "PerformanceInsightsEnabled",
        "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
        "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
        "Tags": "TagList",
    }
    for name, value in asked.items():
        if name not in ("DBParameterGroupName", "Port"):
            assert found[renamed.get(name, name)] == value, name
    assert found["Endpoint"]["Port"] == 6543
    assert found["DBParameterGroups"] == [{"DBParameterGroupName": "pg17", "ParameterApplyStatus": "in-sync"}]
    assert found["LicenseModel"] == "postgresql-license"
    assert found["OptionGroupMemberships"][0]["OptionGroupName"] == "default:postgres-17"
    assert (found["AvailabilityZone"], found["SecondaryAvailabilityZone"]) == ("us-east-1b", "us-east-1c")


@pytest.mark.parametrize(("size_gib", "iops", "throughput_mib_per_s"), [(50, 3_000, 125), (400, 12_000, 500)])
def test_a_gp3_volume_reports_its_baseline(
    create: Callable[..., Any], size_gib: int, iops: int, throughput_mib_per_s: int
) -> None:
    instance = create(AllocatedStorage=size_gib)
    assert (instance["Iops"], instance["StorageThroughput"]) == (iops, throughput_mib_per_s)


def test_a_major_version_alone_gets_a_minor_one(create: Callable[..., Any]) -> None:
    instance = create(EngineVersion="17")
    assert instance["EngineVersion"].startswith("17.")
    assert instance["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres17"


def test_a_change_waits_for_the_maintenance_window_unless_asked_for_at_once(
    rds: Any, create: Callable[..., Any]
) -> None:
    instance = create()
    name = instance["DBInstanceIdentifier"]
    rds.modify_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.m7g.xlarge",
        DeletionProtection=True,
    )
    found = describe(rds, instance)
    assert found["DBInstanceClass"] == "db.m7g.large"
    assert found["PendingModifiedValues"] == {"DBInstanceClass": "db.m7g.xlarge"}
    assert found["DeletionProtection"] is True

    rds.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, AllocatedStorage=60)
    found = describe(rds, instance)
    assert (found["DBInstanceClass"], found["AllocatedStorage"]) == ("db.m7g.xlarge", 60)
    assert not found["PendingModifiedValues"]


@pytest.mark.parametrize(("before", "after", "waits"), [(0, 7, True), (7, 0, True), (7, 8, False)])
def test_switching_backups_on_or_off_waits_and_another_retention_does_not(
    rds: Any, create: Callable[..., Any], before: int, after: int, waits: bool
) -> None:
    instance = create(BackupRetentionPeriod=before)
    identifier = instance["DBInstanceIdentifier"]
    rds.modify_db_instance(DBInstanceIdentifier=identifier, BackupRetentionPeriod=after)
    found = settled(rds, instance)
    assert found["BackupRetentionPeriod"] == (before if waits else after)
    assert found["PendingModifiedValues"] == ({"BackupRetentionPeriod": after} if waits else {})
    rds.modify_db_instance(
        DBInstanceIdentifier=identifier, BackupRetentionPeriod=after, ApplyImmediately=True
    )
    assert settled(rds, instance)["BackupRetentionPeriod"] == after


def test_a_new_port_restarts_the_instance_at_once(rds: Any, create: Callable[..., Any]) -> None:
    instance = create()
    rds.modify_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], DBPortNumber=7_000)
    found = describe(rds, instance)
    assert found["Endpoint"]["Port"] == 7_000
    assert not found["PendingModifiedValues"]


def test_performance_insights_and_log_exports_can_be_changed(rds: Any, create: Callable[..., Any]) -> None:
    instance = create(EnableCloudwatchLogsExports=["postgresql"])
    rds.modify_db_instance(
        DBInstanceIdentifier=instance["DBInstanceIdentifier"],
        EnablePerformanceInsights=True,
        PerformanceInsightsRetentionPeriod=62,
        CloudwatchLogsExportConfiguration={"EnableLogTypes": ["upgrade"], "DisableLogTypes": ["postgresql"]},
        ApplyImmediately=True,
    )
    found = describe(rds, instance)
    assert found["PerformanceInsightsEnabled"] is True
    assert found["PerformanceInsightsRetentionPeriod"] == 62
    assert found["EnabledCloudwatchLogsExports"] == ["upgrade"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"AllocatedStorage": 20}, "cannot shrink"),
        ({"AllocatedStorage": 54}, "10 percent"),
        ({"Iops": 4_000}, "storage size less than 400"),
        ({"StorageThroughput": 200, "AllocatedStorage": 60}, "storage size less than 400"),
    ],
)
def test_storage_that_aws_would_not_give_is_refused(
    rds: Any, create: Callable[..., Any], change: Any, reason: str
) -> None:
    name = create()["DBInstanceIdentifier"]
    code, message = refused(rds.modify_db_instance, DBInstanceIdentifier=name, **change)
    assert code == "InvalidParameterCombination"
    assert reason in message


def test_a_small_gp3_volume_cannot_be_created_with_more_than_its_baseline(create: Callable[..., Any]) -> None:
    code, message = refused(create, Iops=4_000)
    assert code == "InvalidParameterCombination"
    assert "storage size less than 400" in message


def test_a_major_upgrade_needs_to_be_allowed(rds: Any, create: Callable[..., Any]) -> None:
    name = create(EngineVersion="16.9")["DBInstanceIdentifier"]
    code, message = refused(rds.modify_db_instance, DBInstanceIdentifier=name, EngineVersion="17.5")
    assert code == "InvalidParameterCombination"
    assert "AllowMajorVersionUpgrade" in message


def test_a_parameter_group_of_another_family_is_refused(rds: Any, create: Callable[..., Any]) -> None:
    rds.create_db_parameter_group(
        DBParameterGroupName="pg16", DBParameterGroupFamily="postgres16", Description="parameters"
    )
    code, message = refused(create, DBParameterGroupName="pg16")
    assert code == "InvalidParameterCombination"
    assert "postgres17" in message


def test_a_refused_change_changes_nothing(rds: Any, create: Callable[..., Any], parameter_group: str) -> None:
    instance = create(EngineVersion="16.9")
    before = settled(rds, instance)
    for at_once in (True, False):
        code, message = refused(
            rds.modify_db_instance,
            DBInstanceIdentifier=instance["DBInstanceIdentifier"],
            DBInstanceClass="db.m7g.xlarge",
            DBParameterGroupName=parameter_group,
            ApplyImmediately=at_once,
        )
        assert code == "InvalidParameterCombination"
        assert "postgres16" in message
        assert settled(rds, instance) == before


@pytest.mark.parametrize("at_once", [True, False])
def test_a_major_upgrade_takes_a_parameter_group_of_the_new_family(
    rds: Any, create: Callable[..., Any], parameter_group: str, at_once: bool
) -> None:
    instance = create(EngineVersion="16.9")
    name = instance["DBInstanceIdentifier"]
    rds.modify_db_instance(
        DBInstanceIdentifier=name,
        EngineVersion="17.5",
        AllowMajorVersionUpgrade=True,
        DBParameterGroupName=parameter_group,
        ApplyImmediately=at_once,
    )
    rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=9)  # also while it waits
    found = describe(rds, instance)
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == parameter_group
    assert found["EngineVersion"] == ("17.5" if at_once else "16.9")
    assert found["PendingModifiedValues"] == ({} if at_once else {"EngineVersion": "17.5"})


def test_groups_in_use_cannot_be_deleted(
    rds: Any, create: Callable[..., Any], parameter_group: str, subnet_group: str
) -> None:
    subnets = rds.describe_db_subnet_groups(DBSubnetGroupName=subnet_group)["DBSubnetGroups"][0]["Subnets"]
    own = f"subnets-{next(numbers)}"
    rds.create_db_subnet_group(
        DBSubnetGroupName=own,
        DBSubnetGroupDescription="of one instance",
        SubnetIds=[subnet["SubnetIdentifier"] for subnet in subnets],
    )
    instance = create(DBParameterGroupName=parameter_group, DBSubnetGroupName=own)
    assert (
        refused(rds.delete_db_parameter_group, DBParameterGroupName=parameter_group)[0]
        == "InvalidDBParameterGroupState"
    )
    assert refused(rds.delete_db_subnet_group, DBSubnetGroupName=own)[0] == "InvalidDBSubnetGroupStateFault"
    rds.delete_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    rds.delete_db_parameter_group(DBParameterGroupName=parameter_group)
    rds.delete_db_subnet_group(DBSubnetGroupName=own)


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


def test_a_reboot_with_failover_swaps_the_zones(rds: Any, create: Callable[..., Any]) -> None:
    instance = create(MultiAZ=True)
    rds.reboot_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], ForceFailover=True)
    found = describe(rds, instance)
    assert found["AvailabilityZone"] == instance["SecondaryAvailabilityZone"]
    assert found["SecondaryAvailabilityZone"] == instance["AvailabilityZone"]


@pytest.fixture
def parameter_group(rds: Any) -> str:
    name = f"group-{next(numbers)}"
    rds.create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily="postgres17", Description="parameters"
    )
    return name


def test_parameters_read_back_with_their_apply_method(rds: Any, parameter_group: str) -> None:
    rds.modify_db_parameter_group(
        DBParameterGroupName=parameter_group,
        Parameters=[
            {"ParameterName": "work_mem", "ParameterValue": "65536", "ApplyMethod": "immediate"},
            {"ParameterName": "shared_buffers", "ParameterValue": "262144", "ApplyMethod": "pending-reboot"},
        ],
    )
    found = rds.describe_db_parameters(DBParameterGroupName=parameter_group, Source="user")["Parameters"]
    assert {(p["ParameterName"], p["ParameterValue"], p["ApplyMethod"], p["Source"]) for p in found} == {
        ("work_mem", "65536", "immediate", "user"),
        ("shared_buffers", "262144", "pending-reboot", "user"),
    }
    rds.reset_db_parameter_group(
        DBParameterGroupName=parameter_group,
        Parameters=[{"ParameterName": "work_mem", "ApplyMethod": "immediate"}],
    )
    found = rds.describe_db_parameters(DBParameterGroupName=parameter_group, Source="user")["Parameters"]
    assert [p["ParameterName"] for p in found] == ["shared_buffers"]


def test_a_subnet_group_survives_its_change(rds: Any, subnet_group: str) -> None:
    before = rds.describe_db_subnet_groups(DBSubnetGroupName=subnet_group)["DBSubnetGroups"][0]
    subnets = [subnet["SubnetIdentifier"] for subnet in before["Subnets"]]
    rds.modify_db_subnet_group(
        DBSubnetGroupName=subnet_group, DBSubnetGroupDescription="changed", SubnetIds=subnets
    )
    after = rds.describe_db_subnet_groups(DBSubnetGroupName=subnet_group)["DBSubnetGroups"][0]
    assert after == {**before, "DBSubnetGroupDescription": "changed"}


def test_an_event_subscription_can_be_changed(rds: Any) -> None:
    name = f"events-{next(numbers)}"
    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    created = rds.create_event_subscription(
        SubscriptionName=name, SnsTopicArn=topic, SourceType="db-instance", SourceIds=["a", "b"]
    )["EventSubscription"]
    assert created["Enabled"] is True
    assert created["EventSubscriptionArn"].endswith(f":es:{name}")
    rds.modify_event_subscription(SubscriptionName=name, EventCategories=["failover"], Enabled=False)
    rds.remove_source_identifier_from_subscription(SubscriptionName=name, SourceIdentifier="a")
    rds.add_source_identifier_to_subscription(SubscriptionName=name, SourceIdentifier="c")
    found = rds.describe_event_subscriptions(SubscriptionName=name)["EventSubscriptionsList"][0]
    assert (found["EventCategoriesList"], found["Enabled"]) == (["failover"], False)
    assert found["SourceIdsList"] == ["b", "c"]
    rds.delete_event_subscription(SubscriptionName=name)
    assert refused(rds.describe_event_subscriptions, SubscriptionName=name)[0] == "SubscriptionNotFound"
