"""Secrets Manager of the emulated account: proves that a replica keeps its key and protects
its primary, that a version keeps its labels, and what a rotation schedule remembers. Does not prove anything of the rotation itself: no function is run."""

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.emulator.calls import create_function
from tests.sandbox.emulator.conftest import Connect


def test_a_replica_keeps_the_key_it_was_given(connect: Connect) -> None:
    secrets = connect("secretsmanager")
    key = connect("kms", "us-west-2").create_key()["KeyMetadata"]["Arn"]
    secrets.create_secret(Name="admin", AddReplicaRegions=[{"Region": "us-west-2", "KmsKeyId": key}])
    found = secrets.describe_secret(SecretId="admin")["ReplicationStatus"]
    assert [(replica["Region"], replica["KmsKeyId"]) for replica in found] == [("us-west-2", key)]
    with pytest.raises(ClientError, match="replica"):
        secrets.delete_secret(SecretId="admin")


def test_a_replica_without_a_key_has_the_default_one(connect: Connect) -> None:
    secrets = connect("secretsmanager")
    secrets.create_secret(Name="reader")
    secrets.replicate_secret_to_regions(SecretId="reader", AddReplicaRegions=[{"Region": "us-west-2"}])
    found = secrets.describe_secret(SecretId="reader")["ReplicationStatus"]
    assert found[0]["KmsKeyId"] == "alias/aws/secretsmanager"


def test_a_label_of_ones_own_stays_with_its_version_for_ever(connect: Connect) -> None:
    secrets = connect("secretsmanager")
    secrets.create_secret(Name="labelled")
    versions = [
        secrets.put_secret_value(SecretId="labelled", SecretString=str(number), VersionStages=labels)[
            "VersionId"
        ]
        for number, labels in enumerate([["AWSCURRENT", "first"], ["AWSCURRENT", "second"], ["AWSCURRENT"]])
    ]
    found = secrets.describe_secret(SecretId="labelled")["VersionIdsToStages"]
    assert [set(found[version]) for version in versions] == [
        {"first"}, {"second", "AWSPREVIOUS"}, {"AWSCURRENT"},
    ]  # fmt: skip


@pytest.fixture
def function_arn(connect: Connect) -> str:
    return create_function(connect, "rotation")


def test_a_rotation_is_a_schedule_that_leaves_the_versions_alone(connect: Connect, function_arn: str) -> None:
    secrets = connect("secretsmanager")
    secrets.create_secret(Name="rotated", SecretString="first")
    secrets.rotate_secret(
        SecretId="rotated",
        RotationLambdaARN=function_arn,
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    found = secrets.describe_secret(SecretId="rotated")
    assert found["RotationEnabled"] is True
    assert found["RotationLambdaARN"] == function_arn
    assert found["RotationRules"]["AutomaticallyAfterDays"] == 30
    assert list(found["VersionIdsToStages"].values()) == [["AWSCURRENT"]]
    secrets.cancel_rotate_secret(SecretId="rotated")
    assert secrets.describe_secret(SecretId="rotated").get("RotationEnabled", False) is False
    with pytest.raises(ClientError, match="RotateSecret is not emulated"):
        secrets.rotate_secret(SecretId="rotated")
    with pytest.raises(ClientError, match="can't find the function"):
        secrets.rotate_secret(
            SecretId="rotated", RotationLambdaARN=function_arn + "x", RotateImmediately=False
        )
