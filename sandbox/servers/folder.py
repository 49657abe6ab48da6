"""A server's folder, which goes when the last process that uses it has gone.

The owner of the folder and the servers in it hold the writing end of one pipe. A remover, a process of its own, reads
the other end. The kernel closes the pipe once all of them have ended, however they ended, and the remover then removes
the folder.

`python -m sandbox.servers.folder <folder>` is that remover.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from sandbox.processes.starter import wait_for_end_of_starter


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerFolder:
    """A folder of one server; a process started with `in_use` as an inherited file keeps the folder in being."""

    path: Path
    remover: subprocess.Popen[bytes] = field(repr=False)

    @classmethod
    def create(cls) -> "ServerFolder":
        """A new folder under the system's temporary folder. It stays until `release`, or the end of this process."""
        path = Path(tempfile.mkdtemp(prefix="reptidex-server-"))
        remover = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C ends the owner; the remover comes after it
        )
        return cls(path=path, remover=remover)

    @property
    def in_use(self) -> int:
        """The file that a process inherits to keep the folder in being: the writing end of the remover's pipe."""
        return self._pipe.fileno()

    def write(self, name: str, content: str | bytes, mode: int = 0o600) -> Path:
        """Write a file that only its owner can read, unless `mode` says otherwise; returns its path."""
        path = self.path / name
        path.touch(mode=mode)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def release(self) -> None:
        """Let go of the folder, and wait until the last server in it has ended and the folder is gone."""
        self._pipe.close()
        self.remover.wait()

    @property
    def _pipe(self) -> IO[bytes]:
        return cast("IO[bytes]", self.remover.stdin)


@contextmanager
def server_folder() -> Iterator[ServerFolder]:
    """A new folder for the length of the block."""
    folder = ServerFolder.create()
    try:
        yield folder
    finally:
        folder.release()


def _remove(folder: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wait_for_end_of_starter()
    shutil.rmtree(folder)


if __name__ == "__main__":
    _remove(Path(sys.argv[1]))
