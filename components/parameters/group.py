"""The values of one parameter group: rows found by name, the platform's values, and overrides in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from components.parameters.convert import Converter
from components.parameters.errors import ParameterError
from components.parameters.spec import Facts, ParameterSpec, ParameterType
from components.suggestions import did_you_mean

Spec = TypeVar("Spec", bound=ParameterSpec[Any])
Converters = Mapping[ParameterType, Converter]
"""For each type in a table, the function that converts its values."""


def find(name: str, table: Mapping[str, Spec], *, otherwise: str, suggestions: int) -> Spec:
    """The row called `name`.

    Raises ParameterError for a name that is not in the table; its message ends with at most so many `suggestions`, or
    with `otherwise`.
    """
    if name in table:
        return table[name]
    hint = did_you_mean(name, table, otherwise=otherwise, at_most=suggestions)
    raise ParameterError(name, f"parameter {name!r} is not known: {hint}")


def values(
    rows: Iterable[ParameterSpec[Facts]], facts: Facts, overridden: Mapping[str, str], converters: Converters
) -> dict[str, str]:
    """Each row's value as AWS takes it, by name, in the order of `rows`.

    `overridden` holds values that are converted already. A row with neither an override nor a value of the platform is
    left out, and AWS's default stays.
    """
    found = {}
    for spec in rows:
        own_value = spec.own_value(facts)
        if spec.name in overridden:
            found[spec.name] = overridden[spec.name]
        elif own_value is not None:
            found[spec.name] = converters[spec.type](spec, own_value)
    return found
