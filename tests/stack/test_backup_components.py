"""The backup components, each declared by itself under recording mocks.

Proves which resources each one declares, with exactly which inputs, policies, parents, order and protection. Does not
prove that the provider or AWS accepts any of it; tests/sandbox does that with the real engine and provider.
"""

import gc
import json
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import botocore.loaders
import pulumi
import pytest

from components.backups.exports import (
    ExportBucket,
    ExportBucketArgs,
    ExportReplication,
    ExportReplicationArgs,
    bucket_policy,
)
from components.backups.plan import BackupPlan, BackupPlanArgs, BackupRule, selection_tags
from components.backups.regions import RegionError
from components.backups.replication import AutomatedBackupsReplication, AutomatedBackupsReplicationArgs
from components.backups.restore_testing import RestoreTesting, RestoreTestingArgs
from components.backups.schedule import Schedule
from components.backups.vault import JOB_EVENTS, BackupVault, BackupVaultArgs, VaultLock
from components.durability import Durability
from components.network import NetworkAttachment
from contract.names import PhysicalNames
from desired.recording import Recording, Registration, record
from tests.harness.platform import of_type

ACCOUNT = "222222222222"
HOME, DR = "us-east-1", "us-west-2"
NAMES = PhysicalNames("prod")
DATABASE_ARN = f"arn:aws:rds:{HOME}:{ACCOUNT}:db:reptidex-prod-postgres"
VAULT_ARN = f"arn:aws:backup:{HOME}:{ACCOUNT}:backup-vault:home"
DR_VAULT_ARN = f"arn:aws:backup:{DR}:{ACCOUNT}:backup-vault:away"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"

Options = dict[str, pulumi.ResourceOptions]


def key_arn(region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/0a1b2c3d"


def declared(declare: Callable[[pulumi.ResourceOptions], Any]) -> tuple[Recording, Options]:
    """What `declare` registers with the options that it is given, and every child's own options by its name."""
    options: Options = {}

    def collect(args: pulumi.ResourceTransformationArgs) -> None:
        options[args.name] = args.opts

    def program() -> Mapping[str, Any]:
        declare(pulumi.ResourceOptions(transformations=[collect]))
        return {}

    return record(program, "prod"), options


def only(recording: Recording, token: str) -> Registration:
    [found] = of_type(recording, token)
    return found


def statements(recording: Recording) -> dict[str, dict[str, Any]]:
    """The statements of the one inline policy, by id."""
    document = json.loads(only(recording, ROLE_POLICY).inputs["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}


def allows(recording: Recording, action: str) -> bool:
    """Whether any statement of the one inline policy names the action."""
    return any(
        fnmatchcase(action, pattern)
        for statement in statements(recording).values()
        for pattern in statement["Action"]
    )


def replication(**changes: Any) -> tuple[Recording, Options]:
    args = {
        "source_region": HOME,
        "destination_region": DR,
        "source_db_instance_arn": DATABASE_ARN,
        "kms_key_arn": key_arn(DR),
        "retention_days": 30,
        **changes,
    }
    return declared(
        lambda opts: AutomatedBackupsReplication(
            "dr-automated-backups", AutomatedBackupsReplicationArgs(**args), opts
        )
    )


def vault(
    durability: Durability = Durability.RETAIN, lock: VaultLock | None = None, region: str = DR
) -> tuple[Recording, Options]:
    args = BackupVaultArgs(
        region=region,
        kms_key_arn=key_arn(DR),
        notification_topic_arn=f"arn:aws:sns:{DR}:{ACCOUNT}:topic",
        lock=lock,
        durability=durability,
    )
    return declared(lambda opts: BackupVault("dr-backups", args, opts))


def plan(copy_vault_arn: str | None = DR_VAULT_ARN) -> Recording:
    args = BackupPlanArgs(
        account_id=ACCOUNT,
        region=HOME,
        names=NAMES,
        time_zone="America/New_York",
        rules=[
            BackupRule(name="daily", schedule=Schedule("01:00"), retention_days=35, copy_retention_days=30),
            BackupRule(
                name="weekly",
                schedule=Schedule("23:00", day="sun"),
                retention_days=90,
                copy_retention_days=60,
            ),
            BackupRule(name="monthly", schedule=Schedule("21:00", day_of_month=1), retention_days=400),
        ],
        vault_name="home",
        vault_arn=VAULT_ARN,
        copy_vault_arn=copy_vault_arn,
    )
    recording, _ = declared(lambda opts: BackupPlan("backup-plan", args, opts))
    return recording


def restore_testing() -> Recording:
    args = RestoreTestingArgs(
        account_id=ACCOUNT,
        region=HOME,
        names=NAMES,
        time_zone="America/New_York",
        schedule=Schedule("09:00", day="sun"),
        vault_arns=[VAULT_ARN],
        network=NetworkAttachment(
            vpc_id="vpc-0a", app_subnet_ids=["subnet-a"], data_subnet_ids=["subnet-d1", "subnet-d2"]
        ),
        instance_class="db.r7g.large",
        validation_window_hours=8,
    )
    recording, _ = declared(lambda opts: RestoreTesting("restore-testing", args, opts))
    return recording


def export_bucket_args(region: str, durability: Durability = Durability.RETAIN) -> ExportBucketArgs:
    return ExportBucketArgs(
        account_id=ACCOUNT,
        region=region,
        names=NAMES,
        kms_key_arn=key_arn(region),
        retention_days=90,
        object_lock_days=30,
        durability=durability,
    )


def exports(durability: Durability = Durability.RETAIN) -> Recording:
    recording, _ = declared(lambda opts: ExportBucket("exports", export_bucket_args(HOME, durability), opts))
    return recording


def export_replication() -> Recording:
    def declare(opts: pulumi.ResourceOptions) -> None:
        source = ExportBucket("exports", export_bucket_args(HOME), opts)
        destination = ExportBucket("dr-exports", export_bucket_args(DR), opts)
        args = ExportReplicationArgs(source=source, destination=destination)
        ExportReplication("export-replication", args, opts)

    recording, _ = declared(declare)
    return recording


EVERY_COMPONENT: list[Callable[[], Recording]] = [
    lambda: replication()[0],
    lambda: vault(lock=VaultLock(min_retention_days=30, max_retention_days=400))[0],
    plan,
    restore_testing,
    export_replication,
]


@pytest.mark.parametrize("declare", EVERY_COMPONENT)
def test_children_belong_to_their_component_in_parent_and_name(declare: Callable[[], Recording]) -> None:
    recording = declare()
    components = {r.urn: r for r in recording.registrations if not r.custom}
    children = [r for r in recording.registrations if r.custom]
    assert components
    assert children
    assert set(components) <= recording.registered_outputs
    for component in components.values():
        assert component.type.startswith("reptidex:backups:")
    for child in children:
        assert child.name.startswith(f"{components[child.parent].name}-")


def test_automated_backups_are_replicated_under_the_destinations_key_for_their_own_time() -> None:
    recording, _ = replication()
    found = only(
        recording,
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    )
    assert found.inputs == {
        "sourceDbInstanceArn": DATABASE_ARN,
        "kmsKeyId": key_arn(DR),
        "retentionPeriod": 30,
    }


def test_a_changed_retention_stops_the_old_replication_first_and_nothing_holds_on_to_it() -> None:
    recording, options = replication()
    own = options["dr-automated-backups-replication"]
    assert own.delete_before_replace is True
    found = recording.registrations[-1]
    assert found.protect is False
    assert found.retain_on_delete is False


def test_regions_that_rds_does_not_replicate_between_are_refused() -> None:
    with pytest.raises(RegionError, match="from us-east-1 to af-south-1"):
        replication(destination_region="af-south-1", kms_key_arn=key_arn("af-south-1"))


@pytest.fixture
def _collected() -> Iterator[None]:
    """Outputs that depend on a refused one log that nobody asked for them, when they are collected: so do it here.

    In the middle of another test's report it can break that report.
    """
    yield
    gc.collect()


@pytest.mark.usefixtures("_collected")
def test_a_key_of_the_wrong_region_is_refused_as_soon_as_it_is_known() -> None:
    with pytest.raises(RegionError, match="is in us-east-1, and is needed in us-west-2"):
        replication(kms_key_arn=key_arn(HOME))
    with pytest.raises(RegionError, match="is in us-west-2, and is needed in us-east-1"):
        vault(region=HOME)


@pytest.mark.parametrize(("durability", "kept"), [(Durability.RETAIN, True), (Durability.DISPOSABLE, False)])
def test_a_vault_with_backups_goes_only_where_data_is_disposable(durability: Durability, kept: bool) -> None:
    recording, _ = vault(durability)
    found = only(recording, "aws:backup/vault:Vault")
    assert found.inputs == {"kmsKeyArn": key_arn(DR), "forceDestroy": not kept}
    assert found.protect is kept
    assert found.retain_on_delete is kept


def test_a_lock_is_a_governance_lock_that_a_change_never_takes_away() -> None:
    recording, options = vault(lock=VaultLock(min_retention_days=30, max_retention_days=400))
    lock = only(recording, "aws:backup/vaultLockConfiguration:VaultLockConfiguration")
    assert lock.inputs == {
        "backupVaultName": "dr-backups-vault",
        "minRetentionDays": 30,
        "maxRetentionDays": 400,
    }, "with changeableForDays it would be a compliance lock, for ever"
    assert options["dr-backups-lock"].delete_before_replace is True
    assert lock.retain_on_delete is True
    assert lock.protect is False, "every change of the limits replaces it"


def test_without_a_lock_there_is_none() -> None:
    recording, _ = vault()
    assert of_type(recording, "aws:backup/vaultLockConfiguration:VaultLockConfiguration") == []


def test_the_topic_hears_of_failures() -> None:
    recording, options = vault()
    found = only(recording, "aws:backup/vaultNotifications:VaultNotifications")
    assert found.inputs == {
        "backupVaultName": "dr-backups-vault",
        "snsTopicArn": f"arn:aws:sns:{DR}:{ACCOUNT}:topic",
        "backupVaultEvents": ["BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED"],
    }
    assert options["dr-backups-notifications"].delete_before_replace is True


def test_every_event_is_one_that_aws_backup_knows() -> None:
    model = botocore.loaders.Loader().load_service_model("backup", "service-2")
    assert set(JOB_EVENTS) <= set(model["shapes"]["BackupVaultEvent"]["enum"])


def test_each_rule_has_its_own_time_retention_and_copy() -> None:
    rules = only(plan(), "aws:backup/plan:Plan").inputs["rules"]
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
    for rule in only(recording, "aws:backup/plan:Plan").inputs["rules"]:
        assert "enableContinuousBackup" not in rule
    assert not allows(recording, "rds:ModifyDBInstance")


def test_a_plan_without_another_vault_copies_nothing() -> None:
    recording = plan(copy_vault_arn=None)
    for rule in only(recording, "aws:backup/plan:Plan").inputs["rules"]:
        assert "copyActions" not in rule
    assert statements(recording)["FillVaults"]["Resource"] == [VAULT_ARN]


def test_a_plan_selects_the_databases_of_its_own_stack_by_tag_and_by_name() -> None:
    recording = plan()
    selection = only(recording, "aws:backup/selection:Selection")
    assert selection.inputs["planId"] == "backup-plan-plan-id"
    assert selection.inputs["resources"] == [f"arn:aws:rds:{HOME}:{ACCOUNT}:db:reptidex-prod-*"]
    assert selection.inputs["conditions"] == [
        {"stringEquals": [{"key": "aws:ResourceTag/BackupPlan", "value": "reptidex-prod-backups"}]}
    ]
    assert only(recording, "aws:backup/plan:Plan").inputs["name"] == "reptidex-prod-backups"
    assert selection_tags(NAMES) == {"BackupPlan": "reptidex-prod-backups"}
    assert selection_tags(PhysicalNames("prod-restore")) != selection_tags(NAMES)
    assert only(recording, ROLE_POLICY).urn in selection.dependencies


@pytest.mark.parametrize(
    ("declare", "service"),
    [(plan, "backup"), (restore_testing, "backup"), (export_replication, "s3")],
)
def test_a_role_is_for_its_service_alone(declare: Callable[[], Recording], service: str) -> None:
    role = only(declare(), "aws:iam/role:Role")
    [statement] = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


@pytest.mark.parametrize(
    "action",
    ["rds:CreateDBSnapshot", "rds:CopyDBSnapshot", "rds:DeleteDBSnapshot", "tag:GetResources", "kms:CreateGrant"],
)  # fmt: skip
def test_the_plans_role_may_do_what_snapshots_of_rds_need(action: str) -> None:
    assert allows(plan(), action)


@pytest.mark.parametrize(
    "action",
    ["rds:DeleteDBInstance", "rds:DeleteDBInstanceAutomatedBackup", "rds:ModifyDBInstance", "kms:Decrypt", "iam:PassRole"],
)  # fmt: skip
def test_the_plans_role_may_do_nothing_to_a_database(action: str) -> None:
    assert not allows(plan(), action)


def test_the_plans_role_deletes_only_what_aws_backup_made() -> None:
    found = statements(plan())
    deleting = [s for s in found.values() if any("Delete" in action for action in s["Action"])]
    assert [s["Resource"] for s in deleting] == [[f"arn:aws:rds:*:{ACCOUNT}:snapshot:awsbackup:*"]]
    assert found["FillVaults"]["Resource"] == [VAULT_ARN, DR_VAULT_ARN]


@pytest.mark.parametrize("declare", [plan, restore_testing])
def test_roles_of_aws_backup_use_keys_through_rds_only(declare: Callable[[], Recording]) -> None:
    for statement in statements(declare()).values():
        if any(a.startswith("kms:") and a != "kms:DescribeKey" for a in statement["Action"]):
            assert statement["Condition"]["StringLike"] == {"kms:ViaService": "rds.*.amazonaws.com"}
            assert all(f":{ACCOUNT}:key/" in arn for arn in statement["Resource"])


def test_a_restore_test_runs_weekly_on_the_latest_snapshot() -> None:
    found = only(restore_testing(), "aws:backup/restoreTestingPlan:RestoreTestingPlan")
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
    found = only(recording, "aws:backup/restoreTestingSelection:RestoreTestingSelection")
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
    assert only(recording, ROLE_POLICY).urn in found.dependencies
    subnets = only(recording, "aws:rds/subnetGroup:SubnetGroup")
    assert subnets.inputs["subnetIds"] == ["subnet-d1", "subnet-d2"]


def test_nobody_is_let_into_a_restored_copy() -> None:
    recording = restore_testing()
    group = only(recording, "aws:ec2/securityGroup:SecurityGroup")
    assert group.inputs["vpcId"] == "vpc-0a"
    assert not {"ingress", "egress"} & set(group.inputs)
    assert not any("securityGroup" in r.type and "Rule" in r.type for r in recording.registrations)


def test_the_restore_role_deletes_and_modifies_nothing() -> None:
    for action in ("rds:DeleteDBInstance", "rds:DeleteDBSnapshot", "rds:ModifyDBInstance"):
        assert not allows(restore_testing(), action)


@pytest.mark.parametrize(("durability", "kept"), [(Durability.RETAIN, True), (Durability.DISPOSABLE, False)])
def test_a_bucket_with_exports_goes_only_where_data_is_disposable(durability: Durability, kept: bool) -> None:
    recording = exports(durability)
    bucket = only(recording, "aws:s3/bucket:Bucket")
    assert bucket.inputs == {
        "bucket": f"reptidex-prod-exports-{ACCOUNT}-{HOME}",
        "objectLockEnabled": True,
        "forceDestroy": not kept,
    }
    assert bucket.protect is kept
    settings = [r for r in recording.registrations if r.custom and r.urn != bucket.urn]
    assert len(settings) == 7
    for setting in settings:
        assert setting.retain_on_delete is kept, "a bucket left behind without its settings is open"
        assert setting.protect is False


def test_a_bucket_is_private_encrypted_versioned_and_locked() -> None:
    recording = exports()
    block = only(recording, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert {key for key, value in block.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    ownership = only(recording, "aws:s3/bucketOwnershipControls:BucketOwnershipControls")
    assert ownership.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    encryption = only(
        recording,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    )
    assert encryption.inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": key_arn(HOME),
            },
            "bucketKeyEnabled": True,
        }
    ]
    versioning = only(recording, "aws:s3/bucketVersioning:BucketVersioning")
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    lock = only(recording, "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    assert lock.inputs["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}
    assert versioning.urn in lock.dependencies


def test_exports_expire_when_their_time_is_over_and_deleted_ones_no_sooner_than_their_lock() -> None:
    lifecycle = only(exports(), "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert lifecycle.inputs["rules"] == [
        {
            "id": "expire-exports",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"days": 90},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        },
        {
            "id": "remove-delete-markers",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"expiredObjectDeleteMarker": True},
        },
    ]


def test_a_bucket_refuses_plain_http_and_every_encryption_but_its_own() -> None:
    policy = json.loads(only(exports(), "aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    arn = "arn:aws:s3::123456789012:exports-bucket"
    assert policy == bucket_policy(arn, key_arn(HOME), region=HOME)
    _, *refusals = policy["Statement"]
    transport, algorithm, key = refusals
    assert transport["Action"] == "s3:*"
    assert transport["Resource"] == [arn, f"{arn}/*"]
    assert transport["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    header = "s3:x-amz-server-side-encryption"
    assert algorithm["Condition"] == {"Null": {header: "false"}, "StringNotEquals": {header: "aws:kms"}}
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    assert key["Condition"] == {"Null": {header: "false"}, "StringNotEquals": {header: key_arn(HOME)}}
    for statement in refusals:
        assert statement["Effect"] == "Deny"
        assert statement["Principal"] == "*"
    assert algorithm["Action"] == key["Action"] == "s3:PutObject"


def test_only_the_services_that_copy_snapshots_of_stores_may_write_from_outside() -> None:
    policy = json.loads(only(exports(), "aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    [allowed] = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {
        "Service": [
            f"{HOME}.elasticache-snapshot.amazonaws.com",
            f"{HOME}.memorydb-snapshot.amazonaws.com",
        ]
    }
    assert "s3:PutObject" in allowed["Action"]
    assert not any("Delete" in action or "*" in action for action in allowed["Action"])


def test_every_export_is_copied_under_the_other_regions_key_and_deletions_are_not() -> None:
    recording = export_replication()
    found = only(recording, "aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    assert found.inputs["bucket"] == f"reptidex-prod-exports-{ACCOUNT}-{HOME}"
    assert found.inputs["rules"] == [
        {
            "id": "copy-exports",
            "status": "Enabled",
            "priority": 1,
            "filter": {"prefix": ""},
            "deleteMarkerReplication": {"status": "Disabled"},
            "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
            "destination": {
                "bucket": "arn:aws:s3::123456789012:dr-exports-bucket",
                "encryptionConfiguration": {"replicaKmsKeyId": key_arn(DR)},
                "metrics": {"status": "Enabled"},
            },
        }
    ]
    versioned = {r.urn for r in of_type(recording, "aws:s3/bucketVersioning:BucketVersioning")}
    assert len(versioned) == 2
    assert versioned <= found.dependencies
    assert only(recording, ROLE_POLICY).urn in found.dependencies


def test_replication_reads_the_one_bucket_and_writes_the_other_each_with_its_key() -> None:
    source = "arn:aws:s3::123456789012:exports-bucket"
    destination = "arn:aws:s3::123456789012:dr-exports-bucket"
    found = statements(export_replication())
    assert found["ReadConfiguration"]["Resource"] == source
    assert found["ReadExports"]["Resource"] == f"{source}/*"
    assert {"s3:GetObjectRetention", "s3:GetObjectLegalHold"} <= set(found["ReadExports"]["Action"])
    assert found["WriteReplicas"]["Resource"] == f"{destination}/*"
    assert found["WriteReplicas"]["Action"] == ["s3:ReplicateObject", "s3:ReplicateTags"]
    assert found["DecryptExports"] == {
        "Sid": "DecryptExports",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": key_arn(HOME),
        "Condition": {
            "StringEquals": {
                "kms:ViaService": f"s3.{HOME}.amazonaws.com",
                "kms:EncryptionContext:aws:s3:arn": source,
            }
        },
    }
    assert found["EncryptReplicas"]["Resource"] == key_arn(DR)
    assert found["EncryptReplicas"]["Condition"] == {
        "StringEquals": {
            "kms:ViaService": f"s3.{DR}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": destination,
        }
    }
