"""A server's folder, which goes when the last process that uses it has gone.

Owner and servers share one open file that is locked. A remover beside them waits for the lock, which the kernel gives
away once all of them have ended, however they ended, and then removes the folder.

`python -m sandbox.servers.folder <folder>` is that remover.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LOCK_FILE = "in-use"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerFolder:
    """A folder of one server; a process started with `in_use` as an inherited file keeps the folder in being."""

    path: Path
    in_use: int

    def write(self, name: str, content: str | bytes, mode: int = 0o600) -> Path:
        """Write a file that only its owner can read, unless `mode` says otherwise; returns its path."""
        path = self.path / name
        path.touch(mode=mode)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


@contextmanager
def server_folder() -> Iterator[ServerFolder]:
    """A new folder under the system's temporary folder; it is gone when the block has ended."""
    path = Path(tempfile.mkdtemp(prefix="reptidex-server-"))
    in_use = os.open(path / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(in_use, fcntl.LOCK_EX)
    remover = subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C ends the owner; the remover comes after it
    )
    try:
        yield ServerFolder(path=path, in_use=in_use)
    finally:
        os.close(in_use)
        remover.wait()


def _remove(folder: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with (folder / _LOCK_FILE).open() as in_use:
        fcntl.flock(in_use, fcntl.LOCK_EX)
    shutil.rmtree(folder)


if __name__ == "__main__":
    _remove(Path(sys.argv[1]))
