"""The list of calls that an emulated account refused, for the server that writes it and the commands that read it."""

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class UnknownCall:
    """A call that was refused: AWS service, operation (or method and path), and why."""

    service: str
    operation: str
    reason: str


class UnknownCalls:
    """The list of refused calls, kept in a file of JSON lines so that it can be read without the server."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def add(self, call: UnknownCall) -> None:
        """Note a refused call."""
        with self._lock, self._file.open("a") as lines:
            lines.write(json.dumps(asdict(call)) + "\n")

    def read(self) -> list[UnknownCall]:
        """Every refused call once, in the order of the first time."""
        if not self._file.exists():
            return []
        calls = (UnknownCall(**json.loads(line)) for line in self._file.read_text().splitlines())
        return list(dict.fromkeys(calls))
