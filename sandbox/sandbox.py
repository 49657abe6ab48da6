"""One sandbox: a stack of this project brought up in an emulated AWS account on this machine."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import filelock

from sandbox.console import say, step, warn
from sandbox.emulated_account import EmulatedAccount
from sandbox.emulator.call_list import UnknownCall
from sandbox.engine import Engine
from sandbox.errors import BusyError, ExitCode, InterruptedByUserError, SandboxError
from sandbox.paths import cache_directory, committed_file, remove_empty_state_root, state_directory
from sandbox.protection import delete_protected_databases, delete_stores
from sandbox.toolchain import prepare
from sandbox.working_copy import WorkingCopy

REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
POLICY_PACK = "policies"
MEMORYDB_CLUSTER = "aws:memorydb/cluster:Cluster"

Environment = dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What a person asks about a sandbox. `state` is "up", "down" or "account gone" (the emulator died)."""

    stack: str
    state: str
    directory: str
    endpoint: str | None
    emulator_pid: int | None
    resources: int
    unknown_calls: list[UnknownCall]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return asdict(self)


class Sandbox:
    """The sandbox of one stack. Everything it owns is under `directory`; one command at a time works on it."""

    def __init__(self, stack: str, project: Path) -> None:
        self.stack = stack
        self._project = project
        self.directory = state_directory(project, stack)
        self.account = EmulatedAccount(self.directory / "emulator")
        self._working_copy = WorkingCopy(committed_file(project, stack), self.directory)
        self._engine = Engine(project, stack, self.directory, self._working_copy)

    # What the commands do

    def up(self, engine_output: IO[Any] | None = None) -> dict[str, Any]:
        """Bring the stack up, or up to date, and return its outputs (secret ones read "[secret]")."""
        with self._locked(), self._open(stays=True) as environment:
            self._run(["up", "--yes", "--skip-preview", "--suppress-outputs"], environment, engine_output)
            return self._engine.outputs(environment)

    def preview(self, arguments: list[str]) -> None:
        """Show what `up` would do, and judge it by the project's policy pack. An account that runs only for this ends with it."""
        pack = ["--policy-pack", POLICY_PACK] if (self._project / POLICY_PACK).is_dir() else []
        with self._locked(), self._open(stays=self.account.port is not None) as environment:
            self._run(["preview", *pack, *arguments], environment)

    def refresh(self) -> None:
        """Read every resource back from the emulated account into the stack's state."""
        with self._locked():
            self._require_up()
            with self._open(stays=True) as environment:
                self._run(["refresh", "--yes", "--skip-preview", "--suppress-outputs"], environment)

    def down(self, *, force: bool = False) -> None:
        """Destroy the stack, end the account and remove the state. With `force`, without destroying it first."""
        with self._locked():
            if self._engine.has_stack and self.account.port and not force:
                self._destroy()
            with step("ending the emulated account and removing the sandbox's state"):
                self.account.end()
                shutil.rmtree(self.directory, ignore_errors=True)
                remove_empty_state_root(self._project)

    def status(self) -> Status:
        """What is there, without starting anything."""
        record = self.account.record
        port = record.port if record else None
        return Status(
            stack=self.stack,
            state="up" if port else "account gone" if self._engine.resources() else "down",
            directory=str(self.directory),
            endpoint=f"http://127.0.0.1:{port}" if port else None,
            emulator_pid=record.pid if record else None,
            resources=len(self._engine.resources()),
            unknown_calls=self.account.unknown_calls(),
        )

    def environment(self) -> Environment:
        """What a shell needs for plain `pulumi` commands on this sandbox; starts the account where needed."""
        with self._locked(), self._open(stays=True) as environment:
            return environment

    def shell(self) -> int:
        """A shell of the user's in that environment; returns its exit code."""
        environment = self.environment()
        say(
            f"`pulumi` now works on the {self.stack} sandbox, and `aws` commands on its account; leave with `exit`."
            f" The account stays until `python -m sandbox down --stack {self.stack}`"
        )
        return subprocess.run([os.environ.get("SHELL", "/bin/sh")], env=environment, check=False).returncode

    # How they do it

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Outside the state folder, which `down` removes while it holds the lock.
        name = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        lock_file = cache_directory() / "locks" / f"{self.stack}-{name}.lock"
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(lock_file, blocking=False):
                yield
        except filelock.Timeout as error:
            raise BusyError(
                f"another command works on the {self.stack} sandbox in {self.directory}; wait for it to end, or"
                " use another stack"
            ) from error

    @contextmanager
    def _open(self, *, stays: bool) -> Iterator[Environment]:
        """Toolchain, account and stack, ready for the engine; yields the engine's environment."""
        toolchain = prepare()
        with ExitStack() as running:
            port = self.account.port
            if port is None:
                self._forget_lost_account()
                with step("starting the emulated AWS account") as starting:
                    port = running.enter_context(
                        self.account.start(self._working_copy.account_id, stays=stays)
                    )
                    starting.outcome = f"http://127.0.0.1:{port}"
            self._engine.drop_stale_locks()
            environment = self._engine.environment(toolchain, port)
            self._engine.prepare_stack(environment)
            yield environment

    def _forget_lost_account(self) -> None:
        """An emulated account lives in its server's memory. When that is gone, the stack's state describes nothing."""
        if self._engine.resources():
            warn("the emulated account of this sandbox is gone, and all it held with it; starting afresh")
            self._engine.forget_stack()

    def _require_up(self) -> None:
        if self.account.port is None:
            raise SandboxError(
                f"the {self.stack} sandbox is not up: bring it up with `python -m sandbox up --stack {self.stack}`"
            )

    def _run(self, arguments: list[str], environment: Environment, output: IO[Any] | None = None) -> None:
        code = self._engine.run(arguments, environment, output)
        if code == ExitCode.INTERRUPTED:
            raise InterruptedByUserError(
                f"interrupted; what was finished by then is in the stack's state. Run the same command again to go on,"
                f" or `python -m sandbox down --stack {self.stack}` to take everything down"
            )
        if code:
            raise SandboxError(
                f"`pulumi {' '.join(arguments)}` failed (exit status {code}): see above. Mend the cause and run the"
                f" same command again; it goes on from there. The emulated account's log is {self.account.log_file}"
            )

    def _destroy(self) -> None:
        try:
            with self._open(stays=True) as environment:
                with step(
                    "unprotecting the stack and deleting its protected databases and stores"
                ) as deleting:
                    self._engine.unprotect_all(environment)
                    regions = self._engine.regions()
                    deleted = delete_protected_databases(environment, regions) + delete_stores(
                        environment,
                        regions,
                        replication_groups=self._engine.left_behind(REPLICATION_GROUP),
                        clusters=self._engine.left_behind(MEMORYDB_CLUSTER),
                    )
                    deleting.outcome = ", ".join(deleted) or "none was protected"
                self._run(["destroy", "--yes", "--skip-preview", "--suppress-outputs"], environment)
        except InterruptedByUserError:
            raise
        except SandboxError as error:
            raise SandboxError(
                f"{error}; to give up this account with everything in it: `python -m sandbox down --force --stack"
                f" {self.stack}`"
            ) from error
