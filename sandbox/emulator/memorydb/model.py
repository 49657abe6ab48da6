"""The state of MemoryDB in one account and Region: what moto's backend and its clusters lack.

Sources: the Amazon MemoryDB API Reference and developer guide ("Engine versions").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any, NoReturn

from moto.core.exceptions import JsonRESTError
from moto.memorydb.models import MemoryDBBackend, MemoryDBCluster

from sandbox.emulator.extending import original
from sandbox.emulator.stores import Values, active_security_groups, slot_ranges

# Patch version and parameter group family of each engine version.
VERSIONS = {
    ("redis", "7.0"): ("7.0.7", "memorydb_redis7"),
    ("redis", "7.1"): ("7.1.1", "memorydb_redis7"),
    ("valkey", "7.2"): ("7.2.6", "memorydb_valkey7"),
    ("valkey", "7.3"): ("7.3.0", "memorydb_valkey7"),
}


class Backend(MemoryDBBackend):
    """moto's backend with the calls that it lacks."""

    def __init__(self, region_name: str, account_id: str) -> None:
        original(MemoryDBBackend.__init__)(self, region_name, account_id)
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
            refuse("InvalidUserStateFault", f"User {user_name} is in use by the ACL {holders[0]}.")
        return original(MemoryDBBackend.delete_user)(self, user_name)

    def acl(self, name: str) -> Values:
        if name not in self.acls:
            refuse("ACLNotFoundFault", f"ACL {name} not found.")
        return self.acls[name]

    def parameter_group(self, name: str) -> Values:
        if name not in self.parameter_groups:
            refuse("ParameterGroupNotFoundFault", f"Parameter group {name} not found.")
        return self.parameter_groups[name]

    def clusters_with(self, attribute: str, name: str) -> list[str]:
        clusters = self.clusters.values()
        return [each.cluster_name for each in clusters if getattr(each, attribute) == name]


class Cluster(MemoryDBCluster):
    """moto's cluster with the attributes that its description lacks."""

    def to_dict(self) -> Values:
        engine = getattr(self, "engine", "redis")  # moto describes it once before we can say
        shards: Any = self.shards
        for shard, slots in zip(shards, slot_ranges(len(shards)), strict=True):
            shard["Slots"] = slots
        return {
            **original(MemoryDBCluster.to_dict)(self),
            "Engine": engine,
            "EngineVersion": self.engine_version,
            "EnginePatchVersion": VERSIONS[engine, self.engine_version][0],
            "SecurityGroups": active_security_groups(self.security_group_ids),
            "SnsTopicStatus": self.sns_topic_status.upper(),
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
        }


def refuse(code: str, message: str) -> NoReturn:
    """Raise the error with this code."""
    raise _error(code, message)


def invalid_value(message: str) -> JsonRESTError:
    """The error for a value that the service does not take."""
    return _error("InvalidParameterValueException", message)


def invalid_combination(message: str) -> JsonRESTError:
    """The error for values that do not go together."""
    return _error("InvalidParameterCombinationException", message)


def _error(code: str, message: str) -> JsonRESTError:
    error = JsonRESTError(code, message)
    error.code = 400
    return error
