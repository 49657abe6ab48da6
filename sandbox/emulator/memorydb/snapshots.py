"""Snapshots of MemoryDB, copied to a bucket.

Sources: the Amazon MemoryDB API Reference (CopySnapshot) and developer guide ("Exporting a snapshot").
"""

from moto.core.responses import ActionResult

from sandbox.emulator.memorydb.calls import Calls
from sandbox.emulator.memorydb.model import invalid_value
from sandbox.emulator.stores import export_snapshot


class Snapshots(Calls):
    """The call that moto does not know."""

    def copy_snapshot(self) -> ActionResult:
        """With a bucket, a file in it for each shard: the only copy that is emulated."""
        request = self._request
        [snapshot] = self._backend.describe_snapshots(snapshot_name=request["SourceSnapshotName"])
        if "TargetBucket" not in request:
            raise NotImplementedError("a copy of a snapshot within MemoryDB")
        export_snapshot(
            self.current_account,
            self.region,
            request["TargetBucket"],
            [f"{request['TargetSnapshotName']}-{shard['Name']}.rdb" for shard in snapshot.shards],
            invalid_value("The S3 bucket does not exist or is outside of the region."),
        )
        return ActionResult({"Snapshot": {**snapshot.to_dict(), "Status": "copying"}})
