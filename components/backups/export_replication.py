"""The replication of logical exports from one region's bucket to the other's."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam, s3

from components.backups.exports import EVERYTHING, ExportBucket
from components.backups.roles import trust
from components.policy_documents import Document, Statement, allow, document, via


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportReplicationArgs:
    """From which bucket to which."""

    source: ExportBucket
    destination: ExportBucket


class ExportReplication(pulumi.ComponentResource):
    """Copies every export to the other region's bucket; made with the provider of the source's region.

    Deletions are not copied: what goes from the one bucket by mistake is still in the other. There is no promise of
    minutes (S3 Replication Time Control costs per GB, and an export is hours old anyway); the metrics show what waits
    or fails.
    """

    def __init__(
        self, name: str, args: ExportReplicationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:backups:ExportReplication", name, None, opts)
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        source, destination = args.source, args.destination
        role = iam.Role(
            f"{name}-role",
            assume_role_policy=json.dumps(trust("s3.amazonaws.com")),
            description="lets S3 copy exports to the other region",
            opts=self._child,
        )
        permission = iam.RolePolicy(
            f"{name}-permission",
            role=role.name,
            policy=pulumi.Output.json_dumps(_replication_permissions(source, destination)),
            opts=self._child,
        )
        self._define_replication(source, destination, role, permission)
        self.register_outputs({})

    def _define_replication(
        self,
        source: ExportBucket,
        destination: ExportBucket,
        role: iam.Role,
        permission: pulumi.Resource,
    ) -> None:
        s3.BucketReplicationConfig(
            f"{self._name}-replication",
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
                    destination=_destination(destination),
                )
            ],
            # Both buckets must be versioned first.
            opts=pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(depends_on=[permission, source, destination])
            ),
        )


def _destination(bucket: ExportBucket) -> s3.BucketReplicationConfigRuleDestinationArgs:
    return s3.BucketReplicationConfigRuleDestinationArgs(
        bucket=bucket.arn,
        encryption_configuration=s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
            replica_kms_key_id=bucket.kms_key_arn
        ),
        metrics=s3.BucketReplicationConfigRuleDestinationMetricsArgs(status="Enabled"),
    )


def _replication_permissions(source: ExportBucket, destination: ExportBucket) -> Document:
    """What the S3 guide asks for, with locks and with bucket keys, whose encryption context is the bucket.

    Source: S3 guide, "Setting up permissions for live replication", "Replicating encrypted objects", "Using Object Lock
    with S3 Replication". GenerateDataKey is for the replica's own bucket key.
    """
    return document(
        allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], source.arn, sid="ReadConfiguration"),
        allow(
            [
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            pulumi.Output.concat(source.arn, "/*"),
            sid="ReadExports",
        ),
        allow(
            ["s3:ReplicateObject", "s3:ReplicateTags"],
            pulumi.Output.concat(destination.arn, "/*"),
            sid="WriteReplicas",
        ),
        _use_key("DecryptExports", ["kms:Decrypt"], source),
        _use_key("EncryptReplicas", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], destination),
    )


def _use_key(sid: str, actions: list[str], bucket: ExportBucket) -> Statement:
    through_s3 = via("s3", bucket.region)["StringEquals"]
    return allow(
        actions,
        bucket.kms_key_arn,
        sid=sid,
        condition={
            "StringEquals": {**through_s3, "kms:EncryptionContext:aws:s3:arn": bucket.arn},
        },
    )
