"""The parameter group of one PostgreSQL instance on RDS: its family, its values and the checks between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from components.parameters import convert as converters
from components.parameters import group
from components.parameters.errors import FamilyError, ParameterError
from components.parameters.postgres_formulas import SHARED_BUFFERS_PERCENT, InstanceFacts
from components.parameters.postgres_table import (
    LIBRARY_BY_PREFIX,
    MANAGED_BY_RDS,
    PARAMETERS,
    SUPPORTED_MAJOR,
    ApplyMethod,
)
from components.parameters.spec import Parameter, Value
from components.parameters.units import PAGE_BYTES
from components.postgres.sizing import MIB, InstanceClass, planned_max_connections

# Callers that compute a group catch its errors, so they find both here.
__all__ = [
    "FamilyError",
    "ParameterError",
    "PostgresParameter",
    "compute",
    "convert",
    "family",
    "memory_claims_bytes",
    "require_family",
]

_CONVERTERS: group.Converters = MappingProxyType(
    {
        "bool": converters.postgres_boolean,
        "integer": converters.postgres_number,
        "real": converters.postgres_number,
        "enum": converters.enum_member,
        "list": converters.postgres_list,
        "string": converters.postgres_name,
    }
)


@dataclass(frozen=True, slots=True)
class PostgresParameter(Parameter):
    """One entry of a DB parameter group as RDS takes it."""

    apply_method: ApplyMethod


def family(engine_version: str) -> str:
    """The parameter group family of an engine version: `17.5` gives `postgres17`. Raises FamilyError."""
    match = re.fullmatch(r"(\d+)(\.\d+)?", engine_version)
    if match is None:
        raise FamilyError(
            f"engine version {engine_version!r} is not a PostgreSQL version: write it as 17 or 17.5"
        )
    if int(match.group(1)) != SUPPORTED_MAJOR:
        raise FamilyError(
            f"engine version {engine_version!r} is not supported: parameters are known for PostgreSQL "
            f"{SUPPORTED_MAJOR} only, so give {SUPPORTED_MAJOR} or one of its minor versions"
        )
    return f"postgres{SUPPORTED_MAJOR}"


def require_family(parameter_family: str, engine_version: str) -> None:
    """Raise FamilyError unless `parameter_family` is the one of `engine_version`."""
    fitting = family(engine_version)
    if parameter_family != fitting:
        raise FamilyError(
            f"parameter family {parameter_family!r} does not fit engine version {engine_version!r}: "
            f"use {fitting!r}"
        )


def compute(
    instance_class: InstanceClass,
    *,
    database_name: str,
    allocated_storage_gib: int,
    overrides: Mapping[str, Value] = MappingProxyType({}),
) -> tuple[PostgresParameter, ...]:
    """The parameter group of one instance, in the order of `PARAMETERS`.

    `overrides` holds numbers in the parameter's unit, or strings with a unit of their own (`64MB`, `1s`). An
    overridden `max_connections` changes the memory values computed from it. Raises ParameterError for the
    first override that is unknown, out of range, in the wrong unit or at odds with another value.
    """
    overridden = {name: convert(name, value) for name, value in overrides.items()}
    instance = InstanceFacts(
        instance_class=instance_class,
        max_connections=int(overridden.get("max_connections", planned_max_connections(instance_class))),
        allocated_storage_gib=allocated_storage_gib,
        database_name=database_name,
    )
    values = group.values(PARAMETERS.values(), instance, overridden, _CONVERTERS)
    _require_loaded_libraries(values)
    _require_one_password_method(values, overridden)
    _require_wal_fits_storage(values, overridden, instance)
    _require_memory_budget(values, overridden, instance)
    return tuple(
        PostgresParameter(name, value, PARAMETERS[name].apply_method) for name, value in values.items()
    )


def convert(name: str, value: Value) -> str:
    """`value` of parameter `name` as the string that RDS takes. Raises ParameterError where it is not allowed."""
    if name in MANAGED_BY_RDS:
        raise ParameterError(name, f"{name} cannot be set: {MANAGED_BY_RDS[name]}; remove it")
    spec = group.find(
        name,
        PARAMETERS,
        otherwise="remove it, or add it to the table of known parameters first",
        suggestions=1,
    )
    return _CONVERTERS[spec.type](spec, value)


# --- Checks between values ----------------------------------------------------------------------------------


def _require_loaded_libraries(values: Mapping[str, str]) -> None:
    loaded = values["shared_preload_libraries"].split(",")
    for name in values:
        library = LIBRARY_BY_PREFIX.get(name.partition(".")[0])
        if library is not None and library not in loaded:
            raise ParameterError(
                "shared_preload_libraries",
                f"shared_preload_libraries {','.join(loaded)!r} leaves out {library}, which {name} needs: "
                f"add {library} to the list",
            )


def _require_one_password_method(values: Mapping[str, str], overridden: Mapping[str, str]) -> None:
    stored, accepted = "password_encryption", "rds.accepted_password_auth_method"
    if (values[stored], values[accepted]) == ("md5", "scram"):
        name = stored if stored in overridden else accepted
        raise ParameterError(
            name,
            "password_encryption 'md5' and rds.accepted_password_auth_method 'scram' lock out "
            "every new password: use 'scram-sha-256', or accept 'md5+scram'",
        )


def _require_wal_fits_storage(
    values: Mapping[str, str], overridden: Mapping[str, str], instance: InstanceFacts
) -> None:
    sizes_mb = {name: int(values[name]) for name in ("max_slot_wal_keep_size", "max_wal_size")}
    storage_mb = instance.allocated_storage_gib * 1024
    if sizes_mb["max_slot_wal_keep_size"] == -1:
        raise ParameterError(
            "max_slot_wal_keep_size",
            "max_slot_wal_keep_size -1 keeps WAL for a dead replica until the disk is full: "
            f"give a size in MB under the {storage_mb} MB allocated",
        )
    if sum(sizes_mb.values()) >= storage_mb:
        name = max(sizes_mb, key=lambda each: (each in overridden, sizes_mb[each]))
        raise ParameterError(
            name,
            f"{name} {sizes_mb[name]} MB does not fit: max_wal_size and max_slot_wal_keep_size add up to "
            f"{sum(sizes_mb.values())} MB of {storage_mb} MB allocated; lower it or allocate more storage",
        )


# Which overrides move which claim on memory.
_CLAIMANTS: Mapping[str, tuple[str, ...]] = {
    "shared_buffers": ("shared_buffers",),
    "work_mem": ("work_mem", "max_connections"),
    "autovacuum": ("autovacuum_work_mem", "autovacuum_max_workers"),
    "maintenance_work_mem": ("maintenance_work_mem",),
}


def _require_memory_budget(
    values: Mapping[str, str], overridden: Mapping[str, str], instance: InstanceFacts
) -> None:
    claims_bytes = memory_claims_bytes(values, instance)
    if sum(claims_bytes.values()) <= instance.memory_bytes:
        return
    # Every claim is within budget by itself until an override changes it, so one of these was overridden.
    causes = {name: claim for claim, names in _CLAIMANTS.items() for name in names if name in overridden}
    name = max(causes, key=lambda each: claims_bytes[causes[each]])
    parts = ", ".join(f"{claim} {size // MIB} MiB" for claim, size in claims_bytes.items())
    raise ParameterError(
        name,
        f"{name} {overridden[name]} asks for more memory than {instance.instance_class.name} has for "
        f"PostgreSQL, {instance.memory_bytes // MIB} MiB ({parts}): lower it or take a larger class",
    )


def memory_claims_bytes(values: Mapping[str, str], instance: InstanceFacts) -> dict[str, int]:
    """The memory that PostgreSQL may use at its worst, in bytes by purpose, for parameter values as RDS takes them."""
    kib = 1024
    maintenance = int(values["maintenance_work_mem"]) * kib
    # -1 makes every autovacuum worker use maintenance_work_mem.
    worker = (
        int(values["autovacuum_work_mem"]) * kib if values["autovacuum_work_mem"] != "-1" else maintenance
    )
    if "shared_buffers" in values:
        buffers = int(values["shared_buffers"]) * PAGE_BYTES
    else:
        buffers = instance.memory_bytes * SHARED_BUFFERS_PERCENT // 100
    return {
        "shared_buffers": buffers,
        "work_mem": int(values["work_mem"]) * kib * instance.max_connections,
        "autovacuum": worker * int(values["autovacuum_max_workers"]),
        "maintenance_work_mem": maintenance,
    }
