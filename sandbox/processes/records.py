"""The record of a server process that outlives the command that started it, by which other commands find it."""

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from sandbox.files import write_atomically


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessRecord:
    """A server process of ours; `port` is where it listens on the loopback interface.

    A pid may be given to a stranger, and times change when the clock is set. So a server holds the lock of its
    record file for as long as it lives, and a record that nobody holds is worth nothing.
    """

    pid: int
    port: int

    @classmethod
    def read(cls, path: Path) -> "ProcessRecord | None":
        """The record of a living process; None when there is no record or its process is gone."""
        try:
            file = path.open()
        except FileNotFoundError:
            return None
        with file:
            try:
                # Shared, so that readers do not take each other for a server.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return cls(**json.load(file))
        return None

    def hold(self, path: Path) -> None:
        """Write this process's record to a file and hold the file's lock until the process ends."""
        write_atomically(path, json.dumps(asdict(self)))
        _held.append(path.open())
        fcntl.flock(_held[-1], fcntl.LOCK_EX)


# Open for as long as the process lives; the kernel then gives the locks back, however it ends.
_held: list[IO[str]] = []
