"""Reads of the emulated account, regions and files, through the adapter and the real Terraform AWS provider.

Proves drift, import, look-ups, the choice of a region, and that the content of files arrives. It does not prove the
engine's own part, nor how real AWS answers.
"""

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import values
from sandbox.adapter.values import UNKNOWN, Asset
from tests.sandbox.adapter.engine import Plugin, RequestFailedError, Resource, urn
from tests.sandbox.adapter.examples import DIFF, LOG_GROUP, OBJECT, TOPIC, Client, archive_asset, text_asset

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


def archive(**members: str) -> Asset:
    return archive_asset(
        hash=hashlib.sha256(repr(sorted(members.items())).encode()).hexdigest(),
        assets={name: text_asset(text) for name, text in members.items()},
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
