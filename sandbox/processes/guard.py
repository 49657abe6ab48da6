"""Ends a process whose starter was killed: `python -m sandbox.processes.guard`, started by `guarded`.

The engine runs in front of the user, with the terminal as its input, so it cannot hang on a pipe of ours itself. A
guard does: when its input ends without a word, the starter is gone, and the guard ends the engine.
"""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import psutil

from sandbox.processes.ending import end

DONE = "done"
# An engine that is interrupted finishes what it is in the middle of and writes its state; the calls that it still
# makes fail at once, because the emulated account has gone with the starter.
ENGINE_GRACE_SECONDS = 60


@contextmanager
def guarded(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Start `command` (`options` as for Popen); should this process die, or the block fail, the command is ended."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "sandbox.processes.guard"],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as guard:
        pipe = cast("IO[str]", guard.stdin)
        process: subprocess.Popen[bytes] = subprocess.Popen(command, **options)  # type: ignore[call-overload]
        pipe.write(f"{process.pid}\n")
        pipe.flush()
        yield process
        pipe.write(DONE)


def main() -> None:
    """Wait for the starter's word or its end."""
    pid = sys.stdin.readline()
    if not pid:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(int(pid))  # at once, while the pid cannot be anybody else's
        if sys.stdin.readline() != DONE:
            end(process, signal.SIGINT, ENGINE_GRACE_SECONDS)


if __name__ == "__main__":
    main()
