"""ElastiCache of the emulated account, through boto3 and the real server process.

Proves that what the platform declares about a store is remembered, read back and enforced as the ElastiCache API Reference
says. Does not prove what the service decides by itself, nor what a node serves.
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.emulator.calls import create_subnets, numbers, refusal_code
from tests.sandbox.emulator.conftest import Connect


@pytest.fixture(scope="session")
def elasticache(connect: Connect) -> Any:
    return connect("elasticache")


@pytest.fixture(scope="session")
def subnet_group(connect: Connect, elasticache: Any) -> str:
    _, subnets = create_subnets(connect, "10.8", "us-east-1", "abc")
    elasticache.create_cache_subnet_group(
        CacheSubnetGroupName="stores", CacheSubnetGroupDescription="stores", SubnetIds=subnets
    )
    return "stores"


def parameter_group(elasticache: Any, family: str, **parameters: str) -> str:
    name = f"group-{next(numbers)}"
    elasticache.create_cache_parameter_group(
        CacheParameterGroupName=name, CacheParameterGroupFamily=family, Description="of a test"
    )
    wanted = {"cluster_enabled": "yes", **parameters}
    elasticache.modify_cache_parameter_group(
        CacheParameterGroupName=name,
        ParameterNameValues=[
            {"ParameterName": key.replace("_", "-"), "ParameterValue": value} for key, value in wanted.items()
        ],
    )
    return name


@pytest.fixture(scope="session")
def create(elasticache: Any, subnet_group: str) -> Callable[..., Any]:
    """Create a replication group with a name of its own; returns what the call answers."""

    def create(**values: Any) -> Any:
        request = {
            "ReplicationGroupId": f"store-{next(numbers)}",
            "ReplicationGroupDescription": "of a test",
            "Engine": "valkey",
            "EngineVersion": "8.1",
            "CacheNodeType": "cache.r7g.large",
            "CacheParameterGroupName": values.pop("group", None) or parameter_group(elasticache, "valkey8"),
            "CacheSubnetGroupName": subnet_group,
            "ClusterMode": "enabled",
            "NumNodeGroups": 2,
            "ReplicasPerNodeGroup": 1,
            "AutomaticFailoverEnabled": True,
            "TransitEncryptionEnabled": True,
            **values,
        }
        return elasticache.create_replication_group(**{k: v for k, v in request.items() if v is not None})[
            "ReplicationGroup"
        ]

    return create


def nodes(elasticache: Any, group: Any) -> list[Any]:
    return [
        node
        for node in elasticache.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
        if node["ReplicationGroupId"] == group["ReplicationGroupId"]
    ]


# ---- replication groups ------------------------------------------------------------------------------------------


def test_a_group_in_cluster_mode_has_shards_over_all_slots_and_one_endpoint(
    elasticache: Any, create: Any
) -> None:
    group = create(Port=6380)
    assert [shard["Slots"] for shard in group["NodeGroups"]] == ["0-8191", "8192-16383"]
    assert group["ConfigurationEndpoint"]["Port"] == 6380
    assert group["ConfigurationEndpoint"]["Address"].endswith(".use1.cache.amazonaws.com")
    assert group["MemberClusters"] == [node["CacheClusterId"] for node in nodes(elasticache, group)]
    assert len(group["MemberClusters"]) == 4
    for shard in group["NodeGroups"]:
        zones = [member["PreferredAvailabilityZone"] for member in shard["NodeGroupMembers"]]
        assert len(set(zones)) == len(zones)


def test_a_group_without_cluster_mode_has_a_primary_and_a_reader_endpoint(create: Any) -> None:
    group = create(ClusterMode="disabled", NumNodeGroups=None, ReplicasPerNodeGroup=None, NumCacheClusters=3)
    [shard] = group["NodeGroups"]
    assert shard["PrimaryEndpoint"]["Address"] != shard["ReaderEndpoint"]["Address"]
    assert [member["CurrentRole"] for member in shard["NodeGroupMembers"]] == [
        "primary",
        "replica",
        "replica",
    ]
    assert "ConfigurationEndpoint" not in group


def test_its_nodes_show_what_it_was_told(elasticache: Any, create: Any) -> None:
    group = create(
        SnapshotRetentionLimit=7,
        SnapshotWindow="08:00-09:00",
        PreferredMaintenanceWindow="sun:10:00-sun:11:00",
        NotificationTopicArn="arn:aws:sns:us-east-1:444455556666:t",
        SecurityGroupIds=["sg-1"],
        AtRestEncryptionEnabled=True,
    )
    for node in nodes(elasticache, group):
        assert node["EngineVersion"] == "8.1.0"
        assert node["SnapshotWindow"] == "08:00-09:00"
        assert node["PreferredMaintenanceWindow"] == "sun:10:00-sun:11:00"
        assert node["NotificationConfiguration"]["TopicStatus"] == "active"
        assert node["SecurityGroups"] == [{"SecurityGroupId": "sg-1", "Status": "active"}]
        assert node["AtRestEncryptionEnabled"] is True


@pytest.mark.parametrize(
    "values",
    [
        {"ReplicasPerNodeGroup": 0},
        {"AutomaticFailoverEnabled": False},
        {
            "ClusterMode": "disabled",
            "NumNodeGroups": None,
            "ReplicasPerNodeGroup": None,
            "NumCacheClusters": 1,
        },
        {"TransitEncryptionEnabled": False, "UserGroupIds": ["nobody-here"]},
        {"EngineVersion": "9.9"},
        {"Engine": "redis", "EngineVersion": "7.1"},
    ],
)
def test_a_group_that_aws_would_refuse_is_refused(create: Any, values: Any) -> None:
    with pytest.raises(ClientError) as raised:
        create(**values)
    assert raised.value.response["Error"]["Code"] in {"InvalidParameterCombination", "UserGroupNotFound"}


def test_cluster_mode_needs_a_parameter_group_that_says_so(elasticache: Any, create: Any) -> None:
    with pytest.raises(ClientError, match="cluster-enabled"):
        create(group=parameter_group(elasticache, "valkey8", cluster_enabled="no"))


def test_cluster_mode_is_chosen_at_birth(create: Any, elasticache: Any) -> None:
    one_shard = {"NumNodeGroups": None, "ReplicasPerNodeGroup": None, "NumCacheClusters": 2}
    for group, asked in ((create(), "disabled"), (create(ClusterMode="disabled", **one_shard), "enabled")):
        change = {"ReplicationGroupId": group["ReplicationGroupId"], "ClusterMode": asked}
        assert refusal_code(elasticache.modify_replication_group, **change) == "InvalidParameterCombination"
        change["ClusterMode"] = group["ClusterMode"]
        after = elasticache.modify_replication_group(**change)["ReplicationGroup"]
        assert after["ClusterMode"] == group["ClusterMode"]


def test_redis_becomes_valkey_in_one_change_of_engine_version_and_parameter_group(
    elasticache: Any, create: Any
) -> None:
    group = create(Engine="redis", EngineVersion="7.1", group=parameter_group(elasticache, "redis7"))
    change = {"ReplicationGroupId": group["ReplicationGroupId"], "Engine": "valkey", "EngineVersion": "8.1"}
    assert refusal_code(elasticache.modify_replication_group, **change) == "InvalidParameterCombination"
    new = parameter_group(elasticache, "valkey8")
    assert (
        refusal_code(
            elasticache.modify_replication_group,
            ReplicationGroupId=group["ReplicationGroupId"],
            CacheParameterGroupName=new,
        )
        == "InvalidParameterCombination"
    )
    elasticache.modify_replication_group(**change, CacheParameterGroupName=new, ApplyImmediately=True)
    for node in nodes(elasticache, group):
        assert (node["Engine"], node["EngineVersion"]) == ("valkey", "8.1.0")
        assert node["CacheParameterGroup"]["CacheParameterGroupName"] == new
    back = {**change, "Engine": "redis", "EngineVersion": "7.1"}
    assert refusal_code(elasticache.modify_replication_group, **back) == "InvalidParameterCombination"


def test_a_larger_node_type_waits_for_the_window_unless_it_is_asked_for_at_once(
    elasticache: Any, create: Any
) -> None:
    group = create()
    change = {"ReplicationGroupId": group["ReplicationGroupId"], "CacheNodeType": "cache.r7g.xlarge"}
    elasticache.modify_replication_group(**change, ApplyImmediately=False)
    [node, *_] = nodes(elasticache, group)
    assert node["CacheNodeType"] == "cache.r7g.large"
    assert node["PendingModifiedValues"] == {"CacheNodeType": "cache.r7g.xlarge"}
    elasticache.modify_replication_group(**change, ApplyImmediately=True)
    [node, *_] = nodes(elasticache, group)
    assert node["CacheNodeType"] == "cache.r7g.xlarge"
    assert node["PendingModifiedValues"] == {}


def test_shards_and_replicas_can_be_counted_anew_but_not_below_one_replica(
    elasticache: Any, create: Any
) -> None:
    name = create()["ReplicationGroupId"]
    elasticache.modify_replication_group_shard_configuration(
        ReplicationGroupId=name, NodeGroupCount=3, ApplyImmediately=True
    )
    elasticache.increase_replica_count(ReplicationGroupId=name, NewReplicaCount=2, ApplyImmediately=True)
    [group] = elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    assert len(group["MemberClusters"]) == 9
    none = {"ReplicationGroupId": name, "NewReplicaCount": 0, "ApplyImmediately": True}
    assert refusal_code(elasticache.decrease_replica_count, **none) == "InvalidParameterCombination"


def test_a_tested_failover_makes_the_replica_the_primary(elasticache: Any, create: Any) -> None:
    group = create(ClusterMode="disabled", NumNodeGroups=None, ReplicasPerNodeGroup=None, NumCacheClusters=2)
    after = elasticache.test_failover(ReplicationGroupId=group["ReplicationGroupId"], NodeGroupId="0001")
    [shard] = after["ReplicationGroup"]["NodeGroups"]
    assert [member["CurrentRole"] for member in shard["NodeGroupMembers"]] == ["replica", "primary"]


def test_logs_are_delivered_where_they_were_asked_to_until_they_are_not(
    elasticache: Any, create: Any
) -> None:
    asked = {
        "LogType": "slow-log",
        "LogFormat": "json",
        "DestinationType": "cloudwatch-logs",
        "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "g"}},
    }
    group = create(LogDeliveryConfigurations=[asked])
    [delivery] = group["LogDeliveryConfigurations"]
    assert delivery == {**asked, "Status": "active"}
    change = {"LogDeliveryConfigurations": [{"LogType": "slow-log", "Enabled": False}]}
    after = elasticache.modify_replication_group(ReplicationGroupId=group["ReplicationGroupId"], **change)
    assert after["ReplicationGroup"]["LogDeliveryConfigurations"] == []


def test_what_a_store_uses_cannot_be_deleted_before_it(
    elasticache: Any, create: Any, subnet_group: str
) -> None:
    group_name = parameter_group(elasticache, "valkey8")
    group = create(group=group_name)
    in_use = refusal_code(elasticache.delete_cache_parameter_group, CacheParameterGroupName=group_name)
    assert in_use == "InvalidCacheParameterGroupState"
    in_use = refusal_code(elasticache.delete_cache_subnet_group, CacheSubnetGroupName=subnet_group)
    assert in_use == "CacheSubnetGroupInUse"
    elasticache.delete_replication_group(ReplicationGroupId=group["ReplicationGroupId"])
    elasticache.delete_cache_parameter_group(CacheParameterGroupName=group_name)
    gone = refusal_code(elasticache.describe_cache_parameter_groups, CacheParameterGroupName=group_name)
    assert gone == "CacheParameterGroupNotFound"


# ---- parameter groups --------------------------------------------------------------------------------------------


def test_a_parameter_group_keeps_what_was_set_and_forgets_what_was_reset(elasticache: Any) -> None:
    name = parameter_group(elasticache, "redis7", maxmemory_policy="allkeys-lru")

    def parameters() -> dict[str, str]:
        found = elasticache.describe_cache_parameters(CacheParameterGroupName=name, Source="user")[
            "Parameters"
        ]
        return {each["ParameterName"]: each["ParameterValue"] for each in found}

    assert parameters() == {"cluster-enabled": "yes", "maxmemory-policy": "allkeys-lru"}
    elasticache.reset_cache_parameter_group(
        CacheParameterGroupName=name,
        ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}],
    )
    assert parameters() == {"cluster-enabled": "yes"}
    many = [{"ParameterName": f"p{number}", "ParameterValue": "1"} for number in range(21)]
    too_many = refusal_code(
        elasticache.modify_cache_parameter_group, CacheParameterGroupName=name, ParameterNameValues=many
    )
    assert too_many == "InvalidParameterValue"
    unknown = {"CacheParameterGroupName": "x", "CacheParameterGroupFamily": "valkey99", "Description": "x"}
    assert refusal_code(elasticache.create_cache_parameter_group, **unknown) == "InvalidParameterValue"


# ---- users -------------------------------------------------------------------------------------------------------


def user(elasticache: Any, name: str, **values: Any) -> str:
    identifier = f"user-{next(numbers)}"
    request = {"Engine": "redis", "AccessString": "on ~a:* -@all +get", "Passwords": ["x" * 16], **values}
    elasticache.create_user(
        UserId=identifier, UserName=name, **{k: v for k, v in request.items() if v is not None}
    )
    return identifier


def test_a_user_has_a_password_that_is_never_shown(elasticache: Any) -> None:
    identifier = user(elasticache, "app")
    [found] = elasticache.describe_users(UserId=identifier)["Users"]
    assert found["Authentication"] == {"Type": "password", "PasswordCount": 1}
    assert "x" * 16 not in repr(found)
    elasticache.modify_user(UserId=identifier, AccessString="off -@all")
    [found] = elasticache.describe_users(UserId=identifier)["Users"]
    assert found["AccessString"] == "off -@all"
    short = {"UserName": "b", "Engine": "redis", "AccessString": "on", "Passwords": ["short"]}
    assert refusal_code(elasticache.create_user, UserId="b", **short) == "InvalidParameterValue"
    none = {key: value for key, value in short.items() if key != "Passwords"}
    assert refusal_code(elasticache.create_user, UserId="b", **none) == "InvalidParameterValue"


def test_a_redis_user_group_has_a_default_user_and_no_name_twice(elasticache: Any) -> None:
    app, default = user(elasticache, "app"), user(elasticache, "default")
    without = {"Engine": "redis", "UserIds": [app]}
    assert refusal_code(elasticache.create_user_group, UserGroupId="g1", **without) == "DefaultUserRequired"
    twice = {"Engine": "redis", "UserIds": [default, app, user(elasticache, "app")]}
    assert refusal_code(elasticache.create_user_group, UserGroupId="g1", **twice) == "DuplicateUserName"
    elasticache.create_user_group(UserGroupId="g1", Engine="redis", UserIds=[default, app])
    [found] = elasticache.describe_users(UserId=app)["Users"]
    assert found["UserGroupIds"] == ["g1"]
    assert refusal_code(elasticache.delete_user, UserId=default) == "DefaultUserAssociatedToUserGroup"
    open_door = user(elasticache, "guest", Passwords=None, NoPasswordRequired=True, Engine="valkey")
    valkey = {"Engine": "valkey", "UserIds": [open_door]}
    assert (
        refusal_code(elasticache.create_user_group, UserGroupId="g2", **valkey)
        == "InvalidParameterCombination"
    )


def test_a_redis_store_cannot_be_served_by_a_valkey_user_group_and_one_in_use_stays(
    elasticache: Any, create: Any
) -> None:
    default = user(elasticache, "default")
    elasticache.create_user_group(UserGroupId="of-redis", Engine="redis", UserIds=[default])
    elasticache.create_user_group(UserGroupId="of-valkey", Engine="valkey", UserIds=[user(elasticache, "a")])
    redis7 = {"Engine": "redis", "EngineVersion": "7.1"}
    with pytest.raises(ClientError, match="cannot serve Redis"):
        create(**redis7, group=parameter_group(elasticache, "redis7"), UserGroupIds=["of-valkey"])
    group = create(UserGroupIds=["of-redis"])
    assert refusal_code(elasticache.delete_user_group, UserGroupId="of-redis") == "InvalidUserGroupState"
    elasticache.delete_replication_group(ReplicationGroupId=group["ReplicationGroupId"])
    elasticache.delete_user_group(UserGroupId="of-redis")


# ---- snapshots and tags ------------------------------------------------------------------------------------------


def test_a_final_snapshot_outlives_its_store_and_goes_to_a_bucket_of_its_region(
    connect: Connect, elasticache: Any, create: Any
) -> None:
    group = create()
    elasticache.delete_replication_group(
        ReplicationGroupId=group["ReplicationGroupId"], FinalSnapshotIdentifier="final-1"
    )
    [snapshot] = elasticache.describe_snapshots(SnapshotName="final-1")["Snapshots"]
    assert snapshot["ReplicationGroupId"] == group["ReplicationGroupId"]
    assert len(snapshot["NodeSnapshots"]) == 2
    s3 = connect("s3")
    s3.create_bucket(Bucket="snapshots-here")
    elasticache.copy_snapshot(
        SourceSnapshotName="final-1", TargetSnapshotName="copy-1", TargetBucket="snapshots-here"
    )
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="snapshots-here")["Contents"]]
    assert keys == ["copy-1-0001.rdb", "copy-1-0002.rdb"]
    west = connect("s3", "us-west-2")
    west.create_bucket(
        Bucket="snapshots-there", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    abroad = {"SourceSnapshotName": "final-1", "TargetSnapshotName": "c", "TargetBucket": "snapshots-there"}
    assert refusal_code(elasticache.copy_snapshot, **abroad) == "InvalidParameterValue"


def test_tags_are_kept_for_everything_that_can_have_them(elasticache: Any) -> None:
    answer = elasticache.create_cache_parameter_group(
        CacheParameterGroupName="tagged",
        CacheParameterGroupFamily="valkey8",
        Description="x",
        Tags=[{"Key": "a", "Value": "1"}],
    )
    arn = answer["CacheParameterGroup"]["ARN"]
    elasticache.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "b", "Value": "2"}])
    elasticache.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
    assert elasticache.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "b", "Value": "2"}]
