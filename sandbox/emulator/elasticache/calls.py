"""The ground of all calls of ElastiCache: the account that a call is about, and how it finds and adds things there."""

from collections.abc import Mapping

from moto.elasticache.responses import ElastiCacheResponse

from sandbox.emulator.elasticache.account import Account, account_of, known, refuse
from sandbox.emulator.stores import Values


class Calls(ElastiCacheResponse):
    """Every other class of calls has these methods, and all of them become methods of moto's one class."""

    @property
    def _account(self) -> Account:
        return account_of(self.elasticache_backend)

    def _add(self, things: dict[str, Values], name: str, thing: Values, exists: str) -> None:
        if name in things:
            refuse(exists, f"{name} already exists.")
        things[name] = thing
        self._account.tag(thing["ARN"], self.params.get("Tags", []))

    def _found(self, things: Mapping[str, Values], key: str, missing: str) -> list[Values]:
        """The one that the request names, or all."""
        if key in self.params:
            return [known(things, self.params[key], missing, key)]
        return list(things.values())
