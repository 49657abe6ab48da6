"""Ladders: the sizes that something may grow through, from the declared one to the largest allowed.

A size is what makes it in a call of AWS's, by the names of the call's parameters: those of ModifyDBInstance and
ModifyReplicationGroup, which the descriptions of what runs have too.
"""

from collections.abc import Iterable

from components.cache.sizing import NODE_TYPES
from components.postgres.sizing import DB_INSTANCE_CLASSES, GP3_STRIPED, Gp3Storage
from contract.scale_up import Ladder, Size, SizeProperty

# A quarter of what a striped volume begins with; their ratio is far above gp3's least of 4 IOPS for each MiB/s.
STEP_IOPS = GP3_STRIPED.baseline_iops // 4
STEP_THROUGHPUT_MIB_PER_S = GP3_STRIPED.baseline_throughput_mib_per_s // 4
# EBS and RDS take another change of a volume six hours after the last (RDS guide, "Managing capacity automatically with Amazon
# RDS storage autoscaling").
STORAGE_COOLDOWN_MINUTES = 6 * 60


class LadderError(ValueError):
    """A largest size that cannot be reached from the declared one. The message says which can."""


def instance_classes(declared: str, largest: str) -> Ladder:
    """The instance classes of one family from `declared` to `largest`. Raises LadderError."""
    return [{SizeProperty.INSTANCE_CLASS: name} for name in _between(DB_INSTANCE_CLASSES, declared, largest)]


def node_types(declared: str, largest: str) -> Ladder:
    """The node types of one family from `declared` to `largest`. Raises LadderError."""
    return [{SizeProperty.NODE_TYPE: name} for name in _between(NODE_TYPES, declared, largest)]


def storages(declared: Gp3Storage, largest: Gp3Storage) -> Ladder:
    """IOPS and throughput that grow side by side, by steps, each up to its largest value. Raises LadderError."""
    for name in ("iops", "throughput_mib_per_s"):
        if getattr(largest, name) < getattr(declared, name):
            raise LadderError(f"{getattr(largest, name)} is less than the declared {getattr(declared, name)}")
    iops, throughput = declared.iops, declared.throughput_mib_per_s
    ladder = [_storage(iops, throughput)]
    while (iops, throughput) != (largest.iops, largest.throughput_mib_per_s):
        iops = min(_next_multiple(iops, STEP_IOPS), largest.iops)
        throughput = min(_next_multiple(throughput, STEP_THROUGHPUT_MIB_PER_S), largest.throughput_mib_per_s)
        ladder.append(_storage(iops, throughput))
    return ladder


def _storage(iops: int, throughput_mib_per_s: int) -> Size:
    return {SizeProperty.IOPS: iops, SizeProperty.THROUGHPUT: throughput_mib_per_s}


def _next_multiple(value: int, step: int) -> int:
    return (value // step + 1) * step


def _between(known: Iterable[str], declared: str, largest: str) -> list[str]:
    """Both tables hold the sizes of a family in order."""
    family = declared.rpartition(".")[0]
    larger = [name for name in known if name.rpartition(".")[0] == family]
    larger = larger[larger.index(declared) :]
    if largest not in larger:
        raise LadderError(
            f"{largest!r} is not among {declared} and the larger sizes of its family: {', '.join(larger)}"
        )
    return larger[: larger.index(largest) + 1]
