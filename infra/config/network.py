"""The network: what a stack file may say about it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from components import subnets
from infra.config.base import ConfigModel, Problem, ZoneName, repeated
from infra.config.general import RegionsConfig

SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]


class NewNetwork(ConfigModel):
    """A VPC to make. Subnets are computed; zones are named, since which ones offer a class differs by account."""

    cidr: str
    availability_zones: list[ZoneName] = Field(min_length=2, max_length=4)


class ExistingNetwork(ConfigModel):
    """A VPC that somebody else owns: its subnets are used as they are, and its endpoints and flow logs are theirs.

    `cidr` is its range. Only the DR network's is used, by the pool after a promotion (infra/config/pgbouncer.py).
    """

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]+$")
    cidr: str | None = None
    app_subnet_ids: list[SubnetId] = Field(min_length=2)
    data_subnet_ids: list[SubnetId] = Field(min_length=2)


def _kind_of_network(value: Any) -> str:
    existing = "vpc_id" in value if isinstance(value, Mapping) else isinstance(value, ExistingNetwork)
    return "existing" if existing else "new"


AnyNetwork = Annotated[
    Annotated[NewNetwork, Tag("new")] | Annotated[ExistingNetwork, Tag("existing")],
    Discriminator(_kind_of_network),
]


class NetworkConfig(ConfigModel):
    """Both regions' networks.

    `interface_endpoints` are the AWS services that tasks call from a new network of the primary region; S3 has an
    endpoint of its own.
    """

    primary: AnyNetwork
    dr: AnyNetwork
    interface_endpoints: list[Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")]]


def problems(networks: NetworkConfig, regions: RegionsConfig) -> Iterator[Problem]:
    """What must hold between the networks' values."""
    yield from _endpoint_problems(networks.interface_endpoints)
    for role, region in regions:
        network = getattr(networks, role)
        if isinstance(network, ExistingNetwork):
            yield from _existing_network_problems(role, network)
        elif regions.dr != regions.primary:  # a mistake of its own, reported once
            yield from _zone_problems(role, region, network)
    yield from _range_problems(networks)


def _endpoint_problems(endpoints: Sequence[str]) -> Iterator[Problem]:
    path = "network.interface_endpoints"
    yield from repeated(path, endpoints, "names a service twice")
    if "s3" in endpoints:
        yield Problem(path, "'s3' has a gateway endpoint already; leave it out")


def _existing_network_problems(role: str, network: ExistingNetwork) -> Iterator[Problem]:
    if network.cidr is not None:
        try:
            subnets.vpc_network(network.cidr)
        except subnets.SubnetError as error:
            yield Problem(f"network.{role}.cidr", str(error))
    for tier in ("app_subnet_ids", "data_subnet_ids"):
        path = f"network.{role}.{tier}"
        yield from repeated(path, getattr(network, tier), "names a subnet twice; each zone has another")


def _zone_problems(role: str, region: str, network: NewNetwork) -> Iterator[Problem]:
    path = f"network.{role}.availability_zones"
    for zone in network.availability_zones:
        if zone[:-1] != region:
            yield Problem(path, f"{zone!r} is not in region {region}")
    yield from repeated(path, network.availability_zones, "names a zone twice; each must be another")


def _range_problems(networks: NetworkConfig) -> Iterator[Problem]:
    new = {role: network for role, network in networks if isinstance(network, NewNetwork)}
    for role, network in new.items():
        try:
            subnets.plan(network.cidr, availability_zones=len(network.availability_zones))
        except subnets.SubnetError as error:
            yield Problem(f"network.{role}.cidr", str(error))
            return
    if len(new) == 2:
        try:
            subnets.require_disjoint(new["primary"].cidr, new["dr"].cidr)
        except subnets.SubnetError as error:
            yield Problem("network.dr.cidr", str(error))
