"""PgBouncer's configuration, from typed settings to `pgbouncer.ini`.

Every option that is rendered has a row with its unit, its reason and the PgBouncer version that brought it; options that
are not here keep PgBouncer's default. Sources: PgBouncer's `doc/config.md` and `NEWS.md` of 1.24.1 and 1.25.2. The
failover times were measured with real servers: see the tests in `tests/sandbox/pgbouncer`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.errors import FieldError
from components.pgbouncer.pool_budget import PoolBudget

Version = tuple[int, ...]
# What is rendered here was tried with this version and later ones.
OLDEST_VERSION: Version = (1, 24, 1)
# What the image has. 1.25.2 is the least: it closes CVE-2026-6664, by which anybody who can connect can crash the pooler.
IMAGE_VERSION: Version = (1, 25, 2)

# The names that applications connect to: writes, and reads that may be a moment old.
WRITER_DATABASE = "reptidex"
READER_DATABASE = "reptidex_ro"

# The longest that a failover of an RDS Multi-AZ instance typically takes is 120 s (RDS guide, "Failing over a Multi-AZ DB
# instance"); clients in the queue wait that long and a little more before they are told. One that begins a transaction once
# a connect has failed, with no server connection left, is disconnected at once (PgBouncer's check_fast_fail).
QUERY_WAIT_TIMEOUT_SECONDS = 150
# The server's silence that counts as its loss. It is what ends connections to a host that is gone: keepalives do not run
# while a query is unanswered. Networks of one region are not silent for so long.
TCP_USER_TIMEOUT_MS = 5_000
# With this, keepalives end an idle connection to a host that is gone within TCP_USER_TIMEOUT_MS, too.
TCP_KEEPIDLE_SECONDS = 3
# How soon a server that is back, or a name that has moved, is noticed. Each costs an attempt to connect or a look-up, and
# only while connections are needed: five a second are nothing to a server. The name's own time to live comes on top, since
# newer versions of the DNS library keep answers that long (seen with c-ares 1.34; it is 5 s for the names of RDS).
SERVER_LOGIN_RETRY_SECONDS = 0.2
DNS_MAX_TTL_SECONDS = 0.1
# TLS and SCRAM take some 10 ms within a region; PgBouncer opens one connection at a time, so one that hangs holds up all.
SERVER_CONNECT_TIMEOUT_SECONDS = 3


class PoolerSettingsError(FieldError):
    """Settings that PgBouncer cannot run with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseRoute:
    """Where the connections of one database go, and how many there may be.

    `hosts` are DNS names. Of several, each new connection takes the next one; one that is down is tried again and again,
    once for each turn.
    """

    hosts: Sequence[str]
    port: int
    database_name: str
    budget: PoolBudget


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Paths of what the configuration names, as PgBouncer sees them; all are read, none is written."""

    userlist: str
    client_certificate: str
    client_key: str
    server_authorities: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolerSettings:
    """One PgBouncer process.

    `server_verification` is `verify-full` where `hosts` are the names in the servers' certificates, `verify-ca` where they
    are names of ours that lead there. `socket_directory` gets the Unix socket. `console_users` may run SHOW commands, `administrators` all of them.
    """

    version: Version
    listen_address: str
    listen_port: int
    writer: DatabaseRoute
    readers: DatabaseRoute
    files: Files
    max_client_connections: int
    socket_directory: str = ""
    server_verification: Literal["verify-full", "verify-ca"] = "verify-full"
    administrators: Sequence[str] = ()
    console_users: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One line of the section [pgbouncer]; `since` is the version that brought it."""

    name: str
    value: str | float
    reason: str
    unit: str = ""
    since: Version = OLDEST_VERSION


def options(settings: PoolerSettings) -> tuple[Option, ...]:
    """The section [pgbouncer] for the settings' version, by subject. Raises: PoolerSettingsError."""
    _check(settings)
    rows = (*_listening(settings), *_pooling(settings), *_access(settings), *_FAILURE, *_NETWORK, *_LOG)
    return tuple(row for row in rows if row.since <= settings.version)


def render(settings: PoolerSettings) -> str:
    """`pgbouncer.ini` for the settings' version: each option under its reason. Raises: PoolerSettingsError."""
    rendered = options(settings)
    lines = [
        "[databases]",
        _route(WRITER_DATABASE, settings.writer),
        _route(READER_DATABASE, settings.readers),
    ]
    lines += ["", "[pgbouncer]"]
    for option in rendered:
        unit = f" [{option.unit}]" if option.unit else ""
        lines += [f"; {option.reason}{unit}", f"{option.name} = {option.value}".rstrip()]
    return "\n".join([*lines, ""])


def _listening(settings: PoolerSettings) -> tuple[Option, ...]:
    return (
        Option(name="listen_addr", value=settings.listen_address, reason="where clients connect"),
        Option(name="listen_port", value=settings.listen_port, reason="where clients connect"),
        Option(
            name="unix_socket_dir",
            value=settings.socket_directory,
            reason="the console, for the pooler's own system user; empty is no socket",
        ),
        Option(
            name="listen_backlog",
            value=4096,
            unit="connections",
            reason="all clients may come back at once; 4096 is Linux's own limit (net.core.somaxconn)",
        ),
        Option(
            name="max_client_conn",
            value=settings.max_client_connections,
            unit="connections",
            reason="clients beyond it are refused at once; each takes a file descriptor",
        ),
        Option(
            name="client_login_timeout",
            value=15,
            unit="s",
            reason="a connection that does not log in is given up: a slow TLS handshake takes a second",
        ),
    )


def _pooling(settings: PoolerSettings) -> tuple[Option, ...]:
    return (
        Option(
            name="pool_mode",
            value="transaction",
            reason="a server connection serves one transaction at a time",
        ),
        Option(
            name="max_prepared_statements",
            value=200,
            unit="statements per server connection",
            reason="drivers prepare by themselves; without it they fail in transaction pooling",
        ),
        Option(
            name="min_pool_size",
            value=0,
            unit="connections",
            reason="idle connections are let go, so that the database's connection count means something",
        ),
        Option(
            name="reserve_pool_timeout",
            value=1,
            unit="s",
            reason="a client that waited this long is worth one of the reserve",
        ),
        Option(
            name="server_round_robin",
            value=int(len(settings.readers.hosts) > 1 or len(settings.writer.hosts) > 1),
            reason="with several hosts behind a database, their connections take turns",
        ),
        Option(
            name="server_lifetime",
            value=600,
            unit="s",
            reason="a connection is renewed, and with it its look-up of the name and its memory in the server",
        ),
        Option(
            name="server_idle_timeout",
            value=600,
            unit="s",
            reason="unused connections go long before the server ends them (idle_session_timeout, 1 h)",
        ),
        Option(
            name="ignore_startup_parameters",
            value="extra_float_digits",
            reason="drivers and exporters send it; PostgreSQL 12 and later print floats exactly without it",
        ),
    )


def _access(settings: PoolerSettings) -> tuple[Option, ...]:
    files = settings.files
    return (
        Option(
            name="auth_type", value="scram-sha-256", reason="the only kind that RDS is told to accept, too"
        ),
        Option(name="auth_file", value=files.userlist, reason="verifiers: RDS shows them to nobody who asks"),
        Option(
            name="admin_users",
            value=",".join(settings.administrators),
            reason="who may pause, reload and kill",
        ),
        Option(name="stats_users", value=",".join(settings.console_users), reason="who may look"),
        Option(name="client_tls_sslmode", value="require", reason="no client without TLS"),
        Option(name="client_tls_cert_file", value=files.client_certificate, reason="shown to clients"),
        Option(name="client_tls_key_file", value=files.client_key, reason="belongs to the certificate"),
        Option(
            name="server_tls_sslmode",
            value=settings.server_verification,
            reason="the default, prefer, takes any certificate",
        ),
        Option(name="server_tls_ca_file", value=files.server_authorities, reason="who signs the servers"),
    )


_FAILURE = (
    Option(
        name="server_login_retry",
        value=SERVER_LOGIN_RETRY_SECONDS,
        unit="s",
        reason="a server that is back is used within this time; the default of 15 refuses clients as long",
    ),
    Option(
        name="dns_max_ttl",
        value=DNS_MAX_TTL_SECONDS,
        unit="s",
        reason="a name that has moved is followed within this time and that of its record",
    ),
    Option(
        name="dns_nxdomain_ttl",
        value=DNS_MAX_TTL_SECONDS,
        unit="s",
        reason="the same for a name that was missing",
    ),
    Option(
        name="server_connect_timeout",
        value=SERVER_CONNECT_TIMEOUT_SECONDS,
        unit="s",
        reason="connections are opened one at a time: one that hangs holds up the others",
    ),
    Option(
        name="server_check_delay",
        value=10,
        unit="s",
        reason="a connection unused for longer is tried before a client gets it, but only once keepalives have sorted out "
        "the dead: tries are made one by one, and nothing else is connected meanwhile",
    ),
    Option(
        name="query_wait_timeout",
        value=QUERY_WAIT_TIMEOUT_SECONDS,
        unit="s",
        reason="clients in the queue wait out a failover, typically 60 to 120 s, and no longer",
    ),
    Option(
        name="query_wait_notify",
        value=5,
        unit="s",
        reason="a client that waits longer is told so in a notice, and its log shows a full pool",
        since=(1, 25),
    ),
    Option(
        name="cancel_wait_timeout",
        value=10,
        unit="s",
        reason="a cancel request that cannot be delivered is given up",
    ),
    Option(name="query_timeout", value=0, unit="s", reason="long jobs are the database's own business"),
)

_NETWORK = (
    Option(
        name="tcp_user_timeout",
        value=TCP_USER_TIMEOUT_MS,
        unit="ms",
        reason="a peer that acknowledges nothing for this long is gone",
    ),
    Option(name="tcp_keepalive", value=1, reason="quiet connections are tried, too"),
    Option(
        name="tcp_keepidle",
        value=TCP_KEEPIDLE_SECONDS,
        unit="s",
        reason="idle connections to a host that is gone end when busy ones do",
    ),
    Option(name="tcp_keepintvl", value=1, unit="s", reason="time between tries"),
    Option(name="tcp_keepcnt", value=3, unit="tries", reason="unanswered tries until it is gone"),
)

_LOG = (
    Option(name="log_connections", value=0, reason="at a thousand a second they are all one would read"),
    Option(name="log_disconnections", value=0, reason="likewise, and health checks would be most of them"),
    Option(name="log_pooler_errors", value=1, reason="what clients are told is worth a line"),
    Option(name="log_stats", value=1, reason="one line a minute with load and waiting time"),
    Option(name="stats_period", value=60, unit="s", reason="averages over the period of a CloudWatch metric"),
)

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_MULTI_HOST_VERIFICATION: Version = (1, 25)


def _route(name: str, route: DatabaseRoute) -> str:
    budget = route.budget
    parts = {
        "host": ",".join(route.hosts),
        "port": route.port,
        "dbname": route.database_name,
        "pool_size": budget.default_pool_size,
        "reserve_pool_size": budget.reserve_pool_size,
        "max_db_connections": budget.max_db_connections,
    }
    return f"{name} = " + " ".join(f"{key}={value}" for key, value in parts.items())


def _check(settings: PoolerSettings) -> None:
    if settings.version < OLDEST_VERSION:
        _refuse("version", settings.version, f"give {_dotted(OLDEST_VERSION)} or newer")
    _check_port("listen_port", settings.listen_port)
    if settings.max_client_connections < 1:
        _refuse("max_client_connections", settings.max_client_connections, "give at least 1")
    for field, route in (("writer", settings.writer), ("readers", settings.readers)):
        _check_route(field, route, settings)
    for field, users in (
        ("administrators", settings.administrators),
        ("console_users", settings.console_users),
    ):
        for user in users:
            if not _NAME.fullmatch(user):
                _refuse(field, user, "give user names of letters, digits and _")


def _check_port(field: str, port: int) -> None:
    if not 0 < port < 2**16:
        _refuse(field, port, "give 1 to 65535")


def _check_route(field: str, route: DatabaseRoute, settings: PoolerSettings) -> None:
    if not route.hosts:
        _refuse(
            f"{field}.hosts", "()", "give at least one; without replicas, readers go to the writer's host"
        )
    for host in route.hosts:
        if not _HOST.fullmatch(host):
            _refuse(f"{field}.hosts", host, "give a host name")
    _check_port(f"{field}.port", route.port)
    if not _NAME.fullmatch(route.database_name):
        _refuse(f"{field}.database_name", route.database_name, "give letters, digits and _")
    if (
        len(route.hosts) > 1
        and settings.server_verification == "verify-full"
        and settings.version < _MULTI_HOST_VERIFICATION
    ):
        _refuse(
            f"{field}.hosts",
            ",".join(route.hosts),
            f"give one: PgBouncer before {_dotted(_MULTI_HOST_VERIFICATION)} checks the certificates of several hosts "
            "against one of their names",
        )


def _refuse(field: str, value: object, allowed: str) -> None:
    shown = _dotted(value) if isinstance(value, tuple) else value
    raise PoolerSettingsError(field, f"{field} {shown!r} cannot be used: {allowed}")


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
