"""Resources of the emulated account, managed through the adapter by the real Terraform AWS provider.

Proves what the engine relies on: nested blocks, sets, unknowns, secrets, replacement, partial failure, drift, import,
ignored changes, timeouts and files. It does not prove the engine's own part, nor how real AWS answers.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgpack
import pytest
from google.protobuf import struct_pb2
from moto.ec2.exceptions import InvalidParameterValueError
from moto.ec2.models import EC2Backend
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import values
from sandbox.adapter.values import UNKNOWN, Asset, Secret, Unknown
from tests.sandbox.adapter.engine import (
    REGION,
    STATE,
    Plugin,
    RequestFailedError,
    Resource,
    start_plugin,
    urn,
)

GROUP = "aws:ec2/securityGroup:SecurityGroup"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
PARAMETER = "aws:ssm/parameter:Parameter"
QUEUE = "aws:sqs/queue:Queue"
ROLE = "aws:iam/role:Role"
SUBNET = "aws:ec2/subnet:Subnet"
TOPIC = "aws:sns/topic:Topic"
VPC = "aws:ec2/vpc:Vpc"

DIFF = provider_pb2.DiffResponse
KIND = provider_pb2.PropertyDiff
CANARY = "canary-8f2d41b7-not-to-be-seen"

Client = Callable[..., Any]


def rule(port: int, *cidr_blocks: str | Unknown) -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": list(cidr_blocks)}


@pytest.fixture
def topic(aws: Plugin) -> Iterator[Resource]:
    made = aws.create(TOPIC, "alarms", {"displayName": "first", "tags": {"env": "dev"}})
    yield made
    aws.delete(made)


# ---- inputs ------------------------------------------------------------------------------------------------------


def test_a_resource_without_a_name_gets_one_and_keeps_it(aws: Plugin) -> None:
    first = aws.inputs(TOPIC, "alarms", {})
    assert first["name"].startswith("alarms-")
    assert len(first["name"]) == len("alarms-") + 7
    assert aws.inputs(TOPIC, "alarms", {}, first)["name"] == first["name"]
    assert "name" not in aws.inputs(TOPIC, "alarms", {"namePrefix": "a-"})
    assert aws.inputs(TOPIC, "alarms", {"name": "mine"})["name"] == "mine"


def test_a_name_that_the_program_once_gave_is_not_kept_when_it_gives_none(aws: Plugin) -> None:
    named = aws.inputs(TOPIC, "alarms", {"name": "mine"})
    assert aws.inputs(TOPIC, "alarms", {}, named)["name"] != "mine"


def test_default_tags_of_the_provider_lie_under_the_resources_own(aws: Plugin) -> None:
    assert aws.inputs(TOPIC, "t", {})["tags"] == {"project": "dataplatform"}
    tags = aws.inputs(TOPIC, "t", {"tags": {"project": "other", "a": "b"}})["tags"]
    assert tags == {"project": "other", "a": "b"}
    assert aws.inputs(TOPIC, "t", {"tags": UNKNOWN})["tags"] is UNKNOWN


@pytest.mark.parametrize(
    ("inputs", "property_", "words"),
    [
        ({"displayNam": "x"}, "displayNam", "is not an argument of aws:sns/topic:Topic"),
        (
            {"maximumMessageSize": 1},
            "maximumMessageSize",
            "does not know this argument of aws:sns/topic:Topic",
        ),
        ({"arn": "arn:aws:sns:a"}, "arn", "is decided by AWS and cannot be set"),
        ({"tracingConfig": "maybe"}, "tracingConfig", "expected tracing_config to be one of"),
        (
            {"httpSuccessFeedbackSampleRate": "many"},
            "httpSuccessFeedbackSampleRate",
            "is a string; give a number",
        ),
        ({"tags": ["a"]}, "tags", "is a list; give a map"),
    ],
)
def test_a_wrong_argument_is_a_failure_that_names_it(
    aws: Plugin, inputs: dict[str, Any], property_: str, words: str
) -> None:
    failures = aws.check(TOPIC, "alarms", inputs).failures
    assert [failure.property for failure in failures] == [property_]
    assert words in failures[0].reason


def test_a_wrong_argument_of_a_nested_block_is_named_with_its_path(aws: Plugin) -> None:
    failures = aws.check(GROUP, "g", {"ingress": [rule(1, "10.0.0.0/8"), {**rule(2), "port": 2}]}).failures
    assert [failure.property for failure in failures] == [""]
    assert failures[0].reason == f"ingress[1].port: is not an argument of {GROUP}"


def test_a_failure_does_not_show_the_secret_that_caused_it(aws: Plugin) -> None:
    failures = aws.check(TOPIC, "alarms", {"tracingConfig": Secret(CANARY)}).failures
    # Of a property that a failure names the engine prints the value, secret or not.
    assert [failure.property for failure in failures] == [""]
    assert CANARY not in str(failures)
    assert failures[0].reason.startswith("tracingConfig: expected")
    assert "[secret]" in failures[0].reason


def test_an_unknown_type_is_named(aws: Plugin) -> None:
    with pytest.raises(
        RequestFailedError, match="aws:sns/topik:Topik: the Terraform AWS provider has no such type"
    ):
        aws.check("aws:sns/topik:Topik", "x", {})


# ---- previews ----------------------------------------------------------------------------------------------------


def test_a_preview_shows_what_is_known_and_leaves_the_rest_unknown(aws: Plugin) -> None:
    planned = aws.preview(SUBNET, "s", {"vpcId": UNKNOWN, "cidrBlock": "10.0.1.0/24"})
    assert planned["cidrBlock"] == "10.0.1.0/24"
    assert planned["vpcId"] is UNKNOWN
    assert planned["arn"] is UNKNOWN
    assert planned["mapPublicIpOnLaunch"] is False
    assert STATE not in planned


def test_an_unknown_may_be_at_any_depth(aws: Plugin) -> None:
    ingress = [rule(5432, "10.0.0.0/8"), {**rule(6379), "securityGroups": [UNKNOWN]}, rule(1, UNKNOWN)]
    planned = aws.preview(GROUP, "g", {"ingress": ingress, "tags": {"known": "yes", "later": UNKNOWN}})
    assert planned["tags"]["later"] is UNKNOWN
    assert planned["tags"]["known"] == "yes"
    policy = {"Statement": [{"Resource": UNKNOWN}]}
    assert aws.preview(ROLE, "r", {"assumeRolePolicy": policy})["assumeRolePolicy"] is UNKNOWN


def test_a_preview_keeps_secrets_secret(aws: Plugin) -> None:
    planned = aws.preview(TOPIC, "t", {"displayName": Secret(CANARY)})
    assert planned["displayName"] == Secret(CANARY)


# ---- differences -------------------------------------------------------------------------------------------------


def test_the_same_inputs_are_no_difference(aws: Plugin, topic: Resource) -> None:
    difference = aws.diff(topic, {"displayName": "first", "tags": {"env": "dev"}})
    assert difference.changes == DIFF.DIFF_NONE


def test_a_difference_has_property_paths_and_kinds(aws: Plugin, topic: Resource) -> None:
    difference = aws.diff(topic, {"displayName": "second", "tags": {"a.b": "c"}})
    found = {path: change.kind for path, change in difference.detailedDiff.items()}
    assert found == {"displayName": KIND.UPDATE, "tags.env": KIND.DELETE, 'tags["a.b"]': KIND.ADD}
    assert sorted(difference.diffs) == ["displayName", "tags"]
    assert not difference.replaces


def test_an_unknown_input_is_a_difference_and_an_unknown_output_is_not(aws: Plugin, topic: Resource) -> None:
    difference = aws.diff(topic, {"displayName": "first", "tags": {"env": UNKNOWN}})
    assert list(difference.detailedDiff) == ["tags.env"]


def test_ignored_changes_are_no_difference_and_not_made(aws: Plugin, topic: Resource) -> None:
    wanted = {"displayName": "second", "tags": {"env": "prod"}}
    assert aws.diff(topic, wanted, ignore=["displayName", "tags"]).changes == DIFF.DIFF_NONE
    assert aws.diff(topic, wanted, ignore=["*"]).changes == DIFF.DIFF_NONE
    assert list(aws.diff(topic, wanted, ignore=["tags.env"]).detailedDiff) == ["displayName"]
    updated = aws.update(topic, wanted, ignore=["displayName"])
    assert updated.outputs["displayName"] == "first"
    assert updated.outputs["tags"]["env"] == "prod"


def test_an_added_item_is_a_difference_though_a_property_of_each_is_ignored(aws: Plugin) -> None:
    group = aws.create(GROUP, "g", {"ingress": [rule(80, "10.0.0.0/8"), rule(443, "10.1.0.0/16")]})
    try:
        moved = [{**rule(80, "10.0.0.0/8"), "fromPort": 79}, rule(443, "10.1.0.0/16")]
        ignore = ["ingress[*].fromPort"]
        assert aws.diff(group, {"ingress": moved}, ignore).changes == DIFF.DIFF_NONE
        added = aws.diff(group, {"ingress": [*moved, rule(22, "10.2.0.0/16")]}, ignore)
        assert [change.kind for change in added.detailedDiff.values()] == [KIND.ADD]
    finally:
        aws.delete(group)


def test_an_update_changes_in_place(aws: Plugin, topic: Resource, client: Client) -> None:
    updated = aws.update(topic, {"displayName": "second"})
    assert updated.outputs["displayName"] == "second"
    assert client("sns").get_topic_attributes(TopicArn=topic.id)["Attributes"]["DisplayName"] == "second"
    assert aws.diff(updated, {"displayName": "second"}).changes == DIFF.DIFF_NONE


def test_a_changed_name_replaces(aws: Plugin, topic: Resource) -> None:
    difference = aws.diff(topic, {"name": "other", "displayName": "first", "tags": {"env": "dev"}})
    assert list(difference.replaces) == ["name"]
    assert difference.detailedDiff["name"].kind == KIND.UPDATE_REPLACE
    assert not difference.deleteBeforeReplace


def test_a_name_that_the_program_gives_makes_the_old_resource_go_first(aws: Plugin) -> None:
    group = aws.create(GROUP, "g", {"name": "mine", "description": "a"})
    automatic = aws.create(GROUP, "g", {"description": "a"})
    try:
        fixed = aws.diff(group, {"name": "mine", "description": "b"})
        assert list(fixed.replaces) == ["description"]
        assert fixed.deleteBeforeReplace
        assert not aws.diff(automatic, {"description": "b"}).deleteBeforeReplace
    finally:
        aws.delete(group)
        aws.delete(automatic)


# ---- nested blocks and sets --------------------------------------------------------------------------------------


def test_the_order_of_a_set_is_no_difference(aws: Plugin) -> None:
    rules = [rule(5432, "10.0.0.0/8"), rule(6379, "10.1.0.0/16", "10.2.0.0/16"), rule(80, "10.3.0.0/16")]
    group = aws.create(GROUP, "g", {"ingress": rules})
    try:
        assert aws.diff(group, {"ingress": rules[::-1]}).changes == DIFF.DIFF_NONE
        turned = [rules[0], rule(6379, "10.1.0.0/16", "10.2.0.0/16"), rules[2]]
        assert aws.diff(group, {"ingress": turned}).changes == DIFF.DIFF_NONE
        changed = aws.diff(group, {"ingress": [rules[0], rules[1], rule(443, "10.3.0.0/16")]})
        assert {path.partition("[")[0] for path in changed.detailedDiff} == {"ingress"}
        assert len(changed.detailedDiff) <= 2
        assert aws.diff(group, {"ingress": rules[:2]}).detailedDiff
    finally:
        aws.delete(group)


def test_parameters_of_a_group_are_a_set_of_blocks_with_defaults(aws: Plugin, client: Client) -> None:
    group_type = "aws:rds/parameterGroup:ParameterGroup"
    parameters = [
        {"name": "log_min_duration_statement", "value": 1000},
        {"name": "shared_preload_libraries", "value": "pg_stat_statements", "applyMethod": "pending-reboot"},
    ]
    group = aws.create(group_type, "pg", {"family": "postgres17", "parameters": parameters})
    try:
        shown = {item["name"]: item for item in group.outputs["parameters"]}
        assert shown["log_min_duration_statement"]["value"] == "1000"
        assert (
            aws.diff(group, {"family": "postgres17", "parameters": parameters[::-1]}).changes
            == DIFF.DIFF_NONE
        )
        added = [*parameters, {"name": "work_mem", "value": "4096"}]
        assert aws.diff(group, {"family": "postgres17", "parameters": added}).detailedDiff
        updated = aws.update(group, {"family": "postgres17", "parameters": added})
        assert len(updated.outputs["parameters"]) == 3
    finally:
        aws.delete(group)


def test_a_block_of_at_most_one_is_shown_as_one_value(aws: Plugin, client: Client) -> None:
    client("s3").create_bucket(Bucket="versioned")
    versioning = aws.create(
        "aws:s3/bucketVersioning:BucketVersioning",
        "v",
        {"bucket": "versioned", "versioningConfiguration": {"status": "Enabled"}},
    )
    assert versioning.outputs["versioningConfiguration"]["status"] == "Enabled"
    wanted = {"bucket": "versioned", "versioningConfiguration": {"status": "Suspended"}}
    assert list(aws.diff(versioning, wanted).detailedDiff) == ["versioningConfiguration.status"]
    aws.delete(versioning)


def test_policy_documents_may_be_objects(aws: Plugin) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    role = aws.create(ROLE, "r", {"assumeRolePolicy": document})
    assert json.loads(role.outputs["assumeRolePolicy"]) == document
    assert aws.diff(role, {"assumeRolePolicy": json.dumps(document, indent=2)}).changes == DIFF.DIFF_NONE
    aws.delete(role)


# ---- secrets -----------------------------------------------------------------------------------------------------


def plain_part(bag: struct_pb2.Struct) -> str:
    """All of a property bag that is not inside a secret, as text."""

    def visible(value: Any) -> Any:
        if isinstance(value, Secret):
            return "[secret]"
        if isinstance(value, Mapping):
            return {key: visible(item) for key, item in value.items()}
        return [visible(item) for item in value] if isinstance(value, list) else value

    return json.dumps(visible(values.decode(bag)), default=str)


def spellings(secret: str) -> list[str]:
    """A secret as it could hide: as text, in base64 at each alignment, in hex and in MessagePack."""
    encoded = [
        base64.b64encode(b"x" * shift + secret.encode())[4 * (shift > 0) : -4].decode() for shift in range(3)
    ]
    packed = msgpack.packb({"value": secret})
    return [secret, *encoded, secret.encode().hex(), base64.b64encode(packed)[4:-4].decode(), repr(packed)]


def test_a_secret_is_nowhere_in_plain_state(aws: Plugin) -> None:
    parameter = aws.create(PARAMETER, "p", {"type": "SecureString", "value": Secret(CANARY)})
    try:
        assert parameter.wire is not None
        assert parameter.outputs["value"] == Secret(CANARY)
        assert isinstance(parameter.outputs[STATE], Secret)
        plain = plain_part(parameter.wire.properties)
        assert parameter.outputs["name"] in plain
        assert not [spelling for spelling in spellings(CANARY) if spelling in plain]
        read = aws.read(parameter)
        assert read is not None
        assert CANARY not in plain_part(values.encode(read.outputs)) + plain_part(values.encode(read.inputs))
        assert read.inputs["value"] == Secret(CANARY)
    finally:
        aws.delete(parameter)


def test_what_the_provider_calls_sensitive_is_secret_though_the_program_does_not_say_so(aws: Plugin) -> None:
    parameter = aws.create(PARAMETER, "p", {"type": "String", "value": "from the program"})
    assert parameter.outputs["value"] == Secret("from the program")
    aws.delete(parameter)


def test_a_secret_inside_a_map_stays_secret(aws: Plugin) -> None:
    topic = aws.create(TOPIC, "t", {"tags": {"open": "yes", "closed": Secret(CANARY)}})
    assert topic.outputs["tags"]["closed"] == Secret(CANARY)
    assert topic.outputs["tags"]["open"] == "yes"
    assert topic.outputs["tagsAll"]["closed"] == Secret(CANARY)
    assert CANARY not in plain_part(values.encode(topic.outputs))
    aws.delete(topic)


def test_secret_default_tags_stay_secret(provider_binary: Any, moto_environ: dict[str, str]) -> None:
    plugin = start_plugin("sandbox.adapter.aws", moto_environ)
    try:
        # One tag is too short to be found by its text where it is repeated.
        tags = {"owner": CANARY, "pin": "1234"}
        plugin.configure(region=REGION, defaultTags=Secret(json.dumps({"tags": tags})))
        made = plugin.create(TOPIC, "t", {"tags": {"own": "yes"}})
        secret = {name: Secret(tag) for name, tag in tags.items()}
        assert made.inputs["tags"] == {**secret, "own": "yes"}
        assert made.outputs["tags"] == made.outputs["tagsAll"] == made.inputs["tags"]
        plugin.delete(made)
    finally:
        plugin.close()


# ---- failures ----------------------------------------------------------------------------------------------------


def test_a_create_that_fails_half_way_is_recorded_and_finished_by_the_next_update(
    aws: Plugin, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise InvalidParameterValueError("not today")

    inputs = {"cidrBlock": "10.9.0.0/16", "enableDnsHostnames": True}
    with monkeypatch.context() as patch:
        patch.setattr(EC2Backend, "modify_vpc_attribute", refuse)
        with pytest.raises(RequestFailedError) as failure:
            aws.create(VPC, "v", inputs)
    partial = failure.value.partial
    assert partial is not None
    assert partial.id.startswith("vpc-")
    assert "not today" in partial.reasons[0]
    outputs = values.decode(partial.properties)
    assert isinstance(outputs[STATE], Secret)

    recorded = Resource(VPC, "v", partial.id, values.decode(partial.inputs), outputs)
    finished = aws.update(recorded, inputs)
    attribute = client("ec2").describe_vpc_attribute(VpcId=partial.id, Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"]["Value"] is True
    aws.delete(finished)


def test_an_update_that_fails_is_recorded_and_made_by_the_next_though_that_changes_more(
    aws: Plugin, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise InvalidParameterValueError("not today")

    vpc = aws.create(VPC, "v", {"cidrBlock": "10.8.0.0/16"})
    with monkeypatch.context() as patch:
        patch.setattr(EC2Backend, "modify_vpc_attribute", refuse)
        with pytest.raises(RequestFailedError) as failure:
            aws.update(vpc, {"cidrBlock": "10.8.0.0/16", "enableDnsHostnames": True})
    partial = failure.value.partial
    assert partial is not None
    assert partial.id == vpc.id

    recorded = Resource(VPC, "v", vpc.id, values.decode(partial.inputs), values.decode(partial.properties))
    wanted = {"cidrBlock": "10.8.0.0/16", "enableDnsHostnames": True, "tags": {"a": "b"}}
    assert set(aws.diff(recorded, wanted).detailedDiff) == {"enableDnsHostnames", "tags.a"}
    finished = aws.update(recorded, wanted)
    attribute = client("ec2").describe_vpc_attribute(VpcId=vpc.id, Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"]["Value"] is True
    assert aws.diff(finished, wanted).changes == DIFF.DIFF_NONE
    aws.delete(finished)
    with pytest.raises(RequestFailedError, match="no longer exists: run a refresh"):
        aws.update(recorded, wanted)


def test_a_state_that_the_sandbox_did_not_write_is_refused(aws: Plugin, topic: Resource) -> None:
    outputs = {name: output for name, output in topic.outputs.items() if name != STATE}
    foreign = Resource(TOPIC, topic.name, topic.id, topic.inputs, outputs)
    with pytest.raises(RequestFailedError, match=f"the state of this {TOPIC} was not written by the sandbox"):
        aws.diff(foreign, {})


def test_an_unexpected_failure_shows_its_secret_nowhere(
    provider_binary: Any, moto_environ: dict[str, str], tmp_path: Path
) -> None:
    with (tmp_path / "log").open("w+b") as log:
        plugin = start_plugin("sandbox.adapter.aws", moto_environ, stderr=log)
        try:
            plugin.configure(region=REGION)
            # A hash that is no hash: the file cannot be written, and the error names its path.
            source = Asset({**text_asset("x").description, "hash": f"{CANARY}/x"})
            with pytest.raises(RequestFailedError, match=r"cannot create .*: FileNotFoundError") as failure:
                plugin.create(OBJECT, "o", {"bucket": "b", "key": Secret(CANARY), "source": source})
        finally:
            plugin.close()
        log.seek(0)
        trace = log.read().decode()
    assert "Traceback" in trace
    assert "[secret]/x" in trace
    assert CANARY not in trace + failure.value.message


def test_a_create_that_fails_at_once_leaves_nothing_behind(aws: Plugin) -> None:
    with pytest.raises(RequestFailedError, match="InvalidVpcID") as failure:
        aws.create(SUBNET, "s", {"vpcId": "vpc-0123456789abcdef0", "cidrBlock": "10.0.0.0/24"})
    assert failure.value.partial is None


def test_a_timeout_of_the_program_is_the_providers_and_what_exists_by_then_is_recorded(aws: Plugin) -> None:
    with pytest.raises(RequestFailedError, match="timeout while waiting") as failure:
        aws.create(QUEUE, "q", {}, timeout=2)
    partial = failure.value.partial
    assert partial is not None
    # The timeout is not a property: a later preview without it shows nothing.
    queue = Resource(QUEUE, "q", partial.id, values.decode(partial.inputs), values.decode(partial.properties))
    assert aws.diff(queue, {}).changes == DIFF.DIFF_NONE
    with pytest.raises(RequestFailedError, match="timeout while waiting"):
        aws.delete(queue, timeout=1)


# ---- drift, import and look-up -----------------------------------------------------------------------------------


def test_a_refresh_without_drift_changes_nothing(aws: Plugin, topic: Resource) -> None:
    read = aws.read(topic)
    assert read is not None
    assert read.inputs == topic.inputs
    assert aws.diff(read, topic.inputs, check=False).changes == DIFF.DIFF_NONE


def test_a_refresh_shows_drift_and_the_next_update_repairs_it(
    aws: Plugin, topic: Resource, client: Client
) -> None:
    client("sns").set_topic_attributes(
        TopicArn=topic.id, AttributeName="DisplayName", AttributeValue="by hand"
    )
    client("sns").tag_resource(ResourceArn=topic.id, Tags=[{"Key": "stray", "Value": "x"}])
    read = aws.read(topic)
    assert read is not None
    assert read.inputs["displayName"] == "by hand"
    assert read.inputs["tags"] == {**topic.inputs["tags"], "stray": "x"}
    assert read.inputs["name"] == topic.inputs["name"]
    difference = aws.diff(read, {"displayName": "first", "tags": {"env": "dev"}})
    assert set(difference.detailedDiff) == {"displayName", "tags.stray"}
    repaired = aws.update(read, {"displayName": "first", "tags": {"env": "dev"}})
    assert repaired.outputs["displayName"] == "first"
    assert repaired.outputs["tags"] == topic.outputs["tags"]


def test_a_resource_that_is_gone_reads_as_nothing(aws: Plugin, client: Client) -> None:
    topic = aws.create(TOPIC, "gone", {})
    client("sns").delete_topic(TopicArn=topic.id)
    assert aws.read(topic) is None


def test_an_import_by_id_gives_the_inputs_of_a_program_that_matches(aws: Plugin, client: Client) -> None:
    client("logs").create_log_group(logGroupName="/imported", tags={"project": "dataplatform"})
    client("logs").put_retention_policy(logGroupName="/imported", retentionInDays=30)
    imported = aws.import_(LOG_GROUP, "logs", "/imported")
    assert imported is not None
    assert imported.inputs["name"] == "/imported"
    assert imported.inputs["retentionInDays"] == 30
    assert "arn" not in imported.inputs
    assert aws.diff(imported, {"name": "/imported", "retentionInDays": 30}).changes == DIFF.DIFF_NONE
    aws.delete(imported)


def test_an_import_of_nothing_finds_nothing(aws: Plugin) -> None:
    assert aws.import_(LOG_GROUP, "logs", "/never-made") is None


# ---- regions -----------------------------------------------------------------------------------------------------


def test_a_resource_may_choose_its_region(aws: Plugin, client: Client) -> None:
    group = aws.create(LOG_GROUP, "west", {"name": "/west", "region": "us-west-2"})
    groups = client("logs", "us-west-2").describe_log_groups()["logGroups"]
    assert [found["logGroupName"] for found in groups] == ["/west"]
    assert group.outputs["region"] == "us-west-2"
    assert aws.diff(group, {"name": "/west", "region": "us-west-2"}).changes == DIFF.DIFF_NONE
    assert list(aws.diff(group, {"name": "/west"}).replaces) == ["region"]
    read = aws.read(group)
    assert read is not None
    assert read.inputs["region"] == "us-west-2"
    aws.delete(group)
    assert client("logs", "us-west-2").describe_log_groups()["logGroups"] == []


def test_a_region_is_in_the_outputs_though_the_program_names_none(aws: Plugin, topic: Resource) -> None:
    assert topic.outputs["region"] == "us-east-1"


def test_another_region_of_the_provider_replaces_it_and_anything_else_does_not(aws: Plugin) -> None:
    def compared(**news: Any) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            urn=urn("pulumi:providers:aws", "p"),
            old_inputs=values.encode({"region": "us-east-1", "maxRetries": "1"}),
            news=values.encode(news),
        )
        answer = aws.request("DiffConfig", request)
        assert isinstance(answer, provider_pb2.DiffResponse)
        return answer

    assert compared(region="us-east-1", maxRetries="1").changes == DIFF.DIFF_NONE
    assert list(compared(region="us-west-2", maxRetries="1").replaces) == ["region"]
    other = compared(region="us-east-1", maxRetries="2")
    assert list(other.diffs) == ["maxRetries"]
    assert not other.replaces
    assert not compared(region=UNKNOWN, maxRetries="1").replaces


# ---- functions ---------------------------------------------------------------------------------------------------


def test_functions_read_data_sources(aws: Plugin) -> None:
    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert aws.invoke("aws:index/getRegion:getRegion")["region"] == "us-east-1"
    assert aws.invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
    zones = aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", state="available")
    assert "us-east-1a" in zones["names"]
    statement = {
        "actions": ["s3:GetObject"],
        "resources": ["*"],
        "principals": [{"type": "AWS", "identifiers": ["*"]}],
    }
    document = aws.invoke("aws:iam/getPolicyDocument:getPolicyDocument", statements=[statement])
    assert json.loads(document["json"])["Statement"][0]["Action"] == "s3:GetObject"
    vpc = aws.invoke("aws:ec2/getVpc:getVpc", default=True)
    subnets = aws.invoke("aws:ec2/getSubnets:getSubnets", filters=[{"name": "vpc-id", "values": [vpc["id"]]}])
    assert subnets["ids"]
    west = aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", region="us-west-2")
    assert "us-west-2a" in west["names"]


def test_a_function_that_fails_says_why(aws: Plugin) -> None:
    with pytest.raises(RequestFailedError, match="no matching EC2 VPC found"):
        aws.invoke("aws:ec2/getVpc:getVpc", id="vpc-0123456789abcdef0")
    with pytest.raises(RequestFailedError, match="stat: is not an argument of aws:ec2/getVpc:getVpc"):
        aws.invoke("aws:ec2/getVpc:getVpc", stat="x")


# ---- files -------------------------------------------------------------------------------------------------------


def text_asset(text: str) -> Asset:
    return Asset(
        {
            "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
            "hash": hashlib.sha256(text.encode()).hexdigest(),
            "text": text,
        }
    )


def archive(**members: str) -> Asset:
    return Asset(
        {
            "4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7",
            "hash": hashlib.sha256(repr(sorted(members.items())).encode()).hexdigest(),
            "assets": {name: text_asset(text) for name, text in members.items()},
        }
    )


def without_content(asset: Asset) -> Asset:
    """An asset as the engine sends it to Diff: with its hash alone."""
    return Asset({key: item for key, item in asset.description.items() if key not in ("text", "assets")})


def test_a_files_content_arrives_and_only_new_content_is_a_difference(aws: Plugin, client: Client) -> None:
    client("s3").create_bucket(Bucket="files")
    inputs = {"bucket": "files", "key": "a.txt", "source": text_asset("hello")}
    made = aws.create(OBJECT, "o", inputs)
    assert client("s3").get_object(Bucket="files", Key="a.txt")["Body"].read() == b"hello"
    assert made.outputs["source"] == inputs["source"]
    same = {**inputs, "source": without_content(text_asset("hello"))}
    assert aws.diff(made, same).changes == DIFF.DIFF_NONE
    other = {**inputs, "source": text_asset("bye")}
    assert list(aws.diff(made, other).diffs) == ["source"]
    aws.update(made, other)
    assert client("s3").get_object(Bucket="files", Key="a.txt")["Body"].read() == b"bye"
    aws.delete(made)


def test_an_archive_becomes_the_code_of_a_function(aws: Plugin, client: Client) -> None:
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
    role = client("iam").create_role(RoleName="lambda", AssumeRolePolicyDocument=json.dumps(trust))["Role"][
        "Arn"
    ]
    client("s3").create_bucket(Bucket="code")
    code = archive(**{"main.py": "def handler(event, context): pass", "b/c.txt": "x"})
    made = aws.create(OBJECT, "zip", {"bucket": "code", "key": "code.zip", "source": code})
    body = client("s3").get_object(Bucket="code", Key="code.zip")["Body"].read()
    assert sorted(zipfile.ZipFile(io.BytesIO(body)).namelist()) == ["b/c.txt", "main.py"]
    aws.delete(made)
    inputs = {"role": role, "code": code, "handler": "main.handler", "runtime": "python3.12"}
    planned = aws.preview("aws:lambda/function:Function", "f", inputs)
    assert planned["code"] == code
    assert planned["name"].startswith("f-")
