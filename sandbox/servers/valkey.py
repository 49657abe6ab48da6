"""A real Valkey 8: a primary, replicas of it, crash and failover by hand."""

import secrets
import signal
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.servers.certificates import ServerCertificate
from sandbox.servers.folder import ServerFolder
from sandbox.servers.programs import VALKEY, Programs, find
from sandbox.servers.server import ListeningServer, in_new_folder, running

ADMIN_USER = "sandbox-admin"
# Nothing is saved unless the settings say so, and a new replica is served at once: there is no second one to wait for.
_DEFAULTS: Mapping[str, str | int] = MappingProxyType(
    {"save": "", "appendonly": "no", "repl-diskless-sync-delay": 0}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeyUser:
    """A user of the access control list; `rules` are those of `ACL SETUSER`, such as `~cache:* +@read`."""

    name: str
    password: str = field(repr=False)
    rules: str = "~* &* +@all"


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeySpec:
    """What a Valkey server is to be.

    `settings` are directives of valkey.conf by name. With `users`, nobody else can log in but the sandbox's own
    administrator; without, everybody can. With a `certificate` it speaks TLS and nothing else.
    """

    settings: Mapping[str, str | int] = field(default_factory=dict)
    users: tuple[ValkeyUser, ...] = ()
    certificate: ServerCertificate | None = None
    host: str = "127.0.0.1"
    port: int | None = None
    admin_password: str = field(default_factory=secrets.token_urlsafe, repr=False)


class Valkey(ListeningServer):
    """A Valkey server listening on `host` and `port`; what it saves is in `data_directory` and survives a stop."""

    def __init__(
        self, spec: ValkeySpec, programs: Programs, folder: ServerFolder, source: "Valkey | None"
    ) -> None:
        self.spec, self._source = spec, source
        self.data_directory = folder.path / "data"
        self.data_directory.mkdir()
        self._configuration = folder.path / "valkey.conf"
        command = [programs.path("valkey-server"), str(self._configuration)]
        super().__init__("valkey", folder, command, programs=programs, host=spec.host, port=spec.port)

    def client(self, user: ValkeyUser | None = None, **parameters: Any) -> redis.Redis:
        """A client with text answers, logged in as `user`, or as the administrator; close it, or use it in a `with`."""
        name, password = (user.name, user.password) if user else (ADMIN_USER, self.spec.admin_password)
        ours: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "username": name,
            "password": password,
            "decode_responses": True,
            "socket_timeout": 5,
            "retry": Retry(NoBackoff(), 0),  # what its caller sees is the server's own first answer
        }
        if self.spec.certificate:
            ours |= {
                "ssl": True,
                "ssl_ca_data": self.spec.certificate.authority,
                "ssl_cert_reqs": ssl.CERT_REQUIRED,
            }
        return redis.Redis(**{**ours, **parameters})

    def start(self) -> None:
        """Start, for the first time or again, and wait until it answers; a replica until it follows its source."""
        self._configure()
        super().start()
        if self._source:
            self.wait_until(self._follows, "follow its primary")

    def stop(self) -> None:
        """Stop in order; data is saved when its settings say so."""
        self.send(signal.SIGTERM)
        self.wait()

    def promote(self) -> None:
        """Make a replica a primary."""
        with self.client() as client:
            client.replicaof("NO", "ONE")
        self._source = None

    def follow(self, source: "Valkey") -> None:
        """Make this server a replica of another and wait until it follows. Its own data is replaced."""
        self._source = source
        with self.client() as client:
            client.config_set("masteruser", ADMIN_USER, "masterauth", source.spec.admin_password)
            client.replicaof(source.host, source.port)
        self.wait_until(self._follows, "follow its primary")

    def wait_for(self, primary: "Valkey") -> None:
        """Wait until this replica has everything that `primary` has written so far."""
        with primary.client() as client:
            written = client.info("replication")["master_repl_offset"]
        with self.client() as client:
            self.wait_until(
                lambda: bool(client.info("replication")["slave_repl_offset"] >= written), "catch up"
            )

    def _configure(self) -> None:
        settings: dict[str, str | int] = {**_DEFAULTS, **self.spec.settings}
        settings |= {
            "bind": self.host,
            "dir": str(self.data_directory),
            "aclfile": str(self._folder.write("users.acl", self._access_control_list())),
            "masteruser": ADMIN_USER,
            "masterauth": (self._source or self).spec.admin_password,
        }
        settings |= self._transport()
        if self._source:
            settings["replicaof"] = f"{self._source.host} {self._source.port}"
        lines = [f"{name} {_quoted(name, value)}" for name, value in settings.items()]
        self._folder.write(self._configuration.name, "\n".join([*lines, ""]))

    def _transport(self) -> dict[str, str | int]:
        certificate = self.spec.certificate
        if not certificate:
            return {"port": self.port}
        return {
            "port": 0,
            "tls-port": self.port,
            "tls-cert-file": str(self._folder.write("server.crt", certificate.certificate)),
            "tls-key-file": str(self._folder.write("server.key", certificate.key)),
            "tls-ca-cert-file": str(self._folder.write("ca.crt", certificate.authority)),
            "tls-auth-clients": "no",
            "tls-replication": "yes",
        }

    def _access_control_list(self) -> str:
        everybody = "user default off" if self.spec.users else "user default on nopass ~* &* +@all"
        admin = ValkeyUser(name=ADMIN_USER, password=self.spec.admin_password)
        users = [f"user {each.name} on >{each.password} {each.rules}" for each in (admin, *self.spec.users)]
        return "\n".join([everybody, *users, ""])

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:  # a server that still loads its data answers so, too
            return False

    def _follows(self) -> bool:
        with self.client() as client:
            return bool(client.info("replication").get("master_link_status") == "up")


def new_primary(spec: ValkeySpec | None = None) -> Valkey:
    """A primary to be started, and removed when it has served. Raises: SandboxError when there is no program."""
    return _new_server(spec or ValkeySpec(), None)


def new_replica(source: Valkey, spec: ValkeySpec | None = None) -> Valkey:
    """A replica of `source` to be started, and removed; `spec` is the source's own unless given.

    Raises: SandboxError when there is no program.
    """
    return _new_server(spec or replace(source.spec, port=None), source)


@contextmanager
def primary(spec: ValkeySpec | None = None) -> Iterator[Valkey]:
    """A primary for the length of the block. Raises: SandboxError with the end of its log."""
    with running(new_primary(spec)) as server:
        yield server


@contextmanager
def replica_of(source: Valkey, spec: ValkeySpec | None = None) -> Iterator[Valkey]:
    """A replica of `source` for the length of the block; `spec` is the source's own unless given."""
    with running(new_replica(source, spec)) as server:
        yield server


def _new_server(spec: ValkeySpec, source: Valkey | None) -> Valkey:
    programs = find(VALKEY)
    return in_new_folder(lambda folder: Valkey(spec, programs, folder, source))


def _quoted(name: str, value: str | int) -> str:
    """A value as valkey.conf takes it; `save` and `replicaof` take several words."""
    text = str(value)
    several = name in ("save", "replicaof", "bind", "client-output-buffer-limit", "oom-score-adj-values")
    return text if several and text else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
