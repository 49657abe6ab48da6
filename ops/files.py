"""Files that a command reads and writes; a failure of the file system is one message."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.errors import OpsError


@contextmanager
def reading(file: str | Path) -> Iterator[None]:
    """A block that reads `file`. Raises: OpsError in place of OSError."""
    try:
        yield
    except OSError as error:
        raise OpsError(f"{file} cannot be read: {error.strerror}") from None


def read_bytes(file: str | Path) -> bytes:
    """The content of a file. Raises: OpsError."""
    with reading(file):
        return Path(file).read_bytes()


def read_text(file: str | Path) -> str:
    """The content of a text file. Raises: OpsError; UnicodeDecodeError where the file is no text."""
    with reading(file):
        return Path(file).read_text()


def write_text(file: str | Path, text: str) -> None:
    """Write a file, in place of what it held. Raises: OpsError."""
    try:
        Path(file).write_text(text)
    except OSError as error:
        raise OpsError(f"{file} cannot be written: {error.strerror}") from error
