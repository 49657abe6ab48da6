"""Proves the subnet arithmetic: every subnet inside its VPC, none overlapping, none moved by growth.

It does not prove that AWS accepts the subnets, only that they keep its documented sizes.
"""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.subnets import (
    LARGEST_VPC_PREFIX,
    SMALLEST_VPC_PREFIX,
    SubnetError,
    plan,
    require_disjoint,
    vpc_network,
)


@st.composite
def vpc_cidrs(draw: st.DrawFn) -> str:
    private = IPv4Network(draw(st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])))
    prefix = draw(st.integers(LARGEST_VPC_PREFIX, SMALLEST_VPC_PREFIX))
    step = 2 ** (32 - prefix)
    slot = draw(st.integers(0, private.num_addresses // step - 1))
    return f"{private.network_address + slot * step}/{prefix}"


zones = st.integers(2, 4)


def test_a_slash_16_over_three_zones_is_cut_like_this() -> None:
    subnets = plan("10.20.0.0/16")
    assert [str(network) for network in subnets.app] == ["10.20.0.0/19", "10.20.32.0/19", "10.20.64.0/19"]
    assert [str(network) for network in subnets.data] == [
        "10.20.128.0/20",
        "10.20.144.0/20",
        "10.20.160.0/20",
    ]


@given(cidr=vpc_cidrs(), zones=zones)
def test_every_subnet_lies_inside_the_vpc_and_overlaps_no_other(cidr: str, zones: int) -> None:
    subnets = plan(cidr, availability_zones=zones)
    assert len([*subnets.app, *subnets.data]) == zones * 2
    assert all(network.subnet_of(subnets.vpc) for network in [*subnets.app, *subnets.data])
    assert not any(one.overlaps(other) for one, other in combinations([*subnets.app, *subnets.data], 2))


@given(cidr=vpc_cidrs(), zones=zones)
def test_every_subnet_has_a_size_that_aws_takes(cidr: str, zones: int) -> None:
    subnets = plan(cidr, availability_zones=zones)
    assert all(16 <= network.prefixlen <= 28 for network in [*subnets.app, *subnets.data])
    assert all(
        app.num_addresses > data.num_addresses for app, data in zip(subnets.app, subnets.data, strict=True)
    )
    assert all(app.num_addresses >= 64 for app in subnets.app)


@given(cidr=vpc_cidrs(), fewer=zones, more=zones)
def test_more_zones_move_no_subnet_that_exists(cidr: str, fewer: int, more: int) -> None:
    fewer, more = sorted((fewer, more))
    before = plan(cidr, availability_zones=fewer)
    after = plan(cidr, availability_zones=more)
    assert after.app[:fewer] == before.app
    assert after.data[:fewer] == before.data


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        (
            "10.20.0.0/24",
            (
                "'10.20.0.0/24' is too small for app and data subnets in 4 zone slots: "
                "the smallest range that works is a /23, such as 10.20.0.0/23"
            ),
        ),
        ("10.20.1.0/28", "such as 10.20.0.0/23"),
        ("10.0.0.0/15", "'10.0.0.0/15' is too large: a VPC can be at most a /16"),
        (
            "10.20.0.1/16",
            "'10.20.0.1/16' has host bits set or spells out its netmask: write it as 10.20.0.0/16",
        ),
        ("8.8.0.0/16", "'8.8.0.0/16' is not a private range"),
        ("172.32.0.0/16", "inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"),
        ("10.20.0.0", "'10.20.0.0' has no size: write it as 10.20.0.0/16"),
        ("10.20.0.0/255.255.0.0", "write it as 10.20.0.0/16"),
        ("10.20.0/16", "'10.20.0/16' is not an IPv4 range: write it as 10.20.0.0/16"),
        ("10.20.0.0/33", "is not an IPv4 range"),
        ("fd00::/48", "is not an IPv4 range"),
        ("", "is not an IPv4 range"),
    ],
)
def test_a_range_that_cannot_be_used_says_what_works(cidr: str, message: str) -> None:
    with pytest.raises(SubnetError) as raised:
        plan(cidr)
    assert message in str(raised.value)


@pytest.mark.parametrize("zones", [0, 1, 5])
def test_one_zone_or_five_cannot_be_planned(zones: int) -> None:
    with pytest.raises(SubnetError, match=f"{zones} availability zones cannot be planned: give 2 to 4"):
        plan("10.20.0.0/16", availability_zones=zones)


@given(one=vpc_cidrs(), other=vpc_cidrs())
def test_two_regions_are_refused_exactly_when_they_share_an_address(one: str, other: str) -> None:
    if vpc_network(one).overlaps(vpc_network(other)):
        with pytest.raises(SubnetError, match="can never be peered"):
            require_disjoint(one, other)
    else:
        require_disjoint(one, other)


def test_a_range_inside_the_other_regions_range_is_refused() -> None:
    with pytest.raises(SubnetError, match=r"10\.20\.4\.0/22 of the DR region overlaps 10\.20\.0\.0/16"):
        require_disjoint("10.20.0.0/16", "10.20.4.0/22")
