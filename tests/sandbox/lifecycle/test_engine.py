"""How a running engine is interrupted, with a script in its place.

Proves which signals reach it, what an interrupted run is reported as, and that an engine whose starter was killed has
the time to write its state. Does not prove that the real engine then does; test_sandbox.py interrupts that one.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

import sandbox.engine
from sandbox.engine import INTERRUPTING_SIGNALS, Engine
from sandbox.errors import ExitCode
from sandbox.processes.guard import guarded
from sandbox.toolchain.routes import write_executable
from sandbox.working_copy import WorkingCopy
from tests.sandbox.conftest import wait_for_start

STAND_IN = """\
#!/bin/sh
trap '{on_interrupt}' INT
echo $$ > '{started}'
while :; do sleep 0.1; done
"""
STARTER = """\
import sys
from sandbox.processes.guard import guarded
with guarded([sys.argv[1]], start_new_session=True) as engine:
    print("guarded", flush=True)
    engine.wait()
"""


@pytest.fixture
def started(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "started")
    return tmp_path / "started"


@pytest.fixture
def run(tmp_path: Path, started: Path) -> Callable[[str], int]:
    """Run an engine that does `on_interrupt` when it is interrupted, and nothing until then."""
    engine = Engine(tmp_path, "dev", tmp_path, WorkingCopy(tmp_path / "Pulumi.dev.yaml", tmp_path))

    def run(on_interrupt: str) -> int:
        script = STAND_IN.format(started=started, on_interrupt=on_interrupt)
        write_executable(tmp_path / "pulumi", script)
        return engine.run(["up"], {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})

    return run


@pytest.mark.parametrize(("status", "reported"), [(0, 0), (7, ExitCode.INTERRUPTED)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_engine_that_finished_its_work_all_the_same_was_not_interrupted(
    run: Callable[[str], int], started: Path, number: signal.Signals, status: int, reported: int
) -> None:
    before = [signal.getsignal(number) for number in INTERRUPTING_SIGNALS]

    def interrupt_us() -> None:
        started.read_text()
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=interrupt_us)
    thread.start()
    assert run(f"exit {status}") == reported
    thread.join()
    assert [signal.getsignal(number) for number in INTERRUPTING_SIGNALS] == before


def test_an_interrupt_before_the_engine_is_there_ends_it_too(
    run: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def interrupted_while_starting(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
        os.kill(os.getpid(), signal.SIGTERM)
        with guarded(command, **options) as engine:
            yield engine

    monkeypatch.setattr(sandbox.engine, "guarded", interrupted_while_starting)
    assert run("exit 7") == ExitCode.INTERRUPTED


def test_an_engine_whose_starter_was_killed_may_finish_what_it_does(tmp_path: Path, started: Path) -> None:
    saved = tmp_path / "saved"
    # Longer than anything else of ours is given.
    script = STAND_IN.format(started=started, on_interrupt=f"sleep 6; echo state > {saved}; exit 0")
    write_executable(tmp_path / "engine", script)
    command = [sys.executable, "-P", "-c", STARTER, str(tmp_path / "engine")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
        engine = psutil.Process(int(wait_for_start(starter, started)))
        assert starter.stdout
        assert starter.stdout.readline() == b"guarded\n"
        starter.kill()
    engine.wait(30)
    assert saved.read_text() == "state\n"
