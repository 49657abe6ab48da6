"""Proves the class table's shape, the connection arithmetic against measured instances, and the gp3 rules.

It does not prove that a class is on offer in a region, nor that AWS has not changed a limit since.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.postgres.sizing import (
    DB_INSTANCE_CLASSES,
    GP3_MAX_STORAGE_GIB,
    GP3_MIN_STORAGE_GIB,
    GP3_STRIPING_THRESHOLD_GIB,
    InstanceClass,
    SizingError,
    find_instance_class,
    max_connections,
    minimum_storage_ceiling_gib,
    planned_max_connections,
    validate_gp3,
    validate_storage_ceiling,
)

classes = st.sampled_from(sorted(DB_INSTANCE_CLASSES.values(), key=lambda row: row.name))
small_storage = st.integers(GP3_MIN_STORAGE_GIB, GP3_STRIPING_THRESHOLD_GIB - 1)
striped_storage = st.integers(GP3_STRIPING_THRESHOLD_GIB, GP3_MAX_STORAGE_GIB)


@pytest.mark.parametrize(
    ("name", "vcpu", "memory_gib", "architecture", "burstable"),
    [
        ("db.t4g.micro", 2, 1, "graviton", True),
        ("db.t4g.2xlarge", 8, 32, "graviton", True),
        ("db.m7g.large", 2, 8, "graviton", False),
        ("db.m6i.32xlarge", 128, 512, "x86", False),
        ("db.m8g.48xlarge", 192, 768, "graviton", False),
        ("db.r6g.16xlarge", 64, 512, "graviton", False),
        ("db.r7g.2xlarge", 8, 64, "graviton", False),
        ("db.r7i.24xlarge", 96, 768, "x86", False),
    ],
)
def test_known_classes_have_their_published_hardware(
    name: str, vcpu: int, memory_gib: int, architecture: str, burstable: bool
) -> None:
    row = find_instance_class(name)
    assert (row.vcpu, row.memory_gib, row.architecture, row.burstable) == (
        vcpu,
        memory_gib,
        architecture,
        burstable,
    )


@given(row=classes)
def test_a_class_name_tells_its_processor_and_is_its_key(row: InstanceClass) -> None:
    match = re.fullmatch(r"db\.[tmr]\d(g|i)\.(\d+x|x)?(micro|small|medium|large)", row.name)
    assert match is not None
    assert row.architecture == {"g": "graviton", "i": "x86"}[match.group(1)]
    assert DB_INSTANCE_CLASSES[row.name] is row


@pytest.mark.parametrize("name", ["db.m6i.24xlarge", "db.r8g.48xlarge", "db.m7g.16xlarge", "db.t4g.medium"])
def test_the_largest_sizes_are_there(name: str) -> None:
    assert name in DB_INSTANCE_CLASSES


@pytest.mark.parametrize("name", ["db.m7g.24xlarge", "db.m7g.medium", "db.t4g.nano", "db.m6i.48xlarge"])
def test_sizes_that_ec2_has_but_rds_has_not_are_unknown(name: str) -> None:
    with pytest.raises(SizingError, match="is not known"):
        find_instance_class(name)


def test_a_misspelt_class_is_answered_with_the_nearest_names() -> None:
    with pytest.raises(SizingError) as raised:
        find_instance_class("db.m7g.lrage")
    assert raised.value.field == "instance_class"
    assert "instance class 'db.m7g.lrage' is not known: did you mean db.m7g.large" in str(raised.value)
    assert "known families are m6g, m6i, m7g, m7i, m8g, r6g, r6i, r7g, r7i, r8g, t4g" in str(raised.value)


def test_a_class_unlike_any_other_is_answered_with_the_form() -> None:
    with pytest.raises(SizingError, match=r"write it as db\.<family>\.<size>"):
        find_instance_class("??")


@pytest.mark.parametrize(
    ("name", "formula", "measured"), [("db.m7g.large", 901, 832), ("db.r7g.2xlarge", 5000, 5000)]
)
def test_planned_connections_stay_at_or_under_what_was_measured(
    name: str, formula: int, measured: int
) -> None:
    row = find_instance_class(name)
    assert max_connections(row) == formula
    assert 0.95 * measured <= planned_max_connections(row) <= measured


@given(row=classes)
def test_planned_connections_are_positive_and_never_above_the_formula(row: InstanceClass) -> None:
    assert 0 < planned_max_connections(row) <= max_connections(row) <= 5_000
    assert 0 < row.usable_memory_bytes < row.memory_bytes


@given(allocated=small_storage)
def test_small_storage_declares_nothing_and_delivers_the_baseline(allocated: int) -> None:
    storage = validate_gp3(allocated, None, None)
    assert (storage.declared_iops, storage.declared_throughput_mib_per_s) == (None, None)
    assert (storage.iops, storage.throughput_mib_per_s) == (3_000, 125)


@given(allocated=striped_storage)
def test_striped_storage_declares_the_baseline_it_delivers(allocated: int) -> None:
    storage = validate_gp3(allocated, None, None)
    assert (storage.declared_iops, storage.declared_throughput_mib_per_s) == (12_000, 500)
    assert (storage.iops, storage.throughput_mib_per_s) == (12_000, 500)


@given(
    allocated=striped_storage,
    iops=st.integers(12_000, 64_000),
    throughput=st.integers(500, 4_000),
)
def test_striped_storage_takes_values_in_range_at_four_iops_per_mib(
    allocated: int, iops: int, throughput: int
) -> None:
    if throughput * 4 <= iops:
        storage = validate_gp3(allocated, iops, throughput)
        assert (storage.iops, storage.declared_throughput_mib_per_s) == (iops, throughput)
    else:
        with pytest.raises(SizingError, match="raise iops, or take at most"):
            validate_gp3(allocated, iops, throughput)


@pytest.mark.parametrize(
    ("allocated", "iops", "throughput", "field", "message"),
    [
        (
            19,
            None,
            None,
            "allocated_storage_gib",
            "allocated_storage_gib 19 is out of range: give 20 to 65536 GiB",
        ),
        (65_537, None, None, "allocated_storage_gib", "give 20 to 65536 GiB"),
        (399, 3_000, None, "iops", "iops 3000 cannot be set: RDS takes none for gp3 under 400 GiB"),
        (
            100,
            None,
            125,
            "throughput_mib_per_s",
            "gives 3000 IOPS and 125 MiB/s; leave it out or allocate more",
        ),
        (400, 11_999, None, "iops", "iops 11999 is out of range: give 12000 to 64000 IOPS"),
        (400, 64_001, None, "iops", "give 12000 to 64000 IOPS"),
        (400, None, 499, "throughput_mib_per_s", "give 500 to 4000 MiB/s"),
        (400, 64_000, 4_001, "throughput_mib_per_s", "give 500 to 4000 MiB/s"),
        (400, 12_000, 3_001, "throughput_mib_per_s", "needs at least 12004 IOPS and 12000 are provisioned"),
    ],
)
def test_storage_that_rds_refuses_names_field_value_and_range(
    allocated: int, iops: int | None, throughput: int | None, field: str, message: str
) -> None:
    with pytest.raises(SizingError) as raised:
        validate_gp3(allocated, iops, throughput)
    assert raised.value.field == field
    assert message in str(raised.value)


@pytest.mark.parametrize(("allocated", "minimum"), [(20, 22), (100, 110), (101, 112)])
def test_the_storage_ceiling_is_rounded_up(allocated: int, minimum: int) -> None:
    assert minimum_storage_ceiling_gib(allocated) == minimum


@given(allocated=st.integers(GP3_MIN_STORAGE_GIB, 50_000))
def test_the_lowest_ceiling_passes_and_one_less_does_not(allocated: int) -> None:
    lowest = minimum_storage_ceiling_gib(allocated)
    validate_storage_ceiling(allocated, lowest)
    with pytest.raises(SizingError) as raised:
        validate_storage_ceiling(allocated, lowest - 1)
    assert raised.value.field == "max_allocated_storage_gib"
    assert f"give {lowest} to 65536 GiB, at least 10 % above the {allocated} GiB allocated" in str(
        raised.value
    )
