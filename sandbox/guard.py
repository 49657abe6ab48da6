"""Ends a process whose starter was killed: `python -m sandbox.guard`, started by `guarded`.

The engine runs in front of the user, with the terminal as its input, so it cannot hang on a pipe of ours itself. A
guard does: when its input ends without a word, the starter is gone, and the guard ends the engine.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, cast

import psutil

from sandbox.process import ProcessRecord

DONE = "done"


@contextmanager
def guarded(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Start `command` (`options` as for Popen); should this process die before the block ends, so does it."""
    guard = subprocess.Popen(
        [sys.executable, "-P", "-m", "sandbox.guard"],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    leash = cast("IO[str]", guard.stdin)
    process: subprocess.Popen[bytes] = subprocess.Popen(command, **options)  # type: ignore[call-overload]
    leash.write(json.dumps(asdict(ProcessRecord.of(psutil.Process(process.pid)))) + "\n")
    leash.flush()
    try:
        yield process
    finally:
        leash.write(DONE)
        leash.close()
        guard.wait()


def main() -> None:
    """Wait for the starter's word or its end."""
    record = sys.stdin.readline()
    if record and sys.stdin.readline() != DONE:
        ProcessRecord(**json.loads(record)).end()


if __name__ == "__main__":
    main()
