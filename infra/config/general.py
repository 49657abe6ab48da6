"""What holds for the whole stack: its kind, its regions, its tags, and how long things are kept."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from infra.config.base import ConfigModel, RecoveryDays, RegionName

# PutRetentionPolicy takes these and no others.
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


class Environment(StrEnum):
    """What the stack is for. A production stack may not be disposable; what else it must satisfy is for policies."""

    DEV = "dev"
    PROD = "prod"


class TagsConfig(ConfigModel):
    """The tags that only the stack's owner knows."""

    owner: str = Field(min_length=1)
    cost_center: str = Field(min_length=1)
    data_class: str = Field(min_length=1)


class RegionsConfig(ConfigModel):
    """Where the platform runs, and where its copies go."""

    primary: RegionName
    dr: RegionName


class EncryptionConfig(ConfigModel):
    """How long a key that somebody deletes can still be brought back."""

    deletion_window_days: RecoveryDays


class SecretsConfig(ConfigModel):
    """How long a secret that somebody deletes can still be brought back."""

    recovery_window_days: RecoveryDays


class LogsConfig(ConfigModel):
    """How long logs are kept: the databases', and the network's flow records."""

    retention_days: LogRetentionDays


class NotificationsConfig(ConfigModel):
    """The mail recipients, in addition to other subscribers of the topic."""

    email_addresses: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]]
