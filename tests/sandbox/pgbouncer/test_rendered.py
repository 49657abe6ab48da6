"""The rendered configuration on a real PgBouncer in front of real servers.

Proves that this version takes every option and keeps its promises: log-in, TLS, transaction pooling, read-only pool,
cancelling, limits. Does not prove it for another version than the machine's (Debian's, older than the image's), nor anything about ECS.
"""

import re
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from components.pgbouncer.pool_budget import RESERVED_CONNECTIONS, pool_budget
from components.pgbouncer.settings import IMAGE_VERSION, options
from sandbox.servers.certificates import CertificateAuthority
from sandbox.servers.pgbouncer import PgBouncer
from sandbox.servers.ports import free_port
from tests.harness.pooled import ADMINISTRATOR, APP, BUDGET, CONSOLE_USER, HOST, REPORTS, Databases
from tests.sandbox.adapter.test_leash import eventually


def connect(
    pooler: PgBouncer, running: Databases, user: str = APP, dbname: str = "reptidex", **parameters: Any
) -> psycopg.Connection[Any]:
    return psycopg.connect(
        pooler.conninfo(**{**running.login(user), "dbname": dbname, **parameters}), autocommit=True
    )


def pgbench(pooler: PgBouncer, running: Databases, *arguments: str, user: str = APP) -> subprocess.Popen[str]:
    login = running.login(user)
    return subprocess.Popen(
        [
            running.primary.programs.path("pgbench"),
            f"--host={pooler.host}",
            f"--port={pooler.port}",
            f"--username={user}",
            "--no-vacuum",
            *arguments,
            "reptidex",
        ],
        env={"PGPASSWORD": login["password"], "PGSSLMODE": "require", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


# The configuration


def test_every_option_is_taken_without_a_warning_and_at_its_value(running: Databases) -> None:
    with running.pooler() as pooler:
        with connect(pooler, running), connect(pooler, running, dbname="reptidex_ro"):
            pooler.console("RELOAD")
        shown = {row["key"]: row["value"] for row in pooler.console("SHOW CONFIG")}
        rendered = options(running.settings(pooler.place))
        assert {option.name: str(option.value) for option in rendered}.items() <= shown.items()
        assert re.findall(r".*\b(?:WARNING|ERROR|FATAL)\b.*", pooler.log) == []


def test_options_of_other_versions_are_unknown_to_this_one(running: Databases) -> None:
    with running.pooler() as pooler:
        shown = {row["key"] for row in pooler.console("SHOW CONFIG")}
        newest = options(replace(running.settings(pooler.place), version=(99,)))
        for option in newest:
            assert (option.name in shown) == (option.since <= pooler.place.version), option.name
        assert max(option.since for option in newest) <= IMAGE_VERSION


# Log-in and TLS


def test_one_verifier_serves_the_clients_login_and_the_poolers(running: Databases) -> None:
    stored = running.primary.query("select rolpassword from pg_authid where rolname = %s", (APP,))
    assert stored == [(running.secrets.verifiers[APP],)]
    with running.pooler() as pooler:
        with connect(pooler, running) as connection:
            assert connection.execute("select current_user").fetchone() == (APP,)
        with pytest.raises(psycopg.OperationalError, match="SASL authentication failed"):
            connect(pooler, running, password="wrong")
        userlist = (pooler.place.folder / "userlist.txt").read_text()
        assert not any(password in userlist for password in running.secrets.passwords.values())


def test_clients_without_tls_are_refused_and_those_that_verify_are_served(
    running: Databases, tmp_path: Path
) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text(running.authority.certificate)
    with running.pooler() as pooler:
        with pytest.raises(psycopg.OperationalError, match="SSL required"):
            connect(pooler, running, sslmode="disable")
        with connect(pooler, running, sslmode="verify-full", sslrootcert=str(authority)) as connection:
            [(encrypted,)] = connection.execute(
                "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
            ).fetchall()
            assert encrypted, "the pooler's own connection to the server"


def test_a_server_of_another_authority_gets_no_connection(running: Databases) -> None:
    stranger = CertificateAuthority("strangers").certificate
    with running.pooler(authorities=stranger) as pooler:
        with pytest.raises(psycopg.OperationalError):
            connect(pooler, running)
        assert "certificate verify failed" in pooler.log


def test_the_console_is_open_to_its_users_alone(running: Databases) -> None:
    with running.pooler() as pooler:
        with connect(pooler, running, CONSOLE_USER, "pgbouncer") as console:
            console.execute("SHOW POOLS")
            with pytest.raises(psycopg.Error, match="admin access needed"):
                console.execute("PAUSE")
        with connect(pooler, running, ADMINISTRATOR, "pgbouncer") as console:
            console.execute("RECONNECT")
        with pytest.raises(psycopg.OperationalError, match="not allowed"):
            connect(pooler, running, APP, "pgbouncer")


# Pooling


def test_drivers_prepare_statements_over_changing_server_connections(running: Databases) -> None:
    with running.pooler() as pooler, ExitStack() as stack:
        clients = [stack.enter_context(connect(pooler, running)) for _ in range(6)]
        pids = set()
        for turn in range(8):
            # Transactions that overlap spread the clients over server connections, each time in another order.
            order = list(range(6))[turn % 6 :] + list(range(6))[: turn % 6]
            for number in order:
                clients[number].execute("begin")
                # Drivers give the first statement of every session the same name, whatever it says.
                statement = f"select %s::int + {number}, pg_backend_pid()"
                row = clients[number].execute(statement, (turn,), prepare=True).fetchone()
                assert row is not None
                assert row[0] == turn + number
                pids.add(row[1])
            for number in reversed(order):
                clients[number].execute("commit")
        assert len(pids) == 6


def test_the_read_only_pool_reaches_the_replica(running: Databases) -> None:
    running.primary.query("select pg_switch_wal()")
    running.replica.wait_for(running.primary)
    with running.pooler() as pooler:
        with connect(pooler, running) as writer:
            assert writer.execute("select pg_is_in_recovery()").fetchone() == (False,)
        with connect(pooler, running, dbname="reptidex_ro") as reader:
            assert reader.execute("select pg_is_in_recovery()").fetchone() == (True,)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                reader.execute("create table refused (id int)")


# Cancelling behind a load balancer


@contextmanager
def taking_turns(ports: Sequence[int]) -> Iterator[int]:
    """A load balancer: each connection to the port that it yields goes to the next of `ports`."""
    with closing(socket.create_server((HOST, 0))) as listener:
        listener.settimeout(0.1)
        ended = threading.Event()
        flows: list[threading.Thread] = []

        def carry(source: socket.socket, target: socket.socket) -> None:
            try:
                while data := source.recv(4096):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the other side has closed

        def serve() -> None:
            count = 0
            with ExitStack() as sockets:
                while not ended.is_set():
                    try:
                        client = sockets.enter_context(listener.accept()[0])
                    except TimeoutError:
                        continue
                    client.settimeout(None)
                    server = sockets.enter_context(
                        socket.create_connection((HOST, ports[count % len(ports)]))
                    )
                    count += 1
                    for pair in ((client, server), (server, client)):
                        flows.append(threading.Thread(target=carry, args=pair))
                        flows[-1].start()
                for flow in flows:
                    flow.join()

        balancer = threading.Thread(target=serve)
        balancer.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            ended.set()
            balancer.join()


def cancelled(running: Databases, *, sticky: bool) -> bool:
    """Whether a query is cancelled by way of a balancer that sends a client to the same pooler again, or to the other."""
    ports = [free_port(), free_port()]
    outcome: list[bool] = []

    def run(connection: psycopg.Connection[Any]) -> None:
        try:
            connection.execute("select pg_sleep(3)")
            outcome.append(False)
        except psycopg.errors.QueryCanceled:
            outcome.append(True)

    with ExitStack() as stack:
        poolers = [stack.enter_context(running.pooler(port=port)) for port in ports]
        port = stack.enter_context(taking_turns(ports[:1] if sticky else ports))
        connection = stack.enter_context(connect(poolers[0], running, port=port))
        query = threading.Thread(target=run, args=(connection,))
        query.start()
        assert eventually(
            lambda: (
                running.primary.query(
                    "select count(*) from pg_stat_activity where query ~ '^select pg_sleep'"
                )
                == [(1,)]
            )
        )
        connection.cancel_safe(timeout=5)
        query.join()
    return outcome == [True]


def test_a_cancel_request_reaches_its_query_when_the_balancer_is_sticky(running: Databases) -> None:
    assert cancelled(running, sticky=True)


def test_at_another_pooler_it_is_lost(running: Databases) -> None:
    assert not cancelled(running, sticky=False)


# Limits


def most_connections(running: Databases, load: Sequence[subprocess.Popen[str]]) -> int:
    """The most server connections that the application's roles have at once until the load has ended."""
    most = 0
    with running.primary.connect() as observer:
        while any(each.poll() is None for each in load):
            [(count,)] = observer.execute(
                "select count(*) from pg_stat_activity where usename = any(%s)", ([APP, REPORTS],)
            ).fetchall()
            most = max(most, count)
            with suppress(subprocess.TimeoutExpired):
                load[0].wait(0.02)
    return most


def test_two_thousand_clients_share_twenty_server_connections(running: Databases) -> None:
    script = "select 1;\n"
    with running.pooler(max_client_connections=2_100) as pooler:
        path = pooler.place.folder.parent / f"{pooler.place.folder.name}.sql"
        path.write_text(script)
        try:
            clients = pgbench(
                pooler,
                running,
                "--client=2000",
                "--jobs=2",
                "--transactions=5",
                "--protocol=prepared",
                f"--file={path}",
            )
            most = most_connections(running, [clients])
            output = clients.communicate()[0]
        finally:
            path.unlink()
        assert clients.returncode == 0, output
        assert "number of transactions actually processed: 10000/10000" in output
        assert "number of failed transactions: 0" in output
        assert 1 < most <= BUDGET.max_db_connections


def test_the_budget_holds_when_every_task_of_a_deployment_is_under_load(
    running: Databases, tmp_path: Path
) -> None:
    max_connections, headroom, tasks = 60, 9, 3
    budget = pool_budget(
        max_connections=max_connections,
        headroom_connections=headroom,
        max_tasks=2,
        deployment_maximum_percent=150,
        users=2,
    )
    running.primary.query(f"grant connect on database reptidex to {REPORTS}")
    path = tmp_path / "held.sql"
    path.write_text("begin;\nselect pg_sleep(0.2);\ncommit;\n")
    with ExitStack() as stack:
        poolers = [stack.enter_context(running.pooler(budget=budget)) for _ in range(tasks)]
        load = [
            pgbench(pooler, running, "--client=16", "--time=6", f"--file={path}", user=user)
            for pooler in poolers
            for user in (APP, REPORTS)
        ]
        most = most_connections(running, load)
        outputs = [each.communicate()[0] for each in load]
    assert all("number of failed transactions: 0" in output for output in outputs), outputs
    assert most <= max_connections - RESERVED_CONNECTIONS - headroom
    assert most >= tasks * budget.max_db_connections - tasks, "the poolers took what they may"
    assert "too many clients" not in running.primary.log_file.read_text()
