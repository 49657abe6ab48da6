"""The buckets for exports and their replication, declared by themselves under recording mocks.

Proves how the buckets are encrypted, locked, emptied and copied, and who may write to them. Does not prove that the
provider or AWS accepts any of it; tests/sandbox does that with the real engine and provider.
"""

import json

import pytest

from components.backups.exports import bucket_policy
from components.durability import Durability
from tests.harness.backup_components import (
    ACCOUNT,
    DR,
    HOME,
    export_replication,
    exports,
    key_arn,
    statements_by_id,
)
from tests.harness.platform import ROLE_POLICY, of_type, only_of_type


@pytest.mark.parametrize(("durability", "kept"), [(Durability.RETAIN, True), (Durability.DISPOSABLE, False)])
def test_a_bucket_with_exports_goes_only_where_data_is_disposable(durability: Durability, kept: bool) -> None:
    recording = exports(durability)
    bucket = only_of_type(recording, "aws:s3/bucket:Bucket")
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
    block = only_of_type(recording, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert {key for key, value in block.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    ownership = only_of_type(recording, "aws:s3/bucketOwnershipControls:BucketOwnershipControls")
    assert ownership.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    encryption = only_of_type(
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
    versioning = only_of_type(recording, "aws:s3/bucketVersioning:BucketVersioning")
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    lock = only_of_type(recording, "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    assert lock.inputs["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}
    assert versioning.urn in lock.dependencies


def test_exports_expire_when_their_time_is_over_and_deleted_ones_no_sooner_than_their_lock() -> None:
    lifecycle = only_of_type(exports(), "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
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
    policy = json.loads(only_of_type(exports(), "aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
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
    policy = json.loads(only_of_type(exports(), "aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
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
    found = only_of_type(recording, "aws:s3/bucketReplicationConfig:BucketReplicationConfig")
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
    assert only_of_type(recording, ROLE_POLICY).urn in found.dependencies


def test_replication_reads_the_one_bucket_and_writes_the_other_each_with_its_key() -> None:
    source = "arn:aws:s3::123456789012:exports-bucket"
    destination = "arn:aws:s3::123456789012:dr-exports-bucket"
    found = statements_by_id(export_replication())
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
