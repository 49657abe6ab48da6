"""A real PgBouncer in front of a real PostgreSQL: it serves, reports and stops in each of its ways.

Proves that the sandbox runs PgBouncer as told. Does not prove the platform's own configuration.
"""

import signal

import psycopg
import pytest

from sandbox.errors import SandboxError
from sandbox.servers import pgbouncer, postgres
from sandbox.servers.pgbouncer import PgBouncerSpec, Place
from sandbox.servers.postgres import Postgres, PostgresSpec
from tests.sandbox.adapter.test_leash import eventually

pytestmark = pytest.mark.usefixtures("pgbouncer_programs")


def spec(server: Postgres) -> PgBouncerSpec:
    def ini(place: Place) -> str:
        return f"""
            [databases]
            postgres = host={server.host} port={server.port}
            [pgbouncer]
            listen_addr = {place.host}
            listen_port = {place.port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {place.folder}/userlist.txt
            admin_users = postgres
            pool_mode = transaction
        """

    return PgBouncerSpec(ini=ini, files={"userlist.txt": '"postgres" ""\n'}, console={"user": "postgres"})


def test_it_serves_and_says_its_version_and_pools() -> None:
    with (
        postgres.primary(PostgresSpec(authentication="trust")) as server,
        pgbouncer.pooler(spec(server)) as pooler,
        psycopg.connect(pooler.conninfo(user="postgres", dbname="postgres")) as connection,
    ):
        assert connection.execute("select 1").fetchone() == (1,)
        assert tuple(map(int, pooler.version.split("."))) >= (1, 24, 1)
        [pool] = [row for row in pooler.console("SHOW POOLS") if row["database"] == "postgres"]
        assert pool["pool_mode"] == "transaction"
        assert pool["cl_active"] == 1


def test_it_stops_as_told() -> None:
    with (
        postgres.primary(PostgresSpec(authentication="trust")) as server,
        pgbouncer.pooler(spec(server)) as pooler,
    ):
        conninfo = pooler.conninfo(user="postgres", dbname="postgres")
        with psycopg.connect(conninfo, autocommit=True) as busy:
            with busy.transaction():
                busy.execute("select 1")
                pooler.send(signal.SIGINT)
                assert eventually(lambda: "SHUTDOWN WAIT_FOR_SERVERS" in pooler.log or "SIGINT" in pooler.log)
                assert pooler.is_running
            assert pooler.wait() == 0
        pooler.start()
        with psycopg.connect(conninfo):
            pooler.stop("immediate")
        pooler.start()
        pooler.stop("wait_for_clients")


def test_a_configuration_that_it_does_not_take_is_an_error_with_its_own_words() -> None:
    wrong = PgBouncerSpec(ini=lambda _: "[pgbouncer]\npool_mode = sometimes\n")
    with pytest.raises(SandboxError, match="pool_mode"), pgbouncer.pooler(wrong):
        pass
