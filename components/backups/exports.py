"""Stateful. The bucket of logical exports in one region: locked, versioned and encrypted."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.backups.regions import key_in
from components.encryption import snapshot_writers
from components.placement import Placement
from components.policy_documents import Document, Statement, document, refuse_unencrypted_transport

# A part of an upload that nobody finished is paid for and cannot be read; no export takes longer than a week.
INCOMPLETE_UPLOAD_DAYS = 7
EVERYTHING = ""
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
    """A bucket, encrypted with a key of its region.

    An export is there for `retention_days`. For the first `object_lock_days` nobody can delete or overwrite it who may not
    bypass governance (s3:BypassGovernanceRetention). One that was deleted or overwritten stays for as many days more.
    """

    placement: Placement
    kms_key_arn: pulumi.Input[str]
    retention_days: int
    object_lock_days: int


class ExportBucket(pulumi.ComponentResource):
    """Stateful. One region's bucket, with every setting that keeps its content in, and everybody else out."""

    region: str
    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    kms_key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ExportBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:backups:ExportBucket", name, None, opts)
        self._name, self._args = name, args
        placement = args.placement
        self.region = placement.region
        self.kms_key_arn = key_in(args.kms_key_arn, placement.region)
        # A bucket that is left behind keeps its settings; each of them may change at any time.
        self._setting = pulumi.ResourceOptions(parent=self, retain_on_delete=placement.durability.retains)
        created = s3.Bucket(
            f"{name}-bucket",
            # The names of all accounts' buckets are one space.
            bucket=f"{placement.names.of('exports')}-{placement.account_id}-{placement.region}",
            object_lock_enabled=True,
            force_destroy=not placement.durability.retains,
            opts=placement.stateful(pulumi.ResourceOptions(parent=self)),
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
            rules=_lifecycle_rules(args),
            opts=versioned,
        )


def _lifecycle_rules(args: ExportBucketArgs) -> list[s3.BucketLifecycleConfigurationRuleArgs]:
    everything = s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=EVERYTHING)
    return [
        s3.BucketLifecycleConfigurationRuleArgs(
            id="expire-exports",
            status="Enabled",
            filter=everything,
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
            filter=everything,
            expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
        ),
    ]


def bucket_policy(bucket_arn: str, kms_key_arn: str, *, region: str) -> Document:
    """Lets snapshots of stores in, refuses plain HTTP, and every upload that asks for another key than the bucket's own.

    An upload that asks for none gets the bucket's. Replicas are no uploads; their key is the replication's. Whoever copies a
    snapshot into a bucket must own it, so that no other account's snapshots come this way.
    Source: S3 guide, "Bucket policy examples" (aws:SecureTransport) and "Specifying server-side encryption with AWS KMS".
    """
    objects = f"{bucket_arn}/*"
    algorithm, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    return document(
        {
            "Sid": "WriteSnapshotsOfStores",
            "Effect": "Allow",
            "Principal": {"Service": snapshot_writers(region)},
            "Action": list(SNAPSHOT_ACTIONS),
            "Resource": [bucket_arn, objects],
        },
        refuse_unencrypted_transport("s3:*", [bucket_arn, objects]),
        _refuse_uploads("RefuseOtherEncryption", objects, algorithm, "aws:kms"),
        _refuse_uploads("RefuseOtherKeys", objects, key, kms_key_arn),
    )


def _refuse_uploads(sid: str, objects: str, header: str, allowed: str) -> Statement:
    """Refuse an upload that sends `header` with another value than the allowed one."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": objects,
        "Condition": {"Null": {header: "false"}, "StringNotEquals": {header: allowed}},
    }
