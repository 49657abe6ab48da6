"""RDS instance classes and gp3 storage: what a size gives, and which combinations RDS accepts.

Sources, and what was checked:

* Classes: Amazon RDS User Guide, "DB instance classes" (hardware specifications, supported engines). vCPU and
  memory of every row were checked against the EC2 instance type of the same name as `DescribeInstanceTypes`
  reports it (the copy in moto 5.2). Which sizes RDS offers for PostgreSQL 17 was not checked against a live
  `describe-orderable-db-instance-options`; a region may lack some of them.
* `max_connections`: Amazon RDS User Guide, "Maximum number of database connections". The gap between the
  formula and a running instance is a measurement; see `planned_max_connections`.
* gp3: Amazon RDS User Guide, "Amazon RDS DB instance storage", gp3 table; the 400 GiB threshold, 12,000 IOPS
  and 500 MiB/s agree with the errors that the RDS API gives.
* Storage autoscaling: Amazon RDS User Guide, "Managing capacity automatically with Amazon RDS storage
  autoscaling".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from components.ec2_sizes import TO_16XLARGE, VCPU_BY_SIZE
from components.errors import FieldError
from components.suggestions import did_you_mean

MIB = 2**20
GIB = 2**30

# RDS's default parameter group: max_connections = LEAST({DBInstanceClassMemory/9531392}, 5000).
BYTES_PER_CONNECTION = 9_531_392
MAX_CONNECTIONS_LIMIT = 5_000

# What DBInstanceClassMemory lacks of the class's RAM, with room to spare: db.m7g.large runs with 832
# connections where its 8 GiB compute 901, that is 657 MiB short, and this model takes off 747. The operating
# system's share is partly fixed, so a percentage alone would promise too much on the smallest classes.
WITHHELD_MEMORY_MIB = 256
WITHHELD_MEMORY_PERCENT = 6


class SizingError(FieldError):
    """A size that RDS does not take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceClass:
    """One RDS instance class. `burstable` classes run on CPU credits and suit development only."""

    name: str
    vcpu: int
    memory_gib: int
    architecture: Literal["graviton", "x86"]
    burstable: bool = False

    @property
    def memory_bytes(self) -> int:
        """The class's RAM."""
        return self.memory_gib * GIB

    @property
    def usable_memory_bytes(self) -> int:
        """What is left for PostgreSQL: a careful estimate of RDS's DBInstanceClassMemory.

        AWS does not publish that figure; this is the RAM less the two constants `WITHHELD_MEMORY_*`.
        """
        return self.memory_bytes * (100 - WITHHELD_MEMORY_PERCENT) // 100 - WITHHELD_MEMORY_MIB * MIB


_TO_32XLARGE = (*TO_16XLARGE, "24xlarge", "32xlarge")
_TO_48XLARGE = (*TO_16XLARGE, "24xlarge", "48xlarge")

_M_GIB_PER_VCPU, _R_GIB_PER_VCPU = 4, 8


def _family(
    family: str, architecture: Literal["graviton", "x86"], gib_per_vcpu: int, sizes: tuple[str, ...]
) -> list[InstanceClass]:
    return [
        InstanceClass(
            name=f"db.{family}.{size}",
            vcpu=VCPU_BY_SIZE[size],
            memory_gib=VCPU_BY_SIZE[size] * gib_per_vcpu,
            architecture=architecture,
        )
        for size in sizes
    ]


def _t4g(size: str, vcpu: int, memory_gib: int) -> InstanceClass:
    return InstanceClass(
        name=f"db.t4g.{size}", vcpu=vcpu, memory_gib=memory_gib, architecture="graviton", burstable=True
    )


DB_INSTANCE_CLASSES: Mapping[str, InstanceClass] = MappingProxyType(
    {
        row.name: row
        for row in [
            _t4g("micro", 2, 1),
            _t4g("small", 2, 2),
            _t4g("medium", 2, 4),
            _t4g("large", 2, 8),
            _t4g("xlarge", 4, 16),
            _t4g("2xlarge", 8, 32),
            *_family("m6g", "graviton", _M_GIB_PER_VCPU, TO_16XLARGE),
            *_family("m6i", "x86", _M_GIB_PER_VCPU, _TO_32XLARGE),
            *_family("m7g", "graviton", _M_GIB_PER_VCPU, TO_16XLARGE),
            *_family("m7i", "x86", _M_GIB_PER_VCPU, _TO_48XLARGE),
            *_family("m8g", "graviton", _M_GIB_PER_VCPU, _TO_48XLARGE),
            *_family("r6g", "graviton", _R_GIB_PER_VCPU, TO_16XLARGE),
            *_family("r6i", "x86", _R_GIB_PER_VCPU, _TO_32XLARGE),
            *_family("r7g", "graviton", _R_GIB_PER_VCPU, TO_16XLARGE),
            *_family("r7i", "x86", _R_GIB_PER_VCPU, _TO_48XLARGE),
            *_family("r8g", "graviton", _R_GIB_PER_VCPU, _TO_48XLARGE),
        ]
    }
)
"""Every instance class this project can size, by name."""


def find_instance_class(name: str) -> InstanceClass:
    """The class called `name`, such as `db.m7g.large`. Raises SizingError with the nearest names."""
    if name in DB_INSTANCE_CLASSES:
        return DB_INSTANCE_CLASSES[name]
    hint = did_you_mean(name, DB_INSTANCE_CLASSES, otherwise="write it as db.<family>.<size>")
    families = sorted({known.split(".")[1] for known in DB_INSTANCE_CLASSES})
    raise SizingError(
        "instance_class",
        f"instance class {name!r} is not known: {hint}; known families are {', '.join(families)}",
    )


def max_connections(instance_class: InstanceClass) -> int:
    """RDS's default formula over the class's whole RAM: an upper bound that no running instance reaches.

    Only where the result is the limit of 5,000 is it exact. Plan with `planned_max_connections`.
    """
    return min(instance_class.memory_bytes // BYTES_PER_CONNECTION, MAX_CONNECTIONS_LIMIT)


def planned_max_connections(instance_class: InstanceClass) -> int:
    """Connections to plan with when `max_connections` is left to RDS: less than the instance will have.

    It is RDS's formula over `usable_memory_bytes`. db.m7g.large, measured at 832 where the whole RAM computes
    901, is planned with 818; classes of 64 GiB and more reach the limit of 5,000, as db.r7g.2xlarge was
    measured to.
    """
    return min(instance_class.usable_memory_bytes // BYTES_PER_CONNECTION, MAX_CONNECTIONS_LIMIT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gp3Limits:
    """What RDS for PostgreSQL takes for gp3 storage of one side of the striping threshold.

    Below it the baseline is all there is, and RDS refuses any value; from it on RDS stripes over four
    volumes.
    """

    baseline_iops: int
    max_iops: int
    baseline_throughput_mib_per_s: int
    max_throughput_mib_per_s: int

    @property
    def configurable(self) -> bool:
        """Whether IOPS and throughput may be set at all."""
        return self.max_iops > self.baseline_iops


GP3_MIN_STORAGE_GIB = 20
GP3_MAX_STORAGE_GIB = 65_536
GP3_STRIPING_THRESHOLD_GIB = 400
# gp3 gives at most 0.25 MiB/s for each provisioned IOPS (Amazon EBS User Guide, "General Purpose SSD
# volumes").
GP3_IOPS_PER_MIB_PER_S = 4

GP3_SINGLE_VOLUME = Gp3Limits(
    baseline_iops=3_000, max_iops=3_000, baseline_throughput_mib_per_s=125, max_throughput_mib_per_s=125
)
GP3_STRIPED = Gp3Limits(
    baseline_iops=12_000, max_iops=64_000, baseline_throughput_mib_per_s=500, max_throughput_mib_per_s=4_000
)

# RDS refuses a ceiling less than 10 % above the allocated storage; up to 26 % above it sends an event.
STORAGE_CEILING_PERCENT = 110


@dataclass(frozen=True, kw_only=True, slots=True)
class Gp3Storage:
    """Checked gp3 storage.

    `declared_iops` and `declared_throughput_mib_per_s` go to the provider and are None where RDS refuses a
    value; `iops` and `throughput_mib_per_s` are what the storage delivers, which alarms are computed from.
    """

    allocated_storage_gib: int
    iops: int
    throughput_mib_per_s: int
    declared_iops: int | None
    declared_throughput_mib_per_s: int | None


def gp3_limits(allocated_storage_gib: int) -> Gp3Limits:
    """The limits that hold at this size."""
    return GP3_SINGLE_VOLUME if allocated_storage_gib < GP3_STRIPING_THRESHOLD_GIB else GP3_STRIPED


def validate_gp3(
    allocated_storage_gib: int, iops: int | None, throughput_mib_per_s: int | None
) -> Gp3Storage:
    """Check gp3 storage against RDS's ranges; None stands for the baseline. Raises SizingError.

    From 400 GiB on the baseline is declared in full, so that the state says what runs.
    """
    _require_range(
        "allocated_storage_gib", allocated_storage_gib, GP3_MIN_STORAGE_GIB, GP3_MAX_STORAGE_GIB, "GiB"
    )
    limits = gp3_limits(allocated_storage_gib)
    if not limits.configurable:
        _require_omitted(limits, allocated_storage_gib, iops, throughput_mib_per_s)
        return Gp3Storage(
            allocated_storage_gib=allocated_storage_gib,
            iops=limits.baseline_iops,
            throughput_mib_per_s=limits.baseline_throughput_mib_per_s,
            declared_iops=None,
            declared_throughput_mib_per_s=None,
        )
    if iops is None:
        iops = limits.baseline_iops
    if throughput_mib_per_s is None:
        throughput_mib_per_s = limits.baseline_throughput_mib_per_s
    _require_within(limits, iops, throughput_mib_per_s)
    return Gp3Storage(
        allocated_storage_gib=allocated_storage_gib,
        iops=iops,
        throughput_mib_per_s=throughput_mib_per_s,
        declared_iops=iops,
        declared_throughput_mib_per_s=throughput_mib_per_s,
    )


def _require_omitted(
    limits: Gp3Limits, allocated_storage_gib: int, iops: int | None, throughput_mib_per_s: int | None
) -> None:
    """Raise SizingError for any value on a single volume: RDS refuses even its baseline."""
    for field, value in (("iops", iops), ("throughput_mib_per_s", throughput_mib_per_s)):
        if value is not None:
            raise SizingError(
                field,
                f"{field} {value} cannot be set: RDS takes none for gp3 under "
                f"{GP3_STRIPING_THRESHOLD_GIB} GiB (allocated: {allocated_storage_gib}) and gives "
                f"{limits.baseline_iops} IOPS and {limits.baseline_throughput_mib_per_s} MiB/s; "
                "leave it out or allocate more",
            )


def _require_within(limits: Gp3Limits, iops: int, throughput_mib_per_s: int) -> None:
    """Raise SizingError for values outside `limits`, and for more throughput than the IOPS carry."""
    _require_range("iops", iops, limits.baseline_iops, limits.max_iops, "IOPS")
    _require_range(
        "throughput_mib_per_s",
        throughput_mib_per_s,
        limits.baseline_throughput_mib_per_s,
        limits.max_throughput_mib_per_s,
        "MiB/s",
    )
    needed_iops = throughput_mib_per_s * GP3_IOPS_PER_MIB_PER_S
    if needed_iops > iops:
        raise SizingError(
            "throughput_mib_per_s",
            f"throughput_mib_per_s {throughput_mib_per_s} needs at least {needed_iops} IOPS and {iops} are "
            f"provisioned: raise iops, or take at most {iops // GP3_IOPS_PER_MIB_PER_S} MiB/s",
        )


def minimum_storage_ceiling_gib(allocated_storage_gib: int) -> int:
    """The lowest `max_allocated_storage` RDS accepts: 10 % above the allocated storage, rounded up."""
    return _percent_rounded_up(allocated_storage_gib, STORAGE_CEILING_PERCENT)


def validate_storage_ceiling(allocated_storage_gib: int, max_allocated_storage_gib: int) -> None:
    """Check the autoscaling ceiling against the allocated storage. Raises SizingError."""
    _require_range(
        "max_allocated_storage_gib",
        max_allocated_storage_gib,
        minimum_storage_ceiling_gib(allocated_storage_gib),
        GP3_MAX_STORAGE_GIB,
        f"GiB, at least 10 % above the {allocated_storage_gib} GiB allocated",
    )


def _percent_rounded_up(value: int, percent: int) -> int:
    return -(-value * percent // 100)


def _require_range(field: str, value: int, minimum: int, maximum: int, unit: str) -> None:
    if not minimum <= value <= maximum:
        raise SizingError(field, f"{field} {value} is out of range: give {minimum} to {maximum} {unit}")
