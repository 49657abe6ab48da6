"""The life of a sandbox through its command line, with a real engine and a program without cloud resources.

Proves what is kept, what is left and what is said, also when a command is interrupted or killed. Does not
prove that the actual stacks come up; the tests beside this folder do.
"""

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
import yaml

from sandbox.emulated_account import EmulatedAccount
from tests.sandbox.conftest import Project

pytestmark = pytest.mark.usefixtures("toolchain")
# What a program does that has started, says so, and goes on until the engine ends it.
ENDLESS = "open({started!r}, 'w').close()\nimport threading\nthreading.Event().wait()\n"


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
    assert json.loads(succeeded(project.run("status", "--json")))["endpoint"] is None


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
def busy(project: Project) -> subprocess.Popen[str]:
    """An `up` in the middle of the program."""
    started = project.directory / "started"
    os.mkfifo(started)
    project.write_program(ENDLESS.format(started=str(started)))
    command = project.start("up")
    with started.open():  # opens once the program has come that far
        pass
    return command


def descendants(command: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(command.pid).children(recursive=True)


def test_one_command_at_a_time_works_on_a_sandbox(project: Project, busy: subprocess.Popen[str]) -> None:
    done = project.run("down")
    assert done.returncode == 3
    assert "another command works on the dev sandbox" in done.stderr
    os.killpg(busy.pid, signal.SIGINT)
    busy.communicate()


@pytest.mark.parametrize("who", ["terminal", "kill"])
def test_an_interrupted_up_can_be_gone_on_with(
    project: Project, busy: subprocess.Popen[str], who: str
) -> None:
    """Ctrl-C reaches the whole process group of a terminal, a SIGTERM the command alone."""
    if who == "terminal":
        os.killpg(busy.pid, signal.SIGINT)
    else:
        busy.send_signal(signal.SIGTERM)
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
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []
    project.write_program("")
    succeeded(project.run("up"))


def test_down_by_force_needs_no_engine(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    succeeded(project.run("up"))
    monkeypatch.setenv("PATH", str(tmp_path))
    succeeded(project.run("down", "--force"))
    assert not (project.directory / ".sandbox").exists()
    assert account_of(project).port is None
