"""MemoryDB: access control lists, parameter groups, copies of snapshots, and clusters of either engine.

Sources: the Amazon MemoryDB API Reference (the operations below) and developer guide ("Authenticating users with Access
Control Lists", "Engine versions", "Exporting a snapshot").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import json
from typing import Any, NoReturn

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.memorydb.models import MemoryDBBackend, MemoryDBCluster
from moto.memorydb.responses import MemoryDBResponse
from moto.s3.models import s3_backends

from sandbox.emulator.extending import extend

Values = dict[str, Any]

HASH_SLOTS = 16384
# UpdateParameterGroup and ResetParameterGroup.
MAXIMUM_PARAMETERS_A_CALL = 20
OPEN_ACCESS = "open-access"
# Patch version and parameter group family of each engine version.
VERSIONS = {
    ("redis", "7.0"): ("7.0.7", "memorydb_redis7"),
    ("redis", "7.1"): ("7.1.1", "memorydb_redis7"),
    ("valkey", "7.2"): ("7.2.6", "memorydb_valkey7"),
    ("valkey", "7.3"): ("7.3.0", "memorydb_valkey7"),
}

_init_backend = MemoryDBBackend.__init__
_delete_user = MemoryDBBackend.delete_user
_describe_cluster = MemoryDBCluster.to_dict
_create_user_response = MemoryDBResponse.create_user
_create_cluster_response = MemoryDBResponse.create_cluster
_update_cluster_response = MemoryDBResponse.update_cluster


class Backend(MemoryDBBackend):
    """What moto's backend lacks."""

    def __init__(self, region_name: str, account_id: str) -> None:
        _init_backend(self, region_name, account_id)
        self.acls: dict[str, Values] = {}
        self.parameter_groups: dict[str, Values] = {}
        for family in sorted({family for _, family in VERSIONS.values()}):
            name = f"default.{family.replace('_', '-')}"
            self.parameter_groups[name] = {
                "Name": name,
                "Family": family,
                "Description": f"Default parameter group for {family}",
                "ARN": self.arn("parametergroup", name),
                "parameters": {},
            }

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:memorydb:{self.region_name}:{self.account_id}:{kind}/{name}"

    def list_tags(self, resource_arn: str) -> list[dict[str, str]]:
        return list(self.tagger.list_tags_for_resource(resource_arn)["Tags"])

    def tag_resource(self, resource_arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        self.tagger.tag_resource(resource_arn, tags)
        return self.list_tags(resource_arn)

    def untag_resource(self, resource_arn: str, tag_keys: list[str]) -> list[dict[str, str]]:
        self.tagger.untag_resource_using_names(resource_arn, tag_keys)
        return self.list_tags(resource_arn)

    def delete_user(self, user_name: str) -> Any:
        holders = [name for name, acl in self.acls.items() if user_name in acl["UserNames"]]
        if holders:
            _refuse("InvalidUserStateFault", f"User {user_name} is in use by the ACL {holders[0]}.")
        return _delete_user(self, user_name)


class Cluster(MemoryDBCluster):
    """What moto's cluster does not say of itself."""

    def to_dict(self) -> Values:
        engine = getattr(self, "engine", "redis")  # moto describes it once before we can say
        shards: Any = self.shards
        for index, shard in enumerate(shards):
            first, end = (HASH_SLOTS * bound // len(shards) for bound in (index, index + 1))
            shard["Slots"] = f"{first}-{end - 1}"
        return {
            **_describe_cluster(self),
            "Engine": engine,
            "EngineVersion": self.engine_version,
            "EnginePatchVersion": VERSIONS[engine, self.engine_version][0],
            "SecurityGroups": [
                {"SecurityGroupId": each, "Status": "active"} for each in self.security_group_ids
            ],
            "SnsTopicStatus": self.sns_topic_status.upper(),
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
        }


class Response(MemoryDBResponse):
    """Calls that moto does not know, or reads wrongly."""

    @property
    def _mine(self) -> Backend:
        backend: Any = self.memorydb_backend
        return backend  # type: ignore[no-any-return]

    @property
    def _request(self) -> Values:
        request: Values = json.loads(self.body)
        return request

    # -- access control lists --

    def create_acl(self) -> ActionResult:
        request = self._request
        name = request["ACLName"]
        if name in self._mine.acls:
            _refuse("ACLAlreadyExistsFault", f"ACL {name} already exists.")
        acl = {
            "Name": name,
            "Status": "active",
            "UserNames": self._known_users(request.get("UserNames", [])),
            "MinimumEngineVersion": "6.2",
            "ARN": self._mine.arn("acl", name),
        }
        self._mine.acls[name] = acl
        self._mine.tag_resource(acl["ARN"], request.get("Tags") or [])
        return ActionResult({"ACL": self._described_acl(acl)})

    def describe_ac_ls(self) -> ActionResult:
        """DescribeACLs, as moto spells it."""
        name = self._request.get("ACLName")
        found = list(self._mine.acls.values()) if name is None else [self._acl(name)]
        return ActionResult({"ACLs": [self._described_acl(acl) for acl in found]})

    def update_acl(self) -> ActionResult:
        request = self._request
        acl = self._acl(request["ACLName"])
        removed = request.get("UserNamesToRemove") or []
        added = self._known_users(request.get("UserNamesToAdd") or [])
        acl["UserNames"] = [*(each for each in acl["UserNames"] if each not in removed), *added]
        return ActionResult({"ACL": self._described_acl(acl)})

    def delete_acl(self) -> ActionResult:
        acl = self._acl(self._request["ACLName"])
        if self._clusters_with("acl_name", acl["Name"]):
            _refuse("InvalidACLStateFault", f"ACL {acl['Name']} is in use by a cluster.")
        del self._mine.acls[acl["Name"]]
        return ActionResult({"ACL": {**self._described_acl(acl), "Status": "deleting"}})

    def _known_users(self, names: list[str]) -> list[str]:
        for name in names:
            self._mine.describe_users(name)
        return list(names)

    def _described_acl(self, acl: Values) -> Values:
        return {**acl, "Clusters": self._clusters_with("acl_name", acl["Name"])}

    def _acl(self, name: str) -> Values:
        if name not in self._mine.acls:
            _refuse("ACLNotFoundFault", f"ACL {name} not found.")
        return self._mine.acls[name]

    # -- parameter groups --

    def create_parameter_group(self) -> ActionResult:
        request = self._request
        name, family = request["ParameterGroupName"], request["Family"]
        if family not in {known for _, known in VERSIONS.values()}:
            _refuse("InvalidParameterValueException", f"Invalid parameter group family {family}.")
        if name in self._mine.parameter_groups:
            _refuse("ParameterGroupAlreadyExistsFault", f"Parameter group {name} already exists.")
        group = {
            "Name": name,
            "Family": family,
            "Description": request.get("Description", ""),
            "ARN": self._mine.arn("parametergroup", name),
            "parameters": {},
        }
        self._mine.parameter_groups[name] = group
        self._mine.tag_resource(group["ARN"], request.get("Tags") or [])
        return ActionResult({"ParameterGroup": group})

    def describe_parameter_groups(self) -> ActionResult:
        name = self._request.get("ParameterGroupName")
        groups = self._mine.parameter_groups
        found = list(groups.values()) if name is None else [self._parameter_group(name)]
        return ActionResult({"ParameterGroups": found})

    def describe_parameters(self) -> ActionResult:
        """Only what was set in the group: the engine's own hundreds of defaults are not emulated."""
        group = self._parameter_group(self._request["ParameterGroupName"])
        return ActionResult(
            {"Parameters": [{"Name": name, "Value": value} for name, value in group["parameters"].items()]}
        )

    def update_parameter_group(self) -> ActionResult:
        request = self._request
        group = self._parameter_group(request["ParameterGroupName"])
        for parameter in _at_most_twenty(request["ParameterNameValues"]):
            group["parameters"][parameter["ParameterName"]] = parameter["ParameterValue"]
        return ActionResult({"ParameterGroup": group})

    def reset_parameter_group(self) -> ActionResult:
        request = self._request
        group = self._parameter_group(request["ParameterGroupName"])
        if request.get("AllParameters"):
            group["parameters"].clear()
        for name in _at_most_twenty(request.get("ParameterNames") or []):
            group["parameters"].pop(name, None)
        return ActionResult({"ParameterGroup": group})

    def delete_parameter_group(self) -> ActionResult:
        group = self._parameter_group(self._request["ParameterGroupName"])
        if self._clusters_with("parameter_group_name", group["Name"]):
            _refuse(
                "InvalidParameterGroupStateFault", f"Parameter group {group['Name']} is in use by a cluster."
            )
        return ActionResult({"ParameterGroup": self._mine.parameter_groups.pop(group["Name"])})

    def _parameter_group(self, name: str) -> Values:
        if name not in self._mine.parameter_groups:
            _refuse("ParameterGroupNotFoundFault", f"Parameter group {name} not found.")
        return self._mine.parameter_groups[name]

    # -- clusters --

    def create_cluster(self) -> ActionResult:
        request = self._request
        self._check(request, request.get("TLSEnabled", True))
        _create_cluster_response(self)
        cluster: Any = self._mine.clusters[request["ClusterName"]]
        cluster.engine, cluster.engine_version = request.get("Engine", "redis"), request["EngineVersion"]
        return ActionResult({"Cluster": cluster.to_dict()})

    def update_cluster(self) -> ActionResult:
        request = self._request
        cluster: Any = self._mine.describe_clusters(request["ClusterName"])[0]
        if cluster.engine == "valkey" and request.get("Engine") == "redis":
            _refuse("InvalidParameterCombinationException", "A cluster cannot go back from valkey to redis.")
        current = {
            "Engine": cluster.engine,
            "EngineVersion": cluster.engine_version,
            "ParameterGroupName": cluster.parameter_group_name,
            "ACLName": cluster.acl_name,
        }
        self._check({**current, **request}, cluster.tls_enabled)
        cluster.engine = request.get("Engine", cluster.engine)
        _update_cluster_response(self)
        return ActionResult({"Cluster": cluster.to_dict()})

    def _check(self, request: Values, tls_enabled: bool) -> None:
        """Engine, version and parameter group go together; a list of users needs TLS."""
        engine, version = request.get("Engine", "redis"), request.get("EngineVersion", "")
        if (engine, version) not in VERSIONS:
            _refuse("InvalidParameterValueException", f"Invalid engine version {version} of {engine}.")
        family = VERSIONS[engine, version][1]
        group = self._parameter_group(request["ParameterGroupName"])
        if group["Family"] != family:
            _refuse(
                "InvalidParameterCombinationException",
                f"Expected a parameter group of family {family} but found one of family {group['Family']}.",
            )
        if request["ACLName"] != OPEN_ACCESS:
            self._acl(request["ACLName"])
            if not tls_enabled:
                _refuse("InvalidParameterCombinationException", "An ACL requires TLS to be enabled.")

    def _clusters_with(self, attribute: str, name: str) -> list[str]:
        clusters = self._mine.clusters.values()
        return [each.cluster_name for each in clusters if getattr(each, attribute) == name]

    # -- users and snapshots --

    def create_user(self) -> ActionResult:
        """moto's, whose users are in no list."""
        _create_user_response(self)
        return self._described_user(self._request["UserName"])

    def describe_users(self) -> ActionResult:
        request = self._request
        users = self._mine.describe_users(request.get("UserName"), request.get("Filters"))
        return ActionResult({"Users": [self._user(user) for user in users]})

    def update_user(self) -> ActionResult:
        request = self._request
        self._mine.update_user(
            request["UserName"], request.get("AuthenticationMode"), request.get("AccessString")
        )
        return self._described_user(request["UserName"])

    def _described_user(self, name: str) -> ActionResult:
        [user] = self._mine.describe_users(name)
        return ActionResult({"User": self._user(user)})

    def _user(self, user: Any) -> Values:
        lists = [name for name, acl in self._mine.acls.items() if user.user_name in acl["UserNames"]]
        described: Values = user.to_dict()
        return {**described, "ACLNames": lists or described["ACLNames"]}

    def copy_snapshot(self) -> ActionResult:
        """With a bucket, a file in it for each shard: the only copy that is emulated."""
        request = self._request
        [snapshot] = self._mine.describe_snapshots(snapshot_name=request["SourceSnapshotName"])
        if "TargetBucket" not in request:
            raise NotImplementedError("a copy of a snapshot within MemoryDB")
        buckets = s3_backends[self.current_account]["aws"]
        found = buckets.buckets.get(request["TargetBucket"])
        if found is None or found.region_name != self.region:
            _refuse(
                "InvalidParameterValueException", "The S3 bucket does not exist or is outside of the region."
            )
        for shard in snapshot.shards:
            key = f"{request['TargetSnapshotName']}-{shard['Name']}.rdb"
            buckets.put_object(request["TargetBucket"], key, b"REDIS0011")
        return ActionResult({"Snapshot": {**snapshot.to_dict(), "Status": "copying"}})


def _at_most_twenty(parameters: list[Any]) -> list[Any]:
    if len(parameters) > MAXIMUM_PARAMETERS_A_CALL:
        _refuse(
            "InvalidParameterValueException",
            f"The request includes too many parameters: {len(parameters)} of at most {MAXIMUM_PARAMETERS_A_CALL}.",
        )
    return parameters


def _refuse(code: str, message: str) -> NoReturn:
    error = JsonRESTError(code, message)
    error.code = 400
    raise error


def install() -> None:
    """Put these calls into moto."""
    extend(MemoryDBBackend, Backend)
    extend(MemoryDBCluster, Cluster)
    extend(MemoryDBResponse, Response)
