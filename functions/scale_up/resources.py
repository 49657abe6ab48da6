"""The resources that scale up: a DB instance of RDS and a replication group of ElastiCache."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract.scale_up import Size, SizeProperty


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A target as AWS describes it; `pending` holds changes that AWS has accepted and not carried out."""

    size: Size
    status: str
    pending: Mapping[str, Any]

    def is_on_its_way_to(self, size: Size) -> bool:
        """Whether it has this size, or will have."""
        return size in (self.size, {key: self.pending.get(key) for key in size})


class Resource(Protocol):
    """What can be described and grown."""

    def running(self, properties: Sequence[str]) -> Running:
        """It as it is now."""

    def modify(self, size: Size, *, immediately: bool) -> None:
        """Ask for another size: now, or in its maintenance window."""


@dataclass(frozen=True, slots=True)
class DatabaseInstance:
    """A DB instance of RDS."""

    client: Any
    identifier: str

    def running(self, properties: Sequence[str]) -> Running:
        """It as it is now."""
        found = self._describe()
        return Running(
            size={name: found[name] for name in properties},
            status=found["DBInstanceStatus"],
            pending=found.get("PendingModifiedValues", {}),
        )

    def modify(self, size: Size, *, immediately: bool) -> None:
        """Ask for another size. RDS takes IOPS together with the allocated storage only."""
        storage = (
            {"AllocatedStorage": self._describe()["AllocatedStorage"]} if SizeProperty.IOPS in size else {}
        )
        self.client.modify_db_instance(
            DBInstanceIdentifier=self.identifier, ApplyImmediately=immediately, **storage, **size
        )

    def _describe(self) -> Mapping[str, Any]:
        [found] = self.client.describe_db_instances(DBInstanceIdentifier=self.identifier)["DBInstances"]
        return dict(found)


@dataclass(frozen=True, slots=True)
class CacheGroup:
    """A replication group of ElastiCache. That a change of its nodes waits is shown by its nodes alone."""

    client: Any
    identifier: str

    def running(self, properties: Sequence[str]) -> Running:
        """It as it is now."""
        groups = self.client.describe_replication_groups(ReplicationGroupId=self.identifier)
        [found] = groups["ReplicationGroups"]
        nodes = self.client.describe_cache_clusters(CacheClusterId=found["MemberClusters"][0])
        [node] = nodes["CacheClusters"]
        return Running(
            size={name: found[name] for name in properties},
            status=found["Status"],
            pending=found.get("PendingModifiedValues", {}) | node.get("PendingModifiedValues", {}),
        )

    def modify(self, size: Size, *, immediately: bool) -> None:
        """Ask for another size."""
        self.client.modify_replication_group(
            ReplicationGroupId=self.identifier, ApplyImmediately=immediately, **size
        )
