"""S3 of the emulated account, through boto3.

Proves that replication rules read back as they were put and are refused where S3 refuses them, that Object Lock goes
with objects, and that a policy denies what it denies to everybody always. Does not prove that objects are replicated or that conditions of a policy hold:
statements that have one are left out.
"""

import json
from typing import Any

import pytest

from tests.sandbox.emulator.calls import numbers, refused
from tests.sandbox.emulator.conftest import ACCOUNT_ID, Connect

KEY = f"arn:aws:kms:us-west-2:{ACCOUNT_ID}:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def s3(connect: Connect) -> Any:
    return connect("s3")


def create_bucket(s3: Any, *, versioned: bool = True) -> str:
    name = f"bucket-{next(numbers)}"
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def bucket(s3: Any) -> str:
    return create_bucket(s3)


def rule(destination: str, **values: Any) -> dict[str, Any]:
    return {
        "ID": "all",
        "Priority": 0,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {
            "Bucket": f"arn:aws:s3:::{destination}",
            "StorageClass": "STANDARD_IA",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": KEY},
            "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}},
        },
        **values,
    }


def put(s3: Any, bucket: str, *rules: dict[str, Any]) -> None:
    configuration = {"Role": f"arn:aws:iam::{ACCOUNT_ID}:role/replication", "Rules": list(rules)}
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)


def test_replication_reads_back_as_it_was_put(s3: Any, bucket: str) -> None:
    other = create_bucket(s3)
    several = {"And": {"Prefix": "dumps/", "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]}}
    rules = [
        rule(other),
        rule(other, ID="tagged", Priority=1, Filter=several, DeleteMarkerReplication={"Status": "Disabled"}),
    ]
    put(s3, bucket, *rules)
    found = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    assert found == {"Role": f"arn:aws:iam::{ACCOUNT_ID}:role/replication", "Rules": rules}
    s3.delete_bucket_replication(Bucket=bucket)
    assert refused(s3.get_bucket_replication, Bucket=bucket)[0] == "ReplicationConfigurationNotFoundError"


def test_a_rule_without_an_id_gets_one(s3: Any, bucket: str) -> None:
    unnamed = rule(create_bucket(s3))
    del unnamed["ID"]
    put(s3, bucket, unnamed)
    assert s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"][0]["ID"]


def test_replication_that_s3_would_not_have_is_refused(s3: Any, bucket: str) -> None:
    other = create_bucket(s3)
    unversioned = create_bucket(s3, versioned=False)
    without_key = rule(other, Destination={"Bucket": f"arn:aws:s3:::{other}"})
    without_markers = rule(other)
    del without_markers["DeleteMarkerReplication"]
    for source, asked, words in (
        (bucket, rule("nowhere-at-all"), "Destination bucket must exist"),
        (bucket, rule(unversioned), "must have versioning enabled"),
        (unversioned, rule(other), "ersioning must be"),
        (bucket, without_key, "EncryptionConfiguration must be specified"),
        (bucket, without_markers, "DeleteMarkerReplication must be specified"),
    ):
        code, message = refused(lambda source=source, asked=asked: put(s3, source, asked))
        assert (code, words in message) == ("InvalidRequest", True), message


def test_the_retention_of_a_bucket_with_objects_can_be_changed(s3: Any, bucket: str) -> None:
    def lock(**retention: Any) -> dict[str, Any]:
        rule = {"Rule": {"DefaultRetention": retention}} if retention else {}
        return {"ObjectLockEnabled": "Enabled", **rule}

    for configuration in (lock(Mode="GOVERNANCE", Days=30), lock(Mode="GOVERNANCE", Days=31), lock()):
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)
        assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == configuration
        s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    unversioned = create_bucket(s3, versioned=False)
    code, _ = refused(s3.put_object_lock_configuration, Bucket=unversioned, ObjectLockConfiguration=lock())
    assert code == "InvalidBucketState"


def test_a_policy_denies_what_it_denies_without_a_condition(s3: Any, bucket: str) -> None:
    def deny(action: str, **values: Any) -> dict[str, Any]:
        return {
            "Effect": "Deny",
            "Principal": "*",
            "Action": action,
            "Resource": f"arn:aws:s3:::{bucket}/*",
            **values,
        }

    insecure = deny("s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [insecure]}))
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    statements = [insecure, deny("s3:PutObject")]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=b"x")[0] in ("AccessDenied", "403")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
