"""The stores (cache and sessions): the rows of one store's nodes, on ElastiCache or MemoryDB."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from components.alarms.catalogue.builders import (
    MIB,
    MINUTE_SECONDS,
    Limit,
    above,
    below,
    minutes,
    page,
    ticket,
)
from components.alarms.catalogue.requirement import LAG_SECONDS, MEMORY_MINUTES, MEMORY_PERCENT
from components.alarms.rows import Evaluation, Metric, Row
from contract.alarms import numbered
from contract.scale_up import TargetName

STORES = "stores"
# ElastiCache user guide, "Which Metrics Should I Monitor?": 90 % of what one thread can use. From four vCPUs on the
# engine's own thread is measured. On less, the host's CPU is, and the thread is one part of it.
STORE_CPU_PERCENT, VCPU_OF_ENGINE_METRIC = 90, 4
# ElastiCache user guide, "Which Metrics Should I Monitor?", SwapUsage.
SWAP_BYTES = 50 * MIB
# CloudWatch reads ten metrics in one alarm at most, and some rows read two of each node.
NODES_PER_ALARM = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreSubject:
    """The facts about one store that its rows are computed from. `name` begins the name of each row.

    `evicts`: deletes keys when it is full. `scales_up`: its load rows name a target of the scale-up function.
    """

    name: str
    identifier: str
    service: Literal["elasticache", "memorydb"]
    cluster_mode: bool
    shards: int
    replicas_per_shard: int
    vcpu: int
    evicts: bool
    scales_up: bool
    evictions_per_minute: int
    hit_rate_percent: int

    def node_metric(self, node: str, name: str, statistic: str, id_: str) -> Metric:
        """A metric that AWS publishes of one node."""
        if self.service == "elasticache":
            namespace, dimensions = "AWS/ElastiCache", {"CacheClusterId": node}
        else:
            namespace, dimensions = "AWS/MemoryDB", {"ClusterName": self.identifier, "NodeName": node}
        return Metric(id=id_, namespace=namespace, name=name, statistic=statistic, dimensions=dimensions)

    @property
    def target(self) -> TargetName | None:
        """The target of which this store's load alarms ask for a step, if any."""
        return TargetName.CACHE_NODE if self.scales_up else None


def nodes(store: StoreSubject) -> tuple[str, ...]:
    """The names of the declared nodes. Autoscaling adds more, which share their work.

    Source: ElastiCache user guide and MemoryDB developer guide, "Nodes": cluster, shard in four digits, node in three.
    """
    if not store.cluster_mode:
        return tuple(f"{store.identifier}-{node:03d}" for node in range(1, store.replicas_per_shard + 2))
    return tuple(
        f"{store.identifier}-{shard:04d}-{node:03d}"
        for shard in range(1, store.shards + 1)
        for node in range(1, store.replicas_per_shard + 2)
    )


def store_rows(store: StoreSubject) -> tuple[Row, ...]:
    """The rows of one store. A store with more nodes than an alarm can read has each row several times."""
    every = nodes(store)
    groups = [every[start : start + NODES_PER_ALARM] for start in range(0, len(every), NODES_PER_ALARM)]
    return tuple(
        row
        for number, members in enumerate(groups, start=1)
        for row in _rows(_NodeGroup(store=store, number=number, nodes=members))
    )


def store_cpu_threshold_percent(vcpu: int) -> float:
    """The limit of a node's CPU, in percent of the metric that `store_cpu_metric` names."""
    return STORE_CPU_PERCENT if vcpu >= VCPU_OF_ENGINE_METRIC else STORE_CPU_PERCENT / vcpu


def store_cpu_metric(vcpu: int) -> str:
    """The CPU metric that shows the load of the engine's thread."""
    return "EngineCPUUtilization" if vcpu >= VCPU_OF_ENGINE_METRIC else "CPUUtilization"


@dataclass(frozen=True, kw_only=True, slots=True)
class _NodeGroup:
    """Nodes of a store that one alarm can read. `number` counts the alarms of one name."""

    store: StoreSubject
    number: int
    nodes: Sequence[str]

    def name(self, role: str) -> str:
        return numbered(f"{self.store.name}-{role}", self.number)

    def metrics(self, name: str, statistic: str, prefix: str = "m") -> tuple[Metric, ...]:
        """One metric for each node. Their ids are `prefix` with the node's index."""
        return tuple(
            self.store.node_metric(node, name, statistic, f"{prefix}{index}")
            for index, node in enumerate(self.nodes)
        )

    def ids(self, prefix: str = "m") -> str:
        """The ids of these metrics as a list in metric math."""
        return f"[{', '.join(f'{prefix}{index}' for index in range(len(self.nodes)))}]"

    def worst_node_row(
        self,
        role: str,
        description: str,
        metric: str,
        statistic: str,
        *,
        limit: Limit,
        evaluation: Evaluation,
        scales: TargetName | None = None,
    ) -> Row:
        """The row of the largest value that any node has."""
        return ticket(
            self.name(role),
            description,
            *self.metrics(metric, statistic),
            family=STORES,
            expression=f"MAX({self.ids()})",
            limit=limit,
            evaluation=evaluation,
            scales=scales,
        )


def _rows(group: _NodeGroup) -> Iterator[Row]:
    store = group.store
    yield group.worst_node_row(
        "cpu",
        f"a node of {store.identifier} has hardly any CPU left",
        store_cpu_metric(store.vcpu),
        "Average",
        limit=above(store_cpu_threshold_percent(store.vcpu), "Percent"),
        evaluation=minutes(5),
        scales=store.target,
    )
    if store.evicts:
        yield from _eviction_rows(group)
    else:
        yield _full_row(group)
    yield group.worst_node_row(
        "replication-lag",
        f"a replica of {store.identifier} is more than {LAG_SECONDS} s behind",
        "ReplicationLag",
        "Maximum",
        limit=above(LAG_SECONDS, "Seconds"),
        evaluation=minutes(5),
    )
    yield group.worst_node_row(
        "swap",
        f"a node of {store.identifier} swaps: it has too little memory beside its data",
        "SwapUsage",
        "Maximum",
        limit=above(SWAP_BYTES, "Bytes"),
        evaluation=minutes(5),
    )


def _memory(group: _NodeGroup) -> tuple[Metric, ...]:
    return group.metrics("DatabaseMemoryUsagePercentage", "Maximum")


def _full_row(group: _NodeGroup) -> Row:
    """The row of a store that keeps every key."""
    store = group.store
    return page(
        group.name("memory"),
        f"{store.identifier} is nearly full: it refuses to write what it has no room for",
        *_memory(group),
        family=STORES,
        expression=f"MAX({group.ids()})",
        limit=above(MEMORY_PERCENT, "Percent"),
        evaluation=minutes(MEMORY_MINUTES),
        scales=store.target,
    )


def _eviction_rows(group: _NodeGroup) -> Iterator[Row]:
    """The rows of a store that deletes keys when it is full."""
    store = group.store
    evictions = group.metrics("Evictions", "Sum", "e")
    yield ticket(
        group.name("memory"),
        f"{store.identifier} is full and forgets what it would still need",
        *_memory(group),
        *evictions,
        family=STORES,
        # A cache is meant to be full. It is too small when it must delete many keys too.
        expression=f"IF(SUM({group.ids('e')}) > {store.evictions_per_minute}, MAX({group.ids()}), 0)",
        limit=above(MEMORY_PERCENT, "Percent"),
        evaluation=minutes(MEMORY_MINUTES),
        scales=store.target,
    )
    yield ticket(
        group.name("evictions"),
        f"{store.identifier} forgets more than {store.evictions_per_minute} keys a minute",
        *evictions,
        family=STORES,
        expression=f"SUM({group.ids('e')})",
        limit=above(store.evictions_per_minute, "Count"),
        evaluation=minutes(15),
    )
    yield ticket(
        group.name("hit-rate"),
        f"less than {store.hit_rate_percent} % of what is asked of {store.identifier} is in it",
        *group.metrics("CacheHits", "Sum", "h"),
        *group.metrics("CacheMisses", "Sum", "e"),
        family=STORES,
        # Without requests there is no rate, and no data.
        expression=f"100 * SUM({group.ids('h')}) / (SUM({group.ids('h')}) + SUM({group.ids('e')}))",
        limit=below(store.hit_rate_percent, "Percent"),
        evaluation=minutes(30, period_seconds=5 * MINUTE_SECONDS),
    )
