"""One sandbox of its own for a test module: the commands a user types, run as they are typed.

Everything goes through `python -m sandbox` and the plain `pulumi` command line in the environment that `make shell` gives.
"""

import contextlib
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from contract.names import PROJECT
from sandbox.environment import LOOPBACK, aws_client
from tests.harness.platform import ROOT

GZIP_MAGIC = b"\x1f\x8b"

# zlib: a window of 32 KiB, with gzip's header and trailer.
GZIP_WINDOW_BITS = 31


@dataclass(slots=True)
class Transcript:
    """Everything that commands printed, for tests that look for what must not be there."""

    texts: list[str] = field(default_factory=list)

    def add(self, done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
        self.texts += [done.stdout, done.stderr]
        return done


class LiveStack:
    """A stack in a sandbox whose state is in `state_directory`; `transcript` keeps what its commands print."""

    def __init__(self, stack: str, state_directory: Path) -> None:
        self.stack = stack
        self.state_directory = state_directory
        self.transcript = Transcript()
        self._variables = {**os.environ, "SANDBOX_STATE_DIR": str(state_directory)}
        self._shell_variables: dict[str, str] | None = None

    @property
    def directory(self) -> Path:
        return self.state_directory / self.stack

    def sandbox(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m sandbox <arguments> --stack <stack>`; whatever its exit code."""
        return self._run(
            [sys.executable, "-m", "sandbox", *arguments, "--stack", self.stack], self._variables
        )

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The plain command line as `make shell` would run it; whatever its exit code."""
        return self._run(["pulumi", *arguments], self.shell_variables)

    @property
    def shell_variables(self) -> Mapping[str, str]:
        """The environment of `make shell`."""
        if self._shell_variables is None:
            printed = self.sandbox("env").stdout
            show = "import json, os; print(json.dumps(dict(os.environ)))"
            done = subprocess.run(
                ["sh", "-c", f'eval "$0"; exec "{sys.executable}" -c \'{show}\'', printed],
                env=self._variables, capture_output=True, text=True, check=True,
            )  # fmt: skip
            self._shell_variables = json.loads(done.stdout)
        return self._shell_variables

    def set_config(self, path: str, value: str, *flags: str) -> None:
        """Set a key of this sandbox's configuration; the committed file stays as it is."""
        domain, *rest = path.split(".")
        dotted = ".".join([f"{PROJECT}:{domain}", *rest])
        done = self.pulumi("config", "set", *flags, *(["--path"] if rest else []), dotted, value)
        assert done.returncode == 0, done.stderr

    def set_secret(self, key: str, value: str) -> None:
        """Set a secret of this sandbox's configuration as a person does: not on the command line."""
        command = ["pulumi", "config", "set", "--secret", f"{PROJECT}:{key}"]
        done = self._run(command, self.shell_variables, typed=value)
        assert done.returncode == 0, done.stderr

    def unset_config(self, path: str) -> None:
        """Remove a key again."""
        domain, *rest = path.split(".")
        done = self.pulumi("config", "rm", "--path", ".".join([f"{PROJECT}:{domain}", *rest]))
        assert done.returncode == 0, done.stderr

    @contextlib.contextmanager
    def config_restored_afterwards(self) -> Iterator[None]:
        """Whatever happens to this sandbox's configuration inside is undone."""
        working_copy = self.directory / f"Pulumi.{self.stack}.yaml"
        before = working_copy.read_text()
        try:
            yield
        finally:
            working_copy.write_text(before)

    def planned_operations(self) -> dict[str, str]:
        """What `pulumi preview` would do, by logical name, without what stays the same."""
        done = self.pulumi("preview", "--json")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        steps = json.loads(done.stdout)["steps"]
        return {
            step["urn"].split("::")[-1]: step["op"] for step in steps if step["op"] not in {"same", "read"}
        }

    def state(self) -> dict[str, Any]:
        """The stack's state as `pulumi stack export` shows it: secrets encrypted."""
        exported: dict[str, Any] = json.loads(self.pulumi("stack", "export").stdout)
        return exported

    def aws(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of the emulated account."""
        variables = self.shell_variables
        assert variables["AWS_ENDPOINT_URL"].startswith(f"http://{LOOPBACK}:")
        return aws_client(service, region, variables)

    def database(self, name: str = "", region: str = "us-east-1") -> dict[str, Any]:
        """An instance as the emulated account describes it: the primary, or the replica of that name."""
        identifier = "-".join(filter(None, ["reptidex", self.stack, "postgres", name]))
        [found] = self.aws("rds", region).describe_db_instances(DBInstanceIdentifier=identifier)[
            "DBInstances"
        ]
        return dict(found)

    def unknown_calls(self) -> list[Any]:
        """Calls that reached the emulated account and that nobody emulates."""
        return list(json.loads(self.sandbox("status", "--json").stdout)["unknown_calls"])

    def written(self) -> Iterator[tuple[Path, bytes]]:
        """Everything that the sandbox and the engine wrote: state, history, configuration, logs (unpacked)."""
        for folder in (self.directory, Path(self.shell_variables["PULUMI_HOME"]) / "logs"):
            for path in folder.rglob("*"):
                if path.is_file():
                    content = path.read_bytes()
                    yield path, _unpacked(content)

    def processes(self) -> list[str]:
        """Processes that work for this sandbox, told by its state folder in their arguments or environment."""
        found = []
        for process in psutil.process_iter():
            try:
                mentions = [*process.cmdline(), *process.environ().values()]
                if process.pid != os.getpid() and any(str(self.directory) in text for text in mentions):
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found

    def _run(
        self, command: list[str], variables: Mapping[str, str], typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=ROOT, env=variables, input=typed, capture_output=True, text=True, check=False
        )
        return self.transcript.add(done)


@contextlib.contextmanager
def empty_account(stack: str, state_directory: Path) -> Iterator[LiveStack]:
    """A sandbox for the stack in which nothing is brought up. It is taken down even after an error."""
    live = LiveStack(stack, state_directory)
    try:
        assert live.shell_variables["PULUMI_STACK"] == stack
        yield live
    finally:
        live.sandbox("down", "--force")


def live_stack(stack: str, state_directory: Path) -> Iterator[LiveStack]:
    """The stack brought up. It is taken down even after an error."""
    live = LiveStack(stack, state_directory)
    try:
        up = live.sandbox("up", "--json")
        assert up.returncode == 0, up.stdout[-2000:] + up.stderr[-6000:]
        yield live
    finally:
        live.sandbox("down", "--force")


def assert_nothing_left(live: LiveStack) -> None:
    """No process and no state of this sandbox."""
    assert live.processes() == []
    assert not live.directory.exists()


def _unpacked(content: bytes) -> bytes:
    """What a gzip file holds as far as it is written: the engine may be in the middle of it."""
    if not content.startswith(GZIP_MAGIC):
        return content
    return zlib.decompressobj(GZIP_WINDOW_BITS).decompress(content)
