"""A real PostgreSQL 17: a primary, replicas that stream from it, crash and promotion."""

import functools
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg.conninfo import make_conninfo

from sandbox.errors import SandboxError
from sandbox.servers.certificates import ServerCertificate
from sandbox.servers.folder import ServerFolder
from sandbox.servers.programs import POSTGRES, Programs, find
from sandbox.servers.server import ListeningServer, in_new_folder, run_tool, running

Setting = str | int | float | bool
Authentication = Literal["scram-sha-256", "trust"]
_SETTINGS_FILE = "sandbox.conf"
_STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresSpec:
    """What a PostgreSQL server is to be.

    `settings` are parameters by name; an unknown name is an error, also with the prefix of a library. `extensions` must
    be there to be created. With a `certificate` it speaks TLS, and with `require_tls` nothing else. Without a `port` a
    free one is taken.
    """

    settings: Mapping[str, Setting] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    admin_user: str = "postgres"
    admin_password: str = field(default_factory=secrets.token_urlsafe, repr=False)
    authentication: Authentication = "scram-sha-256"
    certificate: ServerCertificate | None = None
    require_tls: bool = False
    host: str = "127.0.0.1"
    port: int | None = None


class Postgres(ListeningServer):
    """A PostgreSQL cluster and its server process, listening on `host` and `port`."""

    def __init__(self, spec: PostgresSpec, programs: Programs, folder: ServerFolder) -> None:
        self.spec = spec
        self.data_directory = folder.path / "data"
        command = [programs.path("postgres"), "-D", str(self.data_directory)]
        super().__init__("postgres", folder, command, programs=programs, host=spec.host, port=spec.port)

    def conninfo(self, **parameters: Any) -> str:
        """A connection string of the administrator to database `postgres`; `parameters` replace or add."""
        ours = {
            "host": self.host,
            "port": self.port,
            "user": self.spec.admin_user,
            "password": self.spec.admin_password,
            "dbname": "postgres",
            "sslmode": "require" if self.spec.certificate else "disable",
            "connect_timeout": 5,
        }
        return make_conninfo(**{**ours, **parameters})

    def connect(self, **parameters: Any) -> psycopg.Connection[Any]:
        """A connection of the administrator that commits each statement by itself."""
        return psycopg.connect(self.conninfo(**parameters), autocommit=True)

    def query(self, statement: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement in a connection of its own; none for a statement that returns none."""
        with self.connect() as connection:
            cursor = connection.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start the server, for the first time or again, and wait until it takes connections."""
        super().start()
        self._refuse_unknown_settings()

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop the server as `pg_ctl stop` does; see `crash` for one that gets no chance to stop."""
        self.send(_STOP_SIGNALS[mode])
        self.wait()

    def promote(self) -> None:
        """Make a replica a primary and wait until it takes writes."""
        self.query("select pg_promote(wait => true)")

    def wait_for(self, primary: "Postgres") -> None:
        """Wait until this replica has replayed everything that `primary` has written so far."""
        [(written,)] = primary.query("select pg_current_wal_lsn()::text")
        self.wait_until(
            lambda: bool(self.query("select pg_last_wal_replay_lsn() >= %s::pg_lsn", (written,))[0][0]),
            "replay the primary's log",
        )

    def create_cluster(self) -> None:
        """Make an empty cluster with checksums and the administrator."""
        password_file = self._folder.write("password", self.spec.admin_password)
        run_tool(
            [
                self.programs.path("initdb"),
                f"--pgdata={self.data_directory}",
                f"--username={self.spec.admin_user}",
                f"--pwfile={password_file}",
                f"--auth={self.spec.authentication}",
                "--data-checksums",
                "--no-sync",  # nothing is in it yet
                "--encoding=UTF8",
                "--locale-provider=builtin",  # the same on every system
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ],
            self._folder,
        )
        password_file.unlink()
        with (self.data_directory / "postgresql.conf").open("a") as configuration:
            configuration.write(f"\ninclude '{_SETTINGS_FILE}'\n")
        self.configure()

    def copy_cluster(self, primary: "Postgres") -> None:
        """Make a copy of `primary`'s cluster that streams from it through a slot of its own."""
        run_tool(
            [
                self.programs.path("pg_basebackup"),
                f"--pgdata={self.data_directory}",
                "--checkpoint=fast",
                "--wal-method=stream",
                "--write-recovery-conf",
                "--create-slot",
                f"--slot=replica_{self.port}",
                "--no-sync",
                f"--dbname={primary.conninfo(password=None)}",
            ],
            self._folder,
            {"PGPASSWORD": primary.spec.admin_password},
        )
        self.configure()

    def configure(self) -> None:
        """Write the settings, who may connect, and certificates; `start` or a reload makes them count."""
        settings: dict[str, Setting] = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": "",
            **self.spec.settings,
        }
        if self.spec.certificate:
            self._folder.write("server.crt", self.spec.certificate.certificate)
            self._folder.write("server.key", self.spec.certificate.key)
            settings |= {
                "ssl": True,
                "ssl_cert_file": str(self._folder.path / "server.crt"),
                "ssl_key_file": str(self._folder.path / "server.key"),
            }
        lines = "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())
        self._folder.write(f"data/{_SETTINGS_FILE}", lines)
        kind = "hostssl" if self.spec.require_tls else "host"
        rules = "".join(
            f"{kind} {who} all all {self.spec.authentication}\n" for who in ("all", "replication")
        )
        self._folder.write("data/pg_hba.conf", rules)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _refuse_unknown_settings(self) -> None:
        # PostgreSQL keeps a name with a prefix of no loaded library as a placeholder, which its catalogue leaves out.
        known = {name.lower() for (name,) in self.query("select name from pg_settings")}
        unknown = sorted(name for name in self.spec.settings if name.lower() not in known)
        if unknown:
            self.crash()
            raise SandboxError(f"PostgreSQL {self.version} does not know {', '.join(unknown)}")


def new_primary(spec: PostgresSpec | None = None) -> Postgres:
    """A primary to be started, on an empty cluster, and removed when it has served. Raises: SandboxError."""
    return _new_server(spec or PostgresSpec(), Postgres.create_cluster)


def new_replica(source: Postgres, spec: PostgresSpec | None = None) -> Postgres:
    """A replica to be started, which then streams from `source`, and removed when it has served. Raises: SandboxError.

    `spec` is the source's own unless given, with a port of its own; the administrator is the source's in any case.
    """
    wanted = replace(
        spec or replace(source.spec, port=None),
        admin_user=source.spec.admin_user,
        admin_password=source.spec.admin_password,
    )
    return _new_server(wanted, lambda server: server.copy_cluster(source))


@contextmanager
def primary(spec: PostgresSpec | None = None) -> Iterator[Postgres]:
    """A primary for the length of the block, on an empty cluster. Raises: SandboxError."""
    with running(new_primary(spec)) as server:
        yield server


@contextmanager
def replica_of(source: Postgres, spec: PostgresSpec | None = None) -> Iterator[Postgres]:
    """A replica that streams from `source`, for the length of the block; see `new_replica`. Raises: SandboxError."""
    with running(new_replica(source, spec)) as server:
        yield server


def _new_server(spec: PostgresSpec, make_cluster: Callable[[Postgres], None]) -> Postgres:
    programs = find(POSTGRES, functools.partial(_missing_extensions, spec.extensions))

    def make(folder: ServerFolder) -> Postgres:
        server = Postgres(spec, programs, folder)
        make_cluster(server)
        return server

    return in_new_folder(make)


def _missing_extensions(wanted: tuple[str, ...], folder: Path) -> str | None:
    if not wanted:
        return None
    shared = subprocess.run([folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=True)
    extensions = Path(shared.stdout.strip()) / "extension"
    missing = [name for name in wanted if not (extensions / f"{name}.control").is_file()]
    return f"it has no {', '.join(missing)}" if missing else None


def _quoted(value: Setting) -> str:
    text = ("on" if value else "off") if isinstance(value, bool) else str(value)
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
