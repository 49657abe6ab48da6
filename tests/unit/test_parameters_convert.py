"""Proves the conversion of one value of a PostgreSQL parameter: bounds, words, and one size in every unit.

Does not prove that PostgreSQL or RDS takes the result.
"""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.parameters.errors import ParameterError
from components.parameters.postgres import convert
from components.parameters.postgres_table import PARAMETERS, PostgresParameterSpec
from components.parameters.spec import Value

numbers = [spec for spec in PARAMETERS.values() if spec.type in ("integer", "real")]


@pytest.mark.parametrize("spec", numbers, ids=lambda spec: spec.name)
def test_a_number_passes_at_its_bounds_and_fails_just_outside(spec: PostgresParameterSpec) -> None:
    step = 1 if spec.type == "integer" else 0.001
    for bound, outward in ((spec.minimum, -1), (spec.maximum, 1)):
        if bound is None:
            continue
        assert Fraction(convert(spec.name, bound)) == bound
        with pytest.raises(ParameterError, match="is out of range: give") as raised:
            convert(spec.name, bound + outward * step)
        assert raised.value.name == spec.name


@pytest.mark.parametrize("spec", PARAMETERS.values(), ids=lambda spec: spec.name)
def test_every_allowed_word_passes_and_another_does_not(spec: PostgresParameterSpec) -> None:
    for word in spec.allowed:
        assert convert(spec.name, word) == word
    if spec.allowed:
        with pytest.raises(ParameterError, match=re.escape(spec.allowed[0])):
            convert(spec.name, "nonsense")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("work_mem", 65536, "65536"),
        ("work_mem", "65536", "65536"),
        ("work_mem", "64MB", "65536"),
        ("work_mem", "0.5 GB", "524288"),
        ("work_mem", "2097152B", "2048"),
        ("shared_buffers", "2GB", "262144"),
        ("shared_buffers", "8kB", None),
        ("shared_buffers", "128kB", "16"),
        ("max_wal_size", "16GB", "16384"),
        ("max_slot_wal_keep_size", "1TB", "1048576"),
        ("max_slot_wal_keep_size", -1, "-1"),
        ("log_min_duration_statement", "1s", "1000"),
        ("log_min_duration_statement", "1.5s", "1500"),
        ("log_min_duration_statement", "5min", "300000"),
        ("checkpoint_timeout", "15min", "900"),
        ("checkpoint_timeout", "60000ms", "60"),
        ("rds.log_retention_period", "3d", "4320"),
        ("rds.log_retention_period", "24h", "1440"),
        ("autovacuum_vacuum_cost_delay", "500us", "0.5"),
        ("autovacuum_vacuum_cost_delay", 2, "2"),
        ("autovacuum_vacuum_scale_factor", 0.05, "0.05"),
        ("autovacuum_vacuum_scale_factor", 1e-05, "0.00001"),
        ("random_page_cost", "1.10", "1.1"),
        ("jit", True, "1"),
        ("jit", "off", "0"),
        ("jit", 0, "0"),
        ("shared_preload_libraries", "pg_cron, auto_explain", "pg_cron,auto_explain"),
    ],
)
def test_a_value_is_converted_to_what_rds_takes(name: str, value: Value, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ParameterError, match="give 16 to 1073741823 pages of 8 kB"):
            convert(name, value)
    else:
        assert convert(name, value) == expected


@given(megabytes=st.integers(2, 2**21 - 1))
def test_one_size_is_the_same_in_every_unit_of_memory(megabytes: int) -> None:
    in_kb = convert("work_mem", f"{megabytes}MB")
    assert in_kb == convert("work_mem", f"{megabytes * 1024}kB") == convert("work_mem", megabytes * 1024)
    assert int(convert("shared_buffers", f"{megabytes}MB")) * 8 == int(in_kb)
    assert convert("max_wal_size", f"{in_kb}kB") == str(megabytes)


@given(minutes=st.integers(1, 1_440))
def test_one_time_is_the_same_in_every_unit_of_time(minutes: int) -> None:
    in_ms = convert("log_min_duration_statement", f"{minutes}min")
    assert in_ms == convert("log_min_duration_statement", f"{minutes * 60}s")
    assert convert("autovacuum_naptime", f"{in_ms}ms") == str(minutes * 60)
