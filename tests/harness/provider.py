"""The real Terraform AWS provider in front of an emulated account, and the resources that tests make through it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sandbox.emulated_account import EmulatedAccount
from sandbox.environment import aws_environment
from tests.sandbox.adapter.engine import REGION, Plugin, Resource, start_plugin

ACCOUNT_ID = "444455556666"
# Makes a resource of this type and logical name from these inputs.
Make = Callable[[str, str, Mapping[str, Any]], Resource]


@contextmanager
def provider(account: EmulatedAccount) -> Iterator[Plugin]:
    """The provider, configured for the account. The caller makes sure that this machine has one."""
    plugin = start_plugin("sandbox.adapter.aws", aws_environment(account.port or 0))
    try:
        plugin.configure(region=REGION, maxRetries="3", defaultTags='{"tags":{"Project":"reptidex"}}')
        yield plugin
    finally:
        plugin.close()


def make_network(make: Make, tier: str, zones: str) -> tuple[str, list[str]]:
    """A VPC with a subnet of the tier in each zone, such as `abc`. Returns: the VPC's id and the subnets' ids."""
    vpc = make("aws:ec2/vpc:Vpc", "network", {"cidrBlock": "10.9.0.0/16"})
    subnets = [
        make(
            "aws:ec2/subnet:Subnet",
            f"{tier}-{zone}",
            {"vpcId": vpc.id, "cidrBlock": f"10.9.{number}.0/24", "availabilityZone": f"{REGION}{zone}"},
        )
        for number, zone in enumerate(zones)
    ]
    return vpc.id, [subnet.id for subnet in subnets]


def assert_read_back(aws: Plugin, resource: Resource) -> None:
    """Neither the outputs of its creation nor those of a new read differ from the inputs."""
    assert dict(aws.diff(resource, resource.inputs).detailedDiff) == {}
    read = aws.read(resource)
    assert read is not None
    assert dict(aws.diff(read, resource.inputs).detailedDiff) == {}
