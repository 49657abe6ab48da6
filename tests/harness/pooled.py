"""PostgreSQL with a replica and PgBouncer in front of it, configured as the platform renders it.

Shared by the tests of the pooler, its faults and its benchmark.
"""

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from components.pgbouncer.pool_budget import PoolBudget
from components.pgbouncer.settings import DatabaseRoute, Files, PoolerSettings, render
from contract.scram import SALT_BYTES, userlist, verifier
from sandbox.servers import pgbouncer, postgres
from sandbox.servers.certificates import CertificateAuthority
from sandbox.servers.pgbouncer import PgBouncer, PgBouncerSpec, Place
from sandbox.servers.postgres import Postgres, PostgresSpec, Setting

HOST = "127.0.0.1"
DATABASE = "reptidex"
APP, REPORTS = "reptidex_app", "reptidex_reports"
ADMINISTRATOR, CONSOLE_USER = "pooler_admin", "pooler_stats"
BUDGET = PoolBudget(max_db_connections=20, default_pool_size=20, reserve_pool_size=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    """Passwords by user, and the one verifier of each that role and userlist share."""

    passwords: Mapping[str, str]
    verifiers: Mapping[str, str]

    @classmethod
    def generate(cls) -> "Secrets":
        passwords = {user: secrets.token_urlsafe(24) for user in (APP, REPORTS, ADMINISTRATOR, CONSOLE_USER)}
        verifiers = {user: verifier(password, os.urandom(SALT_BYTES)) for user, password in passwords.items()}
        return cls(passwords=passwords, verifiers=verifiers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Databases:
    """A primary and its replica, with the application's roles and database."""

    primary: Postgres
    replica: Postgres
    authority: CertificateAuthority
    secrets: Secrets = field(repr=False)

    @contextmanager
    def pooler(
        self,
        *,
        budget: PoolBudget = BUDGET,
        max_client_connections: int = 500,
        port: int | None = None,
        writer_host: str = HOST,
        authorities: str | None = None,
    ) -> Iterator[PgBouncer]:
        """A PgBouncer with the platform's settings; `writer_host` leads to the primary's port."""

        def ini(place: Place) -> str:
            settings = self.settings(place, budget=budget)
            writer = replace(settings.writer, hosts=(writer_host,))
            return render(replace(settings, writer=writer, max_client_connections=max_client_connections))

        certificate = self.authority.issue(HOST, "localhost")
        spec = PgBouncerSpec(
            ini=ini,
            files={
                "userlist.txt": userlist(self.secrets.verifiers),
                "server.crt": certificate.certificate,
                "server.key": certificate.key,
                "authorities.pem": authorities or self.authority.certificate,
            },
            console=self.login(ADMINISTRATOR),
            port=port,
        )
        with pgbouncer.pooler(spec) as running:
            yield running

    def settings(
        self,
        place: Place,
        *,
        budget: PoolBudget = BUDGET,
    ) -> PoolerSettings:
        """The platform's settings for a PgBouncer at this place in front of these databases."""
        return PoolerSettings(
            version=place.version,
            listen_address=place.host,
            listen_port=place.port,
            writer=DatabaseRoute(
                hosts=(self.primary.host,), port=self.primary.port, database_name=DATABASE, budget=budget
            ),
            readers=DatabaseRoute(
                hosts=(self.replica.host,), port=self.replica.port, database_name=DATABASE, budget=budget
            ),
            files=Files(
                userlist=f"{place.folder}/userlist.txt",
                client_certificate=f"{place.folder}/server.crt",
                client_key=f"{place.folder}/server.key",
                server_authorities=f"{place.folder}/authorities.pem",
            ),
            max_client_connections=500,
            administrators=(ADMINISTRATOR,),
            console_users=(CONSOLE_USER,),
        )

    def login(self, user: str = APP) -> dict[str, str]:
        """Connection parameters of a user: name, password, and TLS required."""
        return {"user": user, "password": self.secrets.passwords[user], "sslmode": "require"}


@contextmanager
def databases(
    settings: Mapping[str, Setting] | None = None,
    primary_host: str = HOST,
    replica_host: str = HOST,
    port: int | None = None,
    names: Sequence[str] = (),
) -> Iterator[Databases]:
    """A primary that takes TLS only, its replica, and on them the roles by verifier and the database.

    `names` are host names that both servers' certificates hold beside their address; a `port` is the port of both, which
    must then be on different hosts.
    """
    authority = CertificateAuthority()
    generated = Secrets.generate()

    def spec(host: str) -> PostgresSpec:
        return PostgresSpec(
            settings=settings or {},
            certificate=authority.issue(host, *names),
            require_tls=True,
            host=host,
            port=port,
        )

    with postgres.primary(spec(primary_host)) as primary:
        for user in (APP, REPORTS):
            # A verifier holds no character that SQL quotes differently.
            primary.query(f"create role {user} login password '{generated.verifiers[user]}'")
        primary.query(f"create database {DATABASE} owner {APP}")
        with postgres.replica_of(primary, spec(replica_host)) as replica:
            yield Databases(primary=primary, replica=replica, authority=authority, secrets=generated)
