"""The leash with real processes: what is started through it ends with its starter, and is otherwise its own process.

The stand-in starters are killed outright, which no handler of theirs can soften. Proves that nothing outlives them; does not
prove it for a starter that keeps the pipe open in another process.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

LEASH = [sys.executable, "-m", "sandbox.processes.leash", "--"]


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_running(process_id: int) -> bool:
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def starter(tmp_path: Path, command: str) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A process that starts a shell command on the leash, and the process ids that the command prints."""
    program = f"""
        import subprocess, time
        child = subprocess.Popen({LEASH!r} + ["sh", "-c", {command!r}], stdin=subprocess.PIPE)
        time.sleep(600 + bool(child.wait()))
    """
    script = tmp_path / "starter.py"
    script.write_text(textwrap.dedent(program))
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process, [int(part) for part in process.stdout.readline().split()]


def leashed(*command: str, stderr: int | None = None) -> tuple[int, str]:
    """Run a command to its end with the leash held: its exit code and, if asked for, its standard error."""
    with subprocess.Popen([*LEASH, *command], stdin=subprocess.PIPE, stderr=stderr) as process:
        code = process.wait(10)
        return code, process.stderr.read().decode() if process.stderr else ""


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def test_a_command_and_its_children_end_when_their_starter_is_killed(tmp_path: Path) -> None:
    process, ids = starter(tmp_path, "sleep 600 & echo $$ $!; wait")
    assert all(is_running(process_id) for process_id in ids)
    kill(process)
    assert eventually(lambda: not any(is_running(process_id) for process_id in ids))


def test_a_command_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process, ids = starter(tmp_path, "trap '' TERM; echo $$; while :; do sleep 0.1; done")
    kill(process)
    assert eventually(lambda: not is_running(ids[0]), seconds=15)


def test_a_child_whose_command_has_ended_is_still_on_the_leash(tmp_path: Path) -> None:
    process, ids = starter(tmp_path, "sleep 600 & echo $$ $!")
    assert eventually(lambda: not is_running(ids[0]))
    assert is_running(ids[1])
    kill(process)
    assert eventually(lambda: not is_running(ids[1]))


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -signal.SIGKILL)])
def test_the_exit_code_is_the_commands_own(command: str, code: int) -> None:
    assert leashed("sh", "-c", command)[0] == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_command(number: signal.Signals) -> None:
    command = "trap 'exit 3' TERM INT; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        [*LEASH, "sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(10) == 3


def test_a_signal_to_the_starters_group_does_not_reach_the_command() -> None:
    with subprocess.Popen(
        [*LEASH, "sh", "-c", "echo $$; sleep 600"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        assert os.getpgid(int(process.stdout.readline())) == process.pid != os.getpgid(0)
        process.terminate()


def test_a_leash_may_start_in_a_session_of_its_own() -> None:
    with subprocess.Popen([*LEASH, "true"], stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.wait(10) == 0


def test_a_command_meets_no_child_that_it_did_not_start() -> None:
    program = "import os\ntry: os.wait()\nexcept ChildProcessError: print('none')"
    with subprocess.Popen(
        [*LEASH, sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"none\n"


def test_nothing_is_left_when_the_command_ends() -> None:
    def watchers() -> list[psutil.Process]:
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if mark in (process.info["cmdline"] or []) and process.status() != psutil.STATUS_ZOMBIE
        ]

    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    with subprocess.Popen(
        [*LEASH, "sh", "-c", "echo ready; sleep 600", mark], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(watchers()) == 2
        process.kill()
        process.wait(10)
        # The `sleep` is still in the group; the watcher stays for its sake and goes with it.
        os.killpg(process.pid, signal.SIGKILL)
        assert eventually(lambda: not watchers())


def test_a_command_that_does_not_exist_is_one_line() -> None:
    code, error = leashed("no-such-command", stderr=subprocess.PIPE)
    assert code == 1
    assert error.splitlines() == ["cannot start no-such-command: No such file or directory"]
