"""Calls that the tests of several services make in the emulated account."""

import io
import itertools
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.emulator.conftest import Connect

# Makes names unique in the one account that the tests share.
numbers = itertools.count(1)


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Make a call that must fail. Returns the error's code and message."""
    with pytest.raises(ClientError) as raised:
        call(**request)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def refusal_code(call: Callable[..., Any], **request: Any) -> str:
    """Make a call that must fail. Returns the error's code."""
    code, _ = refused(call, **request)
    return code


def create_subnets(connect: Connect, network: str, region: str, zones: str) -> tuple[str, list[str]]:
    """Create a VPC with a subnet in each zone. `network`: the first two bytes of their addresses.

    Returns the ids of the VPC and of its subnets.
    """
    ec2 = connect("ec2", region)
    vpc = ec2.create_vpc(CidrBlock=f"{network}.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"{network}.{i}.0/24", AvailabilityZone=f"{region}{zone}")
        for i, zone in enumerate(zones)
    ]
    return vpc, [subnet["Subnet"]["SubnetId"] for subnet in subnets]


def create_function(connect: Connect, name: str) -> str:
    """Create a function that nobody runs, with a role of the same name. Returns its ARN."""
    role = connect("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("f.py", "")
    made = connect("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role["Arn"],
        Handler="f.handler",
        Code={"ZipFile": package.getvalue()},
    )
    return str(made["FunctionArn"])
