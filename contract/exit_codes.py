"""Exit codes of a command line: the form of a table of them, and its line of help. Each command line has its own table."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Self


class DescribedExitCode(IntEnum):
    """The base of a table of exit codes. `meaning` is the text of the help."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """A code with its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


def described(codes: Iterable[DescribedExitCode]) -> str:
    """The codes and their meanings as one line of a help text."""
    return "Exit codes: " + "; ".join(f"{code.value} {code.meaning}" for code in codes) + "."
