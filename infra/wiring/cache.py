"""The two stores: the cache, which may be lost, and the sessions, which may not."""

from dataclasses import dataclass

from components.cache.events import StoreEventTopic, StoreEventTopicArgs
from components.cache.memorydb_cluster import MemoryDbCluster
from components.cache.replication_group import ReplicationGroup, ReplicationGroupArgs, Scaling
from components.cache.store import SecretsArgs, Store, StoreArgs
from components.encryption import DataClass
from components.postgres.instance import Clients
from contract.names import PhysicalNames
from infra.config.cache import ScalingConfig, StoreConfig
from infra.config.stack import StackConfig
from infra.wiring.regional import Region


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """Both stores, and the topic on which AWS reports what happened to them."""

    cache: Store
    sessions: Store
    events: StoreEventTopic


def declare_stores(config: StackConfig, *, home: Region, dr: Region) -> Stores:
    """Both stores, in `home`; copies of their secrets are in `dr`."""
    events = StoreEventTopic(
        "store-events",
        StoreEventTopicArgs(
            account_id=config.account_id, email_addresses=config.notifications.email_addresses
        ),
        home.opts,
    )

    def declare(name: str, wanted: StoreConfig) -> Store:
        args = _store_args(config, name, wanted, home=home, dr=dr, events=events)
        if wanted.on_memorydb:
            return MemoryDbCluster(name, args, home.opts)
        return ReplicationGroup(name, _group_args(config, wanted, args, home), home.opts)

    return Stores(
        cache=declare("cache", config.cache), sessions=declare("sessions", config.sessions), events=events
    )


def _store_args(
    config: StackConfig, name: str, wanted: StoreConfig, *, home: Region, dr: Region, events: StoreEventTopic
) -> StoreArgs:
    return StoreArgs(
        identifier=PhysicalNames(config.stack).of(name),
        engine=wanted.engine,
        engine_version=wanted.engine_version,
        parameter_group_family=wanted.family,
        parameters=wanted.parameter_group(),
        node_type=wanted.node_type,
        shards=wanted.shards,
        replicas_per_shard=wanted.replicas_per_shard,
        port=wanted.port,
        users=[user.store_user() for user in wanted.users],
        network=home.network,
        clients=Clients(security_group_ids=wanted.clients.security_group_ids, cidrs=wanted.clients.cidrs),
        secrets=SecretsArgs(
            kms_key_arn=home.key_arn(DataClass.SECRETS),
            recovery_window_days=config.secrets.recovery_window_days,
            replica_region=dr.name,
            replica_kms_key_arn=dr.key_arn(DataClass.SECRETS),
        ),
        kms_key_arn=home.key_arn(DataClass.CACHE),
        event_topic_arn=events.arn,
        snapshot_retention_days=wanted.snapshot_retention_days,
        snapshot_window=str(wanted.snapshot_window.to_utc(config.time_zone)),
        maintenance_window=str(wanted.maintenance_window.to_utc(config.time_zone)),
        durability=config.durability,
    )


def _group_args(
    config: StackConfig, wanted: StoreConfig, args: StoreArgs, region: Region
) -> ReplicationGroupArgs:
    return ReplicationGroupArgs(
        store=args,
        cluster_mode=wanted.cluster_mode,
        automatic_failover=wanted.automatic_failover,
        apply_immediately=wanted.apply_immediately,
        logs_key_arn=region.key_arn(DataClass.LOGS),
        log_retention_days=config.logs.retention_days,
        scaling=None if wanted.scaling is None else _scaling(wanted.scaling),
    )


def _scaling(wanted: ScalingConfig) -> Scaling:
    return Scaling(
        max_shards=wanted.max_shards,
        max_replicas_per_shard=wanted.max_replicas_per_shard,
        target_cpu_percent=wanted.target_cpu_percent,
    )
