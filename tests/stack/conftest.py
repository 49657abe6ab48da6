"""Each committed stack and its recording, for tests that hold for both."""

import pytest

from desired.recording import Recording
from tests.harness.platform import STACKS, declared


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    """The name of a committed stack."""
    return str(request.param)


@pytest.fixture
def recording(stack: str) -> Recording:
    """Everything that the stack declares."""
    return declared(stack)
