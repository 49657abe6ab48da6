"""ElastiCache: parameter, subnet and user groups, users, replication groups with their nodes, and snapshots.

moto knows few of these calls, and forgets most of what a replication group is told; here they are answered from a state of
their own. Sources: the Amazon ElastiCache API Reference (the operations below) and user guide ("Role-Based Access Control
(RBAC)", "Exporting a backup"). What a node really serves is not part of it, nor are Memcached, serverless caches and global
datastores.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from moto.core.responses import ActionResult, PaginatedResult
from moto.ec2.models import ec2_backends
from moto.elasticache.exceptions import (
    ElastiCacheException,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
)
from moto.elasticache.responses import ElastiCacheResponse
from moto.s3.models import s3_backends

from sandbox.emulator.elasticache_groups import FAMILIES, ReplicationGroup, Values
from sandbox.emulator.extending import extend

# ModifyCacheParameterGroup and ResetCacheParameterGroup.
MAXIMUM_PARAMETERS_A_CALL = 20
SHORTEST_PASSWORD, LONGEST_PASSWORD = 16, 128


class Account:
    """What one account has in one region."""

    def __init__(self, account_id: str, region: str) -> None:
        self.account_id, self.region = account_id, region
        self.parameter_groups: dict[str, Values] = {}
        self.subnet_groups: dict[str, Values] = {}
        self.users: dict[str, Values] = {}
        self.user_groups: dict[str, Values] = {}
        self.replication_groups: dict[str, ReplicationGroup] = {}
        self.snapshots: dict[str, Values] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:elasticache:{self.region}:{self.account_id}:{kind}:{name}"

    def tag(self, arn: str, tags: list[Values]) -> None:
        self.tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})

    def users_of(self, key: str, name: str) -> list[str]:
        """The replication groups whose value of `key` is, or holds, `name`."""
        return [
            group.identifier
            for group in self.replication_groups.values()
            if name == group.values.get(key) or name in (group.values.get(key) or ())
        ]


_accounts: dict[tuple[str, str], Account] = {}


class Response(ElastiCacheResponse):
    """The calls."""

    @property
    def _account(self) -> Account:
        key = (self.current_account, self.region)
        if key not in _accounts:
            _accounts[key] = Account(*key)
        return _accounts[key]

    # -- parameter groups --

    def create_cache_parameter_group(self) -> ActionResult:
        name = self.params["CacheParameterGroupName"].lower()
        family = self.params["CacheParameterGroupFamily"]
        if family not in FAMILIES.values():
            raise InvalidParameterValueException(
                f"CacheParameterGroupFamily {family} is not a valid parameter group family."
            )
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": family,
            "Description": self.params["Description"],
            "IsGlobal": False,
            "ARN": self._account.arn("parametergroup", name),
            "parameters": {},
        }
        self._add(self._account.parameter_groups, name, group, "CacheParameterGroupAlreadyExists")
        return ActionResult({"CacheParameterGroup": group})

    def describe_cache_parameter_groups(self) -> ActionResult:
        found = self._found(
            self._account.parameter_groups, "CacheParameterGroupName", "CacheParameterGroupNotFound"
        )
        return PaginatedResult({"CacheParameterGroups": found})

    def modify_cache_parameter_group(self) -> ActionResult:
        group = self._parameter_group(self.params["CacheParameterGroupName"])
        for parameter in self._at_most_twenty():
            group["parameters"][parameter["ParameterName"]] = parameter["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def reset_cache_parameter_group(self) -> ActionResult:
        group = self._parameter_group(self.params["CacheParameterGroupName"])
        if self.params.get("ResetAllParameters"):
            group["parameters"].clear()
        else:
            for parameter in self._at_most_twenty():
                group["parameters"].pop(parameter["ParameterName"], None)
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def describe_cache_parameters(self) -> ActionResult:
        """Only what was set in the group: the engine's own hundreds of defaults are not emulated."""
        group = self._parameter_group(self.params["CacheParameterGroupName"])
        asked = self.params.get("Source", "user")
        parameters = group["parameters"].items() if asked == "user" else ()
        return PaginatedResult(
            {
                "Parameters": [
                    {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
                    for name, value in parameters
                ]
            }
        )

    def delete_cache_parameter_group(self) -> ActionResult:
        name = self._parameter_group(self.params["CacheParameterGroupName"])["CacheParameterGroupName"]
        if self._account.users_of("CacheParameterGroupName", name):
            _refuse(
                "InvalidCacheParameterGroupState",
                f"One or more cache clusters are still members of this parameter group {name}, so the group cannot be deleted.",
            )
        del self._account.parameter_groups[name]
        return ActionResult({})

    def _at_most_twenty(self) -> list[Values]:
        parameters: list[Values] = self.params.get("ParameterNameValues", [])
        if len(parameters) > MAXIMUM_PARAMETERS_A_CALL:
            raise InvalidParameterValueException(
                f"The request includes too many parameters: {len(parameters)} of at most {MAXIMUM_PARAMETERS_A_CALL}."
            )
        return parameters

    def _parameter_group(self, name: str) -> Values:
        return _known(
            self._account.parameter_groups, name, "CacheParameterGroupNotFound", "CacheParameterGroup"
        )

    # -- subnet groups --

    def create_cache_subnet_group(self) -> ActionResult:
        name = self.params["CacheSubnetGroupName"].lower()
        group = {"CacheSubnetGroupName": name, "ARN": self._account.arn("subnetgroup", name)}
        self._add(self._account.subnet_groups, name, group, "CacheSubnetGroupAlreadyExists")
        return self._put_subnets(group)

    def modify_cache_subnet_group(self) -> ActionResult:
        return self._put_subnets(self._subnet_group(self.params["CacheSubnetGroupName"]))

    def describe_cache_subnet_groups(self) -> ActionResult:
        found = self._found(
            self._account.subnet_groups, "CacheSubnetGroupName", "CacheSubnetGroupNotFoundFault"
        )
        return PaginatedResult({"CacheSubnetGroups": found})

    def delete_cache_subnet_group(self) -> ActionResult:
        name = self._subnet_group(self.params["CacheSubnetGroupName"])["CacheSubnetGroupName"]
        if self._account.users_of("CacheSubnetGroupName", name):
            _refuse(
                "CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster."
            )
        del self._account.subnet_groups[name]
        return ActionResult({})

    def _put_subnets(self, group: Values) -> ActionResult:
        if "CacheSubnetGroupDescription" in self.params:
            group["CacheSubnetGroupDescription"] = self.params["CacheSubnetGroupDescription"]
        subnets = [
            ec2_backends[self.current_account][self.region].get_subnet(subnet_id)
            for subnet_id in self.params.get("SubnetIds", [])
        ]
        if subnets:
            group["VpcId"] = subnets[0].vpc_id
            group["Subnets"] = [
                {
                    "SubnetIdentifier": subnet.id,
                    "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                    "SupportedNetworkTypes": ["ipv4"],
                }
                for subnet in subnets
            ]
        return ActionResult({"CacheSubnetGroup": group})

    def _subnet_group(self, name: str) -> Values:
        return _known(self._account.subnet_groups, name, "CacheSubnetGroupNotFoundFault", "CacheSubnetGroup")

    # -- users and user groups --

    def create_user(self) -> ActionResult:
        identifier = self.params["UserId"].lower()
        user = {
            "UserId": identifier,
            "UserName": self.params["UserName"],
            "Status": "active",
            "MinimumEngineVersion": "6.0",
            "ARN": self._account.arn("user", identifier),
        }
        self._set_user(user)
        self._add(self._account.users, identifier, user, "UserAlreadyExists")
        return ActionResult(self._described_user(user))

    def describe_users(self) -> ActionResult:
        found = self._found(self._account.users, "UserId", "UserNotFound")
        return PaginatedResult({"Users": [self._described_user(user) for user in found]})

    def modify_user(self) -> ActionResult:
        user = self._user(self.params["UserId"])
        self._set_user(user)
        return ActionResult(self._described_user(user))

    def delete_user(self) -> ActionResult:
        user = self._user(self.params["UserId"])
        for group in self._account.user_groups.values():
            if user["UserId"] in group["UserIds"] and user["UserName"] == "default":
                _refuse(
                    "DefaultUserAssociatedToUserGroup",
                    "Default user cannot be deleted while it is in a user group.",
                )
        for group in self._account.user_groups.values():
            group["UserIds"] = [each for each in group["UserIds"] if each != user["UserId"]]
        del self._account.users[user["UserId"]]
        return ActionResult({**user, "Status": "deleting"})

    def _set_user(self, user: Values) -> None:
        mode = self.params.get("AuthenticationMode", {})
        passwords = self.params.get("Passwords") or mode.get("Passwords") or []
        if any(not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD for password in passwords):
            raise InvalidParameterValueException(
                f"Passwords length must be between {SHORTEST_PASSWORD}-{LONGEST_PASSWORD} characters."
            )
        user |= {key: self.params[key] for key in ("AccessString", "Engine") if key in self.params}
        user["Engine"] = user["Engine"].lower()
        if passwords:
            user["Authentication"] = {"Type": "password", "PasswordCount": len(passwords)}
        elif self.params.get("NoPasswordRequired") or mode.get("Type") == "no-password-required":
            user["Authentication"] = {"Type": "no-password"}
        elif mode.get("Type") == "iam":
            user["Authentication"] = {"Type": "iam"}
        elif "Authentication" not in user:
            raise InvalidParameterValueException(
                "No password was provided. If you want to create/update the user without password, please use the"
                " NoPasswordRequired flag."
            )

    def _described_user(self, user: Values) -> Values:
        groups = [
            name for name, group in self._account.user_groups.items() if user["UserId"] in group["UserIds"]
        ]
        return {**user, "UserGroupIds": groups}

    def _user(self, identifier: str) -> Values:
        return _known(self._account.users, identifier, "UserNotFound", "User")

    def create_user_group(self) -> ActionResult:
        identifier = self.params["UserGroupId"].lower()
        group = {
            "UserGroupId": identifier,
            "Status": "active",
            "Engine": self.params["Engine"].lower(),
            "UserIds": list(self.params.get("UserIds", [])),
            "MinimumEngineVersion": "6.0",
            "ARN": self._account.arn("usergroup", identifier),
        }
        self._check_members(group)
        self._add(self._account.user_groups, identifier, group, "UserGroupAlreadyExists")
        return ActionResult(self._described_user_group(group))

    def describe_user_groups(self) -> ActionResult:
        found = self._found(self._account.user_groups, "UserGroupId", "UserGroupNotFound")
        return PaginatedResult({"UserGroups": [self._described_user_group(group) for group in found]})

    def modify_user_group(self) -> ActionResult:
        group = self._user_group(self.params["UserGroupId"])
        removed = self.params.get("UserIdsToRemove", [])
        wanted = {
            **group,
            "Engine": self.params.get("Engine", group["Engine"]).lower(),
            "UserIds": [
                *(each for each in group["UserIds"] if each not in removed),
                *self.params.get("UserIdsToAdd", []),
            ],
        }
        self._check_members(wanted)
        group |= wanted
        return ActionResult(self._described_user_group(group))

    def delete_user_group(self) -> ActionResult:
        group = self._user_group(self.params["UserGroupId"])
        if self._account.users_of("UserGroupIds", group["UserGroupId"]):
            _refuse("InvalidUserGroupState", "User group is associated to one or more replication groups.")
        del self._account.user_groups[group["UserGroupId"]]
        return ActionResult({**self._described_user_group(group), "Status": "deleting"})

    def _check_members(self, group: Values) -> None:
        """A group holds no name twice, a Redis group has a default user, a Valkey group nobody without a password."""
        users = [self._user(identifier) for identifier in group["UserIds"]]
        names = [user["UserName"] for user in users]
        if len(set(names)) < len(names):
            _refuse("DuplicateUserName", "A user with this user name already exists in the user group.")
        if group["Engine"] == "redis" and "default" not in names:
            _refuse("DefaultUserRequired", "User group needs to contain a user with the user name default.")
        if group["Engine"] == "valkey" and any(
            user["Authentication"]["Type"] == "no-password" for user in users
        ):
            raise InvalidParameterCombinationException(
                "A Valkey user group cannot hold a user without authentication."
            )

    def _described_user_group(self, group: Values) -> Values:
        members = self._account.users_of("UserGroupIds", group["UserGroupId"])
        return {**group, "ReplicationGroups": members, "PendingChanges": {}}

    def _user_group(self, identifier: str) -> Values:
        return _known(self._account.user_groups, identifier, "UserGroupNotFound", "UserGroup")

    # -- replication groups --

    def create_replication_group(self) -> ActionResult:
        request = dict(self.params)
        identifier = request["ReplicationGroupId"] = request["ReplicationGroupId"].lower()
        if identifier in self._account.replication_groups:
            _refuse("ReplicationGroupAlreadyExists", f"Replication group {identifier} already exists.")
        zones: list[str] = []
        if "CacheSubnetGroupName" in request:
            subnets = self._subnet_group(request["CacheSubnetGroupName"])["Subnets"]
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
            self._snapshot(group, self.params["FinalSnapshotIdentifier"])
        del self._account.replication_groups[group.identifier]
        return ActionResult({"ReplicationGroup": {**group.describe(), "Status": "deleting"}})

    def describe_cache_clusters(self) -> ActionResult:
        nodes = {
            name: group for group in self._account.replication_groups.values() for name in group.node_names()
        }
        wanted = self.params.get("CacheClusterId")
        if wanted is not None and wanted not in nodes:
            _refuse("CacheClusterNotFound", f"CacheCluster not found: {wanted}")
        return PaginatedResult(
            {
                "CacheClusters": [
                    group.describe_node(name) for name, group in nodes.items() if wanted in (None, name)
                ]
            }
        )

    def _group(self) -> ReplicationGroup:
        identifier = self.params["ReplicationGroupId"]
        group = self._account.replication_groups.get(identifier.lower())
        if group is None:
            _refuse("ReplicationGroupNotFoundFault", f"ReplicationGroup {identifier} not found.")
        return group

    def _check_version(self, values: Mapping[str, Any], cluster_mode: bool) -> None:
        """Engine, version and parameter group go together, and a group for cluster mode must say so."""
        engine, version = values["Engine"], values.get("EngineVersion", "")
        if (engine, version) not in FAMILIES:
            raise InvalidParameterCombinationException(f"Cannot find version {version} for {engine}")
        group = self._parameter_group(values["CacheParameterGroupName"])
        family, name = FAMILIES[engine, version], group["CacheParameterGroupName"]
        if group["CacheParameterGroupFamily"] != family:
            raise InvalidParameterCombinationException(
                f"Expected a parameter group of family {family} but found one of family"
                f" {group['CacheParameterGroupFamily']}."
            )
        if cluster_mode and group["parameters"].get("cluster-enabled") != "yes":
            raise InvalidParameterCombinationException(
                f"Cluster mode needs a parameter group with cluster-enabled, and {name} has not."
            )

    def _check_user_groups(self, values: Mapping[str, Any]) -> None:
        for identifier in values.get("UserGroupIds") or ():
            group = self._user_group(identifier)
            if values["Engine"] == "redis" and group["Engine"] != "redis":
                raise InvalidParameterCombinationException(
                    "A user group of engine valkey cannot serve Redis OSS."
                )

    # -- snapshots --

    def create_snapshot(self) -> ActionResult:
        return ActionResult({"Snapshot": self._snapshot(self._group(), self.params["SnapshotName"])})

    def copy_snapshot(self) -> ActionResult:
        """A copy under another name; with a bucket, a file in it for each shard."""
        source = self._found(self._account.snapshots, "SourceSnapshotName", "SnapshotNotFoundFault")[0]
        name, bucket = self.params["TargetSnapshotName"], self.params.get("TargetBucket")
        if bucket is None:
            copy = {**source, "SnapshotName": name, "ARN": self._account.arn("snapshot", name)}
            self._add(self._account.snapshots, name, copy, "SnapshotAlreadyExistsFault")
            return ActionResult({"Snapshot": copy})
        found = s3_backends[self.current_account]["aws"].buckets.get(bucket)
        if found is None or found.region_name != self.region:
            raise InvalidParameterValueException(
                f"The S3 bucket {bucket} does not exist or is outside of the region."
            )
        for shard in range(1, source["NumNodeGroups"] + 1):
            s3_backends[self.current_account]["aws"].put_object(
                bucket, f"{name}-{shard:04}.rdb", b"REDIS0011"
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

    def _snapshot(self, group: ReplicationGroup, name: str) -> Values:
        shown, now = group.describe(), datetime.now(UTC)
        snapshot = {
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
                {"NodeGroupId": shard["NodeGroupId"], "SnapshotCreateTime": now}
                for shard in shown["NodeGroups"]
            ],
            "ARN": self._account.arn("snapshot", name),
        }
        self._add(self._account.snapshots, name, snapshot, "SnapshotAlreadyExistsFault")
        return snapshot

    # -- tags --

    def list_tags_for_resource(self) -> ActionResult:
        tags = self._account.tags.get(self.params["ResourceName"], {})
        return ActionResult({"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def add_tags_to_resource(self) -> ActionResult:
        self._account.tag(self.params["ResourceName"], self.params.get("Tags", []))
        return self.list_tags_for_resource()

    def remove_tags_from_resource(self) -> ActionResult:
        tags = self._account.tags.get(self.params["ResourceName"], {})
        for key in self.params.get("TagKeys", []):
            tags.pop(key, None)
        return self.list_tags_for_resource()

    # -- what all have in common --

    def _add(self, known: dict[str, Values], name: str, thing: Values, exists: str) -> None:
        if name in known:
            _refuse(exists, f"{name} already exists.")
        known[name] = thing
        self._account.tag(thing["ARN"], self.params.get("Tags", []))

    def _found(self, known: Mapping[str, Values], key: str, missing: str) -> list[Values]:
        """The one that the request names, or all."""
        if key in self.params:
            return [_known(known, self.params[key], missing, key)]
        return list(known.values())


def _known(known: Mapping[str, Values], name: str, missing: str, what: str) -> Values:
    if name.lower() not in known:
        _refuse(missing, f"{what} {name} not found.")
    return known[name.lower()]


def _refuse(code: str, message: str) -> NoReturn:
    raise ElastiCacheException(code, message)


def install() -> None:
    """Put these calls into moto."""
    extend(ElastiCacheResponse, Response)
