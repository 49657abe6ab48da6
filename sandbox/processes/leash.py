"""Run a command that cannot outlive the process that started it.

`python -m sandbox.processes.leash -- command arguments…` does that.

The starter holds the leash: it opens a pipe as this process's standard input and keeps the writing end. When the
starter ends in any way, SIGKILL included, the kernel closes that end, and the command's process group gets SIGTERM
and, five seconds later, SIGKILL.

The command takes over this very process, so its exit code and its signals are its own; a small watcher beside it
waits on the pipe. The command leads a process group of its own and is therefore not reached by Ctrl-C in a terminal:
whoever started it decides when it ends. It reads nothing: its standard input is /dev/null.
"""

import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

GRACE_SECONDS = 5.0
_CHECK_SECONDS = 0.5


def start_leashed(command: list[str], **options: Any) -> subprocess.Popen[Any]:
    """Start `command` on a leash, `options` as for Popen. Closing the process's `stdin` ends the command too."""
    return subprocess.Popen(_leashed(command), stdin=subprocess.PIPE, **options)


def run_leashed(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `command` on a leash to its end, whatever its exit code, and capture its output as text.

    `options` as for `subprocess.run`.
    """
    pipe, our_end = os.pipe()
    try:
        return subprocess.run(
            _leashed(command), stdin=pipe, capture_output=True, text=True, check=False, **options
        )
    finally:
        os.close(our_end)
        os.close(pipe)


def _leashed(command: list[str]) -> list[str]:
    return [sys.executable, "-P", "-m", "sandbox.processes.leash", "--", *command]


def main(arguments: list[str]) -> None:
    """Become the command in `arguments`, watched; returns never."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        sys.exit("usage: python -m sandbox.processes.leash -- command [arguments]")
    group = os.getpid()
    if os.getpgrp() != group:
        os.setpgid(0, 0)
    _start_watcher(group)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    try:
        os.execvp(command[0], command)  # noqa: S606 - a shell would be one more process
    except OSError as error:
        sys.exit(f"cannot start {command[0]}: {error.strerror}")


def _start_watcher(group: int) -> None:
    # Forked twice, the watcher is nobody's child: the command never meets a child that it did not start.
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    if os.fork() == 0:
        _watch(group)
    os._exit(0)


def _watch(group: int) -> None:
    # A session of its own keeps the watcher out of the group that it may have to end.
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _let_go_of_output()
    while not _starter_is_gone():
        if not _signal(group, 0):
            return
    _signal(group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and _signal(group, 0):
        time.sleep(0.05)
    _signal(group, signal.SIGKILL)


def _let_go_of_output() -> None:
    # Whoever reads the command's output waits for its end, not for the watcher's.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def _starter_is_gone() -> bool:
    """Wait a moment for the pipe to close; anything written to it is read and ignored."""
    readable, _, _ = select.select([0], [], [], _CHECK_SECONDS)
    return bool(readable) and not os.read(0, 4096)


def _signal(group: int, number: int) -> bool:
    """Signal the group; False when nothing is left of it."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        # macOS answers so when only a zombie is left.
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
