"""The emulated account's process: proves that it stays when it should and never otherwise, on
real processes. Does not prove what it answers."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.emulated_account import EmulatedAccount
from sandbox.emulator import STAY

ACCOUNT_ID = "444455556666"
STARTER = """\
import sys, threading
from pathlib import Path
from sandbox.emulated_account import EmulatedAccount
with EmulatedAccount(Path(sys.argv[1])).start("444455556666", stays=True) as port:
    print(port, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    account = EmulatedAccount(tmp_path)
    yield account
    account.end()


@pytest.fixture
def starter(account: EmulatedAccount, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A command that has just started the account and has not handed it over."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", STARTER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline()
        yield process
        process.kill()


def server(account: EmulatedAccount) -> psutil.Process:
    record = account.record
    assert record
    return psutil.Process(record.pid)


def test_it_answers_on_its_port_and_stays_until_it_is_ended(account: EmulatedAccount) -> None:
    with account.start(ACCOUNT_ID, stays=True) as port:
        pass
    assert account.port == port
    process = server(account)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/data.json") as answer:
        assert answer.status == 200
    account.end()
    assert not process.is_running()
    assert account.record is None


def test_it_listens_on_the_loopback_interface_only(account: EmulatedAccount) -> None:
    with account.start(ACCOUNT_ID, stays=False):
        listening = [
            c.laddr.ip for c in server(account).net_connections("tcp") if c.status == psutil.CONN_LISTEN
        ]
    assert listening == ["127.0.0.1"]


def test_it_ends_with_a_command_that_only_needed_it_for_itself(account: EmulatedAccount) -> None:
    with account.start(ACCOUNT_ID, stays=False):
        process = server(account)
    assert not process.is_running()
    assert account.port is None


def test_it_survives_the_command_that_handed_it_over(
    account: EmulatedAccount, starter: subprocess.Popen[str]
) -> None:
    starter.communicate("\n")
    assert starter.returncode == 0
    assert account.port


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_a_starter_that_dies_before_that(
    account: EmulatedAccount, starter: subprocess.Popen[str], number: signal.Signals
) -> None:
    process = server(account)
    starter.send_signal(number)
    starter.wait()
    process.wait(10)
    assert account.port is None, "a record of a process that is gone is no account"


def test_a_stranger_with_the_recorded_pid_is_left_alone(account: EmulatedAccount, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        record = {"pid": stranger.pid, "port": 1}  # what a server left that was killed
        (tmp_path / "process.json").write_text(json.dumps(record))
        assert account.port is None
        account.end()
        assert stranger.poll() is None
        stranger.communicate(b"\n")
    assert stranger.returncode == 0


def test_another_moto_than_the_one_it_extends_is_refused(tmp_path: Path) -> None:
    program = (
        "import moto; moto.__version__ = '9.9.9'\n"
        "from pathlib import Path; from sandbox.emulator.server import serve; serve(Path('.'))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], input=STAY, capture_output=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1
    assert b"extends moto 5.2.5, and 9.9.9 is installed" in done.stderr
