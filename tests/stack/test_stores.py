"""The cache and the sessions under recording mocks.

Proves which store is on which service, how each is protected, encrypted, reached and scaled, and that no password leaves its
secret. Does not prove that the provider or AWS accepts any of it; tests/sandbox does that with the real provider.
"""

import json
from typing import Any

import pytest

from desired.program import declared_by
from desired.recording import Recording, Registration
from infra.config.stack import StackConfig
from tests.harness.platform import (
    SECRET_KEY,
    SECRET_KIND,
    STACKS,
    changed,
    committed,
    declared,
    of_type,
    only,
)

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
CLUSTER = "aws:memorydb/cluster:Cluster"
USER = "aws:elasticache/user:User"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RECORD = "aws:route53/record:Record"


def store(stack: str, name: str) -> Registration:
    recording = declared(stack)
    [found] = [
        r for r in [*of_type(recording, GROUP), *of_type(recording, CLUSTER)] if r.name.startswith(name)
    ]
    return found


def with_values(stack: str, **domains: dict[str, Any]) -> Recording:
    """A committed stack with some values of a domain changed together."""
    values = committed(stack)
    for domain, changes in domains.items():
        values[domain] |= changes
    return declared_by(StackConfig.parse(stack, values))


def parameters(recording: Recording, name: str, token: str) -> dict[str, str]:
    return {p["name"]: p["value"] for p in only(recording, name, token).inputs["parameters"]}


@pytest.mark.parametrize("name", ["cache", "sessions"])
def test_a_store_is_encrypted_at_rest_and_on_the_way_and_asks_who_is_there(name: str) -> None:
    inputs = store("dev", name).inputs
    wanted = {
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:keys-cache",
        "userGroupIds": [f"reptidex-dev-{name}"],
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "numNodeGroups": 1,
        "replicasPerNodeGroup": 1,
        "snapshotRetentionLimit": 7,
        "snapshotWindow": "08:00-09:00",
        "maintenanceWindow": "sun:10:00-sun:11:00",
        "port": 6380,
        "replicationGroupId": f"reptidex-dev-{name}",
    }
    assert {key: inputs.get(key) for key in wanted} == wanted


@pytest.mark.parametrize("name", ["cache", "sessions"])
@pytest.mark.parametrize("stack", STACKS)
def test_only_the_stack_file_upgrades_a_store(stack: str, name: str) -> None:
    """What AWS upgraded by itself would be replaced by the next update: tests/sandbox/cache shows that plan."""
    assert store(stack, name).inputs["autoMinorVersionUpgrade"] is False


def test_productions_sessions_are_on_memorydb() -> None:
    inputs = store("prod", "sessions").inputs
    wanted = {
        "name": "reptidex-prod-sessions",
        "engine": "valkey",
        "tlsEnabled": True,
        "aclName": "reptidex-prod-sessions",
        "numReplicasPerShard": 2,
        "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:keys-cache",
        "snapshotRetentionLimit": 30,
        "snapshotWindow": "08:00-09:00",
        "finalSnapshotName": "reptidex-prod-sessions-final-00000000",
    }
    assert store("prod", "sessions").type == CLUSTER
    assert {key: inputs.get(key) for key in wanted} == wanted


def test_the_cache_forgets_and_the_sessions_refuse() -> None:
    elasticache, memorydb = (
        "aws:elasticache/parameterGroup:ParameterGroup",
        "aws:memorydb/parameterGroup:ParameterGroup",
    )
    for recording in (declared("dev"), declared("prod")):
        assert parameters(recording, "cache-parameters", elasticache)["maxmemory-policy"] == "allkeys-lru"
    assert parameters(declared("dev"), "sessions-parameters", elasticache)["maxmemory-policy"] == "noeviction"
    assert parameters(declared("prod"), "sessions-parameters", memorydb)["maxmemory-policy"] == "noeviction"


@pytest.mark.parametrize("name", ["cache", "sessions"])
def test_production_protects_its_stores_and_dev_does_not(name: str) -> None:
    for stack, protected in (("prod", True), ("dev", False)):
        assert store(stack, name).protect is protected
        assert store(stack, name).retain_on_delete is protected
    final = {"cache": "finalSnapshotIdentifier", "sessions": "finalSnapshotName"}[name]
    assert store("prod", name).inputs[final] == f"reptidex-prod-{name}-final-00000000"
    assert "finalSnapshotIdentifier" not in store("dev", name).inputs


def scaling(stack: str, type_token: str) -> list[Registration]:
    """What scales the stores; the pool scales too."""
    return [r for r in of_type(declared(stack), type_token) if r.inputs["serviceNamespace"] == "elasticache"]


def test_a_store_that_scales_is_never_scaled_back_and_one_that_does_not_is_kept_as_declared() -> None:
    assert set(store("prod", "cache").ignore_changes) == {"numNodeGroups", "replicasPerNodeGroup"}
    assert store("dev", "cache").ignore_changes == ()
    targets = {r.name: r.inputs for r in scaling("prod", "aws:appautoscaling/target:Target")}
    found = {name: (inputs["minCapacity"], inputs["maxCapacity"]) for name, inputs in targets.items()}
    assert found == {"cache-shards": (2, 6), "cache-replicas": (1, 3)}
    assert {inputs["resourceId"] for inputs in targets.values()} == {"replication-group/reptidex-prod-cache"}
    for policy in scaling("prod", "aws:appautoscaling/policy:Policy"):
        tracked = policy.inputs["targetTrackingScalingPolicyConfiguration"]
        assert tracked["targetValue"] == 60
        assert "EngineCPU" in tracked["predefinedMetricSpecification"]["predefinedMetricType"]
    assert scaling("dev", "aws:appautoscaling/target:Target") == []


def test_without_cluster_mode_there_are_nodes_and_no_shards() -> None:
    recording = with_values("dev", cache={"cluster_mode": False})
    inputs = only(recording, "cache-replication-group", GROUP).inputs
    assert inputs["numCacheClusters"] == 2
    assert inputs["clusterMode"] == "disabled"
    assert not {"numNodeGroups", "replicasPerNodeGroup"} & set(inputs)
    group = "aws:elasticache/parameterGroup:ParameterGroup"
    assert parameters(recording, "cache-parameters", group)["cluster-enabled"] == "no"


def test_who_does_not_log_in_may_do_nothing() -> None:
    for name in ("cache", "sessions"):
        nobody = only(declared("dev"), f"{name}-user-default", USER).inputs
        assert nobody["userName"] == "default"
        assert nobody["accessString"] == "off resetchannels -@all"
        members = only(declared("dev"), f"{name}-users", "aws:elasticache/userGroup:UserGroup").inputs[
            "userIds"
        ]
        assert f"reptidex-dev-{name}-default" in members


def test_there_is_one_user_for_each_use_and_its_password_is_a_secret_everywhere() -> None:
    users = {
        r.inputs["userName"]: r.inputs for r in of_type(declared("dev"), USER) if r.name.startswith("cache-")
    }
    assert set(users) == {"default", "query-cache", "rate-limit", "events", "operator"}
    assert "~cache:*" in users["query-cache"]["accessString"]
    assert "&events:*" in users["events"]["accessString"]
    for inputs in users.values():
        assert inputs["engine"] == "redis", "a store that goes from Redis to Valkey keeps its users"
        secret = inputs["passwords"]
        assert secret[SECRET_KEY] == SECRET_KIND


def test_memorydbs_users_have_passwords_and_are_all_on_the_list() -> None:
    users = of_type(declared("prod"), "aws:memorydb/user:User")
    names = {"reptidex-prod-sessions-sessions", "reptidex-prod-sessions-operator"}
    assert {user.inputs["userName"] for user in users} == names
    acl = only(declared("prod"), "sessions-users", "aws:memorydb/acl:Acl")
    assert set(acl.inputs["userNames"]) == names
    for user in users:
        assert SECRET_KIND in json.dumps(user.inputs["authenticationMode"])


@pytest.mark.parametrize(
    ("stack", "version", "username"),
    [
        ("dev", "cache-query-cache-version", "query-cache"),
        ("prod", "sessions-sessions-version", "reptidex-prod-sessions-sessions"),
    ],
)
def test_a_users_secret_holds_all_it_takes_to_connect(stack: str, version: str, username: str) -> None:
    inputs = only(declared(stack), version, "aws:secretsmanager/secretVersion:SecretVersion").inputs
    assert inputs["secretString"][SECRET_KEY] == SECRET_KIND
    content = json.loads(inputs["secretString"]["value"])
    assert set(content) == {"engine", "host", "port", "username", "password", "tls", "cluster_mode"}
    assert content["username"] == username
    assert content["tls"] is True


def test_no_password_is_among_the_outputs() -> None:
    for stack in ("dev", "prod"):
        recording = declared(stack)
        assert "password-result" not in repr(recording.outputs)
        assert set(recording.outputs["cache_secret_arns"]) == {
            "query-cache",
            "rate-limit",
            "events",
            "operator",
        }
        assert set(recording.outputs["sessions_secret_arns"]) == {"sessions", "operator"}


def test_logs_go_to_groups_that_exist_before_the_store() -> None:
    for stack, name in (("dev", "cache"), ("dev", "sessions"), ("prod", "cache")):
        group = store(stack, name)
        logs = [
            r
            for r in of_type(declared(stack), "aws:cloudwatch/logGroup:LogGroup")
            if r.name.startswith(f"{name}-log")
        ]
        names = {
            log: f"/aws/vendedlogs/elasticache/reptidex-{stack}-{name}/{log}"
            for log in ("slow-log", "engine-log")
        }
        assert {r.inputs["name"] for r in logs} == set(names.values())
        assert {r.urn for r in logs} <= group.dependencies
        delivered = {
            each["logType"]: each["destination"] for each in group.inputs["logDeliveryConfigurations"]
        }
        assert delivered == names


def test_stores_report_to_a_topic_without_a_key_as_they_cannot_use_one() -> None:
    topic = only(declared("prod"), "store-events-topic", "aws:sns/topic:Topic")
    assert "kmsMasterKeyId" not in topic.inputs
    assert store("prod", "cache").inputs["notificationTopicArn"].endswith(":store-events-topic")
    assert store("prod", "sessions").inputs["snsTopicArn"].endswith(":store-events-topic")


def test_nobody_may_connect_until_the_configuration_says_who() -> None:
    assert not [r for r in of_type(declared("prod"), RULE) if r.name.startswith(("cache-", "sessions-"))]
    clients = {"security_group_ids": ["sg-0123456789abcdef0"], "cidrs": ["10.60.0.0/16"]}
    recording = with_values("prod", sessions={"clients": clients})
    rules = [r for r in of_type(recording, RULE) if r.name.startswith("sessions-from-")]
    assert [(r.inputs.get("referencedSecurityGroupId"), r.inputs.get("cidrIpv4")) for r in rules] == [
        (None, "10.60.0.0/16"),
        ("sg-0123456789abcdef0", None),
    ]
    assert {(r.inputs["fromPort"], r.inputs["toPort"]) for r in rules} == {(6380, 6380)}


def test_both_regions_names_lead_to_the_stores() -> None:
    for stack in ("dev", "prod"):
        records = {r.name: r.inputs for r in of_type(declared(stack), RECORD)}
        for name in ("cache", "sessions"):
            assert records[f"names-{name}"]["records"] == records[f"dr-names-{name}"]["records"]
            assert records[f"names-{name}"]["name"].startswith(f"{name}.{stack}.")
        assert records["names-cache"]["records"] != records["names-sessions"]["records"]


@pytest.mark.parametrize(
    "changes",
    [
        {"engine": "redis", "engine_version": "7.1"},
        {"node_type": "cache.t4g.small"},
        {"parameters": {"maxmemory-samples": 10}},
    ],
)
def test_another_engine_family_or_node_type_is_the_same_resource(changes: dict[str, Any]) -> None:
    """What may change in place must not be in a name: the real provider's plan is in tests/sandbox/cache."""
    recording = with_values("dev", cache=changes)
    before = {r.urn for r in declared("dev").registrations}
    assert {r.urn for r in recording.registrations} == before


def test_a_snapshot_store_in_another_zone_is_utc_all_year() -> None:
    recording = declared_by(changed("dev", "time_zone", "UTC"))
    assert only(recording, "cache-replication-group", GROUP).inputs["snapshotWindow"] == "03:00-04:00"
