"""Scale-up: what the program declares for the function, and what the function reads of it.

Both sides import these names. The function's environment is text, so `Target` is the form of one entry of the JSON
list in `TARGETS`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

# The values of a size by `SizeProperty`.
Size = Mapping[str, str | int]
Ladder = Sequence[Size]

# Names of the AWS services, as boto3 has them.
RDS: Final = "rds"
ELASTICACHE: Final = "elasticache"


class Mode(StrEnum):
    """The reaction to an alarm: no function at all, a message that says what would be done, a proposal, or a step."""

    OFF = "off"
    DRY_RUN = "dry-run"
    APPROVE = "approve"
    ACT = "act"


class SizeProperty(StrEnum):
    """The parameters of ModifyDBInstance and ModifyReplicationGroup; descriptions have the same names."""

    INSTANCE_CLASS = "DBInstanceClass"
    IOPS = "Iops"
    THROUGHPUT = "StorageThroughput"
    NODE_TYPE = "CacheNodeType"


class ScaleUpVariable(StrEnum):
    """The environment variables of the function."""

    MODE = "MODE"
    APPROVAL_MINUTES = "APPROVAL_MINUTES"
    APPLY_IMMEDIATELY = "APPLY_IMMEDIATELY"
    TABLE_NAME = "TABLE_NAME"
    TOPIC_ARN = "TOPIC_ARN"
    TARGETS = "TARGETS"


class TargetName(StrEnum):
    """The parts of the platform that can be scaled up; an alarm's row names the one that it scales."""

    POSTGRES_CLASS = "postgres-class"
    POSTGRES_STORAGE = "postgres-storage"
    CACHE_NODE = "cache-node"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One size property of the DB instance (`service` is rds) or replication group (elasticache) `identifier`.

    `ladder` begins with the declared size and ends with the largest allowed one. `alarms` are the physical names of the
    alarms that ask for a step, without the number of a numbered one.
    """

    name: str
    service: str
    identifier: str
    ladder: Ladder
    cooldown_minutes: int
    alarms: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """The target as an entry of `TARGETS`."""
        return {**asdict(self), "ladder": [dict(size) for size in self.ladder], "alarms": list(self.alarms)}
