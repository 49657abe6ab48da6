"""Security groups and their rules. Every rule is a resource of its own, so that one can come and go alone."""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import ec2, vpc

from components.clients import Clients, Peer

HTTPS_PORT = 443
ANY_ADDRESS = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True, slots=True)
class PortRule:
    """A rule for one TCP port of a security group's resources. `peer` is the other side of the connection."""

    group_id: pulumi.Input[str]
    description: str
    port: int
    peer: Peer

    def arguments(self) -> dict[str, Any]:
        """The arguments of the rule's resource, the same for both directions."""
        return {
            "security_group_id": self.group_id,
            "description": self.description,
            "referenced_security_group_id": self.peer.security_group_id,
            "cidr_ipv4": self.peer.cidr,
            "ip_protocol": "tcp",
            "from_port": self.port,
            "to_port": self.port,
        }


def allow_ingress(name: str, rule: PortRule, opts: pulumi.ResourceOptions) -> None:
    """Let the peer connect to the group's resources; `name` is the rule's name in the state."""
    vpc.SecurityGroupIngressRule(name, **rule.arguments(), opts=opts)


def allow_egress(name: str, rule: PortRule, opts: pulumi.ResourceOptions) -> None:
    """Let the group's resources connect to the peer; `name` is the rule's name in the state."""
    vpc.SecurityGroupEgressRule(name, **rule.arguments(), opts=opts)


class ServerSecurityGroup:
    """The security group of a server that listens on one port, with a rule for each client.

    The names in the state are `<name>-from-<client>`. `protocol` begins the description of each rule.
    """

    def __init__(
        self, name: str, group: ec2.SecurityGroup, *, protocol: str, port: int, opts: pulumi.ResourceOptions
    ) -> None:
        self.id = group.id
        self._name, self._protocol, self._port, self._opts = name, protocol, port, opts

    def allow(self, client: str, peer: Peer) -> None:
        """Let one client connect."""
        allow_ingress(
            f"{self._name}-from-{client}",
            PortRule(
                group_id=self.id,
                description=f"{self._protocol} from {client}",
                port=self._port,
                peer=peer,
            ),
            self._opts,
        )

    def allow_all(self, clients: Clients) -> None:
        """Let every client connect."""
        for client, peer in clients.peers():
            self.allow(client, peer)
