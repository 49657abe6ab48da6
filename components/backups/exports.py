"""Stateful. Where logical exports go: a locked, versioned bucket in each region, and the replication between them."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import iam, s3

from components.backups.regions import key_in
from components.backups.roles import trust
from components.durability import Durability
from contract.names import PhysicalNames

# A part of an upload that nobody finished is paid for and cannot be read; no export takes longer than a week.
INCOMPLETE_UPLOAD_DAYS = 7
EVERYTHING = ""
# Who writes a snapshot of a store that is copied to a bucket, in its region: ElastiCache user guide, "Exporting a backup"; MemoryDB
# developer guide, "Exporting a snapshot".
SNAPSHOT_WRITERS = ("elasticache-snapshot", "memorydb-snapshot")
SNAPSHOT_ACTIONS = (
    "s3:GetBucketAcl",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportBucketArgs:
    """A bucket in `region`, encrypted with a key of that region.

    An export is there for `retention_days`. For the first `object_lock_days` nobody can delete or overwrite it who may not
    bypass governance (s3:BypassGovernanceRetention). One that was deleted or overwritten stays for as many days more.
    """

    account_id: str
    region: str
    names: PhysicalNames
    kms_key_arn: pulumi.Input[str]
    retention_days: int
    object_lock_days: int
    durability: Durability = Durability.RETAIN


class ExportBucket(pulumi.ComponentResource):
    """Stateful. One region's bucket, with every setting that keeps its content in, and everybody else out."""

    region: str
    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    kms_key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ExportBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:backups:ExportBucket", name, None, opts)
        self._name, self._args = name, args
        self.region = args.region
        self.kms_key_arn = key_in(args.kms_key_arn, args.region)
        # A bucket that is left behind keeps its settings; each of them may change at any time.
        self._setting = pulumi.ResourceOptions(parent=self, retain_on_delete=args.durability.retains)
        created = s3.Bucket(
            f"{name}-bucket",
            # The names of all accounts' buckets are one space.
            bucket=f"{args.names.of('exports')}-{args.account_id}-{args.region}",
            object_lock_enabled=True,
            force_destroy=not args.durability.retains,
            opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), args.durability.options()),
        )
        self.bucket, self.arn = created.bucket, created.arn
        self._define_access()
        self._define_encryption()
        self._define_retention()
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _define_access(self) -> None:
        block = s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=self.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._setting,
        )
        s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self.bucket,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._setting,
        )
        s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket,
            policy=pulumi.Output.all(self.arn, self.kms_key_arn).apply(
                lambda arns: json.dumps(bucket_policy(*arns, region=self.region))
            ),
            # S3 refuses two changes of a bucket's access at once.
            opts=pulumi.ResourceOptions.merge(self._setting, pulumi.ResourceOptions(depends_on=[block])),
        )

    def _define_encryption(self) -> None:
        s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket,
            rules=[
                s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=(
                        s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                            sse_algorithm="aws:kms", kms_master_key_id=self.kms_key_arn
                        )
                    ),
                    bucket_key_enabled=True,
                )
            ],
            opts=self._setting,
        )

    def _define_retention(self) -> None:
        """Nothing moves to a colder class: each has a minimum of days and a price of reading that short retention never earns."""
        args = self._args
        versioning = s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self._setting,
        )
        versioned = pulumi.ResourceOptions.merge(
            self._setting, pulumi.ResourceOptions(depends_on=[versioning])
        )
        s3.BucketObjectLockConfiguration(
            f"{self._name}-object-lock",
            bucket=self.bucket,
            rule=s3.BucketObjectLockConfigurationRuleArgs(
                default_retention=s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                    mode="GOVERNANCE", days=args.object_lock_days
                )
            ),
            opts=versioned,
        )
        s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket,
            rules=[
                s3.BucketLifecycleConfigurationRuleArgs(
                    id="expire-exports",
                    status="Enabled",
                    filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=EVERYTHING),
                    expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=args.retention_days),
                    noncurrent_version_expiration=(
                        s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                            noncurrent_days=args.object_lock_days
                        )
                    ),
                    abort_incomplete_multipart_upload=(
                        s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=INCOMPLETE_UPLOAD_DAYS
                        )
                    ),
                ),
                # The marker that is left when the last version of an export is gone. S3 takes this in no rule that has days.
                s3.BucketLifecycleConfigurationRuleArgs(
                    id="remove-delete-markers",
                    status="Enabled",
                    filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=EVERYTHING),
                    expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(
                        expired_object_delete_marker=True
                    ),
                ),
            ],
            opts=versioned,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportReplicationArgs:
    """From which bucket to which."""

    source: ExportBucket
    destination: ExportBucket


class ExportReplication(pulumi.ComponentResource):
    """Copies every export to the other region's bucket; made with the provider of the source's region.

    Deletions are not copied: what goes from the one bucket by mistake is still in the other. There is no promise of minutes
    (S3 Replication Time Control costs per GB, and an export is hours old anyway); the metrics show what waits or fails.
    """

    def __init__(
        self, name: str, args: ExportReplicationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:backups:ExportReplication", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        source, destination = args.source, args.destination
        role = iam.Role(
            f"{name}-role",
            assume_role_policy=json.dumps(trust("s3.amazonaws.com")),
            description="lets S3 copy exports to the other region",
            opts=child,
        )
        permission = iam.RolePolicy(
            f"{name}-permission",
            role=role.name,
            policy=pulumi.Output.json_dumps(_replication_permissions(source, destination)),
            opts=child,
        )
        s3.BucketReplicationConfig(
            f"{name}-replication",
            bucket=source.bucket,
            role=role.arn,
            rules=[
                s3.BucketReplicationConfigRuleArgs(
                    id="copy-exports",
                    status="Enabled",
                    priority=1,
                    filter=s3.BucketReplicationConfigRuleFilterArgs(prefix=EVERYTHING),
                    delete_marker_replication=s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(
                        status="Disabled"
                    ),
                    source_selection_criteria=s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
                        sse_kms_encrypted_objects=(
                            s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
                                status="Enabled"
                            )
                        )
                    ),
                    destination=s3.BucketReplicationConfigRuleDestinationArgs(
                        bucket=destination.arn,
                        encryption_configuration=(
                            s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
                                replica_kms_key_id=destination.kms_key_arn
                            )
                        ),
                        metrics=s3.BucketReplicationConfigRuleDestinationMetricsArgs(status="Enabled"),
                    ),
                )
            ],
            # Both buckets must be versioned first.
            opts=pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(depends_on=[permission, source, destination])
            ),
        )
        self.register_outputs({})


def bucket_policy(bucket_arn: str, kms_key_arn: str, *, region: str) -> dict[str, Any]:
    """Lets snapshots of stores in, refuses plain HTTP, and every upload that asks for another key than the bucket's own.

    An upload that asks for none gets the bucket's. Replicas are no uploads; their key is the replication's. Whoever copies a
    snapshot into a bucket must own it, so that no other account's snapshots come this way.
    Source: S3 guide, "Bucket policy examples" (aws:SecureTransport) and "Specifying server-side encryption with AWS KMS".
    """
    objects = f"{bucket_arn}/*"
    algorithm, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WriteSnapshotsOfStores",
                "Effect": "Allow",
                "Principal": {"Service": [f"{region}.{writer}.amazonaws.com" for writer in SNAPSHOT_WRITERS]},
                "Action": list(SNAPSHOT_ACTIONS),
                "Resource": [bucket_arn, objects],
            },
            {
                "Sid": "RefuseUnencryptedTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket_arn, objects],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            _refuse_uploads("RefuseOtherEncryption", objects, algorithm, "aws:kms"),
            _refuse_uploads("RefuseOtherKeys", objects, key, kms_key_arn),
        ],
    }


def _refuse_uploads(sid: str, objects: str, header: str, allowed: str) -> dict[str, Any]:
    """Refuse an upload that sends `header` with another value than the allowed one."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": objects,
        "Condition": {"Null": {header: "false"}, "StringNotEquals": {header: allowed}},
    }


def _replication_permissions(source: ExportBucket, destination: ExportBucket) -> dict[str, Any]:
    """What the S3 guide asks for, with locks and with bucket keys, whose encryption context is the bucket.

    Source: S3 guide, "Setting up permissions for live replication", "Replicating encrypted objects", "Using Object Lock
    with S3 Replication". GenerateDataKey is for the replica's own bucket key.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadConfiguration",
                "Effect": "Allow",
                "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
                "Resource": source.arn,
            },
            {
                "Sid": "ReadExports",
                "Effect": "Allow",
                "Action": [
                    "s3:GetObjectLegalHold",
                    "s3:GetObjectRetention",
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionTagging",
                ],
                "Resource": pulumi.Output.concat(source.arn, "/*"),
            },
            {
                "Sid": "WriteReplicas",
                "Effect": "Allow",
                "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
                "Resource": pulumi.Output.concat(destination.arn, "/*"),
            },
            _use_key("DecryptExports", ["kms:Decrypt"], source),
            _use_key("EncryptReplicas", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], destination),
        ],
    }


def _use_key(sid: str, actions: list[str], bucket: ExportBucket) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": bucket.kms_key_arn,
        "Condition": {
            "StringEquals": {
                "kms:ViaService": f"s3.{bucket.region}.amazonaws.com",
                "kms:EncryptionContext:aws:s3:arn": bucket.arn,
            }
        },
    }
