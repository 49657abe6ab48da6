"""Real PostgreSQL servers: log-in, TLS, replication, crash and promotion.

Proves that what the specification says is what the server does. Does not prove anything about RDS.
"""

import signal
from pathlib import Path

import psycopg
import pytest

from sandbox.errors import SandboxError
from sandbox.servers import postgres
from sandbox.servers.certificates import CertificateAuthority, ServerCertificate
from sandbox.servers.postgres import PostgresSpec
from tests.sandbox.adapter.test_leash import eventually

pytestmark = pytest.mark.usefixtures("postgres_programs")


def test_it_serves_with_scram_checksums_and_the_given_settings_and_says_its_version() -> None:
    with postgres.primary(PostgresSpec(settings={"work_mem": "5MB", "log_lock_waits": True})) as server:
        assert server.version.startswith("17.")
        shown = {
            name: server.query(f"show {name}")[0][0]
            for name in ("server_version", "data_checksums", "work_mem", "log_lock_waits")
        }
        assert shown.pop("server_version").startswith(server.version)
        assert shown == {"data_checksums": "on", "work_mem": "5MB", "log_lock_waits": "on"}
        [(verifier,)] = server.query("select rolpassword from pg_authid where rolname = 'postgres'")
        assert verifier.startswith("SCRAM-SHA-256$")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            server.connect(password="wrong")


def test_with_tls_required_it_takes_verified_connections_and_no_others(
    certificate: ServerCertificate, tmp_path: Path
) -> None:
    ours, strangers = tmp_path / "ours.pem", tmp_path / "strangers.pem"
    ours.write_text(certificate.authority)
    strangers.write_text(CertificateAuthority("strangers").certificate)
    with postgres.primary(PostgresSpec(certificate=certificate, require_tls=True)) as server:
        with server.connect(sslmode="verify-full", sslrootcert=ours) as connection:
            assert connection.execute(
                "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
            ).fetchone() == (True,)
        with pytest.raises(psycopg.OperationalError, match="no encryption"):
            server.connect(sslmode="disable")
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            server.connect(sslmode="verify-full", sslrootcert=strangers)


def test_a_replica_streams_and_takes_over_when_the_primary_crashes() -> None:
    with postgres.primary() as primary, postgres.replica_of(primary) as replica:
        primary.query("create table reptiles as select 'gecko' as name")
        replica.wait_for(primary)
        assert replica.query("select name from reptiles") == [("gecko",)]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            replica.query("insert into reptiles values ('skink')")
        [slots] = primary.query("select count(*) from pg_replication_slots where active")
        assert slots == (1,)
        primary.crash()
        replica.promote()
        replica.query("insert into reptiles values ('skink')")
        assert replica.query("select count(*) from reptiles") == [(2,)]


@pytest.mark.parametrize("how", ["fast", "immediate", "crash"])
def test_what_was_committed_survives_every_stop(how: str) -> None:
    with postgres.primary() as server:
        server.query("create table kept as select 1 as value")
        with server.connect():  # a client that stays does not hold up the stop
            if how == "crash":
                server.crash()
            else:
                server.stop("fast" if how == "fast" else "immediate")
            assert not server.is_running
        server.start()
        assert server.query("select value from kept") == [(1,)]


def test_a_smart_stop_waits_for_its_clients() -> None:
    with postgres.primary() as server:
        with server.connect() as connection:
            server.send(signal.SIGTERM)
            assert eventually(lambda: "smart shutdown" in server.log_file.read_text())
            assert connection.execute("select 1").fetchone() == (1,)
        assert server.wait() == 0


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"no_such_parameter": 1}, 'unrecognized configuration parameter "no_such_parameter"'),
        ({"work_mem": "much"}, 'invalid value for parameter "work_mem": "much"'),
        # PostgreSQL alone takes this one for a setting of a library to come.
        ({"auto_explain.no_such": "1"}, "does not know auto_explain.no_such"),
        (
            {"shared_preload_libraries": "auto_explain", "auto_explain.no_such": "1"},
            "does not know auto_explain.no_such",
        ),
    ],
)
def test_a_setting_that_does_not_exist_or_fit_is_refused(
    settings: dict[str, postgres.Setting], reason: str
) -> None:
    with pytest.raises(SandboxError) as refused, postgres.primary(PostgresSpec(settings=settings)):
        pass
    assert reason in str(refused.value)


def test_the_extensions_of_the_platform_can_be_created() -> None:
    extensions = (
        "pg_cron",
        "pg_partman",
        "postgis",
        "pg_trgm",
        "pg_stat_statements",
        "amcheck",
        "pgstattuple",
    )
    settings = {"shared_preload_libraries": "pg_cron,pg_stat_statements"}
    with postgres.primary(PostgresSpec(settings=settings, extensions=extensions)) as server:
        for extension in extensions:
            server.query(f"create extension {extension}")
        [(version,)] = server.query("select postgis_version()")
        assert version.startswith("3.")
