"""The key, topic and trust policies, as documents.

Proves who may use which key and under which condition. Does not prove that KMS evaluates them so.
"""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.backups.exports import bucket_policy
from components.encryption import DataClass, key_policy
from components.policy_documents import service_trust
from components.topics import topic_policy

ACCOUNT = "123456789012"
REGION = "us-west-2"
# What lets its holder read data, or let somebody else read it.
USING = ("kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant")


def statements(data_class: DataClass) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = key_policy(data_class, ACCOUNT, REGION)["Statement"]
    return found


@pytest.mark.parametrize("data_class", DataClass)
def test_nobody_outside_the_account_and_aws_itself_is_named(data_class: DataClass) -> None:
    for statement in statements(data_class):
        [(kind, who)] = statement["Principal"].items()
        if kind == "AWS":
            assert who == f"arn:aws:iam::{ACCOUNT}:root"
        else:
            assert kind == "Service"
            assert all(name.endswith(".amazonaws.com") for name in ([who] if isinstance(who, str) else who))


@pytest.mark.parametrize("data_class", DataClass)
def test_the_account_can_always_administer_its_key(data_class: DataClass) -> None:
    administration = statements(data_class)[0]
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"} <= set(
        administration["Action"]
    )
    assert "Condition" not in administration


def allows(statement: dict[str, Any], action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in statement["Action"])


@pytest.mark.parametrize("data_class", DataClass)
@pytest.mark.parametrize("action", USING)
def test_principals_of_the_account_use_a_key_by_way_of_a_service_only(
    data_class: DataClass, action: str
) -> None:
    for statement in statements(data_class):
        if "AWS" in statement["Principal"] and allows(statement, action):
            condition = statement["Condition"]["StringEquals"]
            services = condition["kms:ViaService"]
            for service in [services] if isinstance(services, str) else services:
                assert service.endswith(f".{REGION}.amazonaws.com"), statement["Sid"]
            assert condition["kms:CallerAccount"] == ACCOUNT


@pytest.mark.parametrize(
    ("data_class", "action"),
    [
        # RDS guide, "Authorizing use of a customer managed key".
        (DataClass.DATABASE, "kms:CreateGrant"),
        (DataClass.DATABASE, "kms:GenerateDataKeyWithoutPlaintext"),
        (DataClass.DATABASE, "kms:DescribeKey"),
        # ElastiCache user guide, "At-rest encryption", "Using customer managed keys".
        (DataClass.CACHE, "kms:CreateGrant"),
        (DataClass.CACHE, "kms:GenerateDataKeyWithoutPlaintext"),
        (DataClass.CACHE, "kms:DescribeKey"),
        # Secrets Manager guide, "Permissions for the KMS key".
        (DataClass.SECRETS, "kms:GenerateDataKey"),
        (DataClass.SECRETS, "kms:Decrypt"),
        # CloudWatch Logs guide, "Encrypt log data".
        (DataClass.LOGS, "kms:GenerateDataKey"),
        (DataClass.LOGS, "kms:DescribeKey"),
        # SNS guide, encrypted topics and their event sources.
        (DataClass.NOTIFICATIONS, "kms:GenerateDataKey"),
        (DataClass.NOTIFICATIONS, "kms:Decrypt"),
        # AWS managed policies AWSBackupFullAccess and AWSBackupServiceLinkedRolePolicyForBackup.
        (DataClass.BACKUPS, "kms:CreateGrant"),
        (DataClass.BACKUPS, "kms:GenerateDataKeyWithoutPlaintext"),
        (DataClass.BACKUPS, "kms:ReEncryptFrom"),
        # S3 guide, "Replicating encrypted objects", and uploads in parts, which read what they wrote.
        (DataClass.EXPORTS, "kms:GenerateDataKey"),
        (DataClass.EXPORTS, "kms:Encrypt"),
        (DataClass.EXPORTS, "kms:Decrypt"),
    ],
)
def test_the_service_can_do_what_its_guide_says_it_must(data_class: DataClass, action: str) -> None:
    assert any(allows(statement, action) for statement in statements(data_class)[1:])


WITH_GRANTS = {DataClass.BACKUPS, DataClass.CACHE, DataClass.DATABASE, DataClass.IMAGES}


@pytest.mark.parametrize("data_class", sorted(set(DataClass) - WITH_GRANTS))
def test_only_what_is_read_while_nobody_calls_needs_grants(data_class: DataClass) -> None:
    assert not any(allows(statement, "kms:CreateGrant") for statement in statements(data_class))


@pytest.mark.parametrize("data_class", sorted(WITH_GRANTS))
def test_a_grant_is_for_an_aws_service_only(data_class: DataClass) -> None:
    [grants] = [s for s in statements(data_class) if allows(s, "kms:CreateGrant")]
    assert grants["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


@pytest.mark.parametrize(
    ("data_class", "services"),
    [
        (DataClass.BACKUPS, ["backup", "rds"]),
        (DataClass.CACHE, ["elasticache", "memorydb"]),
        (DataClass.DATABASE, "rds"),
        (DataClass.EXPORTS, "s3"),
        (DataClass.SECRETS, "secretsmanager"),
    ],
)
def test_a_key_is_used_through_the_services_of_its_class_and_no_other(
    data_class: DataClass, services: str | list[str]
) -> None:
    wanted = (
        f"{services}.{REGION}.amazonaws.com"
        if isinstance(services, str)
        else [f"{service}.{REGION}.amazonaws.com" for service in services]
    )
    for statement in statements(data_class)[1:]:
        assert statement["Condition"]["StringEquals"]["kms:ViaService"] == wanted


def test_who_says_on_whose_behalf_publishes_on_behalf_of_this_account_only() -> None:
    publish, by_rules, _ = topic_policy("arn:aws:sns:us-west-2:123456789012:t", ACCOUNT)["Statement"]
    assert publish["Principal"]["Service"] == [
        "events.rds.amazonaws.com",
        "backup.amazonaws.com",
        "cloudwatch.amazonaws.com",
    ]
    assert publish["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert by_rules["Principal"]["Service"] == "events.amazonaws.com"
    assert "Condition" not in by_rules, "EventBridge would be refused, without a word"


@pytest.mark.parametrize(
    ("data_class", "service"),
    [
        (DataClass.DATABASE, "rds"),
        (DataClass.SECRETS, "secretsmanager"),
        (DataClass.NOTIFICATIONS, "sns"),
        (DataClass.IMAGES, "ecr"),
    ],
)
def test_a_key_is_used_by_way_of_the_service_its_data_belongs_to(data_class: DataClass, service: str) -> None:
    via = [
        s["Condition"]["StringEquals"]["kms:ViaService"]
        for s in statements(data_class)
        if "UseThrough" in s["Sid"]
    ]
    assert via == [f"{service}.{REGION}.amazonaws.com"]


def test_grants_go_to_aws_resources_only() -> None:
    [grant] = [s for s in statements(DataClass.DATABASE) if allows(s, "kms:CreateGrant")]
    assert grant["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_log_groups_of_this_account_and_region_only_use_the_logs_key() -> None:
    [use] = statements(DataClass.LOGS)[1:]
    assert use["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert use["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"
    }


def test_who_publishes_to_the_topic_can_use_its_key() -> None:
    """An encrypted topic whose publishers cannot use the key drops their messages without an error."""
    publishers = next(s for s in statements(DataClass.NOTIFICATIONS) if s["Sid"] == "UseByPublishers")
    policy = topic_policy("arn:aws:sns:us-west-2:123456789012:t", ACCOUNT)
    accountable, by_rules = (s["Principal"]["Service"] for s in policy["Statement"] if s["Effect"] == "Allow")
    assert [*accountable, by_rules] == publishers["Principal"]["Service"]
    assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= set(publishers["Action"])


@pytest.mark.parametrize("data_class", DataClass)
def test_a_policy_fits_kms_limit_of_32_kib(data_class: DataClass) -> None:
    assert len(json.dumps(key_policy(data_class, ACCOUNT, REGION))) < 32 * 1024


def test_a_service_assumes_a_role_for_one_source_of_this_account_only() -> None:
    """VPC guide, flow logs role; RDS guide, enhanced monitoring role."""
    [statement] = service_trust("monitoring.rds.amazonaws.com", ACCOUNT, "arn:aws:rds:r:a:db:d")["Statement"]
    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": "arn:aws:rds:r:a:db:d"},
    }


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_whoever_the_bucket_lets_write_snapshots_can_use_its_key(region: str) -> None:
    of_the_bucket = bucket_policy("bucket", "key", region=region)["Statement"]
    [let_in] = [s for s in of_the_bucket if s["Sid"] == "WriteSnapshotsOfStores"]
    of_the_key = key_policy(DataClass.EXPORTS, ACCOUNT, region)["Statement"]
    [writers] = [s for s in of_the_key if s["Sid"] == "UseByWritersOfSnapshots"]
    assert writers["Principal"] == let_in["Principal"]
    assert "kms:GenerateDataKey*" in writers["Action"]
