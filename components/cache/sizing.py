"""ElastiCache and MemoryDB node types: their memory, and what AWS offers only for some of them.

Sources, and what was checked:

* Memory: ElastiCache pricing page and user guide, "Supported node types"; "Redis OSS node-type specific parameters" (the
  `maxmemory` of a node type is this memory, before anything is reserved). MemoryDB's node of the same size has the same.
  A region may lack some of the types.
* Reserved memory: ElastiCache user guide, "Managing reserved memory for Valkey and Redis OSS".
* Auto scaling: ElastiCache user guide, "Auto Scaling Valkey and Redis OSS clusters", "Prerequisites".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from components.ec2_sizes import TO_16XLARGE, VCPU_BY_SIZE
from components.suggestions import did_you_mean

GIB = 2**30
Service = Literal["memorydb", "elasticache"]

# The requirement is that data may take 80 % of the memory. The rest is for copies on write, replication buffers and
# connections; AWS asks for more of it on its smallest nodes, which swap otherwise.
RESERVED_MEMORY_PERCENT = 20
RESERVED_MEMORY_PERCENT_OF_BURSTABLE = MappingProxyType({"micro": 50, "small": 30, "medium": 25})
SIZES_THAT_SCALE = ("large", "xlarge", "2xlarge")


class NodeSizingError(ValueError):
    """A node type that does not exist, or cannot do what is asked of it. The message says what can."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeType:
    """One node type. `memory_gib` is what the server has before anything is reserved; burstable ones suit development only."""

    name: str
    service: Service
    vcpu: int
    memory_gib: Decimal
    burstable: bool = False

    @property
    def memory_bytes(self) -> int:
        """The memory, in bytes."""
        return int(self.memory_gib * GIB)

    @property
    def reserved_memory_percent(self) -> int:
        """What to keep free of data: the requirement's 20 %, or what AWS advises where that is more."""
        return RESERVED_MEMORY_PERCENT_OF_BURSTABLE[self.size] if self.burstable else RESERVED_MEMORY_PERCENT

    @property
    def scales_by_itself(self) -> bool:
        """Whether Application Auto Scaling takes it."""
        return self.service == "elasticache" and not self.burstable and self.size in SIZES_THAT_SCALE

    @property
    def size(self) -> str:
        """Such as `large`."""
        return self.name.rpartition(".")[2]


# From large to 16xlarge.
_GENERAL_GIB = ("6.38", "12.93", "26.04", "52.26", "103.68", "157.12", "209.55")
_MEMORY_GIB = ("13.07", "26.32", "52.82", "105.81", "209.55", "317.77", "419.09")


def _family(service: Service, family: str, memory: tuple[str, ...]) -> list[NodeType]:
    prefix = "cache" if service == "elasticache" else "db"
    return [
        NodeType(
            name=f"{prefix}.{family}.{size}",
            service=service,
            vcpu=VCPU_BY_SIZE[size],
            memory_gib=Decimal(gib),
        )
        for size, gib in zip(TO_16XLARGE, memory, strict=True)
    ]


def _t4g(service: Service, size: str, gib: str) -> NodeType:
    prefix = "cache" if service == "elasticache" else "db"
    return NodeType(
        name=f"{prefix}.t4g.{size}", service=service, vcpu=2, memory_gib=Decimal(gib), burstable=True
    )


NODE_TYPES: Mapping[str, NodeType] = MappingProxyType(
    {
        row.name: row
        for row in [
            _t4g("elasticache", "micro", "0.5"),
            _t4g("elasticache", "small", "1.37"),
            _t4g("elasticache", "medium", "3.09"),
            *_family("elasticache", "m6g", _GENERAL_GIB),
            *_family("elasticache", "m7g", _GENERAL_GIB),
            *_family("elasticache", "r6g", _MEMORY_GIB),
            *_family("elasticache", "r7g", _MEMORY_GIB),
            _t4g("memorydb", "small", "1.37"),
            _t4g("memorydb", "medium", "3.09"),
            *_family("memorydb", "r6g", _MEMORY_GIB),
            *_family("memorydb", "r7g", _MEMORY_GIB),
        ]
    }
)
"""Every node type this project can size, by name: `cache.*` of ElastiCache and `db.*` of MemoryDB."""


def find_node_type(name: str, service: Service) -> NodeType:
    """The node type called `name`, of `service`. Raises NodeSizingError with the nearest names."""
    known = {node.name: node for node in NODE_TYPES.values() if node.service == service}
    if name in known:
        return known[name]
    hint = did_you_mean(name, known, otherwise=f"one is {next(iter(known))}")
    raise NodeSizingError(f"node type {name!r} is not one of {service}'s: {hint}")
