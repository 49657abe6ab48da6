"""The end of the starter, seen from inside a Python process of ours whose standard input is a pipe of the starter's."""

import os
import threading
from collections.abc import Callable

_CHUNK_BYTES = 4096


def wait_for_end_of_starter() -> bytes:
    """Wait until the starter has closed our standard input, by its own end at the latest.

    Standard input then reads as empty: it becomes /dev/null at once, so that nothing else reads the pipe.

    Returns: everything that the starter wrote.
    """
    return _read_to_end(_take_standard_input())


def on_end_of_starter(act: Callable[[], object], *, unless: bytes | None = None) -> None:
    """Call `act` in a thread of its own when the starter has closed our standard input, by its own end at the latest.

    Nothing is called when the starter wrote `unless` before that. Standard input becomes /dev/null at once.
    """
    pipe = _take_standard_input()

    def wait() -> None:
        if _read_to_end(pipe) != unless:
            act()

    threading.Thread(target=wait, daemon=True).start()


def _take_standard_input() -> int:
    pipe = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return pipe


def _read_to_end(pipe: int) -> bytes:
    return b"".join(iter(lambda: os.read(pipe, _CHUNK_BYTES), b""))
