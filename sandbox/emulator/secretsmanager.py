"""Secrets Manager: a replica keeps the key it was given.

Source: AWS Secrets Manager API Reference, ReplicaRegionType and ReplicationStatusType.
"""

from moto.secretsmanager.models import FakeSecret, ReplicaSecret

from sandbox.emulator.extending import extend

_create_replicas = FakeSecret.create_replicas


class Secret(FakeSecret):
    """Methods of moto's secret that answer differently from AWS."""

    def create_replicas(
        self, replica_regions: list[dict[str, str]], force_overwrite: bool
    ) -> list[ReplicaSecret]:
        """Copies of this secret in other Regions, each with the key that was asked for."""
        replicas = _create_replicas(self, replica_regions, force_overwrite)
        for replica, asked in zip(replicas, replica_regions, strict=True):
            replica.config["KmsKeyId"] = asked.get("KmsKeyId") or replica.config["KmsKeyId"]
        return replicas


def install() -> None:
    """Put this into moto."""
    extend(FakeSecret, Secret)
