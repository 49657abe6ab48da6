"""Changes of resources in the emulated account, through the adapter and the real Terraform AWS provider.

Proves what the engine relies on before and during a change: complete inputs, named mistakes, unknowns in previews,
differences, replacement, ignored changes, nested blocks and sets. It does not prove the engine's own part, nor how real
AWS answers.
"""

import json
from typing import Any

import pytest

from sandbox.adapter.values import UNKNOWN, Secret, Unknown
from tests.sandbox.adapter.engine import STATE, Plugin, RequestFailedError, Resource
from tests.sandbox.adapter.examples import CANARY, DIFF, GROUP, KIND, ROLE, SUBNET, TOPIC, Client


def rule(port: int, *cidr_blocks: str | Unknown) -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": list(cidr_blocks)}


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
    [failure] = aws.check(TOPIC, "alarms", inputs).failures
    assert failure.property == property_
    assert words in failure.reason


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
