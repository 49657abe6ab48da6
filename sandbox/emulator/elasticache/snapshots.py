"""Snapshots of ElastiCache.

Sources: the Amazon ElastiCache API Reference (the operations below) and user guide ("Exporting a backup").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from datetime import UTC, datetime

from moto.core.responses import ActionResult, PaginatedResult
from moto.elasticache.exceptions import InvalidParameterValueException

from sandbox.emulator.elasticache.calls import Calls
from sandbox.emulator.elasticache.replication_group import ReplicationGroup
from sandbox.emulator.stores import Values, export_snapshot


class Snapshots(Calls):
    """Calls about snapshots."""

    def create_snapshot(self) -> ActionResult:
        group = self._account.replication_group(self.params["ReplicationGroupId"])
        name = self.params["SnapshotName"]
        snapshot = snapshot_of(group, name, self._account.arn("snapshot", name))
        self._add(self._account.snapshots, name, snapshot, "SnapshotAlreadyExistsFault")
        return ActionResult({"Snapshot": snapshot})

    def copy_snapshot(self) -> ActionResult:
        """A copy under another name; with a bucket, a file in it for each shard."""
        source = self._found(self._account.snapshots, "SourceSnapshotName", "SnapshotNotFoundFault")[0]
        name, bucket = self.params["TargetSnapshotName"], self.params.get("TargetBucket")
        if bucket is None:
            copy = {**source, "SnapshotName": name, "ARN": self._account.arn("snapshot", name)}
            self._add(self._account.snapshots, name, copy, "SnapshotAlreadyExistsFault")
            return ActionResult({"Snapshot": copy})
        export_snapshot(
            self.current_account,
            self.region,
            bucket,
            [f"{name}-{shard:04}.rdb" for shard in range(1, source["NumNodeGroups"] + 1)],
            InvalidParameterValueException(
                f"The S3 bucket {bucket} does not exist or is outside of the region."
            ),
        )
        return ActionResult({"Snapshot": {**source, "SnapshotStatus": "exporting"}})

    def describe_snapshots(self) -> ActionResult:
        found = self._found(self._account.snapshots, "SnapshotName", "SnapshotNotFoundFault")
        group, source = self.params.get("ReplicationGroupId"), self.params.get("SnapshotSource")
        return PaginatedResult(
            {
                "Snapshots": [
                    snapshot
                    for snapshot in found
                    if group in (None, snapshot["ReplicationGroupId"])
                    and source
                    in (None, {"manual": "user", "automated": "system"}[snapshot["SnapshotSource"]])
                ]
            }
        )

    def delete_snapshot(self) -> ActionResult:
        [snapshot] = self._found(self._account.snapshots, "SnapshotName", "SnapshotNotFoundFault")
        del self._account.snapshots[snapshot["SnapshotName"]]
        return ActionResult({"Snapshot": {**snapshot, "SnapshotStatus": "deleting"}})


def snapshot_of(group: ReplicationGroup, name: str, arn: str) -> Values:
    """A snapshot of a replication group as it is now, as DescribeSnapshots shows it."""
    shown, now = group.describe(), datetime.now(UTC)
    return {
        **{
            key: group.values.get(key)
            for key in ("ReplicationGroupId", "CacheNodeType", "Engine", "Port", "KmsKeyId")
        },
        "SnapshotName": name,
        "ReplicationGroupDescription": shown["Description"],
        "SnapshotStatus": "available",
        "SnapshotSource": "manual",
        "EngineVersion": f"{group.values['EngineVersion']}.0",
        "CacheParameterGroupName": group.values["CacheParameterGroupName"],
        "CacheSubnetGroupName": group.values.get("CacheSubnetGroupName"),
        "NumNodeGroups": group.shards,
        "AutomaticFailover": shown["AutomaticFailover"],
        "NodeSnapshots": [
            {"NodeGroupId": shard["NodeGroupId"], "SnapshotCreateTime": now} for shard in shown["NodeGroups"]
        ],
        "ARN": arn,
    }
