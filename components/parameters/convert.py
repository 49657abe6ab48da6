"""The check of one value against its row, and the value as AWS takes it.

Every function takes the row and the value, returns the string that AWS takes, and raises ParameterError with the value
and with what is allowed. PostgreSQL reads many spellings and units; Redis and Valkey read few, so booleans, numbers and
strings have a function for each. `postgres` and `cache` state which function converts which type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from components.parameters import units
from components.parameters.errors import ParameterError
from components.parameters.spec import ParameterSpec, Value

Row = ParameterSpec[Any]
Converter = Callable[[Row, Value], str]

# PostgreSQL cuts longer names (NAMEDATALEN is 64, with the final zero byte).
_MAXIMUM_NAME_BYTES = 63
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([A-Za-z0-9]*)")


# --- Every service ------------------------------------------------------------------------------------------


def enum_member(spec: Row, value: Value) -> str:
    """One of the row's `allowed` values."""
    if value not in spec.allowed:
        raise _refused(spec, value, f"is not allowed: give {' or '.join(spec.allowed)}")
    return str(value)


# --- PostgreSQL ---------------------------------------------------------------------------------------------


def postgres_boolean(spec: Row, value: Value) -> str:
    """`1` or `0`, from PostgreSQL's own spellings of a boolean; YAML turns most of them into one already."""
    match str(value).lower():
        case "true" | "on" | "yes" | "1":
            return "1"
        case "false" | "off" | "no" | "0":
            return "0"
        case _:
            raise _refused(spec, value, "is not a boolean: give true or false")


def postgres_number(spec: Row, value: Value) -> str:
    """A bare number in the row's unit, from a number or from a string with a unit such as `64MB` or `1.5s`."""
    number = _in_unit_of(spec, value)
    if spec.type == "integer" and number.denominator != 1:
        whole = number.numerator // number.denominator
        raise _refused(
            spec, value, f"is not a whole number{units.of_unit(spec.unit)}: give {whole} or {whole + 1}"
        )
    _require_range(spec, value, number)
    return _plain(number)


def postgres_list(spec: Row, value: Value) -> str:
    """Members of `allowed`, each once, separated by commas."""
    if not isinstance(value, str):
        raise _refused(spec, value, "is not a list: separate names by commas in a string")
    members = [member.strip() for member in value.split(",")]
    for member in members:
        if member not in spec.allowed:
            raise _refused(spec, value, f"holds {member!r}, which is not one of {', '.join(spec.allowed)}")
    if len(set(members)) < len(members):
        raise _refused(spec, value, "names a library twice: name each once")
    return ",".join(members)


def postgres_name(spec: Row, value: Value) -> str:
    """A name that PostgreSQL keeps whole."""
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= _MAXIMUM_NAME_BYTES:
        raise _refused(spec, value, f"is not a name: give a string of 1 to {_MAXIMUM_NAME_BYTES} bytes")
    return value


def _in_unit_of(spec: Row, value: Value) -> Fraction:
    """The number that `value` stands for in the row's unit."""
    match = _NUMBER.fullmatch(str(value).strip())
    if isinstance(value, float):
        try:
            return Fraction(Decimal(str(value)))
        except (ValueError, OverflowError) as error:
            raise _not_a_number(spec, value) from error
    if match is None or isinstance(value, bool):
        raise _not_a_number(spec, value)
    number, unit = Fraction(match.group(1)), match.group(2)
    if not unit:
        return number
    if spec.unit is None:
        raise _refused(spec, value, f"has a unit and the parameter takes none: drop {unit!r}")
    scale = units.scale(spec.unit)
    if unit not in scale:
        raise _refused(
            spec,
            value,
            f"has {unit!r}, which is not a unit of {units.quantity(spec.unit)}: "
            f"use one of {units.spellings(spec.unit)}, or a bare number{units.of_unit(spec.unit)}",
        )
    return number * scale[unit] / scale[spec.unit]


def _not_a_number(spec: Row, value: Value) -> ParameterError:
    kind = "a whole number" if spec.type == "integer" else "a number"
    example = f", or a string with a unit such as {units.EXAMPLES[spec.unit]!r}" if spec.unit else ""
    return _refused(spec, value, f"is not a number: give {kind}{units.of_unit(spec.unit)}{example}")


def _plain(number: Fraction) -> str:
    """Decimal digits without exponent or trailing zeros."""
    if number.denominator == 1:
        return str(number.numerator)
    return format(Decimal(number.numerator) / Decimal(number.denominator), "f")


# --- Redis and Valkey ---------------------------------------------------------------------------------------


def cache_boolean(spec: Row, value: Value) -> str:
    """`yes` or `no`, from a boolean or from either word."""
    if value not in (True, False, "yes", "no"):
        raise _refused(spec, value, "is not a switch: give true or false")
    return "yes" if value in (True, "yes") else "no"


def cache_integer(spec: Row, value: Value) -> str:
    """A whole number in the row's range; a string of digits is refused."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(spec, value, "is not a whole number")
    _require_range(spec, value, Fraction(value))
    return str(value)


def cache_string(spec: Row, value: Value) -> str:
    """A string of the form that the row's `pattern` describes."""
    if not isinstance(value, str) or re.fullmatch(spec.pattern, value) is None:
        raise _refused(spec, value, f"is not allowed: its pattern is {spec.pattern}")
    return value


# --- Ranges and errors --------------------------------------------------------------------------------------


def _require_range(spec: Row, value: Value, number: Fraction) -> None:
    """Raise ParameterError unless `number`, which `value` stands for, is within the row's bounds."""
    if spec.or_zero and number == 0:
        return
    below = spec.minimum is not None and number < spec.minimum
    above = spec.maximum is not None and number > spec.maximum
    if not below and not above:
        return
    zero = "0, or " if spec.or_zero else ""
    bounds = f"at least {spec.minimum}" if spec.maximum is None else f"{spec.minimum} to {spec.maximum}"
    unit = units.after_number(spec.unit)
    stands_for = f" (= {_plain(number)}{unit})" if isinstance(value, str) and spec.unit else ""
    raise ParameterError(
        spec.name, f"{spec.name} {value!r}{stands_for} is out of range: give {zero}{bounds}{unit}"
    )


def _refused(spec: Row, value: Value, reason: str) -> ParameterError:
    return ParameterError(spec.name, f"{spec.name} {value!r} {reason}")
