"""Security groups and subnets."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from policies import must
from policies.resources import Resource
from policies.rule import Findings, Settings, Severity, Undecided, resource_rule
from policies.values import Node, is_text

SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SECURITY_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
SUBNET = "aws:ec2/subnet:Subnet"
VPC = "aws:ec2/vpc:Vpc"
RULE_TYPES = (SECURITY_GROUP, SECURITY_GROUP_RULE, INGRESS_RULE, EGRESS_RULE)

# Wider ranges are the internet's, not a network's: 10.0.0.0/8 is the widest private one, and of IPv6 a whole provider is
# given a /32.
WIDEST_IPV4_PREFIX, WIDEST_IPV6_PREFIX = 8, 32
ALL_PROTOCOLS = ("-1", -1, "all")


def _is_a_network(value: Any) -> bool:
    """A range that is narrower than the internet; nothing is one too."""
    if value is None:
        return True
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (WIDEST_IPV4_PREFIX if network.version == 4 else WIDEST_IPV6_PREFIX)


def _rules(resource: Resource, direction: str) -> list[Node]:
    """The rules for one direction in any of the ways to declare them."""
    everything = Node("", resource.properties)
    if resource.type == SECURITY_GROUP:
        return resource.at(direction).items()
    if resource.type == SECURITY_GROUP_RULE:
        kind = resource.at("type")
        return [everything] if kind.is_unknown or kind.value == direction else []
    return (
        [everything] if resource.type == {"ingress": INGRESS_RULE, "egress": EGRESS_RULE}[direction] else []
    )


def _ranges(rule: Node) -> Iterator[Node]:
    for name in ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"):
        # What is no mapping is judged once, as it is.
        yield from rule.at(name).items()


@resource_rule("security-groups-keep-the-internet-out", Severity.CRITICAL, on=RULE_TYPES)
def _ingress(resource: Resource, _: Settings) -> Findings:
    """Nobody on the internet reaches what a security group guards.

    Remedy: name the source's security group, or a network of your own
    Controls: FSBP EC2.18, FSBP EC2.19, CIS 6.3, CIS 6.4, CKV_AWS_24, CKV_AWS_25, CKV_AWS_260, CKV_AWS_277
    """
    for rule in _rules(resource, "ingress"):
        for range_ in _ranges(rule):
            yield from must.satisfy(range_, _is_a_network, "must be a network and not the internet")


@resource_rule("security-groups-do-not-let-everything-out", Severity.MEDIUM, on=RULE_TYPES)
def _egress(resource: Resource, _: Settings) -> Findings:
    """What a security group guards cannot send whatever it likes to the internet.

    Remedy: name the protocol and the ports, or the destination
    Controls: CKV_AWS_382
    """
    for rule in _rules(resource, "egress"):
        protocol = rule.at("protocol" if rule.at("protocol").is_set else "ipProtocol")
        if protocol.value not in ALL_PROTOCOLS and not protocol.is_unknown:
            continue
        for range_ in _ranges(rule):
            if protocol.is_unknown and not range_.is_unknown and not _is_a_network(range_.value):
                yield Undecided(protocol.path)
            else:
                yield from must.satisfy(
                    range_, _is_a_network, "must not be the internet for every protocol and port"
                )


@resource_rule("security-group-rules-say-what-for", Severity.LOW, on=RULE_TYPES)
def _descriptions(resource: Resource, _: Settings) -> Findings:
    """Whoever reads a rule in two years knows whether it is still needed.

    Remedy: set description
    Controls: CKV_AWS_23
    """
    for direction in ("ingress", "egress"):
        for rule in _rules(resource, direction):
            yield from must.satisfy(rule.at("description"), is_text, "must say what the rule is for")


@resource_rule("default-security-groups-are-empty", Severity.HIGH, on=(DEFAULT_SECURITY_GROUP,))
def _default_group(group: Resource, _: Settings) -> Findings:
    """What nobody thought about reaches nothing.

    Remedy: leave ingress and egress out
    Controls: FSBP EC2.2, CIS 6.5, CKV2_AWS_12
    """
    for direction in ("ingress", "egress"):
        yield from must.satisfy(group.at(direction), lambda value: value in (None, []), "must be empty")


@resource_rule(
    "subnets-give-out-no-public-addresses", Severity.HIGH, on=(SUBNET,), fix={"mapPublicIpOnLaunch": False}
)
def _public_addresses(subnet: Resource, _: Settings) -> Findings:
    """Nothing gets an address on the internet by standing in a subnet.

    Remedy: leave mapPublicIpOnLaunch out, or set it to false
    Controls: FSBP EC2.15, CKV_AWS_130
    """
    yield from must.not_be_true(subnet.at("mapPublicIpOnLaunch"))


RULES = (_ingress, _egress, _descriptions, _default_group, _public_addresses)
