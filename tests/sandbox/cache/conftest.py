"""The condition of tests that need a real Valkey."""

import pytest

from sandbox.servers.programs import VALKEY
from tests.harness.programs import skip_without


@pytest.fixture(scope="session")
def valkey_programs() -> None:
    """Skips where no Valkey 8 can be had."""
    skip_without(VALKEY)
