"""The parameters of Redis and Valkey stores: what each takes in which family, the value set, the check of an override.

`PARAMETERS` is the whole list, by subject. A row says which values the server takes, which families have it, and why the
platform sets what it sets; a row without a value is left to AWS unless an override names it. `compute` turns the table into
the parameter group of one store.

Sources, and what was checked:

* Families and what each lacks: ElastiCache user guide, "Engine specific parameters" (Redis OSS 7, "Valkey 8 parameter
  changes"); MemoryDB developer guide, "Engine specific parameters".
* Versions: ElastiCache user guide and MemoryDB developer guide, "Engine versions".
* Ranges are AWS's where they are narrower than the server's: AWS CLI command reference, the examples' `AllowedValues` of
  `elasticache describe-cache-parameters` (redis5.0) and `memorydb describe-parameters`, which agree. AWS shows none of a
  newer family, so it may still refuse a value that is allowed here.
* Every row that is not `managed_only` is given to a Valkey 8, which must take the value set and both ends of the range.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from components.cache.sizing import NodeType

Value = str | int | float | bool
ParameterType = Literal["bool", "integer", "enum", "string"]
Engine = Literal["redis", "valkey"]


class Family(StrEnum):
    """A parameter group family, as AWS calls it."""

    REDIS7 = "redis7"
    VALKEY7 = "valkey7"
    VALKEY8 = "valkey8"
    MEMORYDB_REDIS7 = "memorydb_redis7"
    MEMORYDB_VALKEY7 = "memorydb_valkey7"

    @property
    def is_memorydb(self) -> bool:
        """Whether it is one of MemoryDB's."""
        return self.value.startswith("memorydb_")


ELASTICACHE = frozenset({Family.REDIS7, Family.VALKEY7, Family.VALKEY8})
MEMORYDB = frozenset({Family.MEMORYDB_REDIS7, Family.MEMORYDB_VALKEY7})
EVERY_FAMILY = ELASTICACHE | MEMORYDB
# Valkey 8 no longer lets anybody choose: it always frees memory in the background.
BEFORE_VALKEY8 = EVERY_FAMILY - {Family.VALKEY8}

FAMILY_OF_VERSION: Mapping[tuple[bool, Engine, str], Family] = MappingProxyType(
    {
        (False, "redis", "7.0"): Family.REDIS7,
        (False, "redis", "7.1"): Family.REDIS7,
        (False, "valkey", "7.2"): Family.VALKEY7,
        (False, "valkey", "8.0"): Family.VALKEY8,
        (False, "valkey", "8.1"): Family.VALKEY8,
        (False, "valkey", "8.2"): Family.VALKEY8,
        (True, "redis", "7.0"): Family.MEMORYDB_REDIS7,
        (True, "redis", "7.1"): Family.MEMORYDB_REDIS7,
        (True, "valkey", "7.2"): Family.MEMORYDB_VALKEY7,
        (True, "valkey", "7.3"): Family.MEMORYDB_VALKEY7,
    }
)
"""The family of each engine version, by whether it is MemoryDB's."""


class EvictionPolicy(StrEnum):
    """What a store does when its memory is full: forget what was used longest ago, or refuse to take more."""

    ALLKEYS_LRU = "allkeys-lru"
    NOEVICTION = "noeviction"


class ParameterError(ValueError):
    """An override that cannot be used; `name` is the parameter. The message says what to do."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class FamilyError(ValueError):
    """An engine version without a family here, or a family that belongs to another version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreFacts:
    """What values are chosen by."""

    node_type: NodeType
    eviction_policy: EvictionPolicy
    cluster_mode: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterSpec:
    """One parameter: what it takes, what the platform sets and why.

    `minimum` and `maximum` are both inclusive; with `or_zero` 0 is allowed too, and means never; `allowed` holds the values of an enum, `pattern` the shape of a string.
    `value` is what the platform sets: a constant, a function of the store, or None to leave AWS's default. `managed_only`:
    AWS's own, unknown to a server. `needs_allocator`: refused by a server that was built without Valkey's own memory
    allocator, as Linux distributions do.
    """

    name: str
    type: ParameterType
    purpose: str
    value: Value | Callable[[StoreFacts], Value] | None = None
    minimum: int = 0
    maximum: int = 0
    or_zero: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    families: frozenset[Family] = EVERY_FAMILY
    managed_only: bool = False
    needs_allocator: bool = False
    settable: bool = True


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of a parameter group as AWS takes it."""

    name: str
    value: str


_LONG_MAX = 2**63 - 1
_INT_MAX = 2**31 - 1


def _flag(
    name: str, value: bool | None, purpose: str, families: frozenset[Family] = EVERY_FAMILY
) -> ParameterSpec:
    return ParameterSpec(name=name, type="bool", value=value, purpose=purpose, families=families)


def _integer(
    name: str,
    value: int | None,
    purpose: str,
    *,
    minimum: int,
    maximum: int,
    or_zero: bool = False,
) -> ParameterSpec:
    return ParameterSpec(
        name=name,
        type="integer",
        value=value,
        purpose=purpose,
        minimum=minimum,
        maximum=maximum,
        or_zero=or_zero,
    )


_MEMORY = (
    ParameterSpec(
        name="maxmemory-policy",
        type="enum",
        value=lambda store: store.eviction_policy.value,
        purpose="a cache forgets what was used longest ago; sessions are refused rather than forgotten",
        allowed=tuple(EvictionPolicy),
        settable=False,
    ),
    _integer(
        "maxmemory-samples",
        5,
        "the requirement; measured, 3 to 64 samples hit equally often",
        minimum=1,
        maximum=64,
    ),
    ParameterSpec(
        name="reserved-memory-percent",
        type="integer",
        value=lambda store: store.node_type.reserved_memory_percent,
        purpose="data may take 80 % of the memory, less on the smallest nodes; MemoryDB reserves by itself",
        minimum=0,
        maximum=100,
        families=ELASTICACHE,
        managed_only=True,
    ),
)

_ENCODING = (
    _integer(
        "hash-max-listpack-entries",
        512,
        "hashes of up to 512 fields are kept compact",
        minimum=0,
        maximum=_LONG_MAX,
    ),
    _integer(
        "hash-max-listpack-value",
        64,
        "as long as no field is longer than 64 bytes",
        minimum=0,
        maximum=_LONG_MAX,
    ),
    _integer(
        "zset-max-listpack-entries",
        128,
        "sorted sets of up to 128 members likewise",
        minimum=0,
        maximum=_LONG_MAX,
    ),
    _integer("zset-max-listpack-value", 64, "with members of up to 64 bytes", minimum=0, maximum=_LONG_MAX),
    _integer(
        "set-max-intset-entries",
        512,
        "sets of up to 512 whole numbers likewise",
        minimum=0,
        maximum=_LONG_MAX,
    ),
    _integer(
        "list-compress-depth",
        1,
        "lists are compressed between their two ends, where nobody pushes or pops",
        minimum=0,
        maximum=_INT_MAX,
    ),
)

_EXPIRY = (
    _integer(
        "active-expire-effort",
        1,
        "1 is the server's own: it tolerates up to 10 % of expired keys, and finds them in cycles",
        minimum=1,
        maximum=10,
    ),
    _flag(
        "lazyfree-lazy-eviction",
        True,
        "large keys are freed in the background when evicted",
        BEFORE_VALKEY8,
    ),
    _flag("lazyfree-lazy-expire", True, "likewise when they expire", BEFORE_VALKEY8),
    _flag("lazyfree-lazy-server-del", True, "likewise when a command replaces them", BEFORE_VALKEY8),
    _flag("lazyfree-lazy-user-del", True, "likewise when a client deletes them", BEFORE_VALKEY8),
    ParameterSpec(
        name="notify-keyspace-events",
        type="string",
        purpose="off; for who wants to be told of expiry: Ex",
        # What counts is the kind (K, E); without it the server tells nobody anything.
        pattern=r"|(?=.*[KE])[KEg$lszxetdmnA]+",
    ),
)

_DEFRAGMENTATION = (
    ParameterSpec(
        name="activedefrag",
        type="bool",
        value=True,
        purpose="memory is defragmented while it is used, not once a week",
        needs_allocator=True,
    ),
    _integer(
        "active-defrag-ignore-bytes",
        100 * 2**20,
        "from 100 MB of waste on",
        minimum=2**20,
        maximum=_LONG_MAX,
    ),
    _integer("active-defrag-threshold-lower", 10, "and 10 % of it", minimum=1, maximum=100),
    _integer("active-defrag-threshold-upper", None, "full effort", minimum=1, maximum=100),
    _integer("active-defrag-cycle-min", 1, "with at least 1 % of the time", minimum=1, maximum=75),
    _integer(
        "active-defrag-cycle-max",
        25,
        "and at most 25 %, as commands wait meanwhile",
        minimum=1,
        maximum=75,
    ),
)

_CLIENTS = (
    _integer(
        "timeout",
        None,
        "seconds after which an idle client is cut off; pools keep idle connections on purpose",
        minimum=20,
        maximum=_INT_MAX,
        or_zero=True,
    ),
    _integer(
        "tcp-keepalive", 60, "a client that vanished is noticed within minutes", minimum=0, maximum=_INT_MAX
    ),
    _integer(
        "slowlog-log-slower-than",
        10_000,
        "microseconds: one command of 10 ms holds everybody up",
        minimum=-1,
        maximum=_LONG_MAX,
    ),
    _integer("slowlog-max-len", 128, "as many are kept until delivered", minimum=0, maximum=_LONG_MAX),
    ParameterSpec(
        name="cluster-enabled",
        type="bool",
        value=lambda store: store.cluster_mode,
        purpose="follows from cluster_mode; a group with several shards must have it",
        families=ELASTICACHE,
        settable=False,
    ),
)

PARAMETERS: Mapping[str, ParameterSpec] = MappingProxyType(
    {spec.name: spec for spec in (*_MEMORY, *_ENCODING, *_EXPIRY, *_DEFRAGMENTATION, *_CLIENTS)}
)
"""Every parameter this project knows, by name."""


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


def compute(family: Family, store: StoreFacts, overrides: Mapping[str, Value]) -> tuple[Parameter, ...]:
    """The parameter group of a store: the platform's values, and the overrides on top. Raises ParameterError."""
    values: dict[str, Value] = {}
    for spec in PARAMETERS.values():
        if family in spec.families and spec.value is not None:
            values[spec.name] = spec.value(store) if callable(spec.value) else spec.value
    for name, value in overrides.items():
        values[name] = _checked(_find(name, family), value)
    return tuple(Parameter(name, _as_text(value)) for name, value in sorted(values.items()))


def _find(name: str, family: Family) -> ParameterSpec:
    spec = PARAMETERS.get(name)
    if spec is None:
        nearest = difflib.get_close_matches(name, PARAMETERS, n=3)
        hint = f"did you mean {' or '.join(nearest)}" if nearest else "see components/cache/parameters.py"
        raise ParameterError(name, f"parameter {name!r} is not known: {hint}")
    if family not in spec.families:
        raise ParameterError(name, f"{name} does not exist in family {family.value}; remove it")
    if not spec.settable:
        raise ParameterError(name, f"{name} cannot be set here: {spec.purpose}")
    return spec


def _checked(spec: ParameterSpec, value: Value) -> Value:
    """The value as the table has it. Raises ParameterError."""
    check = {"bool": _switch, "integer": _whole_number, "enum": _member, "string": _text}[spec.type]
    return check(spec, value)


def _switch(spec: ParameterSpec, value: Value) -> bool:
    if value not in (True, False, "yes", "no"):
        raise ParameterError(spec.name, f"{spec.name} {value!r} is not a switch: give true or false")
    return value in (True, "yes")


def _whole_number(spec: ParameterSpec, value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ParameterError(spec.name, f"{spec.name} {value!r} is not a whole number")
    if spec.minimum <= value <= spec.maximum or (spec.or_zero and value == 0):
        return value
    zero = "0, or " if spec.or_zero else ""
    raise ParameterError(
        spec.name, f"{spec.name} {value} is out of range: give {zero}{spec.minimum} to {spec.maximum}"
    )


def _member(spec: ParameterSpec, value: Value) -> Value:
    if value not in spec.allowed:
        raise ParameterError(
            spec.name, f"{spec.name} {value!r} is not allowed: give {' or '.join(spec.allowed)}"
        )
    return value


def _text(spec: ParameterSpec, value: Value) -> Value:
    if not isinstance(value, str) or re.fullmatch(spec.pattern, value) is None:
        raise ParameterError(
            spec.name, f"{spec.name} {value!r} is not allowed: its pattern is {spec.pattern}"
        )
    return value


def _as_text(value: Value) -> str:
    """Switches are yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
