"""The ends of a command: one table of exit codes for all verbs, and the error that is meant for people."""

from collections.abc import Iterable
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

    DONE = 0, "done, and no change of the level that `--fail-on` names or of a graver one"
    FAILED = 1, "not done, or refused: the message says why"
    # Click's own code for it.
    WRONG_COMMAND_LINE = 2, "the command line is wrong"
    FAILED_PREVIEW = 4, "a preview failed or breaks a mandatory policy"
    # From here on: the gravest change, where `--fail-on` names it or a milder one.
    STATEFUL = 5, "the gravest change is stateful"
    DISRUPTIVE = 6, "the gravest change is disruptive"
    SECURITY = 7, "the gravest change is security"
    BACKUPS = 8, "the gravest change is backups"
    COST = 9, "the gravest change is cost"
    ROUTINE = 10, "the gravest change is routine"


def described(codes: Iterable[ExitCode] = ExitCode) -> str:
    """The codes and their meanings as one line of a help text."""
    return "Exit codes: " + "; ".join(f"{code.value} {code.meaning}" for code in codes) + "."


class OpsError(Exception):
    """Something a person has to know or do; shown as one message without a trace.

    `exit_code` is the code that the command ends with.
    """

    exit_code = ExitCode.FAILED
