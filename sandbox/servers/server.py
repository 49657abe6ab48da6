"""A server process: started on a leash as an ordinary user, stopped, killed, started again.

A server lives from `start` to `stop` or `crash`, as often as its owner likes. After `remove` it is gone with its
folder. `running` does all that for the length of a `with` block.
"""

import os
import pwd
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar, cast

import psutil

from sandbox.errors import SandboxError
from sandbox.processes.leash import run_leashed, start_leashed
from sandbox.servers.folder import ServerFolder
from sandbox.servers.ports import free_port
from sandbox.servers.programs import Programs

# A server answers within a second or two; this leaves room for a machine that compiles something.
START_TIMEOUT_SECONDS = 60.0
_CHECK_SECONDS = 0.02
# PostgreSQL refuses to run as root. This user exists everywhere and owns nothing.
_UNPRIVILEGED_USER = "nobody"
# What could change what a server or its tools do.
_FOREIGN_PREFIXES = ("PG", "LC_", "LANG", "VALKEY", "REDIS")


class Server(ABC):
    """A server process whose files are in `folder`. `command` is started in it, and its output is kept in `log_file`.

    Each kind of server adds its own `stop`, since each has its own ways to stop.
    """

    def __init__(self, name: str, folder: ServerFolder, command: Sequence[str]) -> None:
        self._name, self._folder, self._command = name, folder, list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self.log_file = folder.path / f"{name}.log"

    @property
    def _child(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise SandboxError(f"{self._name} was not started")
        return self._process

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether its main process lives."""
        return self._process is not None and self._process.poll() is None

    @abstractmethod
    def _answers(self) -> bool:
        """True once the server answers its clients."""

    def start(self) -> None:
        """Start the server, for the first time or again, and wait until it answers.

        Raises: SandboxError with the end of its log; the server is not running then.
        """
        give_to_server_user(self._folder.path)
        with self.log_file.open("ab") as log:
            self._process = start_leashed(
                as_server_user(self._command),
                cwd=self._folder.path,
                env=server_environment(self._folder.path),
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(self._folder.in_use,),
            )
        try:
            self.wait_until(self._answers, "answer")
        except BaseException:
            self.crash()
            raise

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition while the server runs. Raises: SandboxError with the end of its log."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not condition():
            if not self.is_running:
                raise SandboxError(f"{self._name} ended instead of starting to {what}:\n{self._last_lines()}")
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"{self._name} did not {what} within {START_TIMEOUT_SECONDS:.0f} s:\n{self._last_lines()}"
                )
            time.sleep(_CHECK_SECONDS)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        self._child.send_signal(number)

    def wait(self, timeout_seconds: float = START_TIMEOUT_SECONDS) -> int:
        """Wait until the server has ended; returns its exit code. Raises: SandboxError when it does not."""
        try:
            code = self._child.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise SandboxError(
                f"{self._name} still runs after {timeout_seconds:.0f} s:\n{self._last_lines()}"
            ) from error
        self._let_go()
        return code

    def crash(self) -> None:
        """Kill the server with all its processes at once, as when its machine fails; no harm where none runs."""
        if self._process is None:
            return
        if self.is_running:
            main = psutil.Process(self.pid)
            everyone = [main, *main.children(recursive=True)]
            for process in everyone:
                if _runs(process):
                    process.kill()
            while any(map(_runs, everyone)):
                time.sleep(_CHECK_SECONDS)
        self.wait()

    def remove(self) -> None:
        """Crash the server, since nothing of it is needed any more, and remove its folder."""
        try:
            self.crash()
        finally:
            self._folder.release()

    def _let_go(self) -> None:
        cast("IO[bytes]", self._child.stdin).close()

    def _last_lines(self) -> str:
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-20:])


class ListeningServer(Server):
    """A server of `programs` that listens on `host` and `port`; without a `port` given, on a free one."""

    def __init__(
        self,
        name: str,
        folder: ServerFolder,
        command: Sequence[str],
        *,
        programs: Programs,
        host: str,
        port: int | None,
    ) -> None:
        super().__init__(name, folder, command)
        self.programs = programs
        self.host = host
        self.port = port or free_port(host)

    @property
    def version(self) -> str:
        """Such as "17.12"."""
        return self.programs.version_text


_AnyServer = TypeVar("_AnyServer", bound=Server)


def in_new_folder(make: Callable[[ServerFolder], _AnyServer]) -> _AnyServer:
    """A server made in a folder of its own. When `make` fails, the folder goes at once."""
    folder = ServerFolder.create()
    try:
        return make(folder)
    except BaseException:
        folder.release()
        raise


@contextmanager
def running(server: _AnyServer) -> Iterator[_AnyServer]:
    """`server`, started, for the length of the block. Raises: SandboxError with the end of its log."""
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _runs(process: psutil.Process) -> bool:
    """Whether a process lives: one that ended and waits to be collected by its parent does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def server_environment(home: Path) -> dict[str, str]:
    """Our environment without what would change how servers and their tools work."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN_PREFIXES)}
    return {**kept, "LC_ALL": "C", "HOME": str(home)}


def as_server_user(command: Sequence[str]) -> list[str]:
    """The command, run by a user without rights when we are root. Raises: SandboxError where that cannot be done."""
    if os.geteuid():
        return list(command)
    if not Path("/usr/bin/setpriv").exists():
        raise SandboxError(
            "servers do not run as root, and there is no `setpriv` here: run this as another user"
        )
    user = pwd.getpwnam(_UNPRIVILEGED_USER)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command]


def give_to_server_user(folder: Path) -> None:
    """Make a folder and all in it the property of the user that servers run as."""
    if os.geteuid():
        return
    user = pwd.getpwnam(_UNPRIVILEGED_USER)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def run_tool(command: Sequence[str], folder: ServerFolder, variables: Mapping[str, str] | None = None) -> str:
    """Run a server's tool to its end, as the server's user; returns what it printed. Raises: SandboxError."""
    give_to_server_user(folder.path)
    done = run_leashed(
        as_server_user(command),
        cwd=folder.path,
        env={**server_environment(folder.path), **(variables or {})},
        pass_fds=(folder.in_use,),
    )
    if done.returncode:
        raise SandboxError(f"{Path(command[0]).name} failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout
