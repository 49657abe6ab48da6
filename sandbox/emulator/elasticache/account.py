"""The state of ElastiCache in one account and Region, and how what is not there is refused."""

from collections.abc import Mapping
from typing import NoReturn, TypeVar

from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend

from sandbox.emulator.elasticache.replication_group import ReplicationGroup
from sandbox.emulator.stores import Values

Thing = TypeVar("Thing")


class Account:
    """Everything that one account has in one Region, by name."""

    def __init__(self, account_id: str, region: str) -> None:
        self.account_id, self.region = account_id, region
        self.parameter_groups: dict[str, Values] = {}
        self.subnet_groups: dict[str, Values] = {}
        self.users: dict[str, Values] = {}
        self.user_groups: dict[str, Values] = {}
        self.replication_groups: dict[str, ReplicationGroup] = {}
        self.snapshots: dict[str, Values] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource."""
        return f"arn:aws:elasticache:{self.region}:{self.account_id}:{kind}:{name}"

    def tag(self, arn: str, tags: list[Values]) -> None:
        """Add tags to a resource, in place of those with the same keys."""
        self.tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})

    def groups_with(self, key: str, name: str) -> list[str]:
        """The replication groups whose value of `key` is, or holds, `name`."""
        return [
            group.identifier
            for group in self.replication_groups.values()
            if name == group.values.get(key) or name in (group.values.get(key) or ())
        ]

    def parameter_group(self, name: str) -> Values:
        """A parameter group; raises CacheParameterGroupNotFound."""
        return known(self.parameter_groups, name, "CacheParameterGroupNotFound", "CacheParameterGroup")

    def subnet_group(self, name: str) -> Values:
        """A subnet group; raises CacheSubnetGroupNotFoundFault."""
        return known(self.subnet_groups, name, "CacheSubnetGroupNotFoundFault", "CacheSubnetGroup")

    def user(self, identifier: str) -> Values:
        """A user; raises UserNotFound."""
        return known(self.users, identifier, "UserNotFound", "User")

    def user_group(self, identifier: str) -> Values:
        """A user group; raises UserGroupNotFound."""
        return known(self.user_groups, identifier, "UserGroupNotFound", "UserGroup")

    def replication_group(self, identifier: str) -> ReplicationGroup:
        """A replication group; raises ReplicationGroupNotFoundFault."""
        return known(self.replication_groups, identifier, "ReplicationGroupNotFoundFault", "ReplicationGroup")


def account_of(backend: ElastiCacheBackend) -> Account:
    """The account of moto's backend, made on first use; it is kept there, so that it ends when moto starts anew."""
    new = Account(backend.account_id, backend.region_name)
    account: Account = vars(backend).setdefault("_account", new)
    return account


def known(things: Mapping[str, Thing], name: str, missing: str, what: str) -> Thing:
    """The one of that name, in lower or upper case; raises the error with the code `missing`."""
    if name.lower() not in things:
        refuse(missing, f"{what} {name} not found.")
    return things[name.lower()]


def refuse(code: str, message: str) -> NoReturn:
    """Raise the error with this code."""
    raise ElastiCacheException(code, message)
