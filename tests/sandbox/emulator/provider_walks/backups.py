"""Vaults, plans and restore tests of AWS Backup under the provider."""

import json
from typing import Any

from tests.sandbox.emulator.conftest import ACCOUNT_ID
from tests.sandbox.emulator.provider_walks.lab import Lab
from tests.sandbox.emulator.rds.databases import HERE, THERE
from tests.sandbox.emulator.walk import life

BACKUP = "aws:backup"


def walk_vaults_and_plans(lab: Lab) -> None:
    aws, kind = lab.aws, BACKUP
    vault = {"name": "daily", "kmsKeyArn": lab.here.key_arn, "forceDestroy": True, "tags": {"a": "b"}}
    away = {"name": "away", "kmsKeyArn": lab.there.key_arn, "region": THERE}
    topic = lab.connect("sns").create_topic(Name="backups")["TopicArn"]

    def policy(action: str) -> str:
        statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    with (
        life(aws, f"{kind}/vault:Vault", "daily", vault, {"tags": {"a": "c"}}),
        life(aws, f"{kind}/vault:Vault", "away", away) as copies,
        life(
            aws,
            f"{kind}/vaultLockConfiguration:VaultLockConfiguration",
            "lock",
            {"backupVaultName": "daily", "minRetentionDays": 7, "maxRetentionDays": 400},
            vanishes=False,
        ),
        life(
            aws,
            f"{kind}/vaultNotifications:VaultNotifications",
            "events",
            {
                "backupVaultName": "daily",
                "snsTopicArn": topic,
                "backupVaultEvents": ["BACKUP_JOB_FAILED", "COPY_JOB_FAILED"],
            },
        ),
        life(
            aws,
            f"{kind}/vaultPolicy:VaultPolicy",
            "policy",
            {"backupVaultName": "daily", "policy": policy("backup:DeleteRecoveryPoint")},
            {"policy": policy("backup:UpdateRecoveryPointLifecycle")},
        ),
    ):
        walk_a_plan(lab, copies.outputs["arn"])
    assert lab.connect("backup").list_backup_vaults()["BackupVaultList"] == []


def walk_a_plan(lab: Lab, destination_arn: str) -> None:
    daily = {
        "ruleName": "daily",
        "targetVaultName": "daily",
        "schedule": "cron(0 5 * * ? *)",
        "scheduleExpressionTimezone": "America/New_York",
        "startWindow": 60,
        "completionWindow": 300,
        "recoveryPointTags": {"made": "by-plan"},
        "lifecycle": {"deleteAfter": 35},
        "copyActions": [{"destinationVaultArn": destination_arn, "lifecycle": {"deleteAfter": 40}}],
    }
    monthly = {
        "ruleName": "monthly",
        "targetVaultName": "daily",
        "schedule": "cron(0 6 1 * ? *)",
        "lifecycle": {"coldStorageAfter": 30, "deleteAfter": 365},
    }
    plan = {"name": "plan", "rules": [daily, monthly]}
    changes = {"rules": [{**daily, "lifecycle": {"deleteAfter": 36}}, monthly]}
    by_tag = {"type": "STRINGEQUALS", "key": "Backup", "value": "daily"}
    condition = {"stringEquals": [{"key": "aws:ResourceTag/Backup", "value": "daily"}]}
    selections: dict[str, dict[str, Any]] = {
        "tagged": {"selectionTags": [by_tag]},
        "conditions": {"resources": ["arn:aws:rds:*:*:db:*"], "conditions": [condition]},
        "named": {"resources": [f"arn:aws:rds:{HERE}:{ACCOUNT_ID}:db:primary"]},
    }
    with life(lab.aws, f"{BACKUP}/plan:Plan", "plan", plan, changes) as made:
        for name, selected in selections.items():
            inputs = {"name": name, "planId": made.id, "iamRoleArn": lab.role_arn, **selected}
            with life(lab.aws, f"{BACKUP}/selection:Selection", name, inputs):
                pass


def walk_restore_testing(lab: Lab) -> None:
    plan = {
        "name": "weekly",
        "scheduleExpression": "cron(0 6 ? * SUN *)",
        "scheduleExpressionTimezone": "America/New_York",
        "startWindowHours": 4,
        "recoveryPointSelection": {
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": [f"arn:aws:backup:{HERE}:{ACCOUNT_ID}:backup-vault:daily"],
            "recoveryPointTypes": ["SNAPSHOT"],
            "selectionWindowDays": 7,
        },
    }
    selection = {
        "name": "databases",
        "restoreTestingPlanName": "weekly",
        "protectedResourceType": "RDS",
        "iamRoleArn": lab.role_arn,
        "protectedResourceConditions": {
            "stringEquals": [{"key": "aws:ResourceTag/Backup", "value": "daily"}]
        },
        "restoreMetadataOverrides": {"dbSubnetGroupName": "data", "vpcSecurityGroupIds": '["sg-1"]'},
        "validationWindowHours": 2,
    }
    plans, selections = (
        f"{BACKUP}/restoreTestingPlan:RestoreTestingPlan",
        f"{BACKUP}/restoreTestingSelection:RestoreTestingSelection",
    )
    with (
        life(lab.aws, plans, "weekly", plan, {"startWindowHours": 5}),
        life(lab.aws, selections, "databases", selection, {"validationWindowHours": 3}),
    ):
        pass
