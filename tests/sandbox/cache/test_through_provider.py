"""Stores managed by the real Terraform AWS provider in the emulated account.

Proves that what the platform declares of a store is read back without a difference, and that a change of engine, version,
parameter group family or node type is one change in place, which replaces nothing; and what a plan says of changes that AWS
has no way for. Does not prove how long AWS takes for any of it.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.cache.store import AUTO_MINOR_VERSION_UPGRADE
from components.parameters.spec import Parameter
from infra.config.reading import load_file
from sandbox.adapter import binary
from sandbox.adapter.values import Secret
from sandbox.emulated_account import EmulatedAccount
from sandbox.environment import aws_environment
from sandbox.protection import delete_stores
from tests.harness.platform import changed, stack_file
from tests.sandbox.adapter.engine import REGION, Plugin, Resource, start_plugin

ACCOUNT = "444455556666"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:store-events"
PASSWORD = "a-password-of-nobody"
REDIS = {"engine": "redis", "engineVersion": "7.1"}

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
CLUSTER = "aws:memorydb/cluster:Cluster"

Make = Callable[[str, str, Mapping[str, Any]], Resource]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAccount]:
    started = EmulatedAccount(Path(tmp_path_factory.mktemp("account")))
    with started.start(ACCOUNT, stays=False):
        yield started


@pytest.fixture(scope="module")
def aws(account: EmulatedAccount) -> Iterator[Plugin]:
    try:
        binary.find()
    except binary.ProviderBinaryNotFound as missing:
        pytest.skip(str(missing).splitlines()[0])
    plugin = start_plugin("sandbox.adapter.aws", aws_environment(account.port or 0))
    try:
        plugin.configure(region=REGION, maxRetries="3", defaultTags='{"tags":{"Project":"reptidex"}}')
        yield plugin
    finally:
        plugin.close()


@pytest.fixture(scope="module")
def made(aws: Plugin, account: EmulatedAccount) -> Iterator[list[Resource]]:
    """What was made, in order; what is still there in the end is deleted the other way round."""
    resources: list[Resource] = []
    yield resources
    # The provider waits for minutes before it looks whether a cluster that it deletes is gone.
    clusters = [resource.id for resource in resources if resource.type == CLUSTER]
    delete_stores(aws_environment(account.port or 0), [REGION], replication_groups=[], clusters=clusters)
    for resource in reversed(resources):
        aws.delete(resource)


@pytest.fixture(scope="module")
def make(aws: Plugin, made: list[Resource]) -> Make:
    def make(type_: str, name: str, inputs: Mapping[str, Any]) -> Resource:
        made.append(aws.create(type_, name, inputs))
        return made[-1]

    return make


@pytest.fixture(scope="module")
def subnet_ids(make: Make) -> list[str]:
    vpc = make("aws:ec2/vpc:Vpc", "network", {"cidrBlock": "10.9.0.0/16"})
    return [
        make(
            "aws:ec2/subnet:Subnet",
            f"data-{zone}",
            {"vpcId": vpc.id, "cidrBlock": f"10.9.{i}.0/24", "availabilityZone": f"{REGION}{zone}"},
        ).id
        for i, zone in enumerate("abc")
    ]


def as_inputs(parameters: tuple[Parameter, ...]) -> list[dict[str, str]]:
    return [{"name": parameter.name, "value": parameter.value} for parameter in parameters]


def assert_settled(aws: Plugin, resource: Resource) -> None:
    """Neither what is known of it nor what is read anew differs from what was asked for."""
    assert dict(aws.diff(resource, resource.inputs).detailedDiff) == {}
    read = aws.read(resource)
    assert read is not None
    assert dict(aws.diff(read, resource.inputs).detailedDiff) == {}


# ---- ElastiCache -------------------------------------------------------------------------------------------------


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
        "aws:elasticache/parameterGroup:ParameterGroup",
        "cache-parameters",
        {"family": "redis7", "parameters": as_inputs(wanted.parameter_group())},
    )
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
    return {
        **REDIS,
        "replicationGroupId": "cache",
        "description": "cache",
        "nodeType": wanted.node_type,
        "parameterGroupName": group.outputs["name"],
        "clusterMode": "enabled",
        "numNodeGroups": 2,
        "replicasPerNodeGroup": 1,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "autoMinorVersionUpgrade": AUTO_MINOR_VERSION_UPGRADE,
        "port": wanted.port,
        "subnetGroupName": subnets.outputs["name"],
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "userGroupIds": ["cache"],
        "snapshotRetentionLimit": 30,
        "snapshotWindow": "08:00-09:00",
        "maintenanceWindow": "sun:10:00-sun:11:00",
        "notificationTopicArn": TOPIC,
        "applyImmediately": True,
        "logDeliveryConfigurations": [
            {
                "logType": log,
                "logFormat": "json",
                "destinationType": "cloudwatch-logs",
                "destination": f"/aws/vendedlogs/elasticache/cache/{log}",
            }
            for log in ("slow-log", "engine-log")
        ],
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
            assert_settled(aws, resource)


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
        "aws:elasticache/parameterGroup:ParameterGroup",
        "cache-parameters-of-valkey",
        {"family": wanted.family.value, "parameters": as_inputs(wanted.parameter_group())},
    )
    change = {
        "engine": "valkey",
        "engineVersion": wanted.engine_version,
        "parameterGroupName": new.outputs["name"],
        "nodeType": "cache.r7g.xlarge",
    }
    difference = aws.diff(cache, {**cache_inputs, **change})
    assert set(difference.detailedDiff) == set(change)
    assert list(difference.replaces) == []
    updated = aws.update(cache, {**cache_inputs, **change})
    assert updated.outputs["engineVersionActual"] == "8.1.0"
    assert_settled(aws, updated)
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
    after = {**before, "engineVersion": newer.engine_version}
    difference = aws.diff(found, after)
    assert set(difference.detailedDiff) == {"engineVersion"}
    assert list(difference.replaces) == []
    updated = aws.update(found, after)
    assert updated.outputs["engineVersionActual"] == "8.2.0"
    assert_settled(aws, updated)
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
    assert_settled(aws, target)
    assert_settled(aws, policy)


# ---- MemoryDB ----------------------------------------------------------------------------------------------------


def test_what_is_declared_of_memorydb_is_read_back_and_its_engine_changes_in_place(
    aws: Plugin, made: list[Resource], make: Make, subnet_ids: list[str]
) -> None:
    wanted = load_file(stack_file("prod")).sessions
    subnets = make("aws:memorydb/subnetGroup:SubnetGroup", "sessions-subnets", {"subnetIds": subnet_ids})
    groups = {
        family: make(
            "aws:memorydb/parameterGroup:ParameterGroup",
            f"sessions-parameters-{family}",
            {"family": f"memorydb_{family}7", "parameters": as_inputs(wanted.parameter_group())},
        )
        for family in ("redis", "valkey")
    }
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
    acl = make(
        "aws:memorydb/acl:Acl", "sessions-users", {"name": "sessions", "userNames": [u.id for u in users]}
    )
    inputs = {
        **REDIS,
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
        "autoMinorVersionUpgrade": AUTO_MINOR_VERSION_UPGRADE,
        "snapshotRetentionLimit": 30,
        "snapshotWindow": "08:00-09:00",
        "maintenanceWindow": "sun:10:00-sun:11:00",
        "snsTopicArn": TOPIC,
    }
    cluster = make(CLUSTER, "sessions", inputs)
    for resource in (subnets, *groups.values(), *users, acl, cluster):
        assert_settled(aws, resource)
    upgrades = aws.diff(cluster, {**inputs, "autoMinorVersionUpgrade": not AUTO_MINOR_VERSION_UPGRADE})
    assert list(upgrades.replaces) == ["autoMinorVersionUpgrade"]
    change = {
        "engine": "valkey",
        "engineVersion": wanted.engine_version,
        "parameterGroupName": groups["valkey"].outputs["name"],
        "nodeType": "db.r7g.xlarge",
    }
    difference = aws.diff(cluster, {**inputs, **change})
    assert set(difference.detailedDiff) == set(change)
    assert list(difference.replaces) == []
    assert_settled(aws, aws.update(cluster, {**inputs, **change}))


def test_no_call_was_left_unanswered(account: EmulatedAccount) -> None:
    assert account.unknown_calls() == []
