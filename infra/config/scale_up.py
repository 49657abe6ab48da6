"""Scaling up on alarm: what a stack file may say about it, and what follows for a configuration from what has grown.

The declared sizes are where each ladder begins. What runs may be further up: everything that is computed from a size
is then computed from that one, so the configuration is brought up to it before anything else reads it.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from components.cache.sizing import NodeSizingError, find_node_type
from components.parameters.errors import ParameterError
from components.postgres.sizing import SizingError, find_instance_class, validate_gp3
from components.postgres.standby import StandbyError, follower_parameters, require_standby
from components.scale_up import ladders
from components.scale_up.ladders import LadderError
from contract.scale_up import Ladder, Mode, Size, SizeProperty
from infra.config.base import ConfigModel, Problem
from infra.config.cache import CacheConfig
from infra.config.postgres import PostgresConfig


class ScaleUpConfig(ConfigModel):
    """How far what is declared may grow when its alarms fire.

    `mode`: `off` has no function at all; `dry-run` says what it would do; `approve` asks first; `act` does it.
    Omitted `max_iops` and `max_throughput_mib_per_s`: the storage's performance stays as declared. Without
    `apply_immediately` a change waits for the maintenance window.
    """

    mode: Annotated[Mode, Field(strict=False)]
    apply_immediately: bool
    # Longer than any call of the function, and than Multi-AZ takes to change class and fail over.
    cooldown_minutes: int = Field(ge=30, le=1440)
    approval_minutes: int = Field(ge=15, le=1440)
    max_instance_class: str
    max_iops: int | None = None
    max_throughput_mib_per_s: int | None = None
    max_node_type: str

    def instance_classes(self, postgres: PostgresConfig) -> Ladder:
        """The classes of the primary. Raises LadderError."""
        return ladders.instance_classes(postgres.instance_class, self.max_instance_class)

    def storages(self, postgres: PostgresConfig) -> Ladder:
        """IOPS and throughput of the primary's storage. Raises LadderError, SizingError."""
        storage = postgres.storage
        declared = storage.gp3()
        largest = validate_gp3(
            storage.allocated_storage_gib,
            storage.iops if self.max_iops is None else self.max_iops,
            storage.throughput_mib_per_s
            if self.max_throughput_mib_per_s is None
            else self.max_throughput_mib_per_s,
        )
        return ladders.storages(declared, largest)

    def node_types(self, cache: CacheConfig) -> Ladder:
        """The node types of the cache. Raises LadderError."""
        return ladders.node_types(cache.node_type, self.max_node_type)


def grown_postgres(scale_up: ScaleUpConfig, postgres: PostgresConfig, running: Size | None) -> PostgresConfig:
    """The configuration with the sizes that run where a ladder leads to them, and replicas that can follow them.

    `running` is what AWS says of the primary; None: there is none yet.
    """
    update: dict[str, object] = {}
    if (size := _grown(scale_up.instance_classes(postgres), running)) is not None:
        update["instance_class"] = size[SizeProperty.INSTANCE_CLASS]
    if (size := _grown(scale_up.storages(postgres), running)) is not None:
        update["storage"] = postgres.storage.model_copy(
            update={"iops": size[SizeProperty.IOPS], "throughput_mib_per_s": size[SizeProperty.THROUGHPUT]}
        )
    return _with_able_replicas(scale_up, postgres).model_copy(update=update)


def grown_cache(scale_up: ScaleUpConfig, cache: CacheConfig, running: Size | None) -> CacheConfig:
    """The configuration with the node type that runs, where the ladder leads to it; None: there is no cache yet."""
    size = _grown(scale_up.node_types(cache), running)
    return cache if size is None else cache.model_copy(update={"node_type": size[SizeProperty.NODE_TYPE]})


def _grown(ladder: Ladder, running: Size | None) -> Size | None:
    """The size that runs, if it is on the ladder and above the declared one."""
    size = {name: (running or {}).get(name) for name in ladder[0]}
    return next((rung for rung in ladder[1:] if rung == size), None)


def _with_able_replicas(scale_up: ScaleUpConfig, postgres: PostgresConfig) -> PostgresConfig:
    """Replicas that go on replaying while the primary alone has grown, as far as it may.

    The function grows the primary. With a class some settings grow that a standby may not have less of, and replay
    would stop until the next update brings the replicas up: so they are given the largest class's values from the
    beginning.
    """
    largest = postgres.model_copy(update={"instance_class": scale_up.max_instance_class}).server()
    needed = follower_parameters(largest)
    replicas = [
        replica.model_copy(update={"parameters": {**needed, **replica.parameters}})
        for replica in postgres.replicas
    ]
    return postgres.model_copy(update={"replicas": replicas})


def problems(scale_up: ScaleUpConfig, postgres: PostgresConfig, cache: CacheConfig) -> Iterator[Problem]:
    """What must hold between the ceilings and what is declared. What is declared is judged where it stands."""
    yield from _instance_problems(scale_up, postgres)
    yield from _storage_problems(scale_up, postgres)
    yield from _node_problems(scale_up, cache)


def _instance_problems(scale_up: ScaleUpConfig, postgres: PostgresConfig) -> Iterator[Problem]:
    try:
        postgres.server()
    except (SizingError, ParameterError):
        return
    try:
        find_instance_class(scale_up.max_instance_class)
        scale_up.instance_classes(postgres)
        able = _with_able_replicas(scale_up, postgres)
        largest = postgres.model_copy(update={"instance_class": scale_up.max_instance_class}).server()
    except (SizingError, LadderError, ParameterError) as error:
        yield Problem("scale_up.max_instance_class", str(error))
        return
    for declared, replica in zip(postgres.replicas, able.replicas, strict=True):
        try:
            require_standby(postgres.server(), postgres.replica_server(declared))
            able_server = able.replica_server(replica)
        except (SizingError, ParameterError, StandbyError):
            continue  # a mistake of the replica's own, reported there
        try:
            require_standby(largest, able_server)
        except StandbyError as error:
            yield Problem("scale_up.max_instance_class", f"replica {replica.name!r}: {error}")
            return


def _storage_problems(scale_up: ScaleUpConfig, postgres: PostgresConfig) -> Iterator[Problem]:
    try:
        postgres.storage.gp3()
    except SizingError:
        return
    try:
        scale_up.storages(postgres)
    except SizingError as error:
        yield Problem(f"scale_up.max_{error.field}", str(error))
    except LadderError as error:
        yield Problem("scale_up.max_iops", str(error))


def _node_problems(scale_up: ScaleUpConfig, cache: CacheConfig) -> Iterator[Problem]:
    try:
        cache.node()
    except NodeSizingError:
        return
    try:
        largest = find_node_type(scale_up.max_node_type, "elasticache")
        scale_up.node_types(cache)
    except (NodeSizingError, LadderError) as error:
        yield Problem("scale_up.max_node_type", str(error))
        return
    if cache.autoscaling is not None and cache.node().scales_by_itself and not largest.scales_by_itself:
        yield Problem(
            "scale_up.max_node_type",
            f"{scale_up.max_node_type!r} does not go with cache.autoscaling: AWS scales m and r nodes of ElastiCache, large to 2xlarge",
        )
