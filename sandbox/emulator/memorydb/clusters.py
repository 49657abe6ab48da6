"""Clusters of MemoryDB, of either engine.

Source: the Amazon MemoryDB API Reference (CreateCluster, UpdateCluster).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any

from moto.core.responses import ActionResult
from moto.memorydb.responses import MemoryDBResponse

from sandbox.emulator.extending import original
from sandbox.emulator.memorydb.calls import Calls
from sandbox.emulator.memorydb.model import VERSIONS, invalid_combination, refuse
from sandbox.emulator.stores import Values, check_family

OPEN_ACCESS = "open-access"


class Clusters(Calls):
    """Calls about clusters."""

    def create_cluster(self) -> ActionResult:
        request = self._request
        self._check(request, request.get("TLSEnabled", True))
        original(MemoryDBResponse.create_cluster)(self)
        cluster: Any = self._backend.clusters[request["ClusterName"]]
        cluster.engine, cluster.engine_version = request.get("Engine", "redis"), request["EngineVersion"]
        return ActionResult({"Cluster": cluster.to_dict()})

    def update_cluster(self) -> ActionResult:
        request = self._request
        cluster: Any = self._backend.describe_clusters(request["ClusterName"])[0]
        if cluster.engine == "valkey" and request.get("Engine") == "redis":
            refuse("InvalidParameterCombinationException", "A cluster cannot go back from valkey to redis.")
        current = {
            "Engine": cluster.engine,
            "EngineVersion": cluster.engine_version,
            "ParameterGroupName": cluster.parameter_group_name,
            "ACLName": cluster.acl_name,
        }
        self._check({**current, **request}, cluster.tls_enabled)
        cluster.engine = request.get("Engine", cluster.engine)
        original(MemoryDBResponse.update_cluster)(self)
        return ActionResult({"Cluster": cluster.to_dict()})

    def _check(self, request: Values, tls_enabled: bool) -> None:
        """Engine, version and parameter group go together; a list of users needs TLS."""
        engine, version = request.get("Engine", "redis"), request.get("EngineVersion", "")
        if (engine, version) not in VERSIONS:
            refuse("InvalidParameterValueException", f"Invalid engine version {version} of {engine}.")
        group = self._backend.parameter_group(request["ParameterGroupName"])
        check_family(VERSIONS[engine, version][1], group["Family"], invalid_combination)
        if request["ACLName"] != OPEN_ACCESS:
            self._backend.acl(request["ACLName"])
            if not tls_enabled:
                refuse("InvalidParameterCombinationException", "An ACL requires TLS to be enabled.")
