"""Secrets Manager of the emulated account: proves that a replica keeps its key and protects
its primary. Does not prove anything of rotation, which nothing declares yet."""

import pytest
from botocore.exceptions import ClientError

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
