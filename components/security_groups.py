"""Security groups and their rules. Every rule is a resource of its own, so that one can come and go alone."""

import pulumi
from pulumi_aws import ec2, vpc

from components.clients import Clients, Peer

HTTPS_PORT = 443
ANY_ADDRESS = "0.0.0.0/0"


def allow_ingress(
    name: str,
    group_id: pulumi.Input[str],
    *,
    description: str,
    port: int,
    peer: Peer,
    opts: pulumi.ResourceOptions,
) -> None:
    """Let `peer` connect to one TCP port of the group's resources; `name` is the rule's name in the state."""
    vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group_id,
        description=description,
        referenced_security_group_id=peer.security_group_id,
        cidr_ipv4=peer.cidr,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=opts,
    )


def allow_egress(
    name: str,
    group_id: pulumi.Input[str],
    *,
    description: str,
    port: int,
    peer: Peer,
    opts: pulumi.ResourceOptions,
) -> None:
    """Let the group's resources connect to one TCP port of `peer`; `name` is the rule's name in the state."""
    vpc.SecurityGroupEgressRule(
        name,
        security_group_id=group_id,
        description=description,
        referenced_security_group_id=peer.security_group_id,
        cidr_ipv4=peer.cidr,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=opts,
    )


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
            self.id,
            description=f"{self._protocol} from {client}",
            port=self._port,
            peer=peer,
            opts=self._opts,
        )

    def allow_all(self, clients: Clients) -> None:
        """Let every client connect."""
        for client, peer in clients.peers():
            self.allow(client, peer)
