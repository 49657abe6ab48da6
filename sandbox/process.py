"""Processes that outlive the command that started them: how they are recorded, found again and ended."""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

# The emulator holds nothing that must be written; past this it hangs and is killed.
END_TIMEOUT_SECONDS = 5


def write_atomically(path: Path, content: str, mode: int = 0o600) -> None:
    """Write a file that others read: they see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(content)
    temporary = Path(file.name)
    temporary.chmod(mode)
    temporary.replace(path)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessRecord:
    """A process of ours; `port` is where it listens on the loopback interface, if it does.

    A pid alone may have been given to a stranger since; pid and creation time (seconds since the epoch) together
    are never reused.
    """

    pid: int
    created: float
    port: int | None = None

    @classmethod
    def of(cls, process: psutil.Process, port: int | None = None) -> "ProcessRecord":
        """The record of a running process."""
        return cls(pid=process.pid, created=process.create_time(), port=port)

    @classmethod
    def read(cls, path: Path) -> "ProcessRecord | None":
        """The record in a file; None when there is no such file."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None

    def write(self, path: Path) -> None:
        """Write the record to a file that others read."""
        write_atomically(path, json.dumps(asdict(self)))

    def process(self) -> psutil.Process | None:
        """The process while it lives, None once it is gone."""
        try:
            process = psutil.Process(self.pid)
            alive = process.create_time() == self.created and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None

    def end(self) -> None:
        """End the process and wait until it is gone; does nothing when it is gone already."""
        process = self.process()
        if process is None:
            return
        process.terminate()
        try:
            process.wait(END_TIMEOUT_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(END_TIMEOUT_SECONDS)
