"""The parameter group of one Redis or Valkey store: its family and its values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from components.parameters import convert as converters
from components.parameters import group
from components.parameters.cache_table import (
    FAMILY_OF_VERSION,
    PARAMETERS,
    CacheParameterSpec,
    Engine,
    Family,
    StoreFacts,
)
from components.parameters.errors import FamilyError, ParameterError
from components.parameters.spec import Parameter, Value

# Callers that compute a group catch its errors, so they find both here.
__all__ = ["FamilyError", "ParameterError", "compute", "family", "require_family"]

_CONVERTERS: group.Converters = MappingProxyType(
    {
        "bool": converters.cache_boolean,
        "integer": converters.cache_integer,
        "enum": converters.enum_member,
        "string": converters.cache_string,
    }
)


def family(engine: Engine, engine_version: str, *, memorydb: bool) -> Family:
    """The family that goes with an engine version. Raises FamilyError."""
    found = FAMILY_OF_VERSION.get((memorydb, engine, engine_version))
    if found is not None:
        return found
    known = [
        version
        for is_memorydb, name, version in FAMILY_OF_VERSION
        if (is_memorydb, name) == (memorydb, engine)
    ]
    service = "MemoryDB" if memorydb else "ElastiCache"
    raise FamilyError(
        f"{engine} {engine_version!r} is not supported on {service}: this project knows {', '.join(known)}"
    )


def require_family(wanted: str, engine: Engine, engine_version: str, *, memorydb: bool) -> Family:
    """The family called `wanted`. Raises FamilyError where it is not the one of the engine version."""
    fitting = family(engine, engine_version, memorydb=memorydb)
    if wanted != fitting:
        raise FamilyError(
            f"{wanted!r} does not fit {engine} {engine_version}: use {fitting.value!r}, or leave it out"
        )
    return fitting


def compute(
    parameter_family: Family, store: StoreFacts, overrides: Mapping[str, Value]
) -> tuple[Parameter, ...]:
    """The parameter group of a store, in alphabetical order: the platform's values, and the overrides on top.

    Raises ParameterError for the first override that is unknown, not in this family, not settable or out of range.
    """
    overridden = {name: _convert(name, value, parameter_family) for name, value in overrides.items()}
    rows = (spec for spec in PARAMETERS.values() if parameter_family in spec.families)
    values = group.values(rows, store, overridden, _CONVERTERS)
    return tuple(Parameter(name, value) for name, value in sorted(values.items()))


def _convert(name: str, value: Value, parameter_family: Family) -> str:
    spec = _find(name, parameter_family)
    return _CONVERTERS[spec.type](spec, value)


def _find(name: str, parameter_family: Family) -> CacheParameterSpec:
    spec = group.find(name, PARAMETERS, otherwise="see components/parameters/cache_table.py", suggestions=3)
    if parameter_family not in spec.families:
        raise ParameterError(name, f"{name} does not exist in family {parameter_family.value}; remove it")
    if not spec.settable:
        raise ParameterError(name, f"{name} cannot be set here: {spec.purpose}")
    return spec
