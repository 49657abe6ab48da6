"""The two stores: the cache, which may be lost, and the sessions, which may not."""

from dataclasses import dataclass

from components.cache.events import StoreEventTopic, StoreEventTopicArgs
from components.cache.memorydb_cluster import MemoryDbCluster
from components.cache.replication_group import Autoscaling, ReplicationGroup, ReplicationGroupArgs
from components.cache.store import Store, StoreArgs
from components.encryption import DataClass
from contract.names import CACHE, SESSIONS
from contract.outputs import OutputKey
from infra.config.cache import AutoscalingConfig, StoreConfig
from infra.config.stack import StackConfig
from infra.outputs import Outputs
from infra.wiring.regional import Region, Regions


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """Both stores, and the topic on which AWS reports what happened to them."""

    cache: Store
    sessions: Store
    events: StoreEventTopic

    def outputs(self) -> Outputs:
        """Each store's address and access, and the topic of both."""
        return {
            OutputKey.CACHE_ADDRESS: self.cache.address,
            OutputKey.CACHE_PORT: self.cache.port,
            OutputKey.CACHE_ARN: self.cache.arn,
            OutputKey.CACHE_SECURITY_GROUP_ID: self.cache.security_group_id,
            OutputKey.CACHE_SECRET_ARNS: self.cache.secret_arns,
            OutputKey.SESSIONS_ADDRESS: self.sessions.address,
            OutputKey.SESSIONS_PORT: self.sessions.port,
            OutputKey.SESSIONS_ARN: self.sessions.arn,
            OutputKey.SESSIONS_SECURITY_GROUP_ID: self.sessions.security_group_id,
            OutputKey.SESSIONS_SECRET_ARNS: self.sessions.secret_arns,
            OutputKey.STORE_EVENT_TOPIC_ARN: self.events.arn,
        }


def declare_stores(config: StackConfig, regions: Regions) -> Stores:
    """Both stores, in the primary region; copies of their secrets are in the DR region."""
    primary = regions.primary
    events = StoreEventTopic(
        "store-events",
        StoreEventTopicArgs(
            placement=primary.placement, email_addresses=config.notifications.email_addresses
        ),
        primary.opts,
    )

    def declare(name: str, wanted: StoreConfig) -> Store:
        args = _store_args(config, regions, name, wanted, events)
        if wanted.on_memorydb:
            return MemoryDbCluster(name, args, primary.opts)
        return ReplicationGroup(name, _group_args(wanted, args, primary), primary.opts)

    return Stores(
        cache=declare(CACHE, config.cache), sessions=declare(SESSIONS, config.sessions), events=events
    )


def _store_args(
    config: StackConfig, regions: Regions, name: str, wanted: StoreConfig, events: StoreEventTopic
) -> StoreArgs:
    primary = regions.primary
    return StoreArgs(
        placement=primary.placement,
        identifier=primary.placement.names.of(name),
        engine=wanted.engine,
        engine_version=wanted.engine_version,
        parameter_group_family=wanted.family,
        parameters=wanted.parameter_group(),
        node_type=wanted.node_type,
        shards=wanted.shards,
        replicas_per_shard=wanted.replicas_per_shard,
        port=wanted.port,
        users=[user.store_user() for user in wanted.users],
        network=primary.network,
        clients=wanted.clients.as_clients(),
        secrets=regions.secrets,
        kms_key_arn=primary.key_arn(DataClass.CACHE),
        event_topic_arn=events.arn,
        snapshot_retention_days=wanted.snapshot_retention_days,
        snapshot_window=str(wanted.snapshot_window.to_utc(config.time_zone)),
        maintenance_window=str(wanted.maintenance_window.to_utc(config.time_zone)),
    )


def _group_args(wanted: StoreConfig, args: StoreArgs, region: Region) -> ReplicationGroupArgs:
    return ReplicationGroupArgs(
        store=args,
        cluster_mode=wanted.cluster_mode,
        automatic_failover=wanted.automatic_failover,
        apply_immediately=wanted.apply_immediately,
        logs_key_arn=region.key_arn(DataClass.LOGS),
        autoscaling=None if wanted.autoscaling is None else _autoscaling(wanted.autoscaling),
    )


def _autoscaling(wanted: AutoscalingConfig) -> Autoscaling:
    return Autoscaling(
        max_shards=wanted.max_shards,
        max_replicas_per_shard=wanted.max_replicas_per_shard,
        target_cpu_percent=wanted.target_cpu_percent,
    )
