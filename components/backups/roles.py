"""What the roles that AWS assumes for backups may do.

A role of AWS Backup has the RDS part of the AWS managed policy only, as the AWS Backup guide shows how to cut it ("Managed
policies for AWS Backup", "Customer managed policies"). The managed one would also let it change instances and delete
their automated backups: it needs that for continuous backups, and RDS owns the point-in-time recovery here.
"""

from collections.abc import Sequence

import pulumi

from components.policy_documents import Document, Statement, allow, document

# Snapshots that AWS Backup made carry this prefix; its own managed policies rely on it.
OWN_SNAPSHOTS = "awsbackup:*"


def trust(service: str) -> Document:
    """The trust policy of a role that only principals of its own account can hand to `service`.

    No condition on the source: neither AWS Backup's nor S3's guide says that the service sends one when it assumes a
    role, and a missing one would stop every backup. Who passes a role must be allowed to (iam:PassRole), in the same account.
    Source: AWS Backup guide, "IAM service roles"; S3 guide, "Setting up permissions for live replication".
    """
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def backup_permissions(account_id: str, vault_arns: Sequence[pulumi.Input[str]]) -> Document:
    """Back up RDS instances of the account into the vaults, copy between them, and expire what is in them.

    Source: the AWS managed policy AWSBackupServiceRolePolicyForBackup, of which these are the statements for RDS snapshots.
    """
    snapshots = f"arn:aws:rds:*:{account_id}:snapshot:{OWN_SNAPSHOTS}"
    return document(
        allow(
            [
                "rds:DescribeDBInstances",
                "rds:DescribeDBSnapshots",
                "rds:ListTagsForResource",
                "tag:GetResources",
            ],
            ["*"],
            sid="FindDatabases",
        ),
        allow(
            ["rds:CopyDBSnapshot", "rds:CreateDBSnapshot"],
            [f"arn:aws:rds:*:{account_id}:db:*", snapshots],
            sid="MakeSnapshots",
        ),
        allow(["rds:AddTagsToResource"], [snapshots], sid="TagOwnSnapshots"),
        allow(["rds:DeleteDBSnapshot"], [snapshots], sid="ExpireOwnSnapshots"),
        allow(
            ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], list(vault_arns), sid="FillVaults"
        ),
        allow(["backup:CopyFromBackupVault"], ["*"], sid="CopyFromVaults"),
        allow(
            ["backup:TagResource"],
            [f"arn:aws:backup:*:{account_id}:recovery-point:*"],
            sid="TagRecoveryPoints",
        ),
        allow(["kms:DescribeKey"], [f"arn:aws:kms:*:{account_id}:key/*"], sid="SeeKeys"),
        _grants_by_rds(account_id),
    )


def restore_permissions(account_id: str, region: str) -> Document:
    """Restore a database from one of AWS Backup's snapshots, and delete nothing.

    AWS Backup deletes restore tests by its own role (service-linked role AWSServiceRoleForBackupRestoreTesting): one that
    may both tag and delete by tag could delete every database that is not protected.

    Source: the AWS managed policy AWSBackupServiceRolePolicyForRestores, of which these are the statements for RDS
    instances; the resources of each action are in the service authorization reference.
    """
    here = f"arn:aws:rds:{region}:{account_id}"
    return document(
        allow(
            [
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "rds:DescribeDBInstances",
                "rds:DescribeDBSnapshots",
                "rds:ListTagsForResource",
            ],
            ["*"],
            sid="FindDatabases",
        ),
        allow(
            ["rds:AddTagsToResource", "rds:CreateDBInstance", "rds:RestoreDBInstanceFromDBSnapshot"],
            [
                f"{here}:db:*",
                f"{here}:og:*",
                f"{here}:pg:*",
                f"{here}:snapshot:{OWN_SNAPSHOTS}",
                f"{here}:subgrp:*",
            ],
            sid="Restore",
        ),
        allow(["kms:DescribeKey"], [f"arn:aws:kms:{region}:{account_id}:key/*"], sid="SeeKeys"),
        allow(
            [
                "kms:Decrypt",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            [f"arn:aws:kms:{region}:{account_id}:key/*"],
            sid="UseKeysThroughRds",
            condition={"StringLike": {"kms:ViaService": "rds.*.amazonaws.com"}},
        ),
        _grants_by_rds(account_id),
    )


def _grants_by_rds(account_id: str) -> Statement:
    """A snapshot's copy and a restored instance each need a grant on their key; which keys, their policies decide."""
    return allow(
        ["kms:CreateGrant"],
        [f"arn:aws:kms:*:{account_id}:key/*"],
        sid="GrantKeysThroughRds",
        condition={
            "Bool": {"kms:GrantIsForAWSResource": "true"},
            "StringLike": {"kms:ViaService": "rds.*.amazonaws.com"},
        },
    )
