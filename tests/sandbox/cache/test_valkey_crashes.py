"""Failovers and crashes of the stores on a real Valkey 8.

Proves which data outlives a failover and a crash. Does not prove anything of ElastiCache's or MemoryDB's own
machinery: who notices a lost node there, and how soon.
"""

import time
from collections.abc import Mapping

import pytest
from redis import exceptions

from sandbox.servers import valkey
from sandbox.servers.certificates import CertificateAuthority
from sandbox.servers.valkey import ValkeySpec
from tests.harness.stores import TOPOLOGY, settings, store, users

pytestmark = pytest.mark.usefixtures("valkey_programs")

SESSIONS = 200
# Writes of 1 KiB: many times the size at which the log is rewritten.
VALUE, WRITES = "x" * 1024, 10_000
# What the requirements say literally, and no managed store offers.
REQUIRED_PERSISTENCE: Mapping[str, str | int] = {
    "save": "900 1",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "auto-aof-rewrite-percentage": 100,
}


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
            for number in range(SESSIONS):
                client.set(f"session:{number}", f"user-{number}", ex=3600)
                assert client.wait(1, 5000) == 1
        with replica.client(application) as client, pytest.raises(exceptions.ReadOnlyError):
            client.set("session:0", "x")
        primary.crash()
        started = time.monotonic()
        replica.promote()
        with replica.client(application) as client:
            found = client.mget([f"session:{number}" for number in range(SESSIONS)])
            assert found == [f"user-{number}" for number in range(SESSIONS)]
            assert 0 < client.ttl("session:0") <= 3600
            client.set("session:after", "the failover", ex=3600)
        assert time.monotonic() - started < 10
        primary.start()
        primary.follow(replica)
        with primary.client(application) as client:
            assert client.get("session:after") == "the failover"


def test_the_requirements_own_persistence_brings_data_back_after_a_crash() -> None:
    """RDB every 15 min if anything changed, AOF synced every second and rewritten at twice its size.

    The kill of a server loses nothing.
    """
    with valkey.primary(ValkeySpec(settings=REQUIRED_PERSISTENCE)) as server:
        with server.client() as client:
            assert client.config_get("save")["save"] == "900 1"
            for number in range(SESSIONS):
                client.set(f"session:{number}", f"user-{number}")
        server.crash()
        server.start()
        with server.client() as client:
            assert client.dbsize() == SESSIONS
            assert client.get("session:7") == "user-7"
            assert client.info("persistence")["aof_enabled"] == 1


def test_a_log_of_twice_its_size_is_rewritten_by_itself() -> None:
    small = {**REQUIRED_PERSISTENCE, "auto-aof-rewrite-min-size": "64kb"}
    with valkey.primary(ValkeySpec(settings=small)) as server, server.client() as client:
        for number in range(WRITES):
            client.set("session:the-same", VALUE)
            if number % 1000 == 0:  # what is written during a rewrite counts as its result
                server.wait_until(
                    lambda: not client.info("persistence")["aof_rewrite_in_progress"], "rewrite its log"
                )
        written = WRITES * len(VALUE)
        server.wait_until(
            lambda: bool(client.info("persistence")["aof_current_size"] < written / 2),
            "have rewritten its log",
        )
        assert client.info("persistence")["aof_last_bgrewrite_status"] == "ok"
        assert client.get("session:the-same") == VALUE


def test_without_persistence_a_crash_takes_everything() -> None:
    """The cache on ElastiCache after the loss of all its nodes, and the reason why sessions are elsewhere."""
    with valkey.primary() as server:
        with server.client() as client:
            client.set("cache:1", "x")
        server.crash()
        server.start()
        with server.client() as client:
            assert client.dbsize() == 0
