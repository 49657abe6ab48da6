"""Secrets Manager: a replica keeps the key it was given, a version its labels, and rotation is a schedule.

Source: AWS Secrets Manager API Reference, ReplicaRegionType, ReplicationStatusType, PutSecretValue and RotateSecret. No function is run here:
a rotation that is asked for at once is a call that nobody emulates, and the test of a new schedule is left out.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import time
from typing import Any

from moto.awslambda.utils import get_backend
from moto.secretsmanager.exceptions import (
    OperationNotPermittedOnReplica,
    ResourceNotFoundException,
    SecretNotFoundException,
)
from moto.secretsmanager.models import FakeSecret, ReplicaSecret, SecretsManagerBackend

from sandbox.emulator.extending import extend, original

SECONDS_A_DAY = 86_400


class Secret(FakeSecret):
    """Methods of moto's secret that answer differently from AWS."""

    def create_replicas(
        self, replica_regions: list[dict[str, str]], force_overwrite: bool
    ) -> list[ReplicaSecret]:
        """Copies of this secret in other Regions, each with the key that was asked for."""
        replicas = original(FakeSecret.create_replicas)(self, replica_regions, force_overwrite)
        for replica, asked in zip(replicas, replica_regions, strict=True):
            replica.config["KmsKeyId"] = asked.get("KmsKeyId") or replica.config["KmsKeyId"]
        return replicas

    def reset_default_version(self, secret_version: dict[str, Any], version_id: str) -> None:
        """The new version takes its labels from the others, which keep the rest; what was current is now previous."""
        taken = {*secret_version["version_stages"], "AWSPREVIOUS"}
        for version in self.versions.values():
            was_current = "AWSCURRENT" in version["version_stages"]
            kept = [label for label in version["version_stages"] if label not in taken]
            version["version_stages"] = [*kept, "AWSPREVIOUS"] if was_current else kept
        self.versions[version_id] = secret_version
        self.default_version_id = version_id


class Backend(SecretsManagerBackend):
    """Rotation without the function: moto would run it in a container, and leave a version behind when it cannot."""

    def rotate_secret(
        self,
        secret_id: str,
        client_request_token: str | None = None,  # noqa: ARG002 - names a version, and none is made
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,
    ) -> str:
        if rotate_immediately:
            raise NotImplementedError
        if not self._is_valid_identifier(secret_id):
            raise SecretNotFoundException
        secret = self.secrets[secret_id]
        if isinstance(secret, ReplicaSecret):
            raise OperationNotPermittedOnReplica
        function_arn = rotation_lambda_arn or secret.rotation_lambda_arn
        try:
            get_backend(self.account_id, self.region_name).get_function(function_arn)
        except Exception:  # noqa: BLE001 - moto has one of its own for each way of not finding a function
            raise ResourceNotFoundException(f"Lambda can't find the function {function_arn}") from None
        days = (rotation_rules or {}).get("AutomaticallyAfterDays", secret.auto_rotate_after_days)
        secret.rotation_requested = secret.rotation_enabled = True
        secret.rotation_lambda_arn, secret.auto_rotate_after_days = function_arn, days
        secret.next_rotation_date = int(time.time()) + days * SECONDS_A_DAY
        return secret.to_short_dict()


def install() -> None:
    """Put all of this into moto."""
    extend(FakeSecret, Secret)
    extend(SecretsManagerBackend, Backend)
