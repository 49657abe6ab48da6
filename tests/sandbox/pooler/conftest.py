"""A task of the pool without its container: the image's own entrypoint, as an ordinary user, in a folder that stands for its file system."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from components.pgbouncer.pool_budget import PoolBudget
from components.pgbouncer.settings import DatabaseRoute, Files, PoolerSettings, render
from components.pgbouncer.task import STOP_SECONDS
from contract.scram import SALT_BYTES, userlist, verifier
from sandbox.servers import postgres
from sandbox.servers.certificates import CertificateAuthority
from sandbox.servers.folder import ServerFolder, server_folder
from sandbox.servers.ports import free_port
from sandbox.servers.postgres import Postgres, PostgresSpec
from sandbox.servers.programs import PGBOUNCER, POSTGRES, find
from sandbox.servers.server import Server, as_server_user
from tests.harness.platform import ROOT
from tests.harness.programs import skip_without

IMAGE = ROOT / "components" / "pgbouncer" / "image"
HOST = "127.0.0.1"
DATABASE = "reptidex"
# Longer than the subject of a certificate can be.
TLS_NAME = f"pooler.{'a-zone-with-a-long-name.' * 3}internal"
USERS = ("app_a", "app_b")
BUDGET = PoolBudget(max_db_connections=10, default_pool_size=8, reserve_pool_size=1)


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Skips where no PostgreSQL 17, PgBouncer or openssl can be had."""
    skip_without(POSTGRES, PGBOUNCER)
    if shutil.which("openssl") is None:
        pytest.skip("no `openssl` on this machine")


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A PostgreSQL that takes TLS only, with both users; `passwords` and `verifiers` are theirs."""

    server: Postgres
    authority: str
    passwords: Mapping[str, str]
    verifiers: Mapping[str, str]

    def verifier_of(self, username: str) -> str:
        """What the server has stored by now."""
        [[stored]] = self.server.query("select rolpassword from pg_authid where rolname = %s", (username,))
        return str(stored)


@pytest.fixture
def database() -> Iterator[Database]:
    """Anew for each test: rotation changes it."""
    authority = CertificateAuthority()
    certificate = authority.issue("localhost", HOST)
    passwords = {username: secrets.token_hex(16) for username in USERS}
    verifiers = {
        username: verifier(password, secrets.token_bytes(SALT_BYTES))
        for username, password in passwords.items()
    }
    with postgres.primary(PostgresSpec(certificate=certificate, require_tls=True)) as server:
        with server.connect() as admin:
            admin.execute(f"create database {DATABASE}")
            for username, stored in verifiers.items():
                admin.execute(f"create role {username} login password '{stored}'")
        yield Database(
            server=server, authority=authority.certificate, passwords=passwords, verifiers=verifiers
        )


class Task(Server):
    """The pooler container's process. `socket_directory` and `secrets_directory` are what the image has under /run."""

    def __init__(self, folder: ServerFolder, settings: PoolerSettings, users: str) -> None:
        self.secrets_directory, self.socket_directory = folder.path / "secrets", folder.path / "socket"
        self.port = settings.listen_port
        self._bin = folder.path / "bin"
        for directory in (self.secrets_directory, self.socket_directory, self._bin):
            directory.mkdir(mode=0o700)
        for script in ("entrypoint", "health", "metrics.py"):
            folder.write(f"bin/{script}", (IMAGE / script).read_text(), mode=0o700)
        # What ECS sets: in a file, for a command line can be read by everybody.
        variables = {
            "PGBOUNCER_INI": render(settings),
            "PGBOUNCER_USERLIST": users,
            "PGBOUNCER_TLS_NAME": TLS_NAME,
        }
        for name, text in variables.items():
            folder.write(name, text)
        lines = [f'{name}="$(cat {folder.path / name})"; export {name}' for name in variables]
        command = f'exec {self._bin / "entrypoint"} "$@"'
        folder.write(
            "bin/start", "\n".join(["#!/bin/sh", f"export PATH={self.path}", *lines, command, ""]), 0o700
        )
        super().__init__("task", folder, [str(self._bin / "start"), str(self.secrets_directory)])

    @property
    def path(self) -> str:
        """Where the image's programs are found: PgBouncer and psql as in /usr/local/bin."""
        folders = [self._bin, find(PGBOUNCER).folder, find(POSTGRES).folder]
        return os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"])

    def _answers(self) -> bool:
        """A task counts as started once it is healthy."""
        return self.health() == 0

    def stop(self) -> None:
        """Stop as ECS does, and wait."""
        self.send(signal.SIGINT)
        self.wait(STOP_SECONDS)

    def health(self, timeout_seconds: float = 10) -> int:
        """What the container's health check exits with. Raises: TimeoutExpired."""

        command = [str(self._bin / "health"), str(self.socket_directory), str(self.port)]
        return subprocess.run(
            as_server_user(command),
            env={"PATH": self.path},
            capture_output=True,
            check=False,
            timeout=timeout_seconds,
        ).returncode

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.log_file.read_text()

    def connect(
        self, username: str, password: str, **parameters: object
    ) -> psycopg.Connection[tuple[object, ...]]:
        """A client's session."""
        return psycopg.connect(
            host=HOST,
            port=self.port,
            dbname=DATABASE,
            user=username,
            password=password,
            sslmode="require",
            connect_timeout=5,
            autocommit=True,
            **parameters,  # type: ignore[arg-type]
        )


@contextmanager
def task(database: Database, verifiers: Mapping[str, str] | None = None) -> Iterator[Task]:
    """A healthy task in front of the database, for the length of the block."""
    with server_folder() as folder:
        route = DatabaseRoute(hosts=[HOST], port=database.server.port, database_name=DATABASE, budget=BUDGET)
        authorities = folder.write("rds-ca.pem", database.authority, 0o644)
        secrets_directory = folder.path / "secrets"
        settings = PoolerSettings(
            version=find(PGBOUNCER).version,
            listen_address=HOST,
            listen_port=free_port(HOST),
            socket_directory=str(folder.path / "socket"),
            writer=route,
            readers=route,
            files=Files(
                userlist=str(secrets_directory / "userlist.txt"),
                client_certificate=str(secrets_directory / "client.crt"),
                client_key=str(secrets_directory / "client.key"),
                server_authorities=str(authorities),
            ),
            max_client_connections=100,
        )
        started = Task(folder, settings, userlist(verifiers or database.verifiers))
        try:
            started.start()
            yield started
        finally:
            started.crash()
