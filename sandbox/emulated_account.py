"""The emulated AWS account of one sandbox: its server process, from the outside."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import psutil

from sandbox.emulator import STAY
from sandbox.emulator.call_list import UnknownCall, UnknownCalls
from sandbox.environment import without_foreign_variables
from sandbox.errors import SandboxError
from sandbox.processes.ending import end
from sandbox.processes.records import ProcessRecord

# Three seconds on an idle machine; this leaves room for one that compiles something.
START_TIMEOUT_SECONDS = 60
# The server holds nothing that must be written; past this it hangs and is killed.
END_TIMEOUT_SECONDS = 5


class EmulatedAccount:
    """The account whose server keeps its files in `directory`. What it holds lives in that server's memory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._record_file = directory / "process.json"
        self.log_file = directory / "emulator.log"
        self._child: subprocess.Popen[bytes] | None = None  # the server, when this very process started it

    @property
    def record(self) -> ProcessRecord | None:
        """The server's process, None when none runs."""
        return ProcessRecord.read(self._record_file)

    @property
    def port(self) -> int | None:
        """The port of the running server, None when none runs."""
        record = self.record
        return record.port if record else None

    def unknown_calls(self) -> list[UnknownCall]:
        """The calls that the account had to refuse."""
        return UnknownCalls(self._directory / "unknown-calls.jsonl").read()

    @contextmanager
    def start(self, account_id: str, *, stays: bool) -> Iterator[int]:
        """Start the server of an empty account and yield its port once it answers.

        While the block runs the server hangs on a pipe of ours, so that it ends when this process dies, however it
        dies. When the block ends the server stays on its own, or ends when `stays` is false.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("a") as log:
            server = subprocess.Popen(
                [sys.executable, "-P", "-u", "-m", "sandbox.emulator", str(self._directory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={
                    **without_foreign_variables(os.environ),
                    "MOTO_ACCOUNT_ID": account_id,
                    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",  # every account has them
                },
                start_new_session=True,  # Ctrl-C is for the engine, whose last calls we must still answer
            )
        self._child = server
        pipe, answer = cast("IO[bytes]", server.stdin), cast("IO[bytes]", server.stdout)
        try:
            yield self._await_port(server, answer)
        finally:
            if stays and server.poll() is None:
                pipe.write(STAY)
            pipe.close()
            answer.close()
            if not stays:
                server.wait()
                self._record_file.unlink(missing_ok=True)

    def _await_port(self, server: subprocess.Popen[bytes], answer: IO[bytes]) -> int:
        answered, _, _ = select.select([answer], [], [], START_TIMEOUT_SECONDS)
        line = answer.readline() if answered else b""
        if not line:
            server.kill()
            server.wait()
            reason = "ended at once" if answered else f"did not answer within {START_TIMEOUT_SECONDS} s"
            raise SandboxError(f"the emulated account {reason}: see {self.log_file}")
        return int(line)

    def end(self) -> None:
        """End the server and wait until it is gone."""
        record = self.record
        if record:
            end(psutil.Process(record.pid), signal.SIGTERM, END_TIMEOUT_SECONDS)
        if self._child:
            self._child.wait()
        self._record_file.unlink(missing_ok=True)
