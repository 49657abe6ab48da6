"""The stores of the committed stacks, as settings and users of a Valkey server."""

from components.parameters.cache_table import PARAMETERS
from infra.config.cache import StoreConfig
from infra.config.reading import load_file
from sandbox.servers.valkey import ValkeyUser
from tests.harness.platform import stack_file

# Makes a server one of a cluster, which then asks for its slots before it takes a key.
TOPOLOGY = "cluster-enabled"


def store(stack: str, name: str) -> StoreConfig:
    """A store as a committed stack configures it."""
    found: StoreConfig = getattr(load_file(stack_file(stack)), name)
    return found


def settings(wanted: StoreConfig, *without: str) -> dict[str, str]:
    """The store's parameter group as directives of a server. Defragmentation is left out: it has a test of its own."""
    return {
        each.name: each.value
        for each in wanted.parameter_group()
        if not PARAMETERS[each.name].managed_only
        and not PARAMETERS[each.name].needs_allocator
        and each.name not in without
    }


def users(wanted: StoreConfig) -> tuple[ValkeyUser, ...]:
    """The store's users, with passwords of ours."""
    return tuple(
        ValkeyUser(
            name=user.name, password=f"password-of-{user.name}", rules=user.store_user().access_string[3:]
        )
        for user in wanted.users
    )
