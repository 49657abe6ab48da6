"""The life of a sandbox through its command line, with a real engine and a program without cloud resources.

Proves what is kept, what is left and what is said, also when a command is interrupted or killed. Does not
prove that the actual stacks come up; the tests beside this folder do.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import yaml

from sandbox.emulated_account import EmulatedAccount
from tests.sandbox.conftest import ENDLESS, Project, wait_for_start

pytestmark = pytest.mark.usefixtures("toolchain")


@pytest.fixture(autouse=True)
def nothing_left_running(project: Project) -> object:
    yield
    EmulatedAccount(project.state / "emulator").end()


def account_of(project: Project) -> EmulatedAccount:
    return EmulatedAccount(project.state / "emulator")


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_up_again_changes_nothing_and_down_leaves_nothing(project: Project) -> None:
    committed = project.committed_config.read_bytes()
    first = project.run("up", "--json")
    assert json.loads(succeeded(first)) == {"word": "hello", "password": "[secret]"}
    process = psutil.Process(json.loads(succeeded(project.run("status", "--json")))["emulator_pid"])

    second = project.run("up")
    assert "1 unchanged" in succeeded(second)
    assert "hello" in second.stdout
    for text in (first.stdout + first.stderr, second.stdout + second.stderr):
        assert "canary-5f0e" not in text, "a secret output must not be shown"
    assert b"canary-5f0e" not in b"".join(
        path.read_bytes() for path in project.state.rglob("*") if path.is_file()
    )

    for _ in range(2):  # without a sandbox there is nothing to do, and nothing wrong
        succeeded(project.run("down"))
        assert not process.is_running()
        assert not (project.directory / ".sandbox").exists()
    assert project.committed_config.read_bytes() == committed


def test_a_value_set_in_the_shell_is_there_for_the_next_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = project.directory / "shell"
    shell.write_text("#!/bin/sh\nset -e\npulumi config set word changed\npulumi preview --non-interactive\n")
    shell.chmod(0o755)
    monkeypatch.setenv("SHELL", str(shell))
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PULUMI_STACK", "another")
    assert '"changed"' in succeeded(project.run("shell"))
    assert json.loads(succeeded(project.run("up", "--json")))["word"] == "changed"
    assert yaml.safe_load(project.committed_config.read_text())["config"]["tiny:word"] == "hello"


def test_the_printed_environment_is_all_a_plain_pulumi_needs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    exports = succeeded(project.run("env"))
    assert "unset AWS_PROFILE" in exports
    done = subprocess.run(
        ["sh", "-e", "-c", f"{exports}\npulumi preview --non-interactive; echo profile=$AWS_PROFILE"],
        cwd=project.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert '"hello"' in succeeded(done)
    assert "profile=\n" in done.stdout


def test_a_preview_of_a_sandbox_that_is_not_up_leaves_no_process(project: Project) -> None:
    assert '"hello"' in succeeded(project.run("preview"))
    status = json.loads(succeeded(project.run("status", "--json")))
    assert (status["endpoint"], status["state"]) == (None, "down")
    assert "account of this sandbox is gone" not in project.run("preview").stderr


def test_a_state_folder_of_the_users_own_stays(project: Project) -> None:
    own = project.directory / "own"
    own.mkdir()
    succeeded(project.run("down", SANDBOX_STATE_DIR=str(own)))
    assert own.is_dir()


def test_a_lost_account_is_said_and_started_afresh(project: Project) -> None:
    succeeded(project.run("up"))
    record = account_of(project).record
    assert record
    psutil.Process(record.pid).kill()
    assert "account gone" in succeeded(project.run("status"))
    again = project.run("up")
    assert "1 created" in succeeded(again)
    assert "starting afresh" in again.stderr


def test_refresh_needs_a_sandbox_that_is_up(project: Project) -> None:
    done = project.run("refresh")
    assert done.returncode == 1
    assert "the dev sandbox is not up: bring it up with `python -m sandbox up --stack dev`" in done.stderr


def test_an_unknown_stack_is_one_message(project: Project) -> None:
    done = project.run("up", "--stack", "qa")
    assert done.returncode == 1
    assert "no stack 'qa'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failing_program_keeps_the_account_and_says_what_to_do(project: Project) -> None:
    project.write_program("import pulumi\nraise pulumi.RunError('word: is wrong')\n")
    done = project.run("up")
    assert done.returncode == 1
    assert "word: is wrong" in done.stdout
    assert "run the same command again" in done.stderr
    assert account_of(project).port


@pytest.fixture
def busy(project: Project) -> Iterator[subprocess.Popen[str]]:
    """An `up` in the middle of the program."""
    started = project.directory / "started"
    os.mkfifo(started)
    project.write_program(ENDLESS.format(started=str(started)))
    command = project.start("up")
    try:
        wait_for_start(command, started)
        yield command
    finally:
        command.kill()  # everything that it started ends with it
        command.communicate()


def descendants(command: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(command.pid).children(recursive=True)


def test_one_command_at_a_time_works_on_a_sandbox(project: Project, busy: subprocess.Popen[str]) -> None:
    done = project.run("down")
    assert done.returncode == 3
    assert "another command works on the dev sandbox" in done.stderr
    os.killpg(busy.pid, signal.SIGINT)
    busy.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_up_can_be_gone_on_with(
    project: Project, busy: subprocess.Popen[str], number: signal.Signals
) -> None:
    """Ctrl-C reaches the whole process group of a terminal, a `kill` the command alone."""
    if number == signal.SIGINT:
        os.killpg(busy.pid, number)
    else:
        busy.send_signal(number)
    _, errors = busy.communicate()
    assert busy.returncode == 130
    assert "Run the same command again to go on" in errors
    assert account_of(project).port, "what was made so far is in the account"
    project.write_program("")
    succeeded(project.run("up"))


def test_a_killed_up_leaves_nothing_running(project: Project, busy: subprocess.Popen[str]) -> None:
    processes = descendants(busy)
    assert len(processes) >= 4, "emulator, guard, engine, language host"
    busy.kill()
    busy.communicate()
    _, alive = psutil.wait_procs(processes, timeout=90)  # the guard gives the engine a minute for its state
    assert alive == []
    project.write_program("")
    succeeded(project.run("up"))


@pytest.mark.parametrize("left_behind", ["gone", "stranger", "half written"])
def test_the_lock_of_an_engine_that_is_gone_keeps_nobody_out(project: Project, left_behind: str) -> None:
    """A killed `up` leaves the engine's lock; `down` speaks to the engine at once."""
    succeeded(project.run("up"))
    lock = project.state / "backend" / ".pulumi" / "locks" / "organization" / "tiny" / "dev" / "left.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    stranger = {
        "pid": os.getpid(),
        "username": "",
        "hostname": "",
        "timestamp": "2020-01-01T00:00:00.123456789Z",
    }
    lock.write_text(
        {
            "gone": json.dumps({**stranger, "pid": gone.pid, "timestamp": "2099-01-01T00:00:00Z"}),
            "stranger": json.dumps(stranger),
            "half written": '{"pid": ',
        }[left_behind]
    )
    succeeded(project.run("down"))


def test_the_lock_of_a_living_engine_is_left_alone(project: Project) -> None:
    succeeded(project.run("up"))
    lock = project.state / "backend" / ".pulumi" / "locks" / "organization" / "tiny" / "dev" / "held.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(json.dumps({"pid": os.getpid(), "timestamp": datetime.now(UTC).isoformat()}))
    done = project.run("up")
    assert done.returncode == 1
    assert "locked" in done.stdout + done.stderr
    assert lock.exists()


def test_down_by_force_needs_no_engine(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    succeeded(project.run("up"))
    monkeypatch.setenv("PATH", str(tmp_path))
    succeeded(project.run("down", "--force"))
    assert not (project.directory / ".sandbox").exists()
    assert account_of(project).port is None
