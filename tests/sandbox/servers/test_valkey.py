"""Real Valkey servers: users, TLS, replication, failover by hand, and what survives a crash.

Proves that what the specification says is what the server does. Does not prove anything about ElastiCache.
"""

import pytest
import redis

from sandbox.errors import SandboxError
from sandbox.servers import valkey
from sandbox.servers.certificates import ServerCertificate
from sandbox.servers.valkey import ValkeySpec, ValkeyUser

pytestmark = pytest.mark.usefixtures("valkey_programs")
READER = ValkeyUser(name="reader", password="only-reads", rules="~cache:* +@read +@connection")


def test_it_serves_with_the_given_settings_and_says_its_version() -> None:
    with (
        valkey.primary(
            ValkeySpec(settings={"maxmemory": "50mb", "maxmemory-policy": "allkeys-lru"})
        ) as server,
        server.client() as client,
    ):
        assert server.version.startswith("8.")
        assert client.info("server")["valkey_version"] == server.version
        assert client.config_get("maxmemory", "maxmemory-policy") == {
            "maxmemory": str(50 * 2**20),
            "maxmemory-policy": "allkeys-lru",
        }


def test_users_may_do_what_their_rules_say_and_strangers_nothing(certificate: ServerCertificate) -> None:
    with valkey.primary(ValkeySpec(users=(READER,), certificate=certificate)) as server:
        with server.client() as admin:
            admin.set("cache:a", "1")
        with server.client(READER) as reader:
            assert reader.get("cache:a") == "1"
            with pytest.raises(redis.exceptions.NoPermissionError):
                reader.set("cache:a", "2")
            with pytest.raises(redis.exceptions.NoPermissionError):
                reader.get("session:a")
        with (
            server.client(username=None, password=None) as stranger,
            pytest.raises(redis.exceptions.AuthenticationError),
        ):
            stranger.get("cache:a")
        with server.client(ssl=False) as plain, pytest.raises(redis.exceptions.ConnectionError):
            plain.ping()


def test_a_replica_takes_over_and_the_old_primary_follows_it(certificate: ServerCertificate) -> None:
    with (
        valkey.primary(ValkeySpec(certificate=certificate)) as old,
        valkey.replica_of(old) as new,
    ):
        with old.client() as client:
            client.set("a", "1")
        new.wait_for(old)
        with new.client() as client:
            assert client.get("a") == "1"
            with pytest.raises(redis.exceptions.ReadOnlyError):
                client.set("a", "2")
            old.crash()
            new.promote()
            client.set("a", "2")
        old.start()
        old.follow(new)
        with old.client() as client:
            assert client.get("a") == "2"


@pytest.mark.parametrize(
    ("settings", "kept"), [({"appendonly": "yes", "appendfsync": "always"}, "1"), ({}, None)]
)
def test_what_the_settings_save_survives_a_crash(settings: dict[str, str | int], kept: str | None) -> None:
    with valkey.primary(ValkeySpec(settings=settings)) as server:
        with server.client() as client:
            client.set("a", "1")
        server.crash()
        server.start()
        with server.client() as client:
            assert client.get("a") == kept


def test_a_stop_in_order_saves_a_snapshot_when_told_to() -> None:
    with valkey.primary(ValkeySpec(settings={"save": "900 1"})) as server:
        with server.client() as client:
            client.set("a", "1")
        server.stop()
        assert (server.data_directory / "dump.rdb").is_file()
        server.start()
        with server.client() as client:
            assert client.get("a") == "1"


def test_a_directive_that_does_not_exist_is_an_error_with_the_servers_own_words() -> None:
    with (
        pytest.raises(SandboxError, match="no-such-directive"),
        valkey.primary(ValkeySpec(settings={"no-such-directive": 1})),
    ):
        pass
