"""A primary with a replica for all tests of this folder; each test starts the poolers that it needs."""

import resource
from collections.abc import Iterator

import pytest

from sandbox.servers.programs import PGBOUNCER, POSTGRES
from tests.harness.pooled import Databases, databases
from tests.harness.programs import skip_without


@pytest.fixture(scope="session")
def programs() -> None:
    """Skips where no PostgreSQL 17 or no PgBouncer can be had."""
    skip_without(POSTGRES, PGBOUNCER)


@pytest.fixture(scope="session")
def running(programs: None) -> Iterator[Databases]:
    with databases(settings={"max_connections": 60}) as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def enough_open_files() -> Iterator[None]:
    """Thousands of clients are thousands of open files, in PgBouncer and in whoever plays the clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8_192
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
