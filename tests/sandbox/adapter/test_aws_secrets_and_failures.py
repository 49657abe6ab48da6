"""Secrets and failures in the emulated account, through the adapter and the real Terraform AWS provider.

Proves that a secret is nowhere in plain state, messages or logs, and that what exists after a failure is recorded and
finished by the next update. It does not prove the engine's own part, nor how real AWS fails.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgpack
import pytest
from google.protobuf import struct_pb2
from moto.ec2.exceptions import InvalidParameterValueError
from moto.ec2.models import EC2Backend

from sandbox.adapter import values
from sandbox.adapter.values import Asset, Secret
from tests.sandbox.adapter.engine import REGION, STATE, Plugin, RequestFailedError, Resource, start_plugin
from tests.sandbox.adapter.examples import (
    CANARY,
    DIFF,
    OBJECT,
    PARAMETER,
    QUEUE,
    SUBNET,
    TOPIC,
    VPC,
    Client,
    text_asset,
)

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
