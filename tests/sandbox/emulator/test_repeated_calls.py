"""A call that an SDK repeats because its answer was lost on the way.

Proves with the real server that an invocation is carried out once, and that its second try gets the first one's answer. Does
not prove why answers get lost.
"""

from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from sandbox.emulated_account import EmulatedAccount
from tests.sandbox.emulator.conftest import Connect


def invoked_as(client: Any, invocation_id: str) -> Any:
    """The client, whose every call from now on is a try of the same invocation."""

    def name(request: Any, **_: Any) -> None:
        request.headers["amz-sdk-invocation-id"] = invocation_id

    client.meta.events.register("before-send.ec2", name)
    return client


def test_a_second_try_gets_the_first_ones_answer_and_makes_nothing(
    connect: Connect, account: EmulatedAccount
) -> None:
    vpc_id = connect("ec2").create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    subnet = {"VpcId": vpc_id, "CidrBlock": "10.99.0.0/24"}
    client = invoked_as(connect("ec2"), str(uuid4()))
    first = client.create_subnet(**subnet)["Subnet"]["SubnetId"]
    assert client.create_subnet(**subnet)["Subnet"]["SubnetId"] == first
    assert "REPEATED: attempt=1" in account.log_file.read_text()
    with pytest.raises(ClientError, match=r"InvalidSubnet\.Conflict"):
        invoked_as(connect("ec2"), str(uuid4())).create_subnet(**subnet)
    found = connect("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    assert [each["SubnetId"] for each in found] == [first]
