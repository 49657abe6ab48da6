"""MemoryDB: access control lists, parameter groups, copies of snapshots, and clusters of either engine."""

from moto.memorydb.models import MemoryDBBackend, MemoryDBCluster
from moto.memorydb.responses import MemoryDBResponse

from sandbox.emulator.extending import extend
from sandbox.emulator.memorydb.access import AccessControlLists, Users
from sandbox.emulator.memorydb.calls import Calls
from sandbox.emulator.memorydb.clusters import Clusters
from sandbox.emulator.memorydb.model import Backend, Cluster
from sandbox.emulator.memorydb.parameter_groups import ParameterGroups
from sandbox.emulator.memorydb.snapshots import Snapshots


def install() -> None:
    """Put these calls into moto."""
    extend(MemoryDBBackend, Backend)
    extend(MemoryDBCluster, Cluster)
    extend(MemoryDBResponse, Calls, AccessControlLists, Users, ParameterGroups, Clusters, Snapshots)
