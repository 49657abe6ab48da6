"""A real PgBouncer with a given configuration."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from sandbox.servers.folder import ServerFolder
from sandbox.servers.programs import PGBOUNCER, Programs, find
from sandbox.servers.server import ListeningServer, in_new_folder, running

_STOP_SIGNALS = {
    "wait_for_servers": signal.SIGINT,
    "wait_for_clients": signal.SIGTERM,
    "immediate": signal.SIGQUIT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a PgBouncer will be: what its configuration needs to name its files and where it listens."""

    folder: Path
    host: str
    port: int
    version: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PgBouncerSpec:
    """What a PgBouncer is to be.

    `ini` renders pgbouncer.ini for the place that it gets; `files` are written beside it, by name (userlist,
    certificates). `console` is how to log in to the administration console: `user`, `password`, `sslmode` and the like.
    """

    ini: Callable[[Place], str]
    files: Mapping[str, str] = field(default_factory=dict)
    console: Mapping[str, str] = field(default_factory=dict, repr=False)
    host: str = "127.0.0.1"
    port: int | None = None


class PgBouncer(ListeningServer):
    """A PgBouncer listening on `host` and `port`."""

    def __init__(self, spec: PgBouncerSpec, programs: Programs, folder: ServerFolder) -> None:
        self.spec = spec
        self._ini_file = folder.path / "pgbouncer.ini"
        command = [programs.path("pgbouncer"), str(self._ini_file)]
        super().__init__("pgbouncer", folder, command, programs=programs, host=spec.host, port=spec.port)
        self.place = Place(folder=folder.path, host=self.host, port=self.port, version=programs.version)

    def start(self) -> None:
        """Write the configuration and start, for the first time or again; wait until the console answers."""
        for name, content in self.spec.files.items():
            self._folder.write(name, content)
        self._folder.write(self._ini_file.name, self.spec.ini(self.place))
        super().start()

    def stop(
        self,
        mode: Literal["wait_for_servers", "wait_for_clients", "immediate"] = "immediate",
        timeout_seconds: float = 60,
    ) -> None:
        """Stop: at once, when all transactions are done, or when all clients have left."""
        self.send(_STOP_SIGNALS[mode])
        self.wait(timeout_seconds)

    def console(self, command: str) -> list[dict[str, Any]]:
        """The rows that a command of the administration console answers with, such as `SHOW POOLS`."""
        with self._connect_to_console() as connection:
            cursor = connection.execute(command)
            return cursor.fetchall() if cursor.description else []

    def conninfo(self, **parameters: Any) -> str:
        """A connection string to this server; `parameters` add user, password, database."""
        ours = {"host": self.host, "port": self.port, "connect_timeout": 5}
        return make_conninfo(**{**ours, **parameters})

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.log_file.read_text()

    def _connect_to_console(self) -> psycopg.Connection[dict[str, Any]]:
        conninfo = self.conninfo(**{**self.spec.console, "dbname": "pgbouncer"})
        return psycopg.connect(conninfo, autocommit=True, row_factory=dict_row)

    def _answers(self) -> bool:
        try:
            self._connect_to_console().close()
        except psycopg.OperationalError:
            return False
        return True


def new_pooler(spec: PgBouncerSpec) -> PgBouncer:
    """A PgBouncer to be started, and removed when it has served. Raises: SandboxError when there is no program."""
    programs = find(PGBOUNCER)
    return in_new_folder(lambda folder: PgBouncer(spec, programs, folder))


@contextmanager
def pooler(spec: PgBouncerSpec) -> Iterator[PgBouncer]:
    """A PgBouncer for the length of the block. Raises: SandboxError with the end of its log."""
    with running(new_pooler(spec)) as server:
        yield server
