"""A replication group of the emulated ElastiCache: what it is told, what its nodes are, and which changes AWS refuses.

Sources: the Amazon ElastiCache API Reference (CreateReplicationGroup, ModifyReplicationGroup, ReplicationGroup,
CacheCluster) and the ElastiCache user guide ("Engine versions and upgrading in ElastiCache", "Minimizing downtime by using
Multi-AZ", "Endpoints", "Modifying cluster mode").
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.elasticache.exceptions import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
)

from sandbox.emulator.stores import Values, active_security_groups, members_after, slot_ranges

DEFAULT_PORT = 6379
MAXIMUM_SNAPSHOT_DAYS = 35
# The parameter group family of each engine version.
FAMILIES = {
    ("redis", "7.0"): "redis7",
    ("redis", "7.1"): "redis7",
    ("valkey", "7.2"): "valkey7",
    ("valkey", "8.0"): "valkey8",
    ("valkey", "8.1"): "valkey8",
    ("valkey", "8.2"): "valkey8",
}
# Changes that wait for the maintenance window unless they are asked for at once.
DEFERRED = ("Engine", "EngineVersion", "CacheNodeType")
# What ModifyReplicationGroup sets as it is told.
SETTABLE = (
    "AutoMinorVersionUpgrade",
    "AutomaticFailoverEnabled",
    "IpDiscovery",
    "MultiAZEnabled",
    "NotificationTopicArn",
    "PreferredMaintenanceWindow",
    "SecurityGroupIds",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
)


class ReplicationGroup:
    """One replication group. `zones` are those of its subnet group; its nodes are spread over them."""

    def __init__(self, arn: str, region: str, zones: Sequence[str], request: Values) -> None:
        self.arn, self.region, self.zones = arn, region, list(zones) or [f"{region}a"]
        self.values: Values = {
            "Engine": "redis",
            "Port": DEFAULT_PORT,
            "SnapshotRetentionLimit": 0,
            "SnapshotWindow": "05:00-06:00",
            "PreferredMaintenanceWindow": "sun:23:00-mon:00:00",
            "AutomaticFailoverEnabled": False,
            "MultiAZEnabled": False,
            "AutoMinorVersionUpgrade": True,
            "AtRestEncryptionEnabled": False,
            "TransitEncryptionEnabled": False,
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
            "UserGroupIds": [],
            "SecurityGroupIds": [],
            "LogDeliveryConfigurations": [],
            **request,
        }
        self.pending: Values = {}
        self.primaries: dict[int, int] = {}
        self.created = datetime.now(UTC)
        self._random = secrets.token_hex(3)
        shards = request.get("NumNodeGroups")
        self.cluster_mode = request.get("ClusterMode") == "enabled" or (shards or 1) > 1
        self.shards = shards or 1
        self.replicas = (
            request.get("ReplicasPerNodeGroup", 0)
            if self.cluster_mode or shards
            else request.get("NumCacheClusters", 1) - 1
        )
        if self.values["TransitEncryptionEnabled"]:
            self.values.setdefault("TransitEncryptionMode", "required")
        self.check()

    @property
    def identifier(self) -> str:
        """Its name, unique in the account and region."""
        return str(self.values["ReplicationGroupId"])

    def check(self) -> None:
        """Refuse what AWS refuses of any group."""
        if self.values["AutomaticFailoverEnabled"] and self.replicas < 1:
            raise InvalidParameterCombinationException(
                "Replication group must have at least one read replica to enable autofailover."
            )
        if self.cluster_mode and not self.values["AutomaticFailoverEnabled"]:
            raise InvalidParameterCombinationException(
                "Redis with cluster mode enabled cannot be created with auto failover turned off."
            )
        if self.values["MultiAZEnabled"] and not self.values["AutomaticFailoverEnabled"]:
            raise InvalidParameterCombinationException("Must enable automatic failover to enable Multi-AZ.")
        if self.values["UserGroupIds"] and not self.values["TransitEncryptionEnabled"]:
            raise InvalidParameterCombinationException(
                "User group based access control requires encryption-in-transit to be enabled."
            )
        if not 0 <= self.values["SnapshotRetentionLimit"] <= MAXIMUM_SNAPSHOT_DAYS:
            raise InvalidParameterValueException(
                f"SnapshotRetentionLimit must be between 0 and {MAXIMUM_SNAPSHOT_DAYS}."
            )

    def modify(self, request: Mapping[str, Any]) -> None:
        """Apply a request of ModifyReplicationGroup, its deferrable parts at once or later."""
        if self.values["Engine"] == "valkey" and request.get("Engine") == "redis":
            raise InvalidParameterCombinationException(
                "Engine downgrade from valkey to redis is not supported."
            )
        mode = _enabled(self.cluster_mode)
        if request.get("ClusterMode", mode) != mode:
            raise InvalidParameterCombinationException(
                f"Cluster mode cannot go from {mode} to {request['ClusterMode']}: from disabled the way is through"
                " compatible, which is not emulated, and from enabled there is none."
            )
        before = dict(self.values)
        self.values |= {key: request[key] for key in SETTABLE if key in request}
        if "ReplicationGroupDescription" in request:
            self.values["ReplicationGroupDescription"] = request["ReplicationGroupDescription"]
        added, removed = request.get("UserGroupIdsToAdd", []), request.get("UserGroupIdsToRemove", [])
        self.values["UserGroupIds"] = members_after(self.values["UserGroupIds"], added, removed)
        self._deliver(request.get("LogDeliveryConfigurations", []))
        try:
            self.check()
        except Exception:
            self.values = before
            raise
        waits = {key: request[key] for key in DEFERRED if key in request}
        # A group of the new family can only be taken together with the new version.
        if "EngineVersion" in waits and "CacheParameterGroupName" in request:
            waits["CacheParameterGroupName"] = request["CacheParameterGroupName"]
        elif "CacheParameterGroupName" in request:
            self.values["CacheParameterGroupName"] = request["CacheParameterGroupName"]
        if request.get("ApplyImmediately"):
            self.values |= {**self.pending, **waits}
            self.pending = {}
        else:
            self.pending |= {key: value for key, value in waits.items() if value != self.values.get(key)}

    def _deliver(self, asked: Sequence[Values]) -> None:
        kept = {each["LogType"]: each for each in self.values["LogDeliveryConfigurations"]}
        for each in asked:
            if each.get("Enabled") is False:
                kept.pop(each["LogType"], None)
            else:
                kept[each["LogType"]] = each
        self.values["LogDeliveryConfigurations"] = list(kept.values())

    def fail_over(self, shard: int) -> None:
        """Let the next node of a shard be its primary."""
        if not self.values["AutomaticFailoverEnabled"]:
            raise InvalidParameterCombinationException(
                "TestFailover requires that automatic failover is enabled for the replication group."
            )
        self.primaries[shard] = (self.primaries.get(shard, 0) + 1) % (self.replicas + 1)

    def node_names(self) -> list[str]:
        """The names of all nodes, as CloudWatch's metrics have them."""
        return [name for shard in range(self.shards) for name in self._names_in(shard)]

    def _names_in(self, shard: int) -> list[str]:
        prefix = f"{self.identifier}-{shard + 1:04}" if self.cluster_mode else self.identifier
        return [f"{prefix}-{node + 1:03}" for node in range(self.replicas + 1)]

    def describe(self) -> Values:
        """The group as DescribeReplicationGroups shows it."""
        values = self.values
        return {
            **{key: values[key] for key in values if key in _SHOWN},
            "ARN": self.arn,
            "Description": values["ReplicationGroupDescription"],
            "Status": "available",
            "PendingModifiedValues": {},
            "MemberClusters": self.node_names(),
            "NodeGroups": list(self._node_groups()),
            "AutomaticFailover": _enabled(values["AutomaticFailoverEnabled"]),
            "MultiAZ": _enabled(values["MultiAZEnabled"]),
            "ConfigurationEndpoint": self._endpoint("clustercfg") if self.cluster_mode else None,
            "ClusterEnabled": self.cluster_mode,
            "ClusterMode": _enabled(self.cluster_mode),
            "AuthTokenEnabled": "AuthToken" in values,
            "LogDeliveryConfigurations": [
                {**each, "Status": "active"} for each in values["LogDeliveryConfigurations"]
            ],
            "ReplicationGroupCreateTime": self.created,
            "DataTiering": "disabled",
        }

    def _node_groups(self) -> Iterator[Values]:
        for shard, slots in enumerate(slot_ranges(self.shards)):
            primary = self.primaries.get(shard, 0)
            members = [
                {
                    "CacheClusterId": name,
                    "CacheNodeId": "0001",
                    "PreferredAvailabilityZone": self._zone(shard, node),
                    **(
                        {}
                        if self.cluster_mode
                        else {"CurrentRole": "primary" if node == primary else "replica"}
                    ),
                }
                for node, name in enumerate(self._names_in(shard))
            ]
            group = {"NodeGroupId": f"{shard + 1:04}", "Status": "available", "NodeGroupMembers": members}
            if self.cluster_mode:
                yield {**group, "Slots": slots}
            else:
                yield {
                    **group,
                    "PrimaryEndpoint": self._endpoint("master"),
                    "ReaderEndpoint": self._endpoint("replica"),
                }

    def describe_node(self, name: str) -> Values:
        """A node as DescribeCacheClusters shows it."""
        shard, node = divmod(self.node_names().index(name), self.replicas + 1)
        return {
            **self._software(),
            **self._times_and_topic(),
            **self._network_and_encryption(),
            "CacheClusterId": name,
            "ARN": self.arn.replace(":replicationgroup:", ":cluster:").replace(self.identifier, name),
            "ReplicationGroupId": self.identifier,
            "CacheClusterStatus": "available",
            "CacheClusterCreateTime": self.created,
            "NumCacheNodes": 1,
            "PreferredAvailabilityZone": self._zone(shard, node),
            "CacheNodes": [
                {
                    "CacheNodeId": "0001",
                    "CacheNodeStatus": "available",
                    "CacheNodeCreateTime": self.created,
                    "Endpoint": self._endpoint(name),
                    "ParameterGroupStatus": "in-sync",
                    "CustomerAvailabilityZone": self._zone(shard, node),
                }
            ],
        }

    def _software(self) -> Values:
        """The part of every node's description about its size, its engine and the engine's parameters."""
        values = self.values
        return {
            "CacheNodeType": values["CacheNodeType"],
            "Engine": values["Engine"],
            "EngineVersion": f"{values['EngineVersion']}.0",
            "AutoMinorVersionUpgrade": values["AutoMinorVersionUpgrade"],
            "PendingModifiedValues": {
                k: v for k, v in self.pending.items() if k in ("EngineVersion", "CacheNodeType")
            },
            "CacheParameterGroup": {
                "CacheParameterGroupName": values["CacheParameterGroupName"],
                "ParameterApplyStatus": "in-sync",
                "CacheNodeIdsToReboot": [],
            },
        }

    def _times_and_topic(self) -> Values:
        """The part of every node's description about its windows, its snapshots and the topic of its events."""
        values = self.values
        topic = values.get("NotificationTopicArn")
        return {
            "PreferredMaintenanceWindow": values["PreferredMaintenanceWindow"],
            "SnapshotRetentionLimit": values["SnapshotRetentionLimit"],
            "SnapshotWindow": values["SnapshotWindow"],
            "NotificationConfiguration": {"TopicArn": topic, "TopicStatus": "active"} if topic else None,
            "ReplicationGroupLogDeliveryEnabled": bool(values["LogDeliveryConfigurations"]),
        }

    def _network_and_encryption(self) -> Values:
        """The part of every node's description about who reaches it, and how."""
        values = self.values
        return {
            "CacheSecurityGroups": [],
            "CacheSubnetGroupName": values.get("CacheSubnetGroupName"),
            "SecurityGroups": active_security_groups(values["SecurityGroupIds"]),
            "NetworkType": values["NetworkType"],
            "IpDiscovery": values["IpDiscovery"],
            "AuthTokenEnabled": "AuthToken" in values,
            "TransitEncryptionEnabled": values["TransitEncryptionEnabled"],
            "TransitEncryptionMode": values.get("TransitEncryptionMode"),
            "AtRestEncryptionEnabled": values["AtRestEncryptionEnabled"],
        }

    def _zone(self, shard: int, node: int) -> str:
        return self.zones[(shard + node) % len(self.zones)]

    def _endpoint(self, role: str) -> Values:
        area, where, number = self.region.split("-")
        domain = f"{self._random}.{area}{where[0]}{number}.cache.amazonaws.com"
        return {"Address": f"{role}.{self.identifier}.{domain}", "Port": self.values["Port"]}


_SHOWN = frozenset(
    {
        "ReplicationGroupId",
        "SnapshotRetentionLimit",
        "SnapshotWindow",
        "CacheNodeType",
        "TransitEncryptionEnabled",
        "TransitEncryptionMode",
        "AtRestEncryptionEnabled",
        "KmsKeyId",
        "UserGroupIds",
        "AutoMinorVersionUpgrade",
        "NetworkType",
        "IpDiscovery",
        "Engine",
    }
)


def _enabled(value: bool) -> str:
    return "enabled" if value else "disabled"
