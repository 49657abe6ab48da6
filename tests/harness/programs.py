"""The condition of tests that need real servers."""

import pytest

from sandbox.errors import SandboxError
from sandbox.servers.programs import ServerKind, find


def skip_without(*servers: ServerKind) -> None:
    """Skip the tests where this machine has no program of one of the servers, and none can be downloaded."""
    for server in servers:
        try:
            find(server)
        except SandboxError as error:
            pytest.skip(str(error))
