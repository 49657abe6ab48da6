"""Redis and Valkey: what a stack file may say about the two stores."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from components.cache import sizing
from components.cache.access import Role, StoreUser
from components.cache.sizing import NodeType, Service
from components.parameters import cache as parameters
from components.parameters.cache_table import EvictionPolicy, Family, StoreFacts
from components.parameters.spec import Parameter
from components.windows import overlaps
from infra.config.base import ConfigModel, Daily, Problem, Weekly, repeated
from infra.config.general import Environment
from infra.config.postgres import (
    MAXIMUM_PORT,
    MINIMUM_PORT,
    ClientsConfig,
    Overrides,
    client_problems,
)

# CreateReplicationGroup, SnapshotRetentionLimit: 0 switches snapshots off.
MAXIMUM_SNAPSHOT_DAYS = 35
# ElastiCache user guide, "Quotas": nodes of a cluster unless AWS grants more, and replicas of a shard.
MAXIMUM_SHARDS, MAXIMUM_REPLICAS = 90, 5
# ElastiCache user guide, "Scheduling automatic backups" and "Managing maintenance"; MemoryDB's are the same.
MINIMUM_WINDOW_MINUTES = 60
# A pattern of everything would let one use read what another wrote.
KEY_PATTERN = r"^[a-z][a-z0-9-]*:([a-z0-9-]+:)*\*$"

Patterns = list[Annotated[str, Field(pattern=KEY_PATTERN)]]


class UserConfig(ConfigModel):
    """One use of a store, with a login of its own. `keys` and `channels` are patterns such as `session:*`."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,15}$")
    role: Annotated[Role, Field(strict=False)]
    keys: Patterns = Field(default_factory=list)
    channels: Patterns = Field(default_factory=list)

    def store_user(self) -> StoreUser:
        """The user as the components take it."""
        return StoreUser(name=self.name, role=self.role, keys=self.keys, channels=self.channels)


class AutoscalingConfig(ConfigModel):
    """The limits of Application Auto Scaling for a store in cluster mode; the configured numbers are the fewest."""

    max_shards: int = Field(ge=1, le=MAXIMUM_SHARDS)
    max_replicas_per_shard: int = Field(ge=1, le=MAXIMUM_REPLICAS)
    # Application Auto Scaling takes 35 to 70 for ElastiCache (user guide, "Target tracking scaling policies").
    target_cpu_percent: int = Field(ge=35, le=70)


class StoreConfig(ConfigModel):
    """One store. Windows are in the stack's `time_zone`; omitted `parameter_group_family`: the version's own.

    With `cluster_mode` keys are spread over `shards`, and clients must know how to follow. It is a create-only
    property: AWS refuses to change it, but from false by hand (docs/conventions.md).
    """

    engine: Literal["valkey", "redis"]
    engine_version: str = Field(pattern=r"^\d+\.\d+$")
    parameter_group_family: str | None = None
    node_type: str
    cluster_mode: bool
    shards: int = Field(default=1, ge=1, le=MAXIMUM_SHARDS)
    replicas_per_shard: int = Field(ge=0, le=MAXIMUM_REPLICAS)
    automatic_failover: bool
    port: int = Field(ge=MINIMUM_PORT, le=MAXIMUM_PORT)
    snapshot_retention_days: int = Field(ge=0, le=MAXIMUM_SNAPSHOT_DAYS)
    snapshot_window: Daily
    maintenance_window: Weekly
    apply_immediately: bool
    users: list[UserConfig]
    clients: ClientsConfig = ClientsConfig()
    parameters: Overrides = Field(default_factory=dict)
    autoscaling: AutoscalingConfig | None = None

    @property
    def aws_service(self) -> Service:
        """The AWS service of the store."""
        return "elasticache"

    @property
    def on_memorydb(self) -> bool:
        """True for a store on MemoryDB, False for one on ElastiCache."""
        return self.aws_service == "memorydb"

    @property
    def eviction_policy(self) -> EvictionPolicy:
        """What the store does when its memory is full: what is in it may be lost."""
        return EvictionPolicy.ALLKEYS_LRU

    @property
    def family(self) -> Family:
        """The parameter group family in force. Raises FamilyError."""
        if self.parameter_group_family is None:
            return parameters.family(self.engine, self.engine_version, memorydb=self.on_memorydb)
        return parameters.require_family(
            self.parameter_group_family, self.engine, self.engine_version, memorydb=self.on_memorydb
        )

    def node(self) -> NodeType:
        """The node type. Raises NodeSizingError."""
        return sizing.find_node_type(self.node_type, self.aws_service)

    def parameter_group(self) -> tuple[Parameter, ...]:
        """The store's parameters. Raises FamilyError, NodeSizingError, ParameterError."""
        facts = StoreFacts(
            node_type=self.node(), eviction_policy=self.eviction_policy, cluster_mode=self.cluster_mode
        )
        return parameters.compute(self.family, facts, self.parameters)


class CacheConfig(StoreConfig):
    """Query results, rate limits, messages: what may be lost."""


class SessionsConfig(StoreConfig):
    """Sessions, which may not be lost. On MemoryDB every change is immediate, whatever `apply_immediately` says."""

    service: Service

    @property
    def aws_service(self) -> Service:
        """The AWS service of the store."""
        return self.service

    @property
    def eviction_policy(self) -> EvictionPolicy:
        """What the store does when its memory is full: it refuses to take more."""
        return EvictionPolicy.NOEVICTION


def problems(path: str, store: StoreConfig, environment: Environment) -> Iterator[Problem]:
    """What must hold between a store's values; `path` is the store's key."""
    yield from _window_problems(path, store)
    yield from _node_problems(path, store)
    yield from _parameter_problems(path, store)
    yield from _user_problems(path, store)
    yield from client_problems(f"{path}.clients", store.clients)
    if store.snapshot_retention_days == 0 and environment is Environment.PROD:
        yield Problem(
            f"{path}.snapshot_retention_days",
            f"0 switches snapshots off; prod takes 1 to {MAXIMUM_SNAPSHOT_DAYS}",
        )


def _window_problems(path: str, store: StoreConfig) -> Iterator[Problem]:
    for key in ("snapshot_window", "maintenance_window"):
        window = getattr(store, key)
        if window.length_minutes < MINIMUM_WINDOW_MINUTES:
            yield Problem(
                f"{path}.{key}",
                f"'{window}' is {window.length_minutes} minutes long; AWS takes no less than {MINIMUM_WINDOW_MINUTES}",
            )
            return
    if overlaps(store.snapshot_window, store.maintenance_window):
        yield Problem(
            f"{path}.snapshot_window",
            f"'{store.snapshot_window}' overlaps {path}.maintenance_window '{store.maintenance_window}'; move one of them",
        )


def _node_problems(path: str, store: StoreConfig) -> Iterator[Problem]:
    if store.automatic_failover and store.replicas_per_shard == 0:
        yield Problem(
            f"{path}.replicas_per_shard",
            "0 leaves one node, and nobody to fail over to; give at least 1, or set automatic_failover to false",
        )
    if store.on_memorydb and not store.cluster_mode:
        yield Problem(f"{path}.cluster_mode", "false is not for MemoryDB, which has no other mode; set true")
    elif store.cluster_mode and not store.automatic_failover and not store.on_memorydb:
        yield Problem(
            f"{path}.automatic_failover",
            "false does not go with cluster_mode, where ElastiCache insists on it",
        )
    elif store.on_memorydb and store.replicas_per_shard > 0 and not store.automatic_failover:
        yield Problem(
            f"{path}.automatic_failover",
            "false is not for MemoryDB, which fails over wherever there is a replica",
        )
    if not store.cluster_mode and store.shards != 1:
        yield Problem(f"{path}.shards", f"{store.shards} need cluster_mode; without it there is 1")


def _parameter_problems(path: str, store: StoreConfig) -> Iterator[Problem]:
    try:
        parameters.family(store.engine, store.engine_version, memorydb=store.on_memorydb)
    except parameters.FamilyError as error:
        yield Problem(f"{path}.engine_version", str(error))
        return
    try:
        store.parameter_group()
    except parameters.FamilyError as error:
        yield Problem(f"{path}.parameter_group_family", str(error))
    except sizing.NodeSizingError as error:
        yield Problem(f"{path}.node_type", str(error))
    except parameters.ParameterError as error:
        yield Problem(f"{path}.parameters.{error.name}", str(error))
    else:
        yield from _autoscaling_problems(path, store)


def _autoscaling_problems(path: str, store: StoreConfig) -> Iterator[Problem]:
    limits = store.autoscaling
    if limits is None:
        return
    if not store.node().scales_by_itself:
        yield Problem(
            f"{path}.autoscaling",
            f"is not for {store.node_type}: AWS scales m and r nodes of ElastiCache, large to 2xlarge",
        )
    elif not store.cluster_mode:
        yield Problem(f"{path}.autoscaling", "needs cluster_mode")
    elif limits.max_shards < store.shards:
        yield Problem(
            f"{path}.autoscaling.max_shards",
            f"{limits.max_shards} is less than the {store.shards} to begin with",
        )
    elif limits.max_replicas_per_shard < store.replicas_per_shard:
        yield Problem(
            f"{path}.autoscaling.max_replicas_per_shard",
            f"{limits.max_replicas_per_shard} is less than the {store.replicas_per_shard} to begin with",
        )


def _user_problems(path: str, store: StoreConfig) -> Iterator[Problem]:
    if not store.users:
        yield Problem(
            f"{path}.users", "is empty: authentication cannot be switched off; name who uses the store"
        )
    yield from repeated(f"{path}.users", (user.name for user in store.users), "names a user twice")
    for index, user in enumerate(store.users):
        wanted = {
            Role.READ_WRITE: "keys",
            Role.COUNTER: "keys",
            Role.MESSAGING: "channels",
            Role.OBSERVER: None,
        }[user.role]
        for key in ("keys", "channels"):
            given = getattr(user, key)
            if key == wanted and not given:
                yield Problem(
                    f"{path}.users.{index}.{key}",
                    f"is missing; a {user.role} user needs at least one pattern",
                )
            if key != wanted and given:
                yield Problem(f"{path}.users.{index}.{key}", f"is not for a {user.role} user; leave it out")
        if user.name == "default":
            yield Problem(
                f"{path}.users.{index}.name", "'default' is who does not log in, and may do nothing"
            )
