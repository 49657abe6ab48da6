"""RDS instances of the emulated account as they are created, through boto3 and the real server process.

Proves that what the platform declares about a database is remembered, read back and enforced as the RDS API
Reference says. Does not prove what the service decides by itself (offered classes, durations, real storage).
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.emulator.calls import refused
from tests.sandbox.emulator.conftest import Connect
from tests.sandbox.emulator.rds.databases import describe


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


def test_a_small_gp3_volume_cannot_be_created_with_more_than_its_baseline(create: Callable[..., Any]) -> None:
    code, message = refused(create, Iops=4_000)
    assert code == "InvalidParameterCombination"
    assert "storage size less than 400" in message


def test_a_parameter_group_of_another_family_is_refused(rds: Any, create: Callable[..., Any]) -> None:
    rds.create_db_parameter_group(
        DBParameterGroupName="pg16", DBParameterGroupFamily="postgres16", Description="parameters"
    )
    code, message = refused(create, DBParameterGroupName="pg16")
    assert code == "InvalidParameterCombination"
    assert "postgres17" in message


def test_a_reboot_with_failover_swaps_the_zones(rds: Any, create: Callable[..., Any]) -> None:
    instance = create(MultiAZ=True)
    rds.reboot_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], ForceFailover=True)
    found = describe(rds, instance)
    assert found["AvailabilityZone"] == instance["SecondaryAvailabilityZone"]
    assert found["SecondaryAvailabilityZone"] == instance["AvailabilityZone"]
