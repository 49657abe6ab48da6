"""The stores' parameters on a real Valkey 8.

Proves that a server takes every parameter that is not AWS's own, refuses what the table refuses, and does what the
parameter is there for. Does not prove anything of ElastiCache's or MemoryDB's own machinery. Users are in
test_valkey_users.py, failovers and crashes in test_valkey_crashes.py.
"""

import time
from collections.abc import Iterator

import pytest
import redis
from redis import exceptions

from components.parameters.cache_table import PARAMETERS, CacheParameterSpec
from sandbox.servers import valkey
from sandbox.servers.valkey import Valkey, ValkeySpec
from tests.harness.platform import STACKS
from tests.harness.stores import TOPOLOGY, settings, store

pytestmark = pytest.mark.usefixtures("valkey_programs")

STORES = [(stack, name) for stack in STACKS for name in ("cache", "sessions")]
# As many values of 1 KiB fill the memory below twice over.
VALUE, KEYS = "x" * 1024, 10_000
MEMORY_MIB = 6
HOT_KEYS = 200


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """A server with production's cache parameters, a little memory, and nobody but its administrator."""
    wanted = settings(store("prod", "cache"), TOPOLOGY)
    with valkey.primary(ValkeySpec(settings={**wanted, "maxmemory": f"{MEMORY_MIB}mb"})) as running:
        yield running


@pytest.fixture
def client(server: Valkey) -> Iterator[redis.Redis]:
    with server.client() as connected:
        connected.flushall()
        yield connected


# ---- parameters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stack", "name"), STORES)
def test_a_server_starts_with_the_whole_parameter_group(stack: str, name: str) -> None:
    wanted = settings(store(stack, name))
    with valkey.primary(ValkeySpec(settings=wanted)) as running, running.client() as client:
        assert running.version.startswith("8.")
        # Valkey 8 still reads what ElastiCache's valkey8 no longer lets anybody set.
        assert {setting: client.config_get(setting)[setting] for setting in wanted} == wanted


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_server_knows_every_parameter_that_is_not_awss_own(server: Valkey, name: str) -> None:
    with server.client() as client:
        assert bool(client.config_get(name)) is not PARAMETERS[name].managed_only


WITH_RANGES = [spec for spec in PARAMETERS.values() if spec.type == "integer" and not spec.managed_only]
# Where a server takes less than AWS does.
SERVER_MINIMUM = {
    "active-defrag-ignore-bytes": 1,
    "active-defrag-threshold-lower": 0,
    "active-defrag-threshold-upper": 0,
    "timeout": 0,
}


@pytest.mark.parametrize("spec", WITH_RANGES, ids=lambda spec: spec.name)
def test_a_server_takes_both_ends_of_a_range_and_refuses_what_is_below_its_own(
    server: Valkey, spec: CacheParameterSpec
) -> None:
    lowest = SERVER_MINIMUM.get(spec.name, spec.minimum)
    with server.client() as client:
        before = client.config_get(spec.name)[spec.name]
        try:
            for value in (spec.maximum, spec.minimum, lowest):
                client.config_set(spec.name, value)
                assert int(client.config_get(spec.name)[spec.name]) == value
            with pytest.raises(exceptions.ResponseError):
                client.config_set(spec.name, lowest - 1)
        finally:
            client.config_set(spec.name, before)


def test_a_server_with_valkeys_own_allocator_defragments() -> None:
    """Three of four values are deleted, so that hardly a page can be given back until what is left is moved together."""
    [defragmentation] = [spec.name for spec in PARAMETERS.values() if spec.needs_allocator]
    # Production's begins at a hundred times as much waste.
    less = {"active-defrag-ignore-bytes": str(2**20)}
    spec = ValkeySpec(settings={**settings(store("prod", "cache"), TOPOLOGY), **less})
    with valkey.primary(spec) as server, server.client() as client:

        def wasted_bytes() -> int:
            return int(client.info("memory")["allocator_frag_bytes"])

        if refusal := refusal_of(client, "CONFIG", "SET", defragmentation, "yes"):
            allocator = client.info("memory")["mem_allocator"]
            pytest.skip(f"this Valkey was built with {allocator}, without Valkey's patch of it: {refusal}")
        client.config_set(defragmentation, "no")
        client.mset({f"cache:{number}": VALUE for number in range(KEYS)})
        client.delete(*(f"cache:{number}" for number in range(KEYS) if number % 4))
        deleted_bytes = KEYS * 3 // 4 * len(VALUE)
        server.wait_until(lambda: wasted_bytes() > deleted_bytes / 2, "see the waste")
        client.config_set(defragmentation, "yes")
        server.wait_until(lambda: wasted_bytes() < deleted_bytes / 4, "have defragmented")
        assert client.info("stats")["active_defrag_hits"] > 0
        assert client.dbsize() == KEYS // 4
        assert client.get("cache:0") == VALUE


def refusal_of(client: redis.Redis, *command: str) -> str:
    """What the server says against a command; nothing where it does it."""
    try:
        client.execute_command(*command)  # type: ignore[no-untyped-call]
    except exceptions.ResponseError as refusal:
        return str(refusal)
    return ""


# ---- what the parameters do --------------------------------------------------------------------------------------


def test_a_full_cache_forgets_what_was_used_longest_ago(server: Valkey, client: redis.Redis) -> None:
    """With five samples eviction is a good guess and no order: mostly what is old goes. A server counts age in seconds."""
    assert client.config_get("maxmemory-samples")["maxmemory-samples"] == "5"
    hot = [f"cache:hot:{number}" for number in range(HOT_KEYS)]
    old = [f"cache:old:{number}" for number in range(KEYS // 5)]
    client.mset(dict.fromkeys([*hot, *old], VALUE))
    server.wait_until(lambda: bool(client.object("idletime", old[-1]) >= 1), "see them age")
    evicted = client.info("stats")["evicted_keys"]
    new: list[str] = []
    while client.info("stats")["evicted_keys"] - evicted < len(old) // 2:
        client.mget(hot)
        new += [f"cache:new:{len(new) + number}" for number in range(50)]
        client.mset(dict.fromkeys(new[-50:], VALUE))
    assert client.info("memory")["used_memory"] <= MEMORY_MIB * 2**20 * 1.05
    assert client.exists(*hot) / len(hot) > 0.9
    assert client.exists(*new) / len(new) > 0.9
    assert client.exists(*old) / len(old) < 0.6


def filled(client: redis.Redis) -> int:
    """How many sessions a store takes until it refuses one."""
    for taken in range(KEYS):
        if "maxmemory" in refusal_of(client, "SET", f"session:{taken}", VALUE):
            return taken
    raise AssertionError("it never refused one")


def test_full_sessions_refuse_to_take_more_and_keep_every_one() -> None:
    wanted = {**settings(store("prod", "sessions"), TOPOLOGY), "maxmemory": f"{MEMORY_MIB}mb"}
    with valkey.primary(ValkeySpec(settings=wanted)) as running, running.client() as client:
        taken = filled(client)
        assert client.dbsize() == taken
        assert client.info("stats")["evicted_keys"] == 0
        assert client.get("session:0") == VALUE


def test_what_expires_goes_though_nobody_asks_for_it(client: redis.Redis) -> None:
    before = client.info("stats")["expired_keys"]
    with client.pipeline() as pipeline:
        for number in range(1000):
            pipeline.set(f"cache:{number}", "x", px=100)
        pipeline.execute()
    deadline = time.monotonic() + 20
    while client.dbsize() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client.dbsize() == 0
    assert client.info("stats")["expired_keys"] - before == 1000


def test_small_collections_are_compact_and_large_ones_are_not(client: redis.Redis) -> None:
    def encoding(key: str) -> str:
        return str(client.object("encoding", key))

    limit = int(settings(store("prod", "cache"))["hash-max-listpack-entries"])
    client.hset("hash", mapping={f"f{number}": "v" for number in range(limit)})
    assert encoding("hash") == "listpack"
    client.hset("hash", "one-more", "v")
    assert encoding("hash") == "hashtable"
    client.hset("long", "field", "x" * 65)
    assert encoding("long") == "hashtable"
    client.zadd("scores", {f"m{number}": number for number in range(128)})
    assert encoding("scores") == "listpack"
    client.zadd("scores", {"one-more": 1})
    assert encoding("scores") == "skiplist"
    client.sadd("numbers", *range(512))
    assert encoding("numbers") == "intset"
    client.sadd("numbers", 512)
    assert encoding("numbers") != "intset"


def test_long_lists_are_compressed_in_the_middle(client: redis.Redis) -> None:
    def size(depth: int) -> int:
        client.config_set("list-compress-depth", depth)
        client.delete("list")
        client.rpush("list", *(VALUE for _ in range(500)))
        return client.memory_usage("list", samples=0) or 0

    compressed, plain = size(1), size(0)
    client.config_set("list-compress-depth", 1)
    assert compressed < plain / 5
