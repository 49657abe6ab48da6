"""The end of servers and their folders, also when their owner is killed.

The owner is a process of its own that the test ends by a signal. Proves that no process and no folder is left; does not
prove it for a machine that loses power.
"""

import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from sandbox.errors import SandboxError
from sandbox.servers import pgbouncer, postgres, valkey
from sandbox.servers.folder import ServerFolder, server_folder
from sandbox.servers.programs import Programs
from sandbox.servers.server import Server, in_new_folder
from tests.sandbox.adapter.test_leash import eventually, is_running


class Mute(Server):
    """A server that never answers."""

    def _answers(self) -> bool:
        return False


@pytest.mark.usefixtures("postgres_programs", "valkey_programs")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_owner_is_ended(number: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(
        textwrap.dedent("""
            import threading
            from sandbox.servers import postgres, valkey
            with postgres.primary() as primary, postgres.replica_of(primary) as replica, valkey.primary() as cache:
                for server in (primary, replica, cache):
                    print(server.pid, server.log_file.parent, flush=True)
                threading.Event().wait()
        """)
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        servers = [owner.stdout.readline().split() for _ in range(3)]
        started = [
            process
            for pid, _ in servers
            for process in (psutil.Process(int(pid)), *psutil.Process(int(pid)).children(recursive=True))
        ]
        folders = [Path(folder) for _, folder in servers]
        assert len(started) > 10
        assert all(folder.is_dir() for folder in folders)
        owner.send_signal(number)
        owner.wait()
    assert eventually(lambda: not any(is_running(process.pid) for process in started), seconds=20)
    assert eventually(lambda: not any(folder.exists() for folder in folders))


@pytest.mark.usefixtures("postgres_programs")
def test_nothing_is_left_when_the_block_ends_or_the_start_fails() -> None:
    with postgres.primary() as server:
        folder, pid = server.log_file.parent, server.pid
    assert not is_running(pid)
    assert not folder.exists()


def test_a_server_that_cannot_be_made_leaves_no_folder() -> None:
    folders: list[ServerFolder] = []

    def fail(folder: ServerFolder) -> Mute:
        folders.append(folder)
        raise SandboxError("no such program")

    with pytest.raises(SandboxError, match="no such program"):
        in_new_folder(fail)
    [folder] = folders
    assert not folder.path.exists()
    assert folder.remover.returncode == 0


@pytest.mark.parametrize(
    ("module", "make"),
    [
        (pgbouncer, lambda: pgbouncer.new_pooler(pgbouncer.PgBouncerSpec(ini=lambda _: ""))),
        (postgres, postgres.new_primary),
        (valkey, valkey.new_primary),
    ],
    ids=["pgbouncer", "postgres", "valkey"],
)
def test_a_server_without_a_port_leaves_no_folder(
    module: ModuleType, make: Callable[[], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(host: str) -> int:
        raise SandboxError(f"no port is free on {host}")

    found = Programs(folder=tmp_path, version=(1, 0), route="installed")
    monkeypatch.setattr(module, "find", lambda *_: found)
    monkeypatch.setattr("sandbox.servers.server.free_port", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(SandboxError, match="no port is free"):
        make()
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_never_answers_is_ended_and_its_last_words_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sandbox.servers.server.START_TIMEOUT_SECONDS", 1.0)
    with server_folder() as folder:
        server = Mute("mute", folder, ["sh", "-c", "echo last words; sleep 600"])
        with pytest.raises(Exception, match=r"mute did not answer within 1 s:\nlast words"):
            server.start()
        assert not server.is_running
        ended = Mute("short", folder, ["sh", "-c", "echo cannot go on; exit 3"])
        with pytest.raises(Exception, match=r"short ended instead of starting to answer:\ncannot go on"):
            ended.start()
    assert not folder.path.exists()
