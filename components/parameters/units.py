"""PostgreSQL's units of memory and time, and their wording in messages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Unit = Literal["8kB", "kB", "MB", "ms", "s", "min"]

# PostgreSQL counts buffers and cache in pages.
PAGE_BYTES = 8 * 1024
# PostgreSQL's spellings, which are case-sensitive (PostgreSQL documentation, "Parameter Names and Values").
_BYTES: Mapping[str, int] = MappingProxyType(
    {"B": 1, "kB": 1024, "8kB": PAGE_BYTES, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
)
_MICROSECONDS: Mapping[str, int] = MappingProxyType(
    {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
)

EXAMPLES: Mapping[Unit, str] = MappingProxyType(
    {"8kB": "512MB", "kB": "64MB", "MB": "4GB", "ms": "5s", "s": "5min", "min": "3d"}
)
"""For each unit of a parameter, a value with a unit of its own, as a message suggests it."""


def quantity(unit: Unit) -> Literal["memory", "time"]:
    """The quantity that a unit measures."""
    return "memory" if unit in _BYTES else "time"


def scale(unit: Unit) -> Mapping[str, int]:
    """Every unit of the same quantity with its size: in bytes for memory, in microseconds for time."""
    return _BYTES if unit in _BYTES else _MICROSECONDS


def spellings(unit: Unit) -> str:
    """The units that a value may carry where the parameter's own is `unit`, as a list in a message."""
    return ", ".join(each for each in scale(unit) if each != "8kB")


def after_number(unit: Unit | None) -> str:
    """The unit as it follows a number in a message: ` kB`, ` pages of 8 kB`, or nothing."""
    if unit is None:
        return ""
    return " pages of 8 kB" if unit == "8kB" else f" {unit}"


def of_unit(unit: Unit | None) -> str:
    """The unit as it follows the noun `number` in a message: ` of kB`, or nothing."""
    return f" of{after_number(unit)}" if unit else ""
