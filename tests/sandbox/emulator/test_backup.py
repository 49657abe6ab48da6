"""AWS Backup of the emulated account, through boto3.

Proves that vaults, plans, selections and restore tests are remembered as they were given and that AWS Backup's refusals
come with its codes. Does not prove that anything is backed up or restored: no job runs.
"""

from typing import Any

import pytest
from moto.backup.exceptions import InvalidRequestException

from sandbox.emulator.backup.vaults import Backend, BackupVault
from tests.sandbox.emulator.calls import numbers, refused
from tests.sandbox.emulator.conftest import ACCOUNT_ID, Connect

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/backup"


@pytest.fixture(scope="module")
def backup(connect: Connect) -> Any:
    return connect("backup")


@pytest.fixture
def vault(backup: Any) -> str:
    name = f"vault-{next(numbers)}"
    backup.create_backup_vault(BackupVaultName=name)
    return name


def rule(vault: str, **values: Any) -> dict[str, Any]:
    return {"RuleName": "daily", "TargetBackupVaultName": vault, **values}


@pytest.fixture
def plan_id(backup: Any, vault: str) -> str:
    plan = {"BackupPlanName": f"plan-{next(numbers)}", "Rules": [rule(vault)]}
    return str(backup.create_backup_plan(BackupPlan=plan)["BackupPlanId"])


# ---- vaults


def test_a_vaults_name_follows_awss_pattern_and_is_taken_once(backup: Any, vault: str) -> None:
    assert refused(backup.create_backup_vault, BackupVaultName="a.b")[0] == "InvalidParameterValueException"
    assert refused(backup.create_backup_vault, BackupVaultName=vault)[0] == "AlreadyExistsException"
    found = backup.describe_backup_vault(BackupVaultName=vault)
    assert (found["NumberOfRecoveryPoints"], found["Locked"], found["VaultType"]) == (
        0,
        False,
        "BACKUP_VAULT",
    )
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"] == []


def test_a_deleted_vault_is_gone(backup: Any, vault: str) -> None:
    backup.delete_backup_vault(BackupVaultName=vault)
    for call in (backup.describe_backup_vault, backup.delete_backup_vault):
        assert refused(call, BackupVaultName=vault)[0] == "ResourceNotFoundException"


def test_a_vault_with_recovery_points_cannot_be_deleted() -> None:
    """In this process, since no call can make a recovery point yet."""
    backend = Backend("us-east-1", ACCOUNT_ID)
    vault = BackupVault(
        backup_vault_name="full", encryption_key_arn="", creator_request_id="", backend=backend
    )
    vault.recovery_points["one"] = {}
    backend.vaults["full"] = vault
    with pytest.raises(InvalidRequestException, match="contains recovery points"):
        backend.delete_backup_vault("full")
    vault.recovery_points.clear()
    backend.delete_backup_vault("full")
    assert not backend.vaults


@pytest.mark.parametrize(
    "lock",
    [
        {"MinRetentionDays": 30, "MaxRetentionDays": 7},
        {"MinRetentionDays": 0},
        {"MaxRetentionDays": 36_501},
        {"MinRetentionDays": 1, "ChangeableForDays": 2},
    ],
)
def test_a_lock_that_aws_would_not_have_is_refused(backup: Any, vault: str, lock: Any) -> None:
    code, _ = refused(backup.put_backup_vault_lock_configuration, BackupVaultName=vault, **lock)
    assert code == "InvalidParameterValueException"
    assert backup.describe_backup_vault(BackupVaultName=vault)["Locked"] is False


def test_a_lock_is_shown_by_its_vault(backup: Any, vault: str) -> None:
    backup.put_backup_vault_lock_configuration(
        BackupVaultName=vault, MinRetentionDays=7, MaxRetentionDays=400
    )
    found = backup.describe_backup_vault(BackupVaultName=vault)
    assert (found["Locked"], found["MinRetentionDays"], found["MaxRetentionDays"]) == (True, 7, 400)
    backup.delete_backup_vault_lock_configuration(BackupVaultName=vault)
    assert backup.describe_backup_vault(BackupVaultName=vault)["Locked"] is False


def test_a_vault_notifies_of_known_events(backup: Any, vault: str) -> None:
    assert (
        refused(backup.get_backup_vault_notifications, BackupVaultName=vault)[0]
        == "ResourceNotFoundException"
    )
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:backups"
    code, message = refused(
        backup.put_backup_vault_notifications,
        BackupVaultName=vault,
        SNSTopicArn=topic,
        BackupVaultEvents=["BACKUP_JOB_LOST"],
    )
    assert (code, "BACKUP_JOB_LOST" in message) == ("InvalidParameterValueException", True)
    events = ["BACKUP_JOB_FAILED", "COPY_JOB_FAILED"]
    backup.put_backup_vault_notifications(BackupVaultName=vault, SNSTopicArn=topic, BackupVaultEvents=events)
    found = backup.get_backup_vault_notifications(BackupVaultName=vault)
    assert (found["SNSTopicArn"], found["BackupVaultEvents"]) == (topic, events)
    backup.delete_backup_vault_notifications(BackupVaultName=vault)
    assert (
        refused(backup.get_backup_vault_notifications, BackupVaultName=vault)[0]
        == "ResourceNotFoundException"
    )


def test_a_vault_keeps_its_policy(backup: Any, vault: str) -> None:
    assert (
        refused(backup.get_backup_vault_access_policy, BackupVaultName=vault)[0]
        == "ResourceNotFoundException"
    )
    backup.put_backup_vault_access_policy(BackupVaultName=vault, Policy="{}")
    assert backup.get_backup_vault_access_policy(BackupVaultName=vault)["Policy"] == "{}"
    backup.delete_backup_vault_access_policy(BackupVaultName=vault)
    assert (
        refused(backup.get_backup_vault_access_policy, BackupVaultName=vault)[0]
        == "ResourceNotFoundException"
    )


@pytest.mark.parametrize("kind", ["vault", "plan", "restore testing plan"])
def test_tags_are_read_changed_and_gone_with_what_had_them(backup: Any, vault: str, kind: str) -> None:
    name, tags = f"tagged_{next(numbers)}", {"Owner": "me", "Stage": "dev"}
    if kind == "vault":
        arn = backup.create_backup_vault(BackupVaultName=name, BackupVaultTags=tags)["BackupVaultArn"]
    elif kind == "plan":
        plan = {"BackupPlanName": name, "Rules": [rule(vault)]}
        arn = backup.create_backup_plan(BackupPlan=plan, BackupPlanTags=tags)["BackupPlanArn"]
    else:
        arn = backup.create_restore_testing_plan(RestoreTestingPlan=restore_plan(name), Tags=tags)[
            "RestoreTestingPlanArn"
        ]
    backup.tag_resource(ResourceArn=arn, Tags={"Stage": "prod"})
    backup.untag_resource(ResourceArn=arn, TagKeyList=["Owner"])
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"Stage": "prod"}


# ---- plans and selections


def test_a_plan_reads_back_as_it_was_given(backup: Any, vault: str) -> None:
    lifecycle = {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365}
    asked: dict[str, Any] = {
        "BackupPlanName": f"plan-{next(numbers)}",
        "Rules": [
            rule(
                vault,
                ScheduleExpression="cron(0 5 * * ? *)",
                ScheduleExpressionTimezone="America/New_York",
                StartWindowMinutes=60,
                CompletionWindowMinutes=300,
                RecoveryPointTags={"Made": "by plan"},
                Lifecycle={"DeleteAfterDays": 35},
                EnableContinuousBackup=True,
                CopyActions=[
                    {
                        "DestinationBackupVaultArn": f"arn:aws:backup:us-west-2:{ACCOUNT_ID}:backup-vault:dr",
                        "Lifecycle": lifecycle,
                    }
                ],
            ),
            rule(vault, RuleName="monthly", Lifecycle=lifecycle),
        ],
    }
    created = backup.create_backup_plan(BackupPlan=asked)
    found = backup.get_backup_plan(BackupPlanId=created["BackupPlanId"])["BackupPlan"]
    assert {**found["Rules"][0], "RuleId": ""} == {**asked["Rules"][0], "RuleId": ""}
    defaults = {
        "ScheduleExpressionTimezone": "Etc/UTC",
        "StartWindowMinutes": 480,
        "CompletionWindowMinutes": 10_080,
        "EnableContinuousBackup": False,
    }
    for name, value in {**asked["Rules"][1], **defaults}.items():
        assert found["Rules"][1][name] == value, name

    asked["Rules"].pop()
    updated = backup.update_backup_plan(BackupPlanId=created["BackupPlanId"], BackupPlan=asked)
    assert updated["VersionId"] != created["VersionId"]
    current = backup.get_backup_plan(BackupPlanId=created["BackupPlanId"])
    assert (current["VersionId"], len(current["BackupPlan"]["Rules"])) == (updated["VersionId"], 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"TargetBackupVaultName": "nowhere"}, "vault nowhere does not exist"),
        ({"RuleName": "a b"}, "Rule name"),
        ({"StartWindowMinutes": 30}, "at least 60"),
        ({"StartWindowMinutes": 120, "CompletionWindowMinutes": 60}, "longer than start window"),
        ({"Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 119}}, "90 days"),
        (
            {
                "CopyActions": [
                    {
                        "DestinationBackupVaultArn": "arn:aws:backup:us-west-2:1:backup-vault:dr",
                        "Lifecycle": {"MoveToColdStorageAfterDays": 1, "DeleteAfterDays": 2},
                    }
                ]
            },
            "90 days",
        ),
        ({"EnableContinuousBackup": True, "Lifecycle": {"DeleteAfterDays": 36}}, "1 to 35 days"),
    ],
)
def test_a_rule_that_aws_would_not_have_is_refused(
    backup: Any, vault: str, plan_id: str, change: Any, words: str
) -> None:
    plan = {"BackupPlanName": f"plan-{next(numbers)}", "Rules": [rule(vault) | change]}
    for call, target in (
        (backup.create_backup_plan, {}),
        (backup.update_backup_plan, {"BackupPlanId": plan_id}),
    ):
        code, message = refused(call, BackupPlan=plan, **target)
        assert (code, words in message) == ("InvalidParameterValueException", True), message


def test_a_plans_name_can_be_taken_again_after_its_deletion(backup: Any, vault: str) -> None:
    plan = {"BackupPlanName": f"plan-{next(numbers)}", "Rules": [rule(vault)]}
    first = backup.create_backup_plan(BackupPlan=plan)["BackupPlanId"]
    assert refused(backup.create_backup_plan, BackupPlan=plan)[0] == "AlreadyExistsException"
    backup.delete_backup_plan(BackupPlanId=first)
    assert refused(backup.get_backup_plan, BackupPlanId=first)[0] == "ResourceNotFoundException"
    assert backup.create_backup_plan(BackupPlan=plan)["BackupPlanId"] != first
    listed = backup.list_backup_plans()["BackupPlansList"]
    assert first not in [entry["BackupPlanId"] for entry in listed]


def test_a_selection_keeps_its_plan(backup: Any, plan_id: str) -> None:
    asked = {
        "SelectionName": "databases",
        "IamRoleArn": ROLE,
        "Resources": ["arn:aws:rds:*:*:db:*"],
        "NotResources": [],
        "ListOfTags": [],
        "Conditions": {
            "StringEquals": [{"ConditionKey": "aws:ResourceTag/Backup", "ConditionValue": "daily"}]
        },
    }
    created = backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=asked)
    ids = {"BackupPlanId": plan_id, "SelectionId": created["SelectionId"]}
    assert backup.get_backup_selection(**ids)["BackupSelection"] == asked
    [listed] = backup.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
    assert (listed["SelectionName"], listed["IamRoleArn"]) == ("databases", ROLE)
    code, _ = refused(backup.create_backup_selection, BackupPlanId=plan_id, BackupSelection=asked)
    assert code == "AlreadyExistsException"

    assert refused(backup.delete_backup_plan, BackupPlanId=plan_id)[0] == "InvalidRequestException"
    backup.delete_backup_selection(**ids)
    for call in (backup.get_backup_selection, backup.delete_backup_selection):
        assert refused(call, **ids)[0] == "ResourceNotFoundException"
    backup.delete_backup_plan(BackupPlanId=plan_id)


def test_a_selection_needs_a_plan_and_a_name_that_aws_takes(backup: Any, plan_id: str) -> None:
    selection = {"SelectionName": "a b", "IamRoleArn": ROLE}
    code, _ = refused(backup.create_backup_selection, BackupPlanId=plan_id, BackupSelection=selection)
    assert code == "InvalidParameterValueException"
    code, _ = refused(backup.create_backup_selection, BackupPlanId="none", BackupSelection=selection)
    assert code == "InvalidParameterValueException"


# ---- restore testing


def restore_plan(name: str, **recovery_points: Any) -> dict[str, Any]:
    return {
        "RestoreTestingPlanName": name,
        "ScheduleExpression": "cron(0 6 ? * SUN *)",
        "RecoveryPointSelection": {
            "Algorithm": "LATEST_WITHIN_WINDOW",
            "IncludeVaults": ["*"],
            "RecoveryPointTypes": ["SNAPSHOT"],
            **recovery_points,
        },
    }


def restore_selection(name: str, **values: Any) -> dict[str, Any]:
    return {
        "RestoreTestingSelectionName": name,
        "IamRoleArn": ROLE,
        "ProtectedResourceType": "RDS",
        "ProtectedResourceArns": ["*"],
        **values,
    }


@pytest.fixture
def restore_plan_name(backup: Any) -> str:
    name = f"weekly_{next(numbers)}"
    backup.create_restore_testing_plan(RestoreTestingPlan=restore_plan(name))
    return name


def test_a_restore_testing_plan_reads_back_with_awss_defaults(backup: Any, restore_plan_name: str) -> None:
    def shown() -> Any:
        return backup.get_restore_testing_plan(RestoreTestingPlanName=restore_plan_name)["RestoreTestingPlan"]

    asked, found = restore_plan(restore_plan_name, ExcludeVaults=[], SelectionWindowDays=30), shown()
    assert {name: found[name] for name in asked} == asked
    assert (found["StartWindowHours"], found["ScheduleExpressionTimezone"]) == (24, "Etc/UTC")
    backup.update_restore_testing_plan(
        RestoreTestingPlanName=restore_plan_name, RestoreTestingPlan={"StartWindowHours": 4}
    )
    assert shown() == {**found, "StartWindowHours": 4, "LastUpdateTime": shown()["LastUpdateTime"]}
    names = [
        plan["RestoreTestingPlanName"] for plan in backup.list_restore_testing_plans()["RestoreTestingPlans"]
    ]
    assert restore_plan_name in names


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (restore_plan("with-hyphen"), "InvalidParameterValueException"),
        (restore_plan("x" * 51), "InvalidParameterValueException"),
        (restore_plan("window", SelectionWindowDays=366), "InvalidParameterValueException"),
        ({**restore_plan("start"), "StartWindowHours": 169}, "InvalidParameterValueException"),
    ],
)
def test_a_restore_testing_plan_that_aws_would_not_have_is_refused(backup: Any, plan: Any, code: str) -> None:
    assert refused(backup.create_restore_testing_plan, RestoreTestingPlan=plan)[0] == code
    name = plan["RestoreTestingPlanName"]
    assert (
        refused(backup.get_restore_testing_plan, RestoreTestingPlanName=name)[0]
        == "ResourceNotFoundException"
    )


def test_a_restore_testing_selection_keeps_its_plan(backup: Any, restore_plan_name: str) -> None:
    asked = restore_selection(
        "databases",
        ProtectedResourceConditions={"StringEquals": [{"Key": "aws:ResourceTag/Backup", "Value": "daily"}]},
        RestoreMetadataOverrides={"dbSubnetGroupName": "data"},
        ValidationWindowHours=2,
    )
    plan = {"RestoreTestingPlanName": restore_plan_name}
    ids = {**plan, "RestoreTestingSelectionName": "databases"}
    backup.create_restore_testing_selection(**plan, RestoreTestingSelection=asked)
    found = backup.get_restore_testing_selection(**ids)["RestoreTestingSelection"]
    assert {name: found[name] for name in asked} == asked
    code, _ = refused(backup.create_restore_testing_selection, **plan, RestoreTestingSelection=asked)
    assert code == "AlreadyExistsException"

    backup.update_restore_testing_selection(**ids, RestoreTestingSelection={"ValidationWindowHours": 3})
    [listed] = backup.list_restore_testing_selections(**plan)["RestoreTestingSelections"]
    assert (listed["ValidationWindowHours"], listed["RestoreTestingSelectionName"]) == (3, "databases")
    assert refused(backup.delete_restore_testing_plan, **plan)[0] == "InvalidRequestException"
    backup.delete_restore_testing_selection(**ids)
    assert refused(backup.get_restore_testing_selection, **ids)[0] == "ResourceNotFoundException"
    backup.delete_restore_testing_plan(**plan)
    assert refused(backup.get_restore_testing_plan, **plan)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "change",
    [
        {"RestoreTestingSelectionName": "with-hyphen"},
        {"ValidationWindowHours": 169},
        {"ProtectedResourceArns": ["*", "arn:aws:rds:us-east-1:1:db:x"]},
        {"ProtectedResourceArns": [f"arn:aws:rds:us-east-1:1:db:{i}" for i in range(31)]},
        {
            "ProtectedResourceArns": ["arn:aws:rds:us-east-1:1:db:x"],
            "ProtectedResourceConditions": {"StringEquals": [{"Key": "aws:ResourceTag/a", "Value": "b"}]},
        },
    ],
)
def test_a_restore_testing_selection_that_aws_would_not_have_is_refused(
    backup: Any, restore_plan_name: str, change: Any
) -> None:
    code, _ = refused(
        backup.create_restore_testing_selection,
        RestoreTestingPlanName=restore_plan_name,
        RestoreTestingSelection=restore_selection("databases") | change,
    )
    assert code == "InvalidParameterValueException"
