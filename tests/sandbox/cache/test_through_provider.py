"""Stores managed by the real Terraform AWS provider in the emulated account.

Proves that what the platform declares of a store is read back without a difference, and that a change of engine, version,
parameter group family or node type is one change in place, which replaces nothing; and what a plan says of changes that AWS
has no way for. Does not prove how long AWS takes for any of it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.cache.store import AUTO_MINOR_VERSION_UPGRADE
from components.parameters.spec import Parameter
from infra.config.cache import StoreConfig
from infra.config.reading import load_file
from sandbox.adapter.values import Secret
from sandbox.emulated_account import EmulatedAccount
from sandbox.environment import aws_environment
from sandbox.protection import delete_stores
from tests.harness.platform import changed, stack_file
from tests.harness.provider import ACCOUNT_ID, Make, assert_read_back, make_network
from tests.sandbox.adapter.engine import REGION, Plugin, Resource

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:store-events"
PASSWORD = "a-password-of-nobody"
# What both stores begin with.
COMMON: Mapping[str, Any] = {
    "engine": "redis",
    "engineVersion": "7.1",
    "autoMinorVersionUpgrade": AUTO_MINOR_VERSION_UPGRADE,
    "snapshotRetentionLimit": 30,
    "snapshotWindow": "08:00-09:00",
    "maintenanceWindow": "sun:10:00-sun:11:00",
}

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
PARAMETER_GROUP = "aws:elasticache/parameterGroup:ParameterGroup"
CLUSTER = "aws:memorydb/cluster:Cluster"


@pytest.fixture(scope="module", autouse=True)
def _clusters_go_first(made: list[Resource], own_account: EmulatedAccount) -> Iterator[None]:
    """The provider waits for minutes before it looks whether a cluster that it deletes is gone."""
    yield
    clusters = [resource.id for resource in made if resource.type == CLUSTER]
    delete_stores(aws_environment(own_account.port or 0), [REGION], replication_groups=[], clusters=clusters)


@pytest.fixture(scope="module")
def subnet_ids(make: Make) -> list[str]:
    _, subnet_ids = make_network(make, "data", "abc")
    return subnet_ids


def as_inputs(parameters: tuple[Parameter, ...]) -> list[dict[str, str]]:
    return [{"name": parameter.name, "value": parameter.value} for parameter in parameters]


def change_in_place(
    aws: Plugin, resource: Resource, inputs: Mapping[str, Any], change: Mapping[str, Any]
) -> Resource:
    """Update the resource by a change that shows just these properties as different and replaces nothing."""
    difference = aws.diff(resource, {**inputs, **change})
    assert set(difference.detailedDiff) == set(change)
    assert list(difference.replaces) == []
    updated = aws.update(resource, {**inputs, **change})
    assert_read_back(aws, updated)
    return updated


# ---- ElastiCache -------------------------------------------------------------------------------------------------


def make_cache_users(make: Make, wanted: StoreConfig) -> None:
    """The store's users and the group `cache` that holds them."""
    accesses = {user.name: user.store_user().access_string for user in wanted.users}
    users = [
        make(
            "aws:elasticache/user:User",
            name,
            {
                "userId": f"cache-{name}",
                "userName": name,
                "engine": "redis",
                "accessString": access,
                "passwords": Secret([PASSWORD]),
            },
        )
        for name, access in {"default": "off resetchannels -@all", **accesses}.items()
    ]
    make(
        "aws:elasticache/userGroup:UserGroup",
        "cache-users",
        {"engine": "redis", "userGroupId": "cache", "userIds": [user.outputs["userId"] for user in users]},
    )


def log_delivery(log: str) -> dict[str, str]:
    return {
        "logType": log,
        "logFormat": "json",
        "destinationType": "cloudwatch-logs",
        "destination": f"/aws/vendedlogs/elasticache/cache/{log}",
    }


@pytest.fixture(scope="module")
def cache_inputs(make: Make, subnet_ids: list[str]) -> dict[str, Any]:
    """Production's cache, but on Redis 7, with everything it needs."""
    wanted = changed("prod", "cache.engine_version", "8.1").cache.model_copy(
        update={"engine": "redis", "engine_version": "7.1"}
    )
    subnets = make(
        "aws:elasticache/subnetGroup:SubnetGroup",
        "cache-subnets",
        {"subnetIds": subnet_ids, "description": "of a test"},
    )
    group = make(
        PARAMETER_GROUP,
        "cache-parameters",
        {"family": "redis7", "parameters": as_inputs(wanted.parameter_group())},
    )
    make_cache_users(make, wanted)
    return {
        **COMMON,
        "replicationGroupId": "cache",
        "description": "cache",
        "nodeType": wanted.node_type,
        "parameterGroupName": group.outputs["name"],
        "clusterMode": "enabled",
        "numNodeGroups": 2,
        "replicasPerNodeGroup": 1,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "port": wanted.port,
        "subnetGroupName": subnets.outputs["name"],
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "userGroupIds": ["cache"],
        "notificationTopicArn": TOPIC,
        "applyImmediately": True,
        "logDeliveryConfigurations": [log_delivery("slow-log"), log_delivery("engine-log")],
    }


@pytest.fixture(scope="module")
def cache(make: Make, cache_inputs: dict[str, Any]) -> Resource:
    return make(GROUP, "cache", cache_inputs)


def test_what_is_declared_of_a_replication_group_is_read_back(
    aws: Plugin, made: list[Resource], cache: Resource
) -> None:
    assert cache.outputs["configurationEndpointAddress"]
    assert len(cache.outputs["memberClusters"]) == 4
    for resource in made:
        if resource.type.startswith("aws:elasticache/"):
            assert_read_back(aws, resource)


def test_a_users_password_is_secret_in_everything_that_comes_back(
    made: list[Resource], cache: Resource
) -> None:
    users = [resource for resource in made if resource.type == "aws:elasticache/user:User"]
    assert len(users) == 5
    for user in users:
        assert isinstance(user.outputs["passwords"], Secret)
        open_values = {name: value for name, value in user.outputs.items() if not isinstance(value, Secret)}
        assert PASSWORD not in repr(open_values)


def test_redis_becomes_valkey_on_larger_nodes_in_one_change_that_replaces_nothing(
    aws: Plugin, made: list[Resource], make: Make, cache: Resource, cache_inputs: dict[str, Any]
) -> None:
    """The parameter group of the new family is there beside the old one, which goes last."""
    wanted = load_file(stack_file("prod")).cache
    new = make(
        PARAMETER_GROUP,
        "cache-parameters-of-valkey",
        {"family": wanted.family.value, "parameters": as_inputs(wanted.parameter_group())},
    )
    change = {
        "engine": "valkey",
        "engineVersion": wanted.engine_version,
        "parameterGroupName": new.outputs["name"],
        "nodeType": "cache.r7g.xlarge",
    }
    updated = change_in_place(aws, cache, cache_inputs, change)
    assert updated.outputs["engineVersionActual"] == "8.1.0"
    # In the end the new group goes after the store, and the old one goes now.
    made.remove(new)
    made.insert(made.index(cache), new)
    [old] = [r for r in made if r.id == cache_inputs["parameterGroupName"]]
    aws.delete(old)
    made.remove(old)


def test_a_newer_minor_version_is_a_change_in_place_and_going_back_a_replacement(
    aws: Plugin, cache: Resource
) -> None:
    """Why AWS may not upgrade by itself: the version in the stack file would be the older one, and there is no way back."""
    found = aws.read(cache)
    assert found is not None
    assert found.outputs["engine"] == "valkey", "the test before has changed it"
    before = {**found.inputs, "engineVersion": load_file(stack_file("prod")).cache.engine_version}
    newer = changed("prod", "cache.engine_version", "8.2").cache
    assert newer.family == load_file(stack_file("prod")).cache.family
    updated = change_in_place(aws, found, before, {"engineVersion": newer.engine_version})
    assert updated.outputs["engineVersionActual"] == "8.2.0"
    assert "engineVersion" in aws.diff(updated, before).replaces


def test_another_cluster_mode_is_planned_as_a_change_in_place(
    aws: Plugin, cache: Resource, cache_inputs: dict[str, Any]
) -> None:
    """Which AWS refuses, as the emulated one does: the plan does not show that it cannot be done."""
    shards = ("numNodeGroups", "replicasPerNodeGroup")
    nodes = {name: value for name, value in cache_inputs.items() if name not in shards}
    difference = aws.diff(cache, {**nodes, "clusterMode": "disabled", "numCacheClusters": 4})
    assert "clusterMode" in difference.detailedDiff
    assert list(difference.replaces) == []


def test_scaling_is_kept_as_declared(aws: Plugin, make: Make, cache: Resource) -> None:
    dimension = {
        "serviceNamespace": "elasticache",
        "resourceId": f"replication-group/{cache.id}",
        "scalableDimension": "elasticache:replication-group:NodeGroups",
    }
    target = make(
        "aws:appautoscaling/target:Target", "cache-shards", {**dimension, "minCapacity": 2, "maxCapacity": 6}
    )
    policy = make(
        "aws:appautoscaling/policy:Policy",
        "cache-shards-by-cpu",
        {
            **dimension,
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "targetValue": 60,
                "predefinedMetricSpecification": {
                    "predefinedMetricType": "ElastiCachePrimaryEngineCPUUtilization"
                },
                "scaleOutCooldown": 300,
                "scaleInCooldown": 1800,
            },
        },
    )
    assert_read_back(aws, target)
    assert_read_back(aws, policy)


# ---- MemoryDB ----------------------------------------------------------------------------------------------------


def make_sessions_acl(make: Make, wanted: StoreConfig) -> tuple[Resource, list[Resource]]:
    """The store's list of users, and the users on it."""
    users = [
        make(
            "aws:memorydb/user:User",
            user.name,
            {
                "userName": user.name,
                "accessString": user.store_user().access_string,
                "authenticationMode": {"type": "password", "passwords": Secret([PASSWORD])},
            },
        )
        for user in wanted.users
    ]
    inputs = {"name": "sessions", "userNames": [user.id for user in users]}
    return make("aws:memorydb/acl:Acl", "sessions-users", inputs), users


def make_sessions_parameters(make: Make, wanted: StoreConfig, engine: str) -> Resource:
    """The store's parameters as a group of version 7 of the engine."""
    return make(
        "aws:memorydb/parameterGroup:ParameterGroup",
        f"sessions-parameters-{engine}",
        {"family": f"memorydb_{engine}7", "parameters": as_inputs(wanted.parameter_group())},
    )


def test_what_is_declared_of_memorydb_is_read_back_and_its_engine_changes_in_place(
    aws: Plugin, make: Make, subnet_ids: list[str]
) -> None:
    wanted = load_file(stack_file("prod")).sessions
    subnets = make("aws:memorydb/subnetGroup:SubnetGroup", "sessions-subnets", {"subnetIds": subnet_ids})
    groups = {engine: make_sessions_parameters(make, wanted, engine) for engine in ("redis", "valkey")}
    acl, users = make_sessions_acl(make, wanted)
    inputs = {
        **COMMON,
        "name": "sessions",
        "description": "sessions",
        "nodeType": wanted.node_type,
        "numShards": 1,
        "numReplicasPerShard": 2,
        "parameterGroupName": groups["redis"].outputs["name"],
        "aclName": acl.outputs["name"],
        "port": wanted.port,
        "subnetGroupName": subnets.outputs["name"],
        "tlsEnabled": True,
        "snsTopicArn": TOPIC,
    }
    cluster = make(CLUSTER, "sessions", inputs)
    for resource in (subnets, *groups.values(), *users, acl, cluster):
        assert_read_back(aws, resource)
    upgrades = aws.diff(cluster, {**inputs, "autoMinorVersionUpgrade": not AUTO_MINOR_VERSION_UPGRADE})
    assert list(upgrades.replaces) == ["autoMinorVersionUpgrade"]
    change = {
        "engine": "valkey",
        "engineVersion": wanted.engine_version,
        "parameterGroupName": groups["valkey"].outputs["name"],
        "nodeType": "db.r7g.xlarge",
    }
    change_in_place(aws, cluster, inputs, change)


def test_no_call_was_left_unanswered(own_account: EmulatedAccount) -> None:
    assert own_account.unknown_calls() == []
