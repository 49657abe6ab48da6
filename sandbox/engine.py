"""The Pulumi engine of one sandbox: its command line with the environment, backend and configuration it needs."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import IO, Any

import psutil
import yaml

from sandbox.environment import aws_environment, refuse_real_account, without_foreign_variables
from sandbox.errors import ExitCode, SandboxError
from sandbox.files import write_atomically
from sandbox.paths import project_name
from sandbox.processes.guard import guarded
from sandbox.toolchain import Toolchain
from sandbox.working_copy import WorkingCopy

INTERRUPTING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Linux knows when it booted to the second only, and tells a process's age from that.
PROCESS_AGE_ERROR_SECONDS = 2


class Engine:
    """Runs Pulumi commands for one stack of the project in `project`, with state and secrets under `directory`."""

    def __init__(self, project: Path, stack: str, directory: Path, working_copy: WorkingCopy) -> None:
        self._project = project
        self._stack = stack
        self._working_copy = working_copy
        self._backend = directory / "backend"
        self._passphrase = directory / "passphrase"
        self._directory = directory

    @property
    def _state_file(self) -> Path:
        return self._backend / ".pulumi" / "stacks" / project_name(self._project) / f"{self._stack}.json"

    @property
    def has_stack(self) -> bool:
        """Whether the stack exists, with or without resources."""
        return self._state_file.is_file()

    def forget_stack(self) -> None:
        """Remove the stack with its whole history; its configuration and secrets stay."""
        shutil.rmtree(self._backend)

    def drop_stale_locks(self) -> None:
        """Remove the locks of engines that are gone: a killed one cannot take its lock along."""
        for lock in (self._backend / ".pulumi" / "locks").rglob("*.json"):
            if not _is_held(lock):
                lock.unlink(missing_ok=True)

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state, as the engine stores them (secrets encrypted)."""
        if not self.has_stack:
            return []
        latest = json.loads(self._state_file.read_text())["checkpoint"]["latest"] or {}
        return list(latest.get("resources") or [])

    def regions(self) -> list[str]:
        """The regions of the AWS providers in the stack's state."""
        return sorted(
            {
                resource["inputs"]["region"]
                for resource in self.resources()
                if resource["type"] == "pulumi:providers:aws" and "region" in resource["inputs"]
            }
        )

    def left_behind(self, type_token: str) -> list[str]:
        """The ids of the resources of a type that the engine would not delete, but let go of."""
        return sorted(
            resource["id"]
            for resource in self.resources()
            if resource["type"] == type_token and resource.get("retainOnDelete")
        )

    def environment(self, toolchain: Toolchain, port: int) -> dict[str, str]:
        """The whole environment of the engine when the emulated account answers on `port`."""
        inherited = without_foreign_variables(os.environ)
        environment = {
            **inherited,
            **aws_environment(port),
            "PATH": os.pathsep.join([str(toolchain.pulumi.parent), inherited.get("PATH", os.defpath)]),
            "PULUMI_HOME": str(toolchain.home),
            "PULUMI_BACKEND_URL": self._backend.as_uri(),
            "PULUMI_STACK": self._stack,
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._passphrase),
            # Every command that takes --config-file gets the sandbox's own copy.
            "PULUMI_OPTION_CONFIG_FILE": str(self._working_copy.file),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The engine logs every command into PULUMI_HOME; a run takes up to 1 MB, and 500 MB is its own limit.
            "PULUMI_LOG_ROTATION_MAX_TOTAL_MB": "50",
            # Every plugin is there already; a missing one is a fault to see now, not a download to wait for.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        refuse_real_account(environment)
        return environment

    def prepare_stack(self, environment: Mapping[str, str]) -> None:
        """Create backend, passphrase and stack where they are missing; write the working configuration."""
        self._backend.mkdir(parents=True, exist_ok=True)
        if not self._passphrase.exists():
            write_atomically(self._passphrase, secrets.token_urlsafe(32))
        salt = self._working_copy.encryption_salt
        if not self.has_stack:
            # A new stack keeps the salt of an earlier one, so that secrets set in this sandbox stay readable.
            new_salt = self._init_stack(environment)
            salt = salt or new_salt
        if salt is None:
            raise SandboxError(
                f"{self._working_copy.file} is gone, and with it the key to this sandbox's secrets; run"
                f" `python -m sandbox down --force --stack {self._stack}` and start again"
            )
        self._working_copy.write(salt)

    def _init_stack(self, environment: Mapping[str, str]) -> str:
        """Create the stack; returns the encryption salt that goes with the passphrase.

        `pulumi stack init` writes the salt to the stack's configuration file beside Pulumi.yaml. The committed one is
        not its to change, so it runs in an empty folder that looks like the project.
        """
        with tempfile.TemporaryDirectory(dir=self._directory) as folder:
            project = Path(folder)
            (project / "Pulumi.yaml").write_text(
                yaml.safe_dump({"name": project_name(self._project), "runtime": "python"})
            )
            self._capture(["stack", "init", self._stack], environment, cwd=project)
            return str(yaml.safe_load((project / f"Pulumi.{self._stack}.yaml").read_text())["encryptionsalt"])

    def run(self, arguments: list[str], environment: Mapping[str, str], output: IO[Any] | None = None) -> int:
        """Run a command in front of the user, its output on the terminal (or `output`); returns its exit code.

        Ctrl-C reaches the engine by itself, as it does every process of the terminal's group: the engine then
        finishes what it is in the middle of and saves its state, while we wait. Returns ExitCode.INTERRUPTED when
        that kept it from its work. Should we be killed, the engine is ended.
        """
        engine: subprocess.Popen[bytes] | None = None
        interrupted = False

        def on_interrupt(number: int, _: FrameType | None) -> None:
            nonlocal interrupted
            interrupted = True
            if engine and number != signal.SIGINT:  # came to us alone
                engine.send_signal(signal.SIGINT)

        # Before the engine is there, so that no signal ends us and leaves it behind.
        before = {
            number: signal.signal(number, on_interrupt)
            for number in INTERRUPTING_SIGNALS
            if signal.getsignal(number) != signal.SIG_IGN  # as under `nohup`
        }
        try:
            command = [_pulumi(environment), *arguments]
            with guarded(command, cwd=self._project, env=environment, stdout=output) as engine:
                if interrupted:  # before it could reach the engine
                    engine.send_signal(signal.SIGINT)
                code = engine.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return ExitCode.INTERRUPTED if interrupted and code else code

    def outputs(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """The stack's outputs; secret ones read "[secret]"."""
        return dict(json.loads(self._capture(["stack", "output", "--json"], environment)))

    def unprotect_all(self, environment: Mapping[str, str]) -> None:
        """Take `protect` off every resource in the stack's state."""
        self._capture(["state", "unprotect", "--all", "--yes"], environment)

    def _capture(self, arguments: list[str], environment: Mapping[str, str], cwd: Path | None = None) -> str:
        done = subprocess.run(
            [_pulumi(environment), *arguments, "--non-interactive"],
            cwd=cwd or self._project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            command = " ".join(arguments[:2])
            raise SandboxError(f"pulumi {command} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout


def _is_held(lock: Path) -> bool:
    """Whether the engine that wrote a lock file lives; what it was killed in the middle of writing is nobody's."""
    try:
        content = json.loads(lock.read_text())
        locked = datetime.fromisoformat(content["timestamp"]).timestamp()
        # A younger process was given the pid of the one that wrote the lock.
        return psutil.Process(int(content["pid"])).create_time() <= locked + PROCESS_AGE_ERROR_SECONDS
    except (OSError, ValueError, LookupError, TypeError, psutil.Error):
        return False


def _pulumi(environment: Mapping[str, str]) -> str:
    """The command line that the sandbox put first on the environment's PATH."""
    return shutil.which("pulumi", path=environment["PATH"]) or "pulumi"
