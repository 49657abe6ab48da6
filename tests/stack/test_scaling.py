"""Scaling up as both stacks declare it, and what is declared once something has grown, under recording mocks.

Proves what the function may touch and who may call it, and that a size which the function has given is declared from then on with
all that is computed from it. Does not prove that the function works (tests/unit/test_scale_up.py), nor that AWS calls it.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from pulumi_aws import elasticache

from components.function import modules
from components.postgres.standby import STANDBY_PARAMETERS, require_standby
from components.scale_up.function import CONTRACT_MODULES, MAXIMUM_EVENT_AGE_SECONDS, TIMEOUT_SECONDS
from components.scale_up.ladders import STORAGE_COOLDOWN_MINUTES
from contract.scale_up import Mode, Target
from desired.program import declared_by
from desired.recording import NOTHING, Recording
from infra.config.reading import load_file
from infra.config.scale_up import ScaleUpConfig, grown_postgres
from tests.harness.platform import (
    ROLE_POLICY,
    changed,
    committed,
    declared,
    of_type,
    only,
    promoted_config,
    stack_file,
    statements,
    unpack,
)

FUNCTION = "aws:lambda/function:Function"
GET_INSTANCES = "aws:rds/getInstances:getInstances"
GET_INSTANCE = "aws:rds/getInstance:getInstance"
GET_GROUP = "aws:elasticache/getReplicationGroup:getReplicationGroup"
INSTANCE = "aws:rds/instance:Instance"
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"


def environment(recording: Recording) -> dict[str, str]:
    return dict(only(recording, "scale-up-function", FUNCTION).inputs["environment"]["variables"])


def targets(recording: Recording) -> dict[str, Target]:
    """The targets as the function reads them."""
    return {each["name"]: Target(**each) for each in json.loads(environment(recording)["TARGETS"])}


def running(
    instance_class: str, iops: int = 12000, throughput: int = 500, node_type: str = "cache.r7g.large"
) -> dict[str, dict[str, Any]]:
    """What the look-ups find."""
    return {
        GET_INSTANCES: {"instanceIdentifiers": ["found"]},
        GET_INSTANCE: {"dbInstanceClass": instance_class, "iops": iops, "storageThroughput": throughput},
        GET_GROUP: {"nodeType": node_type},
    }


def declared_on(stack: str, answers: Mapping[str, Mapping[str, Any]]) -> Recording:
    return declared_by(load_file(stack_file(stack)), answers=answers)


def group(recording: Recording, name: str) -> dict[str, str]:
    inputs = only(recording, f"{name}-parameters", "aws:rds/parameterGroup:ParameterGroup").inputs
    return {each["name"]: each["value"] for each in inputs["parameters"]}


# ---- the function


def test_dev_acts_and_prod_asks() -> None:
    assert Mode(environment(declared("dev"))["MODE"]) is Mode.ACT
    assert Mode(environment(declared("prod"))["MODE"]) is Mode.APPROVE


def test_ladders_lead_from_what_is_declared_to_the_ceiling() -> None:
    prod = {name: list(target.ladder) for name, target in targets(declared("prod")).items()}
    assert prod["postgres-class"] == [
        {"DBInstanceClass": f"db.r7g.{size}"} for size in ("xlarge", "2xlarge", "4xlarge")
    ]
    assert prod["postgres-storage"] == [
        {"Iops": iops, "StorageThroughput": throughput}
        for iops, throughput in ((12000, 500), (15000, 625), (18000, 750), (21000, 875), (24000, 1000))
    ]
    assert prod["cache-node"] == [
        {"CacheNodeType": f"cache.r7g.{size}"} for size in ("large", "xlarge", "2xlarge")
    ]


def test_storage_under_400_gib_has_no_step_to_take() -> None:
    assert set(targets(declared("dev"))) == {"postgres-class", "cache-node"}


def test_every_target_is_asked_by_this_stacks_alarms_and_each_alarm_asks_once(
    stack: str, recording: Recording
) -> None:
    alarms = [alarm for target in targets(recording).values() for alarm in target.alarms]
    assert len(alarms) == len(set(alarms))
    rows = {alarm.removeprefix(f"reptidex-{stack}-") for alarm in alarms}
    storage = {"postgres-iops"} if stack == "prod" else set()
    assert (
        rows
        == {"postgres-cpu", "postgres-memory", "postgres-connections", "cache-cpu", "cache-memory"} | storage
    )


def test_storage_waits_for_as_long_as_rds_takes_no_other_change() -> None:
    assert targets(declared("prod"))["postgres-storage"].cooldown_minutes == STORAGE_COOLDOWN_MINUTES


def test_no_call_outlives_the_shortest_cooldown() -> None:
    [shortest] = [
        each.ge
        for each in ScaleUpConfig.model_fields["cooldown_minutes"].metadata
        if getattr(each, "ge", None)
    ]
    assert 60 * shortest > TIMEOUT_SECONDS + MAXIMUM_EVENT_AGE_SECONDS


def test_it_may_change_one_instance_and_one_store_and_read_no_secret(recording: Recording) -> None:
    granted: dict[str, Any] = {}
    for statement in statements(only(recording, "scale-up-role-permission", ROLE_POLICY)):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        granted |= dict.fromkeys(actions, statement["Resource"])
    assert [arn.split(":")[-1] for arn in granted["rds:ModifyDBInstance"]] == ["postgres-instance"]
    assert [arn.split(":")[-1] for arn in granted["elasticache:ModifyReplicationGroup"]] == [
        "cache-replication-group"
    ]
    assert granted["dynamodb:PutItem"].endswith("scale-up-steps")
    assert not [
        action for action in granted if "*" in action or action.startswith(("iam:", "secretsmanager:"))
    ]
    assert "*" not in granted.values()


def test_this_stacks_alarms_may_call_it_and_no_other_accounts(stack: str, recording: Recording) -> None:
    permission = only(recording, "scale-up-permission", "aws:lambda/permission:Permission").inputs
    account = committed(stack)["account_id"]
    assert permission["principal"] == "lambda.alarms.cloudwatch.amazonaws.com"
    assert permission["sourceAccount"] == account
    assert permission["sourceArn"] == f"arn:aws:cloudwatch:us-east-1:{account}:alarm:reptidex-{stack}-*"


def test_a_call_that_fails_for_good_is_reported_where_people_look(recording: Recording) -> None:
    failures = only(
        recording, "scale-up-failures", "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    )
    destination = failures.inputs["destinationConfig"]["onFailure"]["destination"]
    assert destination == recording.outputs["alarm_topic_arns"]["ticket"]


def test_the_alarms_that_ask_for_more_call_it_and_no_others(recording: Recording) -> None:
    function_arn = only(recording, "scale-up-function", "aws:lambda/function:Function").outputs["arn"]
    calling = {
        each.name.removeprefix("alarms-")
        for each in recording.registrations
        if each.type == "aws:cloudwatch/metricAlarm:MetricAlarm"
        and function_arn in each.inputs.get("alarmActions", [])
    }
    wanted = {"postgres-cpu", "postgres-memory", "postgres-connections", "cache-cpu", "cache-memory"}
    assert calling >= wanted
    assert calling <= {*wanted, "postgres-iops"}


def test_the_packed_function_can_be_imported_with_boto3_alone(tmp_path: Any) -> None:
    unpack(modules("scale_up", *CONTRACT_MODULES), tmp_path)
    program = (
        "import sys, functions.scale_up.handler as found; "
        "assert found.__file__.startswith(sys.argv[1]); print(found.handler.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "handler\n"


def test_off_means_that_nothing_is_declared_and_nothing_is_looked_up(stack: str) -> None:
    recording = declared_by(changed(stack, "scale_up.mode", "off"))
    assert [each.name for each in recording.registrations if each.name.startswith("scale-up")] == []
    assert recording.invokes == []


# ---- what has grown


def test_what_has_grown_is_what_is_declared(stack: str) -> None:
    wanted = {"dev": ("db.t4g.large", "cache.t4g.small"), "prod": ("db.r7g.2xlarge", "cache.r7g.xlarge")}
    instance_class, node_type = wanted[stack]
    recording = declared_on(stack, running(instance_class, node_type=node_type))
    assert only(recording, "postgres-instance", INSTANCE).inputs["instanceClass"] == instance_class
    assert only(recording, "cache-replication-group", GROUP).inputs["nodeType"] == node_type


def test_storage_that_has_grown_is_what_is_declared() -> None:
    recording = declared_on("prod", running("db.r7g.xlarge", 18000, 750))
    inputs = only(recording, "postgres-instance", INSTANCE).inputs
    assert (inputs["iops"], inputs["storageThroughput"]) == (18000, 750)


def test_parameters_and_pool_are_computed_from_the_class_that_runs() -> None:
    larger = changed("prod", "postgres.instance_class", "db.r7g.2xlarge")
    assert group(declared_on("prod", running("db.r7g.2xlarge")), "postgres") == group(
        declared_by(larger), "postgres"
    )
    assert group(declared("prod"), "postgres") != group(declared_by(larger), "postgres")


def test_replicas_follow_with_the_next_update() -> None:
    recording = declared_on("prod", running("db.r7g.2xlarge"))
    assert {each.inputs["instanceClass"] for each in of_type(recording, INSTANCE)} == {"db.r7g.2xlarge"}


@pytest.mark.parametrize(
    "unreachable", ["db.r7g.large", "db.r7g.8xlarge", "db.m7g.2xlarge", "db.r8g.2xlarge"]
)
def test_a_size_to_which_no_ladder_leads_does_not_count(unreachable: str) -> None:
    recording = declared_on("prod", running(unreachable))
    assert only(recording, "postgres-instance", INSTANCE).inputs["instanceClass"] == "db.r7g.xlarge"


def test_a_declared_class_above_what_runs_is_declared() -> None:
    recording = declared_by(
        changed("prod", "postgres.instance_class", "db.r7g.4xlarge"), answers=running("db.r7g.2xlarge")
    )
    assert only(recording, "postgres-instance", INSTANCE).inputs["instanceClass"] == "db.r7g.4xlarge"


def test_ladders_begin_with_what_is_declared_and_not_with_what_has_grown() -> None:
    assert targets(declared_on("prod", running("db.r7g.2xlarge"))) == targets(declared("prod"))


@pytest.mark.parametrize("largest", ["db.r7g.xlarge", "db.r7g.2xlarge", "db.r7g.4xlarge"])
def test_replicas_can_replay_a_primary_that_has_grown_alone(largest: str) -> None:
    """PostgreSQL stops replaying where one of the five is below the primary's, and RDS computes two from the class."""
    config = load_file(stack_file("prod"))
    able = grown_postgres(config.scale_up, config.postgres, None)
    primary = config.postgres.model_copy(update={"instance_class": largest}).server()
    for replica in able.replicas:
        require_standby(primary, able.replica_server(replica))
    text = group(declared("prod"), "postgres-replica-b")
    assert (text["max_connections"], text["max_worker_processes"]) == ("5000", "32")
    assert set(group(declared("prod"), "postgres")).isdisjoint(STANDBY_PARAMETERS), (
        "the primary's go with its class"
    )


def test_after_a_promotion_the_lost_region_is_asked_nothing_and_its_database_is_left_alone() -> None:
    recording = declared_by(promoted_config(backup_retention_days=30), answers=running("db.r7g.2xlarge"))
    assert recording.invokes == [GET_INSTANCES, GET_INSTANCE]
    assert set(targets(recording)) == {"cache-node"}
    writer = only(recording, "postgres-replica-west-instance", INSTANCE)
    assert writer.inputs["instanceClass"] == "db.r7g.2xlarge", (
        "what has grown does not shrink as it is promoted"
    )


def test_another_failure_of_a_look_up_is_not_taken_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(**_: object) -> None:
        raise RuntimeError("AccessDenied")

    monkeypatch.setattr(elasticache, "get_replication_group", refuses)
    with pytest.raises(RuntimeError, match="AccessDenied"):
        declared_on("prod", NOTHING)


def test_every_size_of_the_ladder_has_parameters(stack: str) -> None:
    config = load_file(stack_file(stack))
    for size in config.scale_up.instance_classes(config.postgres):
        larger = config.postgres.model_copy(update={"instance_class": size["DBInstanceClass"]})
        assert larger.server().instance_class.name == size["DBInstanceClass"]
