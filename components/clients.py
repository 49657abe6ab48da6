"""The clients of a server: the peers that its security group lets in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """The other side of a security group's rule: the resources that carry a group of this region, or an IPv4 range."""

    security_group_id: pulumi.Input[str] | None = None
    cidr: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """Security groups and IPv4 ranges that may connect to a server."""

    security_group_ids: Sequence[str] = ()
    cidrs: Sequence[str] = ()

    def peers(self) -> Iterator[tuple[str, Peer]]:
        """Each client's name in the state, and the peer of its rule."""
        for security_group_id in self.security_group_ids:
            yield security_group_id, Peer(security_group_id=security_group_id)
        for cidr in self.cidrs:
            yield cidr, Peer(cidr=cidr)
