"""What pgbouncer.ini is rendered from which settings, and which settings are refused.

Proves the text and the gates by version. Does not prove that PgBouncer takes it, nor the failover times: the sandbox tests
do, with the version that the machine has.
"""

import configparser
from dataclasses import replace
from typing import Any

import pytest

from components.pgbouncer.balancer import IDLE_SECONDS
from components.pgbouncer.pool_budget import PoolBudget
from components.pgbouncer.settings import (
    IMAGE_VERSION,
    OLDEST_VERSION,
    QUERY_WAIT_TIMEOUT_SECONDS,
    TCP_USER_TIMEOUT_MS,
    DatabaseRoute,
    Files,
    PoolerSettings,
    PoolerSettingsError,
    options,
    render,
)

BUDGET = PoolBudget(max_db_connections=25, default_pool_size=20, reserve_pool_size=2)
SETTINGS = PoolerSettings(
    version=IMAGE_VERSION,
    listen_address="0.0.0.0",
    listen_port=6432,
    writer=DatabaseRoute(hosts=("writer.example",), port=5433, database_name="reptidex", budget=BUDGET),
    readers=DatabaseRoute(
        hosts=("a.example", "b.example"), port=5433, database_name="reptidex", budget=BUDGET
    ),
    files=Files(
        userlist="/run/pgbouncer/userlist.txt",
        client_certificate="/run/pgbouncer/server.crt",
        client_key="/run/pgbouncer/server.key",
        server_authorities="/etc/pgbouncer/rds-ca.pem",
    ),
    max_client_connections=2_000,
    administrators=("pooler_admin",),
    console_users=("pooler_stats",),
)


def parsed(settings: PoolerSettings) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(comment_prefixes=(";",), delimiters=("=",))
    parser.read_string(render(settings))
    return parser


def test_the_two_databases_carry_hosts_and_their_budget() -> None:
    sections = parsed(SETTINGS)
    limits = "pool_size=20 reserve_pool_size=2 max_db_connections=25"
    assert dict(sections["databases"]) == {
        "reptidex": f"host=writer.example port=5433 dbname=reptidex {limits}",
        "reptidex_ro": f"host=a.example,b.example port=5433 dbname=reptidex {limits}",
    }


def test_tls_is_required_on_both_sides_and_the_server_is_verified() -> None:
    section = parsed(SETTINGS)["pgbouncer"]
    assert section["client_tls_sslmode"] == "require"
    assert section["server_tls_sslmode"] == "verify-full"
    assert section["auth_type"] == "scram-sha-256"
    assert (
        parsed(replace(SETTINGS, server_verification="verify-ca"))["pgbouncer"]["server_tls_sslmode"]
        == "verify-ca"
    )


def test_every_option_has_a_reason_in_the_file_and_is_there_once() -> None:
    rendered = options(SETTINGS)
    assert len({option.name for option in rendered}) == len(rendered)
    lines = render(SETTINGS).splitlines()
    for option in rendered:
        line = lines.index(f"{option.name} = {option.value}".rstrip())
        assert lines[line - 1].startswith(f"; {option.reason}")
        assert option.reason
        assert option.unit in lines[line - 1]


def test_failover_settings_agree_with_what_is_around_them() -> None:
    section = parsed(SETTINGS)["pgbouncer"]
    # A client must not be given up while RDS still fails over (120 s), and must be given up some time.
    assert 120 < QUERY_WAIT_TIMEOUT_SECONDS == int(section["query_wait_timeout"])
    # The balancer forgets quiet connections; keepalives come earlier.
    assert int(section["tcp_keepidle"]) < IDLE_SECONDS
    # Keepalives find the dead before PgBouncer begins to try connections one by one.
    keepalives_done = int(section["tcp_keepidle"]) + int(section["tcp_keepintvl"]) * int(
        section["tcp_keepcnt"]
    )
    assert keepalives_done * 1000 > TCP_USER_TIMEOUT_MS
    assert (
        int(section["tcp_keepidle"]) * 1000 < TCP_USER_TIMEOUT_MS < int(section["server_check_delay"]) * 1000
    )
    # A connection under way may not outlast one that is lost.
    assert (
        int(section["server_connect_timeout"]) * 1000
        <= TCP_USER_TIMEOUT_MS
        == int(section["tcp_user_timeout"])
    )


def test_connections_take_turns_only_where_there_are_several_hosts() -> None:
    assert parsed(SETTINGS)["pgbouncer"]["server_round_robin"] == "1"
    one = replace(SETTINGS, readers=SETTINGS.writer)
    assert parsed(one)["pgbouncer"]["server_round_robin"] == "0"


def test_an_option_of_a_later_version_is_left_out() -> None:
    old = replace(SETTINGS, version=OLDEST_VERSION, readers=SETTINGS.writer)
    assert "query_wait_notify" not in parsed(old)["pgbouncer"]
    assert parsed(replace(old, version=(1, 25)))["pgbouncer"]["query_wait_notify"] == "5"


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"version": (1, 23, 1)}, "version", "version '1.23.1' cannot be used: give 1.24.1 or newer"),
        ({"listen_port": 0}, "listen_port", "give 1 to 65535"),
        ({"max_client_connections": 0}, "max_client_connections", "give at least 1"),
        ({"administrators": ("a b",)}, "administrators", "give user names"),
        ({"console_users": ("a,b",)}, "console_users", "give user names"),
        ({"writer": replace(SETTINGS.writer, hosts=())}, "writer.hosts", "give at least one"),
        ({"writer": replace(SETTINGS.writer, hosts=("a host=b",))}, "writer.hosts", "give a host name"),
        ({"writer": replace(SETTINGS.writer, port=70_000)}, "writer.port", "give 1 to 65535"),
        (
            {"readers": replace(SETTINGS.readers, database_name="x y")},
            "readers.database_name",
            "give letters",
        ),
        ({"version": (1, 24, 1)}, "readers.hosts", "give one: PgBouncer before 1.25 checks the certificates"),
    ],
)
def test_what_pgbouncer_cannot_run_with_is_refused(change: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(PoolerSettingsError, match=reason) as refused:
        render(replace(SETTINGS, **change))
    assert refused.value.field == field


def test_several_hosts_before_that_version_need_only_their_authority_verified() -> None:
    render(replace(SETTINGS, version=OLDEST_VERSION, server_verification="verify-ca"))
