"""Errors of the sandbox that are meant for people, and the exit codes of its commands."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """The exit codes of every verb. `meaning` is the text of the help."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """A code with its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    DONE = 0, "done"
    FAILED = 1, "a step failed; the message says which and what to do"
    # Click's own code for it.
    WRONG_COMMAND_LINE = 2, "wrong command line"
    BUSY = 3, "another command works on this sandbox"
    NO_ENGINE = (
        4,
        "no Pulumi engine can be had on this machine; `up` and `preview` then show the offline preview instead",
    )
    # A shell's own code for SIGINT.
    INTERRUPTED = 130, "interrupted; run the same command again to go on"


def described() -> str:
    """The codes and their meanings as one line of a help text."""
    return "Exit codes: " + "; ".join(f"{code.value} {code.meaning}" for code in ExitCode) + "."


class SandboxError(Exception):
    """Something a person has to know or do; shown as one message without a trace.

    `exit_code` is the code that the command ends with.
    """

    exit_code = ExitCode.FAILED


class BusyError(SandboxError):
    """Another command works on the same sandbox."""

    exit_code = ExitCode.BUSY


class NoEngineError(SandboxError):
    """No Pulumi engine, or no AWS provider for it, can be had on this machine."""

    exit_code = ExitCode.NO_ENGINE


class InterruptedByUserError(SandboxError):
    """Ctrl-C: the engine saved its state and ended."""

    exit_code = ExitCode.INTERRUPTED
