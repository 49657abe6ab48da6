"""The ground of all calls of MemoryDB: the account that a call is about, and its request."""

import json
from typing import Any

from moto.memorydb.responses import MemoryDBResponse

from sandbox.emulator.memorydb.model import Backend
from sandbox.emulator.stores import Values


class Calls(MemoryDBResponse):
    """Every other class of calls has these properties, and all of them become members of moto's one class."""

    @property
    def _backend(self) -> Backend:
        backend: Any = self.memorydb_backend
        return backend  # type: ignore[no-any-return]

    @property
    def _request(self) -> Values:
        request: Values = json.loads(self.body)
        return request
