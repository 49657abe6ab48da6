"""The row of a parameter table, and the entry of a parameter group that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Generic, Literal, TypeVar

from components.parameters.units import Unit

Value = str | int | float | bool
ParameterType = Literal["bool", "integer", "real", "enum", "string", "list"]
Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class ParameterSpec(Generic[Facts]):
    """One parameter: the values that it takes, the value that the platform sets, and the reason (`purpose`).

    `value` is a constant, a function of the facts about one instance or store, or None to leave AWS's default.
    `minimum` and `maximum` are in `unit` and both inclusive; None is no bound. With `or_zero` 0 is allowed too.
    `allowed` holds the values of an enum and the members of a list; `pattern` is the form of a string.
    """

    name: str
    value: Value | Callable[[Facts], Value] | None
    purpose: str
    _: KW_ONLY
    type: ParameterType
    unit: Unit | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    or_zero: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = ""

    def own_value(self, facts: Facts) -> Value | None:
        """The platform's value for these facts; None where AWS's default stays."""
        return self.value(facts) if callable(self.value) else self.value


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of a parameter group as AWS takes it: numbers are bare, in the parameter's unit."""

    name: str
    value: str
