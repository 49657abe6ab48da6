"""What a replica may not have less of than its primary.

Proves which differences of class and parameters are refused, over every class that is known. Does not prove that
RDS's defaults are as its documentation says, nor that replay stops: that is PostgreSQL's documentation.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.parameters.postgres import compute
from components.parameters.spec import Value
from components.postgres.sizing import DB_INSTANCE_CLASSES, InstanceClass, find_instance_class
from components.postgres.standby import STANDBY_PARAMETERS, Server, StandbyError, require_standby

NAMES = sorted(DB_INSTANCE_CLASSES)
PAIRS = [
    (find_instance_class(primary), find_instance_class(replica)) for primary in NAMES for replica in NAMES
]
# 32 GiB are the last power of two that computes fewer than 5,000 connections, RDS's limit.
LESS_MEMORY = [(p, r) for p, r in PAIRS if r.memory_gib < p.memory_gib and r.memory_gib <= 32]
NO_LESS = [(p, r) for p, r in PAIRS if r.memory_gib >= p.memory_gib and r.vcpu >= p.vcpu]


def server(name: str, **overrides: Value) -> Server:
    found = find_instance_class(name)
    computed = compute(found, database_name="reptidex", allocated_storage_gib=400, overrides=overrides)
    return Server(instance_class=found, parameters=computed)


@given(st.sampled_from(NAMES))
def test_a_replica_of_the_same_class_always_fits(name: str) -> None:
    require_standby(server(name), server(name))


@given(st.sampled_from(NO_LESS))
def test_a_class_with_no_less_memory_and_cpu_always_fits(pair: tuple[InstanceClass, InstanceClass]) -> None:
    primary, replica = pair
    require_standby(server(primary.name), server(replica.name))


@given(st.sampled_from(LESS_MEMORY))
def test_a_class_with_less_memory_never_fits_below_rdss_limit_of_connections(
    pair: tuple[InstanceClass, InstanceClass],
) -> None:
    primary, replica = pair
    with pytest.raises(StandbyError, match="max_connections"):
        require_standby(server(primary.name), server(replica.name))


def test_a_smaller_class_is_refused_with_both_numbers_and_what_to_do() -> None:
    with pytest.raises(
        StandbyError,
        match=r"max_connections would be 1802 on db\.r7g\.large, and the primary on db\.r7g\.xlarge has up to 3604: .*set",
    ) as raised:
        require_standby(server("db.r7g.xlarge"), server("db.r7g.large"))
    assert raised.value.name == "max_connections"


def test_a_smaller_class_fits_when_both_set_what_differs() -> None:
    same: dict[str, Value] = {"max_connections": 500}
    require_standby(server("db.r7g.xlarge", **same), server("db.r7g.large", **same))


@pytest.mark.parametrize("name", STANDBY_PARAMETERS)
def test_each_of_the_five_is_refused_one_below_and_taken_at_the_primarys_value(name: str) -> None:
    primary = server("db.r7g.xlarge", **{name: 200})
    require_standby(primary, server("db.r7g.xlarge", **{name: 200}))
    with pytest.raises(StandbyError, match=re.escape(f"{name} would be 199")):
        require_standby(primary, server("db.r7g.xlarge", **{name: 199}))


@pytest.mark.parametrize(
    "name", ["max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction"]
)
def test_a_value_on_one_side_alone_cannot_be_compared(name: str) -> None:
    with pytest.raises(StandbyError, match="set it on both"):
        require_standby(server("db.r7g.xlarge"), server("db.r7g.xlarge", **{name: 200}))
    with pytest.raises(StandbyError, match="set it on both"):
        require_standby(server("db.r7g.xlarge", **{name: 200}), server("db.r7g.xlarge"))


def test_fewer_workers_by_class_are_refused_even_where_connections_fit() -> None:
    with pytest.raises(StandbyError, match=r"max_worker_processes would be 16 on db\.r7g\.2xlarge"):
        require_standby(server("db.r7g.4xlarge"), server("db.r7g.2xlarge"))
