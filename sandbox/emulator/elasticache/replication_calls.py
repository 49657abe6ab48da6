"""Replication groups of ElastiCache and their nodes, as calls; `replication_group` is the group itself.

Source: the Amazon ElastiCache API Reference (the operations below).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.elasticache.exceptions import ElastiCacheException, InvalidParameterCombinationException

from sandbox.emulator.elasticache.account import refuse
from sandbox.emulator.elasticache.calls import Calls
from sandbox.emulator.elasticache.replication_group import FAMILIES, ReplicationGroup
from sandbox.emulator.elasticache.snapshots import snapshot_of
from sandbox.emulator.stores import check_family


class ReplicationGroups(Calls):
    """Calls about replication groups and nodes."""

    def create_replication_group(self) -> ActionResult:
        request = dict(self.params)
        identifier = request["ReplicationGroupId"] = request["ReplicationGroupId"].lower()
        if identifier in self._account.replication_groups:
            refuse("ReplicationGroupAlreadyExists", f"Replication group {identifier} already exists.")
        zones: list[str] = []
        if "CacheSubnetGroupName" in request:
            subnets = self._account.subnet_group(request["CacheSubnetGroupName"])["Subnets"]
            zones = sorted({subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets})
        group = ReplicationGroup(
            self._account.arn("replicationgroup", identifier), self.region, zones, request
        )
        self._check_version(group.values, group.cluster_mode)
        self._check_user_groups(group.values)
        self._account.replication_groups[identifier] = group
        self._account.tag(group.arn, request.get("Tags", []))
        return ActionResult({"ReplicationGroup": group.describe()})

    def describe_replication_groups(self) -> ActionResult:
        if "ReplicationGroupId" in self.params:
            found = [self._group()]
        else:
            found = list(self._account.replication_groups.values())
        return PaginatedResult({"ReplicationGroups": [group.describe() for group in found]})

    def modify_replication_group(self) -> ActionResult:
        group, request = self._group(), self.params
        later = {**group.values, **group.pending, **request}
        self._check_version(later, group.cluster_mode)
        self._check_user_groups(
            {**later, "UserGroupIds": request.get("UserGroupIdsToAdd", later["UserGroupIds"])}
        )
        group.modify(request)
        return ActionResult({"ReplicationGroup": group.describe()})

    def modify_replication_group_shard_configuration(self) -> ActionResult:
        group = self._group()
        group.shards = self.params["NodeGroupCount"]
        return ActionResult({"ReplicationGroup": group.describe()})

    def increase_replica_count(self) -> ActionResult:
        return self._set_replicas()

    def decrease_replica_count(self) -> ActionResult:
        return self._set_replicas()

    def _set_replicas(self) -> ActionResult:
        group = self._group()
        before, group.replicas = group.replicas, self.params["NewReplicaCount"]
        try:
            group.check()
        except ElastiCacheException:
            group.replicas = before
            raise
        return ActionResult({"ReplicationGroup": group.describe()})

    def test_failover(self) -> ActionResult:
        group = self._group()
        group.fail_over(int(self.params["NodeGroupId"]) - 1)
        return ActionResult({"ReplicationGroup": group.describe()})

    def delete_replication_group(self) -> ActionResult:
        group = self._group()
        if "FinalSnapshotIdentifier" in self.params:
            name = self.params["FinalSnapshotIdentifier"]
            snapshot = snapshot_of(group, name, self._account.arn("snapshot", name))
            self._add(self._account.snapshots, name, snapshot, "SnapshotAlreadyExistsFault")
        del self._account.replication_groups[group.identifier]
        return ActionResult({"ReplicationGroup": {**group.describe(), "Status": "deleting"}})

    def describe_cache_clusters(self) -> ActionResult:
        nodes = {
            name: group for group in self._account.replication_groups.values() for name in group.node_names()
        }
        wanted = self.params.get("CacheClusterId")
        if wanted is not None and wanted not in nodes:
            refuse("CacheClusterNotFound", f"CacheCluster not found: {wanted}")
        return PaginatedResult(
            {
                "CacheClusters": [
                    group.describe_node(name) for name, group in nodes.items() if wanted in (None, name)
                ]
            }
        )

    def _group(self) -> ReplicationGroup:
        return self._account.replication_group(self.params["ReplicationGroupId"])

    def _check_version(self, values: Mapping[str, Any], cluster_mode: bool) -> None:
        """Engine, version and parameter group go together, and a group for cluster mode must say so."""
        engine, version = values["Engine"], values.get("EngineVersion", "")
        if (engine, version) not in FAMILIES:
            raise InvalidParameterCombinationException(f"Cannot find version {version} for {engine}")
        group = self._account.parameter_group(values["CacheParameterGroupName"])
        check_family(
            FAMILIES[engine, version],
            group["CacheParameterGroupFamily"],
            InvalidParameterCombinationException,
        )
        if cluster_mode and group["parameters"].get("cluster-enabled") != "yes":
            raise InvalidParameterCombinationException(
                f"Cluster mode needs a parameter group with cluster-enabled, and {group['CacheParameterGroupName']} has not."
            )

    def _check_user_groups(self, values: Mapping[str, Any]) -> None:
        for identifier in values.get("UserGroupIds") or ():
            group = self._account.user_group(identifier)
            if values["Engine"] == "redis" and group["Engine"] != "redis":
                raise InvalidParameterCombinationException(
                    "A user group of engine valkey cannot serve Redis OSS."
                )
