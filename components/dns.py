"""Stable names for what clients connect to, in a private zone of each region's VPC."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pulumi
from pulumi_aws import route53

# What RDS gives its own endpoints (RDS guide, "Best practices": clients should not cache a name for 30 s or more): a name
# in front of them should not be the slower half.
TTL_SECONDS = 5


class Service(StrEnum):
    """What has a name.

    `WRITER` takes writes, `READERS` are all replicas of the region, one of them for each look-up, and `POOLER` has both
    behind it as two databases. `CACHE` and `SESSIONS` are where clients of the two stores begin.
    """

    WRITER = "writer"
    READERS = "readers"
    CACHE = "cache"
    SESSIONS = "sessions"
    POOLER = "pooler"


def service_name(service: Service, zone_name: str) -> str:
    """The whole name: `writer.prod.reptidex.internal`."""
    return f"{service}.{zone_name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceNamesArgs:
    """One region's names. `zone_name` may be the same in several VPCs: each sees its own zone.

    `addresses` are of the services that have one each: a service without one has no name there. `readers` are addresses by
    the name of the replica; all have the same weight.
    """

    zone_name: str
    vpc_id: pulumi.Input[str]
    region: str
    addresses: Mapping[Service, pulumi.Input[str]]
    readers: Mapping[str, pulumi.Input[str]]


class ServiceNames(pulumi.ComponentResource):
    """A private zone whose names stay when what they lead to is replaced, promoted or moved.

    A server's certificate is for its own address and not for these names: a client that verifies the host's name
    connects to the address, one that verifies the authority alone may use the name.
    """

    names: Mapping[Service, str]

    def __init__(self, name: str, args: ServiceNamesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:dns:ServiceNames", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        named = [service for service in Service if service in args.addresses or service is Service.READERS]
        self.names = {service: service_name(service, args.zone_name) for service in named}
        zone = route53.Zone(
            f"{name}-zone",
            name=args.zone_name,
            comment="stable names of the data platform",
            vpcs=[route53.ZoneVpcArgs(vpc_id=args.vpc_id, vpc_region=args.region)],
            opts=child,
        )
        for service, address in args.addresses.items():
            route53.Record(
                f"{name}-{service}",
                zone_id=zone.zone_id,
                name=self.names[service],
                type="CNAME",
                ttl=TTL_SECONDS,
                records=[address],
                opts=child,
            )
        for reader, address in args.readers.items():
            route53.Record(
                f"{name}-{Service.READERS}-{reader}",
                zone_id=zone.zone_id,
                name=self.names[Service.READERS],
                type="CNAME",
                ttl=TTL_SECONDS,
                records=[address],
                set_identifier=reader,
                weighted_routing_policies=[route53.RecordWeightedRoutingPolicyArgs(weight=1)],
                opts=child,
            )
        self.register_outputs({"names": {str(service): text for service, text in self.names.items()}})
