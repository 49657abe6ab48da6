"""Proves the parameter group of Redis and Valkey stores in each family, and the answer to each refused override.

Does not prove that AWS takes a group; tests/sandbox/cache gives the same parameters to a real server.
"""

import re
from typing import Any

import pytest

from components.cache.sizing import NODE_TYPES
from components.parameters.cache import compute, family, require_family
from components.parameters.cache_table import (
    ELASTICACHE,
    FAMILY_OF_VERSION,
    PARAMETERS,
    EvictionPolicy,
    Family,
    StoreFacts,
)
from components.parameters.errors import FamilyError, ParameterError

LAZY = {name for name in PARAMETERS if name.startswith("lazyfree-")}


def facts(node_type: str = "cache.r7g.large", **values: Any) -> StoreFacts:
    known = {"eviction_policy": EvictionPolicy.ALLKEYS_LRU, "cluster_mode": True, **values}
    return StoreFacts(node_type=NODE_TYPES[node_type], **known)


def group(wanted: Family, store: StoreFacts | None = None, **overrides: Any) -> dict[str, str]:
    changed = {name.replace("_", "-"): value for name, value in overrides.items()}
    return {each.name: each.value for each in compute(wanted, store or facts(), changed)}


def test_the_requirements_values_are_set() -> None:
    wanted = {
        "maxmemory-policy": "allkeys-lru",
        "maxmemory-samples": "5",
        "reserved-memory-percent": "20",
        "active-expire-effort": "1",
        "activedefrag": "yes",
        "list-compress-depth": "1",
        "hash-max-listpack-entries": "512",
    }
    found = group(Family.VALKEY8)
    assert {name: found[name] for name in wanted} == wanted


def test_sessions_are_never_evicted() -> None:
    store = facts(eviction_policy=EvictionPolicy.NOEVICTION)
    assert group(Family.VALKEY8, store)["maxmemory-policy"] == "noeviction"


@pytest.mark.parametrize("wanted", Family)
def test_a_family_gets_what_it_has_and_nothing_else(wanted: Family) -> None:
    found = group(wanted)
    assert all(wanted in PARAMETERS[name].families for name in found)
    assert (set(found) >= LAZY) == (wanted is not Family.VALKEY8)
    assert ("reserved-memory-percent" in found) == (wanted in ELASTICACHE)
    assert ("cluster-enabled" in found) == (wanted in ELASTICACHE)


def test_valkey_7_takes_what_redis_7_takes() -> None:
    assert group(Family.VALKEY7) == group(Family.REDIS7)


@pytest.mark.parametrize(
    ("node_type", "percent"),
    [
        ("cache.t4g.micro", "50"),
        ("cache.t4g.small", "30"),
        ("cache.t4g.medium", "25"),
        ("cache.m7g.large", "20"),
    ],
)
def test_small_burstable_nodes_reserve_what_aws_advises(node_type: str, percent: str) -> None:
    assert group(Family.VALKEY8, facts(node_type))["reserved-memory-percent"] == percent


def test_an_override_takes_the_place_of_the_platforms_value() -> None:
    assert group(Family.VALKEY8, maxmemory_samples=10)["maxmemory-samples"] == "10"
    assert group(Family.VALKEY8, activedefrag=False)["activedefrag"] == "no"
    assert group(Family.VALKEY8, activedefrag="yes")["activedefrag"] == "yes"
    assert group(Family.VALKEY8, notify_keyspace_events="Ex")["notify-keyspace-events"] == "Ex"
    assert [group(Family.VALKEY8, timeout=seconds)["timeout"] for seconds in (0, 20)] == ["0", "20"]


@pytest.mark.parametrize(
    ("wanted", "name", "value", "said"),
    [
        (Family.VALKEY8, "maxmemory-sample", 5, "'maxmemory-sample' is not known: did you mean maxmemory-samples"),
        (Family.VALKEY8, "save", "900 1", "'save' is not known"),
        (Family.VALKEY8, "appendonly", True, "'appendonly' is not known"),
        (Family.VALKEY8, "lazyfree-lazy-expire", True, "does not exist in family valkey8; remove it"),
        (Family.MEMORYDB_VALKEY7, "reserved-memory-percent", 20, "does not exist in family memorydb_valkey7"),
        (Family.VALKEY8, "maxmemory-samples", 65, "65 is out of range: give 1 to 64"),
        (Family.VALKEY8, "active-defrag-cycle-min", 0, "0 is out of range: give 1 to 75"),
        (Family.VALKEY8, "active-defrag-cycle-max", 76, "76 is out of range: give 1 to 75"),
        (Family.VALKEY8, "active-defrag-threshold-lower", 0, "0 is out of range: give 1 to 100"),
        (Family.VALKEY8, "active-defrag-threshold-upper", 101, "101 is out of range: give 1 to 100"),
        (Family.VALKEY8, "active-defrag-ignore-bytes", 1048575, "1048575 is out of range: give 1048576 to"),
        (Family.VALKEY8, "timeout", 19, "19 is out of range: give 0, or 20 to"),
        (Family.VALKEY8, "timeout", -1, "-1 is out of range: give 0, or 20 to"),
        (Family.VALKEY8, "maxmemory-samples", True, "True is not a whole number"),
        (Family.VALKEY8, "maxmemory-samples", "5", "'5' is not a whole number"),
        (Family.VALKEY8, "activedefrag", "maybe", "'maybe' is not a switch: give true or false"),
        (Family.VALKEY8, "maxmemory-policy", "volatile-lru", "maxmemory-policy cannot be set here"),
        (Family.VALKEY8, "cluster-enabled", False, "cluster-enabled cannot be set here: follows from cluster_mode"),
        (Family.VALKEY8, "notify-keyspace-events", "x", "'x' is not allowed: its pattern is"),
        (Family.VALKEY8, "notify-keyspace-events", 1, "1 is not allowed"),
    ],
)  # fmt: skip
def test_an_override_that_cannot_be_is_refused_with_a_reason(
    wanted: Family, name: str, value: Any, said: str
) -> None:
    with pytest.raises(ParameterError, match=re.escape(said)) as raised:
        compute(wanted, facts(), {name: value})
    assert raised.value.name == name


def test_every_parameter_has_a_purpose_and_every_value_of_the_platform_would_pass_as_an_override() -> None:
    for spec in PARAMETERS.values():
        assert spec.purpose
        for wanted in spec.families if spec.settable and spec.value is not None else ():
            value = spec.value(facts()) if callable(spec.value) else spec.value
            assert value is not None
            assert compute(wanted, facts(), {spec.name: value}) == compute(wanted, facts(), {})


def test_every_number_has_a_range() -> None:
    assert [
        name for name, spec in PARAMETERS.items() if spec.type == "integer" and spec.minimum >= spec.maximum
    ] == []


@pytest.mark.parametrize(("key", "found"), FAMILY_OF_VERSION.items())
def test_every_engine_version_has_its_family(key: Any, found: Family) -> None:
    memorydb, engine, version = key
    assert family(engine, version, memorydb=memorydb) is found
    assert found.is_memorydb is memorydb
    assert require_family(found.value, engine, version, memorydb=memorydb) is found


def test_a_version_that_nobody_has_and_a_family_of_another_are_refused() -> None:
    with pytest.raises(FamilyError, match=r"valkey '9.9' is not supported on ElastiCache: .*8.0, 8.1, 8.2$"):
        family("valkey", "9.9", memorydb=False)
    with pytest.raises(FamilyError, match=r"valkey '8.1' is not supported on MemoryDB: .*7.2, 7.3"):
        family("valkey", "8.1", memorydb=True)
    with pytest.raises(FamilyError, match=r"'redis7' does not fit valkey 8.1: use 'valkey8'"):
        require_family("redis7", "valkey", "8.1", memorydb=False)
