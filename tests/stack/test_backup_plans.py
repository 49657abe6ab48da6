"""The backup plan and the restore tests, declared by themselves under recording mocks.

Proves what is copied when and kept for how long, how a copy is restored, and what their roles may do. Does not prove
that the provider or AWS accepts any of it; tests/sandbox does that with the real engine and provider.
"""

import pytest

from components.backups.plan import selection_tags
from contract.names import PhysicalNames
from tests.harness.backup_components import (
    ACCOUNT,
    DR_VAULT_ARN,
    HOME,
    NAMES,
    VAULT_ARN,
    allows,
    plan,
    restore_testing,
    statements_by_id,
)
from tests.harness.platform import ROLE_POLICY, only_of_type


def test_each_rule_has_its_own_time_retention_and_copy() -> None:
    rules = only_of_type(plan(), "aws:backup/plan:Plan").inputs["rules"]
    common = {
        "targetVaultName": "home",
        "scheduleExpressionTimezone": "America/New_York",
        "startWindow": 480,
        "completionWindow": 960,
    }
    assert rules == [
        {
            **common,
            "ruleName": "daily",
            "schedule": "cron(0 1 * * ? *)",
            "lifecycle": {"deleteAfter": 35},
            "copyActions": [{"destinationVaultArn": DR_VAULT_ARN, "lifecycle": {"deleteAfter": 30}}],
            "recoveryPointTags": {"BackupRule": "daily"},
        },
        {
            **common,
            "ruleName": "weekly",
            "schedule": "cron(0 23 ? * SUN *)",
            "lifecycle": {"deleteAfter": 90},
            "copyActions": [{"destinationVaultArn": DR_VAULT_ARN, "lifecycle": {"deleteAfter": 60}}],
            "recoveryPointTags": {"BackupRule": "weekly"},
        },
        {
            **common,
            "ruleName": "monthly",
            "schedule": "cron(0 21 1 * ? *)",
            "lifecycle": {"deleteAfter": 400},
            "recoveryPointTags": {"BackupRule": "monthly"},
        },
    ]


def test_no_rule_is_continuous_so_that_rds_alone_owns_its_retention() -> None:
    recording = plan()
    for rule in only_of_type(recording, "aws:backup/plan:Plan").inputs["rules"]:
        assert "enableContinuousBackup" not in rule
    assert not allows(recording, "rds:ModifyDBInstance")


def test_a_plan_without_another_vault_copies_nothing() -> None:
    recording = plan(copy_vault_arn=None)
    for rule in only_of_type(recording, "aws:backup/plan:Plan").inputs["rules"]:
        assert "copyActions" not in rule
    assert statements_by_id(recording)["FillVaults"]["Resource"] == [VAULT_ARN]


def test_a_plan_selects_the_databases_of_its_own_stack_by_tag_and_by_name() -> None:
    recording = plan()
    selection = only_of_type(recording, "aws:backup/selection:Selection")
    assert selection.inputs["planId"] == "backup-plan-plan-id"
    assert selection.inputs["resources"] == [f"arn:aws:rds:{HOME}:{ACCOUNT}:db:reptidex-prod-*"]
    assert selection.inputs["conditions"] == [
        {"stringEquals": [{"key": "aws:ResourceTag/BackupPlan", "value": "reptidex-prod-backups"}]}
    ]
    assert only_of_type(recording, "aws:backup/plan:Plan").inputs["name"] == "reptidex-prod-backups"
    assert selection_tags(NAMES) == {"BackupPlan": "reptidex-prod-backups"}
    assert selection_tags(PhysicalNames("prod-restore")) != selection_tags(NAMES)
    assert only_of_type(recording, ROLE_POLICY).urn in selection.dependencies


@pytest.mark.parametrize(
    "action",
    [
        "rds:CreateDBSnapshot",
        "rds:CopyDBSnapshot",
        "rds:DeleteDBSnapshot",
        "tag:GetResources",
        "kms:CreateGrant",
    ],
)
def test_the_plans_role_may_do_what_snapshots_of_rds_need(action: str) -> None:
    assert allows(plan(), action)


@pytest.mark.parametrize(
    "action",
    [
        "rds:DeleteDBInstance",
        "rds:DeleteDBInstanceAutomatedBackup",
        "rds:ModifyDBInstance",
        "kms:Decrypt",
        "iam:PassRole",
    ],
)
def test_the_plans_role_may_do_nothing_to_a_database(action: str) -> None:
    assert not allows(plan(), action)


def test_the_plans_role_deletes_only_what_aws_backup_made() -> None:
    found = statements_by_id(plan())
    deleting = [s for s in found.values() if any("Delete" in action for action in s["Action"])]
    assert [s["Resource"] for s in deleting] == [[f"arn:aws:rds:*:{ACCOUNT}:snapshot:awsbackup:*"]]
    assert found["FillVaults"]["Resource"] == [VAULT_ARN, DR_VAULT_ARN]


def test_a_restore_test_runs_weekly_on_the_latest_snapshot() -> None:
    found = only_of_type(restore_testing(), "aws:backup/restoreTestingPlan:RestoreTestingPlan")
    assert found.inputs == {
        "name": "reptidex_prod_restore_testing",
        "scheduleExpression": "cron(0 9 ? * SUN *)",
        "scheduleExpressionTimezone": "America/New_York",
        "startWindowHours": 8,
        "recoveryPointSelection": {
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": [VAULT_ARN],
            "recoveryPointTypes": ["SNAPSHOT"],
            "selectionWindowDays": 7,
        },
    }


def test_a_restored_copy_is_private_single_and_in_the_stacks_own_network() -> None:
    recording = restore_testing()
    found = only_of_type(recording, "aws:backup/restoreTestingSelection:RestoreTestingSelection")
    assert found.inputs == {
        "name": "reptidex_prod_databases",
        "restoreTestingPlanName": "reptidex_prod_restore_testing",
        "protectedResourceType": "RDS",
        "protectedResourceConditions": {
            "stringEquals": [{"key": "aws:ResourceTag/BackupPlan", "value": "reptidex-prod-backups"}]
        },
        "restoreMetadataOverrides": {
            "dbInstanceClass": "db.r7g.large",
            "dbSubnetGroupName": "restore-testing-subnets",
            "multiAz": "false",
            "publiclyAccessible": "false",
            "vpcSecurityGroupIds": '["restore-testing-security-group-id"]',
        },
        "iamRoleArn": "arn:aws:iam::123456789012:restore-testing-role",
        "validationWindowHours": 8,
    }
    assert only_of_type(recording, ROLE_POLICY).urn in found.dependencies
    subnets = only_of_type(recording, "aws:rds/subnetGroup:SubnetGroup")
    assert subnets.inputs["subnetIds"] == ["subnet-d1", "subnet-d2"]


def test_nobody_is_let_into_a_restored_copy() -> None:
    recording = restore_testing()
    group = only_of_type(recording, "aws:ec2/securityGroup:SecurityGroup")
    assert group.inputs["vpcId"] == "vpc-0a"
    assert not {"ingress", "egress"} & set(group.inputs)
    assert not any("securityGroup" in r.type and "Rule" in r.type for r in recording.registrations)


def test_the_restore_role_deletes_and_modifies_nothing() -> None:
    for action in ("rds:DeleteDBInstance", "rds:DeleteDBSnapshot", "rds:ModifyDBInstance"):
        assert not allows(restore_testing(), action)
