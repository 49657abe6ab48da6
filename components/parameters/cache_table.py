"""The parameters of Redis and Valkey stores: the values that each takes in which family, the value set, and the reason.

`PARAMETERS` is the whole list, by subject. A row states the values that the server takes and the families that have it.
A row without a value is left to AWS unless an override names it.

Sources, and what was checked:

* Families and what each lacks: ElastiCache user guide, "Engine specific parameters" (Redis OSS 7, "Valkey 8
  parameter changes"); MemoryDB developer guide, "Engine specific parameters".
* Versions: ElastiCache user guide and MemoryDB developer guide, "Engine versions".
* Ranges are AWS's where they are narrower than the server's: AWS CLI command reference, the examples' `AllowedValues`
  of `elasticache describe-cache-parameters` (redis5.0) and `memorydb describe-parameters`, which agree. AWS shows none
  of a newer family, so it may still refuse a value that is allowed here.
* Every row that is not `managed_only` is given to a Valkey 8, which must take the value set and both ends of the range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Literal

from components.cache.sizing import NodeType
from components.parameters.spec import ParameterSpec

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
        """True for a family of MemoryDB, false for one of ElastiCache."""
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
"""The family of each engine version, by service: the key begins with true for MemoryDB."""


class EvictionPolicy(StrEnum):
    """The behaviour of a store whose memory is full: forget the key used longest ago, or refuse to take more."""

    ALLKEYS_LRU = "allkeys-lru"
    NOEVICTION = "noeviction"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreFacts:
    """The facts about one store that values are chosen by."""

    node_type: NodeType
    eviction_policy: EvictionPolicy
    cluster_mode: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheParameterSpec(ParameterSpec[StoreFacts]):
    """One parameter of Redis or Valkey.

    `managed_only`: AWS's own, unknown to a server. `needs_allocator`: refused by a server that was built without
    Valkey's own memory allocator, as Linux distributions do. An override of a row that is not `settable` is refused.
    """

    # Every number here has both bounds.
    minimum: int = 0
    maximum: int = 0
    families: frozenset[Family] = EVERY_FAMILY
    managed_only: bool = False
    needs_allocator: bool = False
    settable: bool = True


_LONG_MAX = 2**63 - 1
_INT_MAX = 2**31 - 1


# Every row gives its name, value and purpose first.
_flag = partial(CacheParameterSpec, type="bool")
_integer = partial(CacheParameterSpec, type="integer")

_MEMORY = (
    CacheParameterSpec(
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
    CacheParameterSpec(
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
        families=BEFORE_VALKEY8,
    ),
    _flag("lazyfree-lazy-expire", True, "likewise when they expire", families=BEFORE_VALKEY8),
    _flag("lazyfree-lazy-server-del", True, "likewise when a command replaces them", families=BEFORE_VALKEY8),
    _flag("lazyfree-lazy-user-del", True, "likewise when a client deletes them", families=BEFORE_VALKEY8),
    CacheParameterSpec(
        name="notify-keyspace-events",
        type="string",
        value=None,
        purpose="off; for who wants to be told of expiry: Ex",
        # What counts is the kind (K, E); without it the server tells nobody anything.
        pattern=r"|(?=.*[KE])[KEg$lszxetdmnA]+",
    ),
)

_DEFRAGMENTATION = (
    CacheParameterSpec(
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
    CacheParameterSpec(
        name="cluster-enabled",
        type="bool",
        value=lambda store: store.cluster_mode,
        purpose="follows from cluster_mode; a group with several shards must have it",
        families=ELASTICACHE,
        settable=False,
    ),
)

PARAMETERS: Mapping[str, CacheParameterSpec] = MappingProxyType(
    {spec.name: spec for spec in (*_MEMORY, *_ENCODING, *_EXPIRY, *_DEFRAGMENTATION, *_CLIENTS)}
)
"""Every parameter this project knows, by name."""
