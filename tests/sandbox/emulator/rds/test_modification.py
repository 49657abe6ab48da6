"""Changes to RDS instances of the emulated account, through boto3.

Proves what is changed at once, what waits for the maintenance window and what is refused, as the RDS API Reference
says. Does not prove how long the service takes.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.emulator.calls import refused
from tests.sandbox.emulator.rds.databases import describe


def settled(rds: Any, instance: Any) -> Any:
    """The description of an instance, without the one value that goes with the clock."""
    return {k: v for k, v in describe(rds, instance).items() if k != "LatestRestorableTime"}


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


def test_a_major_upgrade_needs_to_be_allowed(rds: Any, create: Callable[..., Any]) -> None:
    name = create(EngineVersion="16.9")["DBInstanceIdentifier"]
    code, message = refused(rds.modify_db_instance, DBInstanceIdentifier=name, EngineVersion="17.5")
    assert code == "InvalidParameterCombination"
    assert "AllowMajorVersionUpgrade" in message


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
