"""Container definitions, in the form that ECS's RegisterTaskDefinition takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Lines wait here while CloudWatch Logs is slow, and are then dropped: a log must never hold up a transaction.
LOG_BUFFER = "4m"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerHost:
    """The facts that all containers of one task share. `user_id` is a number: ECS cannot look a name up."""

    image: str
    user_id: int
    log_group_name: str
    region: str


def hardened(host: ContainerHost, name: str, *, writable: Mapping[str, str]) -> dict[str, Any]:
    """The base of a container: an ordinary user, and a file system that cannot be written.

    `writable` are the task's volumes that the container may write, by name, with their path in the container.
    """
    return {
        "name": name,
        "image": host.image,
        "user": f"{host.user_id}:{host.user_id}",
        "readonlyRootFilesystem": True,
        "mountPoints": [
            {"sourceVolume": volume, "containerPath": path, "readOnly": False}
            for volume, path in writable.items()
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": host.log_group_name,
                "awslogs-region": host.region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",
                "max-buffer-size": LOG_BUFFER,
            },
        },
    }


def environment(values: Mapping[str, str]) -> list[dict[str, str]]:
    """The environment of a container, in a stable order."""
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def without_capabilities() -> dict[str, Any]:
    """The Linux parameters that take every capability away."""
    return {"capabilities": {"drop": ["ALL"]}}
