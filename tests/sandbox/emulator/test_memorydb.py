"""MemoryDB and Application Auto Scaling of the emulated account, through boto3 and the real server process.

Proves that access control lists, parameter groups and clusters of either engine are remembered and enforced as the MemoryDB
API Reference says, and that ElastiCache has scalable dimensions. Does not prove durability: no transaction log is emulated.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.emulator.calls import create_subnets, refusal_code
from tests.sandbox.emulator.conftest import Connect

CLUSTER = {
    "ClusterName": "sessions",
    "NodeType": "db.r7g.large",
    "ParameterGroupName": "of-redis",
    "ACLName": "users",
    "Engine": "redis",
    "EngineVersion": "7.1",
    "NumShards": 2,
    "NumReplicasPerShard": 1,
    "TLSEnabled": True,
    "SubnetGroupName": "stores",
    "SnsTopicArn": "arn:aws:sns:us-east-1:444455556666:t",
}


@pytest.fixture(scope="module")
def memorydb(connect: Connect) -> Any:
    client = connect("memorydb")
    _, subnets = create_subnets(connect, "10.7", "us-east-1", "a")
    client.create_subnet_group(SubnetGroupName="stores", SubnetIds=subnets)
    for engine in ("redis", "valkey"):
        client.create_parameter_group(ParameterGroupName=f"of-{engine}", Family=f"memorydb_{engine}7")
    client.create_user(
        UserName="app",
        AuthenticationMode={"Type": "password", "Passwords": ["x" * 16]},
        AccessString="on ~session:* -@all +get",
    )
    client.create_acl(ACLName="users", UserNames=["app"])
    return client


@pytest.fixture(scope="module")
def cluster(memorydb: Any) -> Any:
    return memorydb.create_cluster(**CLUSTER)["Cluster"]


def test_a_cluster_says_its_engine_and_covers_all_slots(memorydb: Any, cluster: Any) -> None:
    assert (cluster["Engine"], cluster["EngineVersion"]) == ("redis", "7.1")
    [shown] = memorydb.describe_clusters(ClusterName="sessions", ShowShardDetails=True)["Clusters"]
    assert [shard["Slots"] for shard in shown["Shards"]] == ["0-8191", "8192-16383"]
    assert shown["SnsTopicStatus"] == "ACTIVE"


def test_a_list_needs_users_that_exist_and_what_is_in_use_stays(memorydb: Any, cluster: Any) -> None:
    assert refusal_code(memorydb.create_acl, ACLName="b", UserNames=["nobody"]) == "UserNotFoundFault"
    assert refusal_code(memorydb.create_acl, ACLName="users") == "ACLAlreadyExistsFault"
    [shown] = memorydb.describe_acls(ACLName="users")["ACLs"]
    assert (shown["UserNames"], shown["Clusters"]) == (["app"], [cluster["Name"]])
    [user] = memorydb.describe_users(UserName="app")["Users"]
    assert user["ACLNames"] == ["users"]
    assert refusal_code(memorydb.delete_acl, ACLName="users") == "InvalidACLStateFault"
    assert refusal_code(memorydb.delete_user, UserName="app") == "InvalidUserStateFault"
    in_use = refusal_code(memorydb.delete_parameter_group, ParameterGroupName="of-redis")
    assert in_use == "InvalidParameterGroupStateFault"
    assert refusal_code(memorydb.describe_acls, ACLName="nowhere") == "ACLNotFoundFault"


def test_a_list_can_be_changed(memorydb: Any) -> None:
    memorydb.create_user(
        UserName="operator", AuthenticationMode={"Type": "iam"}, AccessString="on ~* -@all +info"
    )
    memorydb.create_acl(ACLName="other", UserNames=["app"])
    memorydb.update_acl(ACLName="other", UserNamesToAdd=["operator"], UserNamesToRemove=["app"])
    [shown] = memorydb.describe_acls(ACLName="other")["ACLs"]
    assert shown["UserNames"] == ["operator"]
    memorydb.delete_acl(ACLName="other")
    memorydb.delete_user(UserName="operator")


@pytest.mark.parametrize(
    "change",
    [
        {"EngineVersion": "9.9"},
        {"ParameterGroupName": "of-valkey"},
        {"TLSEnabled": False},
        {"ACLName": "nowhere"},
        {"ParameterGroupName": "nowhere"},
    ],
)
def test_a_cluster_that_aws_would_refuse_is_refused(memorydb: Any, change: Any) -> None:
    with pytest.raises(ClientError):
        memorydb.create_cluster(**{**CLUSTER, "ClusterName": "another", **change})
    names = [each["Name"] for each in memorydb.describe_clusters()["Clusters"]]
    assert "another" not in names


def test_redis_becomes_valkey_together_with_its_parameter_group_and_not_back(
    memorydb: Any, cluster: Any
) -> None:
    change = {"ClusterName": cluster["Name"], "Engine": "valkey", "EngineVersion": "7.3"}
    assert refusal_code(memorydb.update_cluster, **change) == "InvalidParameterCombinationException"
    after = memorydb.update_cluster(**change, ParameterGroupName="of-valkey", NodeType="db.r7g.xlarge")[
        "Cluster"
    ]
    assert (after["Engine"], after["EngineVersion"], after["NodeType"]) == ("valkey", "7.3", "db.r7g.xlarge")
    back = {**change, "Engine": "redis", "EngineVersion": "7.1", "ParameterGroupName": "of-redis"}
    assert refusal_code(memorydb.update_cluster, **back) == "InvalidParameterCombinationException"


def test_a_parameter_group_keeps_what_was_set_and_forgets_what_was_reset(memorydb: Any) -> None:
    group = {"ParameterGroupName": "of-redis"}
    memorydb.update_parameter_group(
        **group, ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}]
    )
    [shown] = memorydb.describe_parameters(**group)["Parameters"]
    assert (shown["Name"], shown["Value"]) == ("maxmemory-policy", "noeviction")
    memorydb.reset_parameter_group(**group, ParameterNames=["maxmemory-policy"])
    assert memorydb.describe_parameters(**group)["Parameters"] == []


def test_a_snapshot_goes_to_a_bucket_of_its_region(connect: Connect, memorydb: Any, cluster: Any) -> None:
    s3 = connect("s3")
    s3.create_bucket(Bucket="memorydb-snapshots")
    memorydb.create_snapshot(ClusterName=cluster["Name"], SnapshotName="manual-1")
    memorydb.copy_snapshot(
        SourceSnapshotName="manual-1", TargetSnapshotName="copy-1", TargetBucket="memorydb-snapshots"
    )
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="memorydb-snapshots")["Contents"]]
    assert keys == ["copy-1-0001.rdb", "copy-1-0002.rdb"]


def test_elasticache_can_be_scaled_in_its_two_dimensions_and_no_other(connect: Connect) -> None:
    scaling = connect("application-autoscaling")
    target = {"ServiceNamespace": "elasticache", "ResourceId": "replication-group/cache"}
    for what in ("NodeGroups", "Replicas"):
        scaling.register_scalable_target(
            **target, ScalableDimension=f"elasticache:replication-group:{what}", MinCapacity=1, MaxCapacity=3
        )
    found = scaling.describe_scalable_targets(ServiceNamespace="elasticache")["ScalableTargets"]
    assert len(found) == 2
    wrong = {**target, "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 3}
    assert refusal_code(scaling.register_scalable_target, **wrong) == "ValidationException"
