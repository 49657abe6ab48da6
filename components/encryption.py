"""Stateful. Customer-managed KMS keys: one for each class of data in each region, with explicit policies."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
from pulumi_aws import kms

from components.placement import Placement
from components.policy_documents import Document, Statement, document, via
from components.topics import PUBLISHERS

# What a key may be used for once encryption with it is allowed at all; the AWS services' guides ask for exactly these.
USE_ACTIONS = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
# Administration without use. Whoever may change the policy can in the end give themselves more; that shows in CloudTrail,
# and without it a key could be locked for good. CreateGrant is not here: a grant is a way to use a key.
ADMINISTRATION_ACTIONS = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)


class DataClass(StrEnum):
    """What a key encrypts. Each class has its own key, so that access to one gives nothing of another."""

    DATABASE = "database"
    CACHE = "cache"
    SECRETS = "secrets"
    LOGS = "logs"
    NOTIFICATIONS = "notifications"
    BACKUPS = "backups"
    EXPORTS = "exports"
    IMAGES = "images"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeysArgs:
    """One region's keys. A key of a class that is not listed does not exist there.

    A durable placement keeps the keys when the stack goes: without its key, no snapshot or backup can ever be read.
    """

    placement: Placement
    data_classes: Sequence[DataClass]
    deletion_window_days: int


class Keys(pulumi.ComponentResource):
    """Stateful. The keys of one region, each with an alias, yearly rotation and a policy of its own."""

    arns: Mapping[DataClass, pulumi.Output[str]]

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:encryption:Keys", name, None, opts)
        self.arns = {
            data_class: self._define_key(f"{name}-{data_class}", data_class, args)
            for data_class in args.data_classes
        }
        self.register_outputs({"arns": {str(data_class): arn for data_class, arn in self.arns.items()}})

    def _define_key(self, name: str, data_class: DataClass, args: KeysArgs) -> pulumi.Output[str]:
        placement = args.placement
        names, region = placement.names, placement.region
        key = kms.Key(
            name,
            description=f"encrypts {data_class} data of {names.of('data platform')} in {region}",
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_window_days,
            policy=json.dumps(key_policy(data_class, placement.account_id, region)),
            tags={"Name": names.of(data_class)},
            opts=placement.stateful(pulumi.ResourceOptions(parent=self)),
        )
        kms.Alias(
            f"{name}-alias",
            name=names.alias(data_class),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn


def key_policy(data_class: DataClass, account_id: str, region: str) -> Document:
    """The policy document of the key that encrypts `data_class` in `region` of `account_id`.

    The account may administer the key and, through the AWS service that the class belongs to, use it; AWS services
    that act on their own are named one by one. No statement lets a principal of the account decrypt by calling KMS
    directly, and none names anybody outside the account and AWS's own services.
    """
    return document(_administration(account_id), *_USES[data_class](account_id, region))


def _administration(account_id: str) -> Statement:
    return {
        "Sid": "AdministerByTheAccount",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": list(ADMINISTRATION_ACTIONS),
        "Resource": "*",
    }


def _through_services(services: Sequence[str], account_id: str, region: str) -> Statement:
    """Principals of the account use the key by way of one of the `services`.

    Source: "kms:ViaService" in the KMS guide's list of condition keys.
    """
    return {
        "Sid": "UseThroughTheService",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": list(USE_ACTIONS),
        "Resource": "*",
        "Condition": {"StringEquals": _via(services, account_id, region)},
    }


def _grants_through_services(services: Sequence[str], account_id: str, region: str) -> Statement:
    """The services also keep grants, with which they use the key while nobody calls.

    Source: "kms:GrantIsForAWSResource" in the KMS guide's list of condition keys.
    """
    return {
        "Sid": "GrantThroughTheService",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
        "Resource": "*",
        "Condition": {
            "StringEquals": _via(services, account_id, region),
            "Bool": {"kms:GrantIsForAWSResource": "true"},
        },
    }


def _via(services: Sequence[str], account_id: str, region: str) -> Mapping[str, str | list[str]]:
    names = [f"{service}.{region}.amazonaws.com" for service in services]
    return {"kms:ViaService": names[0] if len(names) == 1 else names, "kms:CallerAccount": account_id}


def _by_databases(account_id: str, region: str) -> list[Statement]:
    """RDS reads an instance's storage by a grant.

    Source: RDS guide, "Authorizing use of a customer managed key".
    """
    return [
        _through_services(["rds"], account_id, region),
        _grants_through_services(["rds"], account_id, region),
    ]


def _by_vaults(account_id: str, region: str) -> list[Statement]:
    """AWS Backup keeps a grant for the vault. Copies of RDS snapshots from the other region are encrypted with the key by RDS.

    A snapshot that was made in the vault's own region keeps its database's key: RDS is not a service whose backups AWS
    Backup encrypts itself.
    Source: AWS Backup guide, "Encryption for backups" and "Creating backup copies across AWS Regions"; the KMS statements of
    the AWS managed policies AWSBackupFullAccess (who makes a vault) and AWSBackupServiceLinkedRolePolicyForBackup.
    """
    services = ["backup", "rds"]
    return [
        _through_services(services, account_id, region),
        _grants_through_services(services, account_id, region),
    ]


def _by_stores(account_id: str, region: str) -> list[Statement]:
    """ElastiCache and MemoryDB keep a grant for each store, and for its snapshots.

    Source: ElastiCache user guide, "At-rest encryption", "Using customer managed keys"; MemoryDB developer guide, "At-rest
    encryption".
    """
    services = ["elasticache", "memorydb"]
    return [
        _through_services(services, account_id, region),
        _grants_through_services(services, account_id, region),
    ]


def _by_repositories(account_id: str, region: str) -> list[Statement]:
    """A repository stores and serves its images by grants, and retires them as it is deleted.

    RetireGrant knows no kms:GrantIsForAWSResource, so it stands with the uses. Source: ECR guide, "Encryption at rest".
    """
    use = _through_services(["ecr"], account_id, region)
    return [
        {**use, "Action": [*use["Action"], "kms:RetireGrant"]},
        _grants_through_services(["ecr"], account_id, region),
    ]


def _by_log_groups(account_id: str, region: str) -> list[Statement]:
    """CloudWatch Logs uses the key for the log groups of this account and region only.

    Source: CloudWatch Logs guide, "Encrypt log data using AWS KMS", encryption context condition.
    """
    return [
        {
            "Sid": "UseByLogGroups",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": list(USE_ACTIONS),
            "Resource": "*",
            "Condition": {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{account_id}:log-group:*"
                }
            },
        }
    ]


def _by_publishers(account_id: str, region: str) -> list[Statement]:
    """The services that publish to an encrypted topic; without this they drop their messages silently.

    There is no condition on the account: not every service sends one to KMS, and one that does not would be refused
    silently. The topic's policy has it, and only through the topic does a service come to use the key.
    Source: SNS guide, "Enable compatibility between event sources from AWS services and encrypted topics".
    """
    publishers: Statement = {
        "Sid": "UseByPublishers",
        "Effect": "Allow",
        "Principal": {"Service": list(PUBLISHERS)},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    return [publishers, _through_services(["sns"], account_id, region)]


def _by_export_buckets(account_id: str, region: str) -> list[Statement]:
    """Besides the account's own, the services that write snapshots of stores into the bucket.

    Source: ElastiCache user guide, "Exporting a backup"; MemoryDB developer guide, "Exporting a snapshot".
    """
    writers: Statement = {
        "Sid": "UseByWritersOfSnapshots",
        "Effect": "Allow",
        "Principal": {"Service": snapshot_writers(region)},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": via("s3", region),
    }
    return [writers, _through_services(["s3"], account_id, region)]


def snapshot_writers(region: str) -> list[str]:
    """The services that copy snapshots of stores into a bucket of the region.

    Source: ElastiCache user guide, "Exporting a backup"; MemoryDB developer guide, "Exporting a snapshot".
    """
    return [f"{region}.{service}-snapshot.amazonaws.com" for service in ("elasticache", "memorydb")]


_USES: Mapping[DataClass, Callable[[str, str], Sequence[Statement]]] = {
    DataClass.DATABASE: _by_databases,
    DataClass.CACHE: _by_stores,
    DataClass.SECRETS: lambda account_id, region: [_through_services(["secretsmanager"], account_id, region)],
    DataClass.LOGS: _by_log_groups,
    DataClass.NOTIFICATIONS: _by_publishers,
    DataClass.BACKUPS: _by_vaults,
    DataClass.EXPORTS: _by_export_buckets,
    DataClass.IMAGES: _by_repositories,
}
