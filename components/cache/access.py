"""Who may do what in a store: roles, and the access strings that make them.

An access string is written the way a server shows it back (`ACL LIST`): whatever differs from that would be seen as a
change in every preview. Source of the notation: ElastiCache user guide, "Role-Based Access Control (RBAC)" and Valkey
documentation, "ACL".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

# What every client sends while it finds out who has which key.
TOPOLOGY = "+cluster|slots +cluster|shards +cluster|nodes"
# Who does not log in as somebody is nobody.
NOBODY = "off resetchannels -@all"


class Role(StrEnum):
    """What a user may do with its keys and channels. An observer sees names, sizes and times of all keys, and no content."""

    READ_WRITE = "read-write"
    COUNTER = "counter"
    MESSAGING = "messaging"
    OBSERVER = "observer"


# After these, no command is allowed that could stop, empty or reveal the server, but the ones that follow.
COMMANDS: Mapping[Role, str] = MappingProxyType(
    {
        Role.READ_WRITE: "+@read +@write +@transaction -@dangerous",
        Role.COUNTER: (
            "-@dangerous +get +set +del +incr +incrby +expire +pexpire +ttl +pttl +eval +evalsha +script|load"
        ),
        Role.MESSAGING: (
            "-@dangerous +publish +spublish +subscribe +ssubscribe +psubscribe +unsubscribe +sunsubscribe +punsubscribe"
        ),
        Role.OBSERVER: (
            "-@dangerous +scan +type +ttl +pttl +dbsize +memory|usage +object|encoding +object|idletime +info "
            "+slowlog|get +slowlog|len"
        ),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreUser:
    """One use of a store. `keys` and `channels` are patterns such as `session:*`; an observer has all keys."""

    name: str
    role: Role
    keys: Sequence[str] = ()
    channels: Sequence[str] = ()

    @property
    def access_string(self) -> str:
        """What the user may do, in the notation of AWS and of the server."""
        patterns = ["*"] if self.role is Role.OBSERVER else self.keys
        keys = [f"~{pattern}" for pattern in patterns]
        channels = [f"&{pattern}" for pattern in self.channels]
        return " ".join(
            ["on", *keys, "resetchannels", *channels, "-@all", "+@connection", COMMANDS[self.role], TOPOLOGY]
        )
