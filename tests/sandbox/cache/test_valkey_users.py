"""The stores' users and access strings on a real Valkey 8.

Proves that users get no further than their patterns and that nobody else gets in. Does not prove that AWS's engines
have the same commands.
"""

from collections.abc import Iterator

import pytest
import redis
from redis import exceptions

from components.cache.access import NOBODY
from sandbox.servers import valkey
from sandbox.servers.certificates import CertificateAuthority
from sandbox.servers.valkey import Valkey, ValkeySpec, ValkeyUser
from tests.harness.platform import STACKS
from tests.harness.stores import TOPOLOGY, settings, store, users

pytestmark = pytest.mark.usefixtures("valkey_programs")


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
            host=server.host,
            port=server.port,
            username="query-cache",
            password=known["query-cache"].password,
            socket_timeout=5,
        ) as client,
        pytest.raises((exceptions.ConnectionError, exceptions.TimeoutError)),
    ):
        client.ping()
