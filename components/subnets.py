"""Subnet arithmetic: one VPC range in, the subnets of every tier and availability zone out.

The range is cut the same way whatever is asked for, so that asking for more later moves nothing that exists:

    eighths of the VPC   0    1    2    3    4    5    6         7
    tier                 app  app  app  app  data data spare     spare
    slots                a    b    c    d    a b  c d

Every tier has four slots, one per availability zone, and three zones are the usual number. `app` is the
private tier: interface endpoints and Fargate tasks live there with one address each, so it gets half of the
range. `data` is the isolated tier of the databases. A quarter of the range is spare.

Sources: Amazon VPC User Guide, "VPC CIDR blocks" (a VPC is /16 to /28) and "Subnet sizing" (a subnet is /16
to /28, five addresses of each are reserved); Amazon RDS User Guide, "Working with a DB instance in a VPC" (a
subnet group spans at least two zones); RFC 1918 for the private ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

ZONE_SLOTS = 4
MINIMUM_ZONES = 2
LARGEST_VPC_PREFIX = 16
# A /23 leaves each app subnet a /26, 59 usable addresses: about fifteen interface endpoints, and tasks twice
# over during a rolling deployment. One step smaller would leave 27.
SMALLEST_VPC_PREFIX = 23

_PRIVATE_RANGES = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))
_APP_BITS, _DATA_BITS = 3, 4
# First slot of a tier, counted in subnets of that tier's own size: app from the first eighth, data from the
# fifth.
_APP_FIRST, _DATA_FIRST = 0, 8


class SubnetError(ValueError):
    """A range or number of zones that cannot be used; the message says the value and what works."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SubnetPlan:
    """The subnets of one VPC. Each tier holds one network per availability zone, in zone order."""

    vpc: IPv4Network
    app: tuple[IPv4Network, ...]
    data: tuple[IPv4Network, ...]


def plan(cidr: str, *, availability_zones: int = 3) -> SubnetPlan:
    """Cut `cidr` into subnets for two to four availability zones.

    Adding a zone later leaves every other subnet as it is. Raises SubnetError where the
    range is not a private one from /16 to /23 or the number of zones is not 2 to 4.
    """
    vpc = vpc_network(cidr)
    if not MINIMUM_ZONES <= availability_zones <= ZONE_SLOTS:
        raise SubnetError(
            f"{availability_zones} availability zones cannot be planned: give {MINIMUM_ZONES} to {ZONE_SLOTS}"
        )

    def tier(bits: int, first: int) -> tuple[IPv4Network, ...]:
        return tuple(vpc.subnets(prefixlen_diff=bits))[first : first + availability_zones]

    return SubnetPlan(
        vpc=vpc,
        app=tier(_APP_BITS, _APP_FIRST),
        data=tier(_DATA_BITS, _DATA_FIRST),
    )


def require_disjoint(primary_cidr: str, dr_cidr: str) -> None:
    """Raise SubnetError if the two VPC ranges share an address: overlapping VPCs can never be peered."""
    primary, dr = vpc_network(primary_cidr), vpc_network(dr_cidr)
    if primary.overlaps(dr):
        raise SubnetError(
            f"{dr} of the DR region overlaps {primary} of the primary region: "
            "give the DR region a range of its own, or the two can never be peered"
        )


def vpc_network(cidr: str) -> IPv4Network:
    """Read a VPC range: IPv4, RFC 1918, no host bits, /16 to /23. Raises SubnetError."""
    try:
        network = IPv4Network(cidr, strict=False)
    except ValueError as error:
        raise SubnetError(f"{cidr!r} is not an IPv4 range: write it as 10.20.0.0/16") from error
    if "/" not in cidr:
        raise SubnetError(f"{cidr!r} has no size: write it as {cidr}/16 for a range of 65,536 addresses")
    if str(network) != cidr:
        raise SubnetError(f"{cidr!r} has host bits set or spells out its netmask: write it as {network}")
    if not any(network.subnet_of(private) for private in _PRIVATE_RANGES):
        ranges = ", ".join(map(str, _PRIVATE_RANGES))
        raise SubnetError(f"{cidr!r} is not a private range: take one inside {ranges} (RFC 1918)")
    if network.prefixlen < LARGEST_VPC_PREFIX:
        raise SubnetError(f"{cidr!r} is too large: a VPC can be at most a /{LARGEST_VPC_PREFIX}")
    if network.prefixlen > SMALLEST_VPC_PREFIX:
        smallest = network.supernet(new_prefix=SMALLEST_VPC_PREFIX)
        raise SubnetError(
            f"{cidr!r} is too small for app and data subnets in {ZONE_SLOTS} zone slots: "
            f"the smallest range that works is a /{SMALLEST_VPC_PREFIX}, such as {smallest}"
        )
    return network
