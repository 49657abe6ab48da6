"""Password rotation: the environment variables that the program sets and the function reads."""

from enum import StrEnum


class RotationVariable(StrEnum):
    """The environment variables of the function. `POOLER_*` are the pool's address, as applications connect to it."""

    USERLIST_SECRET_ARN = "USERLIST_SECRET_ARN"  # noqa: S105 - an ARN, not a secret
    CLUSTER_NAME = "CLUSTER_NAME"
    SERVICE_NAME = "SERVICE_NAME"
    POOLER_HOST = "POOLER_HOST"
    POOLER_PORT = "POOLER_PORT"
    POOLER_DATABASE = "POOLER_DATABASE"
