"""Buckets and their settings under the provider."""

import json
from typing import Any

from tests.sandbox.emulator.provider_walks.lab import Lab
from tests.sandbox.emulator.rds.databases import THERE
from tests.sandbox.emulator.walk import assert_settled, life

BUCKET = "aws:s3/bucket:Bucket"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


def tls_only(sid: str) -> str:
    """A policy for the bucket `settings`, whose only statement has this id."""
    statement = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::settings", "arn:aws:s3:::settings/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def walk_a_bucket_and_its_settings(lab: Lab) -> None:
    bucket: dict[str, Any] = {"bucket": "settings", "region": THERE}

    def setting(name: str, inputs: dict[str, Any], changes: dict[str, Any] | None = None) -> Any:
        type_ = f"aws:s3/{name[0].lower()}{name[1:]}:{name}"
        return life(lab.aws, type_, name, {**bucket, **inputs}, changes)

    def retention(days: int) -> dict[str, Any]:
        return {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": days}}}

    encryption = {
        "bucketKeyEnabled": True,
        "applyServerSideEncryptionByDefault": {
            "sseAlgorithm": "aws:kms",
            "kmsMasterKeyId": lab.there.key_arn,
        },
    }
    closed = dict.fromkeys(
        ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
    )
    with (
        life(lab.aws, BUCKET, "settings", {**bucket, "objectLockEnabled": True, "forceDestroy": True}),
        setting("BucketServerSideEncryptionConfiguration", {"rules": [encryption]}),
        setting("BucketPublicAccessBlock", closed),
        setting("BucketOwnershipControls", {"rule": {"objectOwnership": "BucketOwnerEnforced"}}),
        setting("BucketPolicy", {"policy": tls_only("a")}, {"policy": tls_only("b")}),
    ):
        made = lab.aws.create(VERSIONING, "v", {**bucket, "versioningConfiguration": {"status": "Enabled"}})
        assert_settled(lab.aws, made, made.inputs)
        with life(
            lab.aws,
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
            "lock",
            {**bucket, **retention(30)},
            retention(31),
            vanishes=False,
        ):
            s3 = lab.connect("s3", THERE)
            s3.put_object(Bucket="settings", Key="kept", Body=b"x")
            assert s3.get_object(Bucket="settings", Key="kept")["Body"].read() == b"x"


def walk_a_lifecycle(lab: Lab) -> None:
    """A walk of its own: the provider watches new rules for almost a minute."""

    def rules(days: int) -> dict[str, Any]:
        expiry = {
            "id": "expire",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"days": days},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
        transition = {"days": 30, "storageClass": "GLACIER_IR"}
        cold = {
            "id": "cold",
            "status": "Enabled",
            "filter": {"prefix": "dumps/"},
            "transitions": [transition],
        }
        return {"rules": [expiry, cold]}

    type_ = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    inputs = {"bucket": "lifecycle", **rules(90)}
    lab.connect("s3").create_bucket(Bucket="lifecycle")
    with life(lab.aws, type_, "lifecycle", inputs, rules(91)):
        pass


def walk_replicated_buckets(lab: Lab) -> None:
    def replication(status: str) -> dict[str, Any]:
        rule = {
            "id": "all",
            "status": status,
            "priority": 0,
            "filter": {"prefix": ""},
            "deleteMarkerReplication": {"status": "Enabled"},
            "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
            "destination": {
                "bucket": "arn:aws:s3:::replicated-away",
                "storageClass": "STANDARD_IA",
                "encryptionConfiguration": {"replicaKmsKeyId": lab.there.key_arn},
            },
        }
        return {"rules": [rule]}

    enabled = {"versioningConfiguration": {"status": "Enabled"}}
    inputs = {"bucket": "replicated", "role": lab.role_arn, **replication("Enabled")}
    away = {"bucket": "replicated-away", "region": THERE}
    with (
        life(lab.aws, BUCKET, "from", {"bucket": "replicated"}),
        life(lab.aws, BUCKET, "to", away),
        life(lab.aws, VERSIONING, "from", {"bucket": "replicated", **enabled}, vanishes=False),
        life(lab.aws, VERSIONING, "to", {**away, **enabled}, vanishes=False),
        life(lab.aws, REPLICATION, "rule", inputs, replication("Disabled")),
    ):
        pass
