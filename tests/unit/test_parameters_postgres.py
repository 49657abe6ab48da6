"""Proves the parameter group of PostgreSQL: the computed values on every instance class, the answer to each kind of
wrong override, and the family of each version.

Does not prove that RDS takes a group.
"""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.parameters.errors import FamilyError, ParameterError
from components.parameters.postgres import compute, convert, family, memory_claims_bytes, require_family
from components.parameters.postgres_formulas import InstanceFacts
from components.parameters.postgres_table import PARAMETERS
from components.parameters.spec import Value
from components.postgres.sizing import (
    DB_INSTANCE_CLASSES,
    GIB,
    MIB,
    InstanceClass,
    find_instance_class,
    planned_max_connections,
)

LARGE = find_instance_class("db.m7g.large")
classes = st.sampled_from(sorted(DB_INSTANCE_CLASSES.values(), key=lambda row: row.name))
storage_sizes = st.integers(20, 65_536)


def computed(
    row: InstanceClass = LARGE, allocated_storage_gib: int = 100, overrides: Mapping[str, Value] | None = None
) -> dict[str, str]:
    parameters = compute(
        row,
        database_name="reptidex",
        allocated_storage_gib=allocated_storage_gib,
        overrides=overrides or {},
    )
    return {parameter.name: parameter.value for parameter in parameters}


def facts(row: InstanceClass, values: Mapping[str, str]) -> InstanceFacts:
    return InstanceFacts(
        instance_class=row,
        max_connections=int(values.get("max_connections", planned_max_connections(row))),
        allocated_storage_gib=100,
        database_name="reptidex",
    )


def refusal(overrides: Mapping[str, Value], row: InstanceClass = LARGE) -> ParameterError:
    with pytest.raises(ParameterError) as raised:
        computed(row, overrides=overrides)
    return raised.value


# Computed values


@given(row=classes, allocated=storage_sizes)
def test_every_computed_value_is_inside_its_own_range_on_every_class(
    row: InstanceClass, allocated: int
) -> None:
    for name, value in computed(row, allocated).items():
        assert convert(name, value) == value


@pytest.mark.parametrize("row", DB_INSTANCE_CLASSES.values(), ids=lambda row: row.name)
def test_memory_claims_leave_a_fifth_to_the_system_on_every_class(row: InstanceClass) -> None:
    values = computed(row)
    claims = memory_claims_bytes(values, facts(row, values))
    assert sum(claims.values()) <= 0.8 * row.usable_memory_bytes
    assert (
        0.5 * row.usable_memory_bytes <= int(values["effective_cache_size"]) * 8192 <= 0.75 * row.memory_bytes
    )


@given(row=classes, connections=st.integers(6, 20_000))
def test_with_any_number_of_connections_memory_fits_or_the_number_is_refused(
    row: InstanceClass, connections: int
) -> None:
    # 45 % of memory is for work memory and no connection gets less than 1 MB; buffers, vacuum and maintenance
    # leave at most three quarters. Between the two the class decides.
    share = connections * MIB / row.usable_memory_bytes
    overrides = {"max_connections": connections}
    if share > 0.75:
        assert refusal(overrides, row).name == "max_connections"
    elif share < 0.45:
        values = computed(row, overrides=overrides)
        claims = memory_claims_bytes(values, facts(row, values))
        assert sum(claims.values()) <= row.usable_memory_bytes < row.memory_bytes


@given(row=classes, allocated=storage_sizes)
def test_wal_kept_for_slots_and_checkpoints_stays_under_a_third_of_storage(
    row: InstanceClass, allocated: int
) -> None:
    values = computed(row, allocated)
    kept_mb = int(values["max_wal_size"]) + int(values["max_slot_wal_keep_size"])
    assert kept_mb <= allocated * 1024 / 3


def test_an_8_gib_class_gets_these_memory_values() -> None:
    values = computed()
    assert values["work_mem"] == "4160"
    assert values["maintenance_work_mem"] == "238223"
    assert values["autovacuum_work_mem"] == "119111"
    assert values["effective_cache_size"] == "524091"
    assert values["autovacuum_max_workers"] == "3"
    assert "shared_buffers" not in values
    assert "max_connections" not in values


def test_fewer_connections_leave_more_work_memory_to_each() -> None:
    assert int(computed(overrides={"max_connections": 200})["work_mem"]) == 17_152
    assert int(computed(overrides={"max_connections": 10})["work_mem"]) == 64 * 1024


def test_the_requirements_of_the_platform_are_among_the_values() -> None:
    values = computed()
    assert values["rds.force_ssl"] == "1"
    assert values["log_min_duration_statement"] == "1000"
    assert values["log_statement"] == "ddl"
    assert values["wal_compression"] == "lz4"
    assert values["shared_preload_libraries"] == "pg_stat_statements,auto_explain,pg_cron"
    assert values["cron.database_name"] == "reptidex"
    assert values["max_slot_wal_keep_size"] == "20480"


def test_static_parameters_wait_for_a_reboot_and_dynamic_ones_do_not() -> None:
    methods = {
        parameter.name: parameter.apply_method
        for parameter in compute(LARGE, database_name="reptidex", allocated_storage_gib=100)
    }
    assert methods["shared_preload_libraries"] == "pending-reboot"
    assert methods["pg_stat_statements.max"] == "pending-reboot"
    assert methods["work_mem"] == "immediate"
    assert methods["rds.force_ssl"] == "immediate"


def test_the_list_is_in_the_order_of_the_table_whatever_the_order_of_overrides() -> None:
    one = list(computed(overrides={"jit": True, "max_connections": 100}))
    other = list(computed(overrides={"max_connections": 100, "jit": True}))
    assert one == other == [name for name in PARAMETERS if name in one]


# Overrides


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "wrk_mem",
            1,
            "parameter 'wrk_mem' is not known: did you mean work_mem",
        ),
        ("zzz", 1, "parameter 'zzz' is not known: remove it, or add it to the table"),
        ("fsync", False, "fsync cannot be set: RDS never runs without durability; remove it"),
        ("wal_level", "logical", "wal_level cannot be set: RDS sets it from backups and replicas"),
        (
            "work_mem",
            "5s",
            (
                "work_mem '5s' has 's', which is not a unit of memory: "
                "use one of B, kB, MB, GB, TB, or a bare number of kB"
            ),
        ),
        ("work_mem", "64mb", "has 'mb', which is not a unit of memory"),
        (
            "log_min_duration_statement",
            "1MB",
            (
                "log_min_duration_statement '1MB' has 'MB', which is not a unit of time: "
                "use one of us, ms, s, min, h, d, or a bare number of ms"
            ),
        ),
        ("random_page_cost", "1.1s", "has a unit and the parameter takes none: drop 's'"),
        (
            "checkpoint_timeout",
            "2d",
            "checkpoint_timeout '2d' (= 172800 s) is out of range: give 30 to 86400 s",
        ),
        ("random_page_cost", -1, "random_page_cost -1 is out of range: give at least 0"),
        ("work_mem", "100B", "work_mem '100B' is not a whole number of kB: give 0 or 1"),
        ("autovacuum_naptime", 1.5, "autovacuum_naptime 1.5 is not a whole number of s: give 1 or 2"),
        ("effective_io_concurrency", 1.5, "effective_io_concurrency 1.5 is not a whole number: give 1 or 2"),
        ("work_mem", True, "work_mem True is not a number: give a whole number of kB"),
        ("work_mem", "lots", "or a string with a unit such as '64MB'"),
        ("work_mem", "{DBInstanceClassMemory/32}", "is not a number"),
        ("random_page_cost", float("nan"), "random_page_cost nan is not a number: give a number"),
        ("random_page_cost", float("inf"), "random_page_cost inf is not a number"),
        ("jit", 3, "jit 3 is not a boolean: give true or false"),
        ("jit", "maybe", "jit 'maybe' is not a boolean"),
        ("log_statement", False, "log_statement False is not allowed: give none or ddl or mod or all"),
        ("wal_compression", "off", "wal_compression 'off' is not allowed: give lz4 or pglz or zstd"),
        ("shared_preload_libraries", 1, "separate names by commas in a string"),
        ("shared_preload_libraries", "pg_cron,nope", "holds 'nope', which is not one of auto_explain"),
        ("shared_preload_libraries", "pg_cron,pg_cron", "names a library twice: name each once"),
        ("cron.database_name", "", "cron.database_name '' is not a name: give a string of 1 to 63 bytes"),
        ("cron.database_name", "x" * 64, "is not a name"),
        ("max_slot_wal_keep_size", -1, "keeps WAL for a dead replica until the disk is full"),
        ("max_wal_size", "200GB", "add up to 225280 MB of 102400 MB allocated; lower it or allocate more"),
        ("max_slot_wal_keep_size", "100GB", "max_slot_wal_keep_size 102400 MB does not fit"),
        ("password_encryption", "md5", "lock out every new password: use 'scram-sha-256'"),
        (
            "work_mem",
            "1GB",
            "work_mem 1048576 asks for more memory than db.m7g.large has for PostgreSQL, 7444 MiB",
        ),
        ("shared_buffers", "7GB", "shared_buffers 917504 asks for more memory"),
        ("autovacuum_max_workers", 200, "autovacuum_max_workers 200 asks for more memory"),
        ("maintenance_work_mem", "8GB", "maintenance_work_mem 8388608 asks for more memory"),
        ("max_connections", 20_000, "lower it or take a larger class"),
    ],
)
def test_a_wrong_override_is_one_error_that_names_the_parameter(
    name: str, value: Value, message: str
) -> None:
    error = refusal({name: value})
    assert error.name == name
    assert message in str(error)


@pytest.mark.parametrize(
    ("libraries", "missing", "needed_by"),
    [
        ("pg_stat_statements,auto_explain", "pg_cron", "cron.database_name"),
        ("auto_explain,pg_cron", "pg_stat_statements", "pg_stat_statements.track"),
        ("pg_stat_statements,pg_cron", "auto_explain", "auto_explain.log_min_duration"),
    ],
)
def test_a_library_that_another_parameter_needs_cannot_be_dropped(
    libraries: str, missing: str, needed_by: str
) -> None:
    error = refusal({"shared_preload_libraries": libraries})
    assert error.name == "shared_preload_libraries"
    assert f"leaves out {missing}, which {needed_by} needs: add {missing} to the list" in str(error)


def test_another_library_can_be_added() -> None:
    libraries = "pg_stat_statements,auto_explain,pg_cron,pgaudit"
    assert (
        computed(overrides={"shared_preload_libraries": libraries})["shared_preload_libraries"] == libraries
    )


def test_md5_passwords_work_where_they_are_accepted() -> None:
    values = computed(
        overrides={"password_encryption": "md5", "rds.accepted_password_auth_method": "md5+scram"}
    )
    assert values["password_encryption"] == "md5"


def test_autovacuum_work_mem_of_minus_one_counts_as_maintenance_work_mem() -> None:
    row = find_instance_class("db.r7g.xlarge")
    values = computed(row, overrides={"autovacuum_work_mem": -1, "maintenance_work_mem": "1GB"})
    assert memory_claims_bytes(values, facts(row, values))["autovacuum"] == 3 * GIB


# Family


@pytest.mark.parametrize("version", ["17", "17.5", "17.12"])
def test_the_family_follows_the_major_version(version: str) -> None:
    assert family(version) == "postgres17"
    require_family("postgres17", version)


def test_a_family_of_another_version_is_refused_with_both() -> None:
    with pytest.raises(FamilyError) as raised:
        require_family("postgres16", "17.5")
    expected = "parameter family 'postgres16' does not fit engine version '17.5': use 'postgres17'"
    assert str(raised.value) == expected


@pytest.mark.parametrize("version", ["16.9", "18"])
def test_another_major_version_is_refused_with_what_is_supported(version: str) -> None:
    with pytest.raises(FamilyError, match="parameters are known for PostgreSQL 17 only"):
        family(version)


@pytest.mark.parametrize("version", ["", "seventeen", "17.5.1", "v17"])
def test_what_is_not_a_version_is_refused_with_the_form(version: str) -> None:
    with pytest.raises(FamilyError, match=r"write it as 17 or 17\.5"):
        family(version)
