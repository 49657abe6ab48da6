"""The image's entrypoint, health check and reporter, with a real PgBouncer and a real PostgreSQL.

Proves what they write, with which modes, that the pool serves and stops, and that nothing leaks into the log or the process.
Does not prove the Dockerfile: no container is built here.
"""

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import psutil
import psycopg
import pytest

from components.pgbouncer.image import metrics
from components.pgbouncer.task import STOP_SECONDS
from sandbox.servers.server import as_server_user
from tests.sandbox.adapter.test_leash import eventually
from tests.sandbox.pooler.conftest import DATABASE, HOST, IMAGE, TLS_NAME, Database, Task, task


def test_clients_log_in_by_verifier_over_tls_on_both_sides(database: Database) -> None:
    with task(database) as pooler, pooler.connect("app_a", database.passwords["app_a"]) as client:
        row = client.execute(
            "select current_user, ssl from pg_stat_ssl where pid = pg_backend_pid()"
        ).fetchone()
        assert row == ("app_a", True)
        assert client.pgconn.ssl_in_use


def test_a_client_without_tls_or_with_another_password_is_refused(database: Database) -> None:
    with task(database) as pooler:
        with pytest.raises(psycopg.OperationalError, match="SSL required"):
            psycopg.connect(
                host=HOST,
                port=pooler.port,
                dbname=DATABASE,
                user="app_a",
                password=database.passwords["app_a"],
                sslmode="disable",
            )
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            pooler.connect("app_a", database.passwords["app_b"])


def test_what_it_writes_is_for_its_own_user_alone_and_the_certificate_has_the_pools_name(
    database: Database,
) -> None:
    with task(database) as pooler:
        written = {path.name: path for path in pooler.secrets_directory.iterdir()}
        assert set(written) == {"pgbouncer.ini", "userlist.txt", "client.key", "client.crt"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in written.values()} == {0o600}
        certificate = ssl._ssl._test_decode_cert(str(written["client.crt"]))  # type: ignore[attr-defined]
        assert certificate["subjectAltName"] == (("DNS", TLS_NAME),)


def test_two_tasks_never_have_the_same_key(database: Database) -> None:
    with task(database) as one, task(database) as other:
        keys = {(each.secrets_directory / "client.key").read_text() for each in (one, other)}
        assert len(keys) == 2


def test_the_process_is_pgbouncer_itself_and_its_environment_has_no_list_of_users(database: Database) -> None:
    with task(database) as pooler:
        process = psutil.Process(pooler.pid)
        assert "pgbouncer" in " ".join(process.cmdline())
        assert not any("SCRAM-SHA-256" in text for text in process.environ().values())
        assert not any("SCRAM-SHA-256" in text for text in process.cmdline())
        assert "SCRAM-SHA-256" not in pooler.log


VARIABLES = ("PGBOUNCER_INI", "PGBOUNCER_USERLIST", "PGBOUNCER_TLS_NAME")


def entrypoint(secrets_directory: Path, *without: str) -> subprocess.CompletedProcess[str]:
    """The entrypoint run to its end, with a value for every variable that it needs, except for those in `without`."""
    variables = {name: "x" for name in VARIABLES if name not in without}
    return subprocess.run(
        [str(IMAGE / "entrypoint"), str(secrets_directory)],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", VARIABLES)
def test_a_missing_variable_is_named(tmp_path: Path, missing: str) -> None:
    done = entrypoint(tmp_path, missing)
    assert done.returncode != 0
    assert f"{missing}: is missing" in done.stderr


def test_a_certificate_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "client.key").mkdir()
    done = entrypoint(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("no certificate: ")
    assert "client.key" in done.stderr


def test_health_checks_and_connections_that_say_nothing_leave_no_line_in_the_log(database: Database) -> None:
    with task(database) as pooler:
        before = pooler.log
        for _ in range(5):
            assert pooler.health() == 0
            socket.create_connection((HOST, pooler.port)).close()
        # Its loop has seen all of them once it answers again.
        assert pooler.health() == 0
        assert pooler.log == before


def test_a_pooler_that_hangs_is_unhealthy_although_the_kernel_still_takes_connections(
    database: Database,
) -> None:
    with task(database) as pooler:
        pooler.send(signal.SIGSTOP)
        try:
            socket.create_connection((HOST, pooler.port)).close()
            with pytest.raises(subprocess.TimeoutExpired):
                pooler.health(timeout_seconds=2)
        finally:
            pooler.send(signal.SIGCONT)


def test_the_reporter_reads_the_real_console(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with task(database) as pooler, pooler.connect("app_a", database.passwords["app_a"]) as client:
        run_psql_as_the_server_user(pooler, monkeypatch, tmp_path)
        with client.transaction():
            client.execute("select 1")
            metrics.report("Pool", str(pooler.socket_directory), str(pooler.port))
        [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if DATABASE in line]
        assert line["ClientsActive"] == 1
        assert line["ClientsWaiting"] == 0
        assert line["ServersActive"] == 1
        assert line["Servers"] == 1


def test_the_reporter_says_so_when_the_console_does_not_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with task(database) as pooler:
        run_psql_as_the_server_user(pooler, monkeypatch, tmp_path)
        pooler.crash()
        metrics.report("Pool", str(pooler.socket_directory), str(pooler.port))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "does not answer" in printed.err


def test_a_stop_ends_each_client_after_its_transaction_and_takes_no_new_one(database: Database) -> None:
    password = database.passwords["app_a"]
    with task(database) as pooler, pooler.connect("app_a", password) as client:
        with client.transaction():
            client.execute("select 1")
            pooler.send(signal.SIGINT)  # the image's STOPSIGNAL
            assert eventually(lambda: refuses(pooler, password))
            assert client.execute("select 2").fetchone() == (2,)
        assert pooler.wait(STOP_SECONDS) == 0


def test_the_image_stops_by_the_signal_that_was_tried_here() -> None:
    assert "STOPSIGNAL SIGINT" in (IMAGE / "Dockerfile").read_text()


def refuses(pooler: Task, password: str) -> bool:
    try:
        pooler.connect("app_a", password).close()
    except psycopg.OperationalError:
        return True
    return False


def run_psql_as_the_server_user(pooler: Task, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The console lets in whoever has the pooler's own user id, as the reporter has in the task."""
    [psql] = [
        Path(place) / "psql" for place in pooler.path.split(os.pathsep) if (Path(place) / "psql").is_file()
    ][:1]
    wrapper = folder / "psql"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(as_server_user([str(psql)]))} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{pooler.path}")
