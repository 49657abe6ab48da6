"""The stores' parameters and access strings on a real Valkey 8, with real failovers and crashes.

Proves that a server takes every parameter that is not AWS's own, refuses what the table refuses, and does what the parameter
is there for; that users get no further than their patterns; and what of a session outlives a failover and a crash. Does not
prove anything of ElastiCache's or MemoryDB's own machinery: who notices a lost node there, and how soon.
"""

import time
from collections.abc import Iterator, Mapping

import pytest
import redis
from redis import exceptions

from components.cache.access import NOBODY
from components.parameters.cache_table import PARAMETERS, CacheParameterSpec
from infra.config.cache import StoreConfig
from infra.config.reading import load_file
from sandbox.errors import SandboxError
from sandbox.servers import valkey
from sandbox.servers.certificates import CertificateAuthority
from sandbox.servers.programs import VALKEY, find
from sandbox.servers.valkey import Valkey, ValkeySpec, ValkeyUser
from tests.harness.platform import STACKS, stack_file

STORES = [(stack, name) for stack in STACKS for name in ("cache", "sessions")]
# It makes a server one of a cluster, which then asks for its slots before it takes a key.
TOPOLOGY = "cluster-enabled"
# As many values of 1 KiB fill the memory below twice over.
VALUE, KEYS = "x" * 1024, 10_000
MEMORY_MIB = 6
KEYS_OF_THE_LONG_RUN = 200
# What the requirements say literally, and no managed store offers.
REQUIRED_PERSISTENCE: Mapping[str, str | int] = {
    "save": "900 1",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "auto-aof-rewrite-percentage": 100,
}


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    try:
        find(VALKEY)
    except SandboxError as missing:
        pytest.skip(f"no Valkey server: {str(missing).splitlines()[0]}")


def store(stack: str, name: str) -> StoreConfig:
    """A store as a committed stack configures it."""
    found: StoreConfig = getattr(load_file(stack_file(stack)), name)
    return found


def settings(wanted: StoreConfig, *without: str) -> dict[str, str]:
    """The store's parameter group as directives of a server; but defragmentation, which has a test of its own."""
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
    hot = [f"cache:hot:{number}" for number in range(KEYS_OF_THE_LONG_RUN)]
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


# ---- who may do what ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_access_strings_are_written_as_a_server_shows_them(stack: str) -> None:
    """Otherwise what AWS reads back would differ from what was declared, in every preview."""
    for name in ("cache", "sessions"):
        with valkey.primary() as running, running.client() as client:
            strings = {user.name: user.store_user().access_string for user in store(stack, name).users}
            for user, rules in {**strings, "nobody": NOBODY}.items():
                client.execute_command("ACL SETUSER", user, "reset", *rules.split())
            shown = {line.split()[1]: line for line in client.acl_list()}
            for user, rules in {**strings, "nobody": NOBODY}.items():
                assert shown[user].replace(" sanitize-payload", "") == f"user {user} {rules}"


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[Valkey, dict[str, ValkeyUser]]]:
    """Production's cache with its users, over TLS."""
    wanted = store("prod", "cache")
    spec = ValkeySpec(
        settings=settings(wanted, TOPOLOGY),
        users=users(wanted),
        certificate=CertificateAuthority().issue("localhost", "127.0.0.1"),
    )
    with valkey.primary(spec) as running:
        yield running, {user.name: user for user in spec.users}


def test_each_use_works_within_its_own_patterns(guarded: tuple[Valkey, dict[str, ValkeyUser]]) -> None:
    server, known = guarded
    with server.client(known["query-cache"]) as client:
        client.set("cache:animals", "1", ex=60)
        assert client.get("cache:animals") == "1"
        with client.pipeline(transaction=True) as pipeline:
            pipeline.incr("cache:n").expire("cache:n", 60)
            assert pipeline.execute() == [1, True]
    with server.client(known["rate-limit"]) as client:
        script = "local n = redis.call('INCR', KEYS[1]); redis.call('EXPIRE', KEYS[1], 60); return n"
        assert [client.eval(script, 1, "ratelimit:a") for _ in range(2)] == [1, 2]
    with server.client(known["events"]) as client:
        listener = client.pubsub(ignore_subscribe_messages=True)
        listener.subscribe("events:listings")
        assert listener.get_message(timeout=5) is None
        assert client.publish("events:listings", "new") == 1
        message = listener.get_message(timeout=5)
        assert message is not None
        assert message["data"] == "new"
        listener.close()
    with server.client(known["operator"]) as client:
        assert "cache:animals" in set(client.scan_iter())
        assert client.memory_usage("cache:animals") > 0
        assert client.info("stats")["evicted_keys"] == 0
        assert isinstance(client.slowlog_get(), list)


REFUSED = [
    ("query-cache", ("GET", "session:1")),
    ("query-cache", ("SET", "ratelimit:a", "0")),
    ("query-cache", ("FLUSHALL",)),
    ("query-cache", ("KEYS", "*")),
    ("query-cache", ("CONFIG", "GET", "maxmemory")),
    ("query-cache", ("PUBLISH", "events:listings", "x")),
    ("rate-limit", ("GET", "cache:animals")),
    ("rate-limit", ("HGETALL", "ratelimit:a")),
    ("rate-limit", ("EVAL", "return redis.call('GET', KEYS[1])", "1", "cache:animals")),
    ("events", ("PUBLISH", "other:listings", "x")),
    ("events", ("GET", "cache:animals")),
    ("operator", ("GET", "cache:animals")),
    ("operator", ("DEL", "cache:animals")),
    ("operator", ("ACL", "LIST")),
]


@pytest.mark.parametrize(
    ("user", "command"), REFUSED, ids=lambda value: " ".join(value) if isinstance(value, tuple) else value
)
def test_a_use_is_refused_outside_its_patterns_and_commands(
    guarded: tuple[Valkey, dict[str, ValkeyUser]], user: str, command: tuple[str, ...]
) -> None:
    server, known = guarded
    with (
        server.client(known[user]) as client,
        pytest.raises(exceptions.ResponseError, match=r"(?i)no permission|NOPERM|ACL failure"),
    ):
        client.execute_command(*command)


def test_who_does_not_log_in_is_refused(guarded: tuple[Valkey, dict[str, ValkeyUser]]) -> None:
    server, known = guarded
    with server.client(username=None, password=None) as client, pytest.raises(exceptions.AuthenticationError):
        client.ping()
    wrong = ValkeyUser(name="query-cache", password="not-the-password-of-anybody")
    with server.client(wrong) as client, pytest.raises(exceptions.AuthenticationError):
        client.ping()
    assert known["query-cache"].password != wrong.password


def test_plain_text_is_refused(guarded: tuple[Valkey, dict[str, ValkeyUser]]) -> None:
    server, known = guarded
    with (
        redis.Redis(
            host=server.host, port=server.port, username="query-cache",
            password=known["query-cache"].password, socket_timeout=5,
        ) as client,
        pytest.raises((exceptions.ConnectionError, exceptions.TimeoutError)),
    ):  # fmt: skip
        client.ping()


# ---- failover and crash ------------------------------------------------------------------------------------------


def test_sessions_that_a_replica_has_outlive_the_loss_of_the_primary() -> None:
    """Each was acknowledged by the replica (WAIT) before the primary was killed."""
    wanted = store("prod", "sessions")
    spec = ValkeySpec(
        settings=settings(wanted, TOPOLOGY),
        users=users(wanted),
        certificate=CertificateAuthority().issue("localhost", "127.0.0.1"),
    )
    application = next(user for user in spec.users if user.name == "sessions")
    with valkey.primary(spec) as primary, valkey.replica_of(primary) as replica:
        with primary.client(application) as client:
            for number in range(KEYS_OF_THE_LONG_RUN):
                client.set(f"session:{number}", f"user-{number}", ex=3600)
                assert client.wait(1, 5000) == 1
        with replica.client(application) as client, pytest.raises(exceptions.ReadOnlyError):
            client.set("session:0", "x")
        primary.crash()
        started = time.monotonic()
        replica.promote()
        with replica.client(application) as client:
            found = client.mget([f"session:{number}" for number in range(KEYS_OF_THE_LONG_RUN)])
            assert found == [f"user-{number}" for number in range(KEYS_OF_THE_LONG_RUN)]
            assert 0 < client.ttl("session:0") <= 3600
            client.set("session:after", "the failover", ex=3600)
        assert time.monotonic() - started < 10
        primary.start()
        primary.follow(replica)
        with primary.client(application) as client:
            assert client.get("session:after") == "the failover"


def test_the_requirements_own_persistence_brings_data_back_after_a_crash() -> None:
    """RDB every 15 min if anything changed, AOF synced every second, rewritten at twice its size: a server's kill loses nothing."""
    with valkey.primary(ValkeySpec(settings=REQUIRED_PERSISTENCE)) as server:
        with server.client() as client:
            assert client.config_get("save")["save"] == "900 1"
            for number in range(KEYS_OF_THE_LONG_RUN):
                client.set(f"session:{number}", f"user-{number}")
        server.crash()
        server.start()
        with server.client() as client:
            assert client.dbsize() == KEYS_OF_THE_LONG_RUN
            assert client.get("session:7") == "user-7"
            assert client.info("persistence")["aof_enabled"] == 1


def test_a_log_of_twice_its_size_is_rewritten_by_itself() -> None:
    small = {**REQUIRED_PERSISTENCE, "auto-aof-rewrite-min-size": "64kb"}
    with valkey.primary(ValkeySpec(settings=small)) as server, server.client() as client:
        for number in range(KEYS):
            client.set("session:the-same", VALUE)
            if number % 1000 == 0:  # what is written during a rewrite counts as its result
                server.wait_until(
                    lambda: not client.info("persistence")["aof_rewrite_in_progress"], "rewrite its log"
                )
        written = KEYS * len(VALUE)
        server.wait_until(
            lambda: bool(client.info("persistence")["aof_current_size"] < written / 2),
            "have rewritten its log",
        )
        assert client.info("persistence")["aof_last_bgrewrite_status"] == "ok"
        assert client.get("session:the-same") == VALUE


def test_without_persistence_a_crash_takes_everything() -> None:
    """What the cache is like on ElastiCache when all its nodes are lost, and why sessions are elsewhere."""
    with valkey.primary() as server:
        with server.client() as client:
            client.set("cache:1", "x")
        server.crash()
        server.start()
        with server.client() as client:
            assert client.dbsize() == 0
