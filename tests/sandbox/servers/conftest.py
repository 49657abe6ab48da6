"""Whether the servers can be had on this machine, and one certificate authority for all tests of this folder."""

import pytest

from sandbox.servers.certificates import CertificateAuthority, ServerCertificate
from sandbox.servers.programs import PGBOUNCER, POSTGRES, VALKEY
from tests.harness.programs import skip_without

HOST = "127.0.0.1"


@pytest.fixture(scope="session")
def postgres_programs() -> None:
    """Skips where no PostgreSQL 17 can be had."""
    skip_without(POSTGRES)


@pytest.fixture(scope="session")
def pgbouncer_programs(postgres_programs: None) -> None:
    """Skips where no PgBouncer, or no PostgreSQL behind it, can be had."""
    skip_without(PGBOUNCER)


@pytest.fixture(scope="session")
def valkey_programs() -> None:
    """Skips where no Valkey 8 can be had."""
    skip_without(VALKEY)


@pytest.fixture(scope="session")
def certificate() -> ServerCertificate:
    """A certificate for 127.0.0.1 and localhost."""
    return CertificateAuthority().issue(HOST, "localhost")
