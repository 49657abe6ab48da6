"""Subjects of alarms: the facts of a stack that the catalogue's rows are computed from."""

from components.alarms.catalogue.backups import BackupSubject
from components.alarms.catalogue.pool import PoolSubject
from components.alarms.catalogue.postgres import DatabaseSubject
from components.alarms.catalogue.stores import StoreSubject
from components.pgbouncer.settings import READER_DATABASE, WRITER_DATABASE
from components.postgres.instance import PostgresInstance
from components.postgres.standby import Server
from infra.config.cache import StoreConfig
from infra.config.postgres import ReplicaConfig
from infra.config.stack import StackConfig
from infra.wiring.backups import Backups
from infra.wiring.pgbouncer import Pool
from infra.wiring.postgres import PostgresServers

# Both are computed for every server, in MiB.
WAL_PARAMETERS = ("max_wal_size", "max_slot_wal_keep_size")


def primary_subject(config: StackConfig, postgres: PostgresServers) -> DatabaseSubject:
    """The primary, which can be scaled up on alarm."""
    return _database(
        "postgres",
        config,
        postgres.primary,
        config.postgres.server(),
        takes_writes=True,
        feeds_replicas=bool(config.postgres.replicas),
        scales_up=True,
    )


def replica_subject(config: StackConfig, wanted: ReplicaConfig, postgres: PostgresServers) -> DatabaseSubject:
    """One replica. The primary's alarms scale up the primary alone; replicas follow with the next update."""
    return _database(
        f"postgres-{wanted.name}",
        config,
        postgres.replicas[wanted.name],
        config.postgres.replica_server(wanted),
        takes_writes=config.dr.promotes(wanted),
        feeds_replicas=False,
        scales_up=False,
    )


def _database(
    name: str,
    config: StackConfig,
    instance: PostgresInstance,
    server: Server,
    *,
    takes_writes: bool,
    feeds_replicas: bool,
    scales_up: bool,
) -> DatabaseSubject:
    storage = config.postgres.storage
    declared = {each.name: int(each.value) for each in server.parameters if each.name in WAL_PARAMETERS}
    return DatabaseSubject(
        name=name,
        identifier=config.names.of(name),
        takes_writes=takes_writes,
        feeds_replicas=feeds_replicas,
        scales_up=scales_up,
        memory_bytes=server.instance_class.memory_bytes,
        max_connections=server.planned_max_connections,
        iops=storage.gp3().iops,
        allocated_storage_gib=storage.allocated_storage_gib,
        max_wal_size_mib=declared["max_wal_size"],
        max_slot_wal_keep_size_mib=declared["max_slot_wal_keep_size"],
        log_group_name=instance.log_group_name,
    )


def pool_subject(config: StackConfig, pool: Pool) -> PoolSubject:
    """The connection pool."""
    return PoolSubject(
        cluster_name=config.names.of("pooler"),
        service_name=pool.pooler.service_name,
        balancer=pool.pooler.balancer_arn_suffix,
        target_group=pool.pooler.target_group_arn_suffix,
        databases=(WRITER_DATABASE, READER_DATABASE),
        max_wait_seconds=config.alarms.thresholds.pool_max_wait_seconds,
    )


def cache_subject(config: StackConfig) -> StoreSubject:
    """The cache, which may delete keys and can be scaled up on alarm."""
    return _store("cache", config, config.cache, evicts=True, scales_up=True)


def sessions_subject(config: StackConfig) -> StoreSubject:
    """The sessions, of which none may be lost."""
    return _store("sessions", config, config.sessions, evicts=False, scales_up=False)


def _store(
    name: str, config: StackConfig, wanted: StoreConfig, *, evicts: bool, scales_up: bool
) -> StoreSubject:
    return StoreSubject(
        name=name,
        identifier=config.names.of(name),
        service="memorydb" if wanted.on_memorydb else "elasticache",
        cluster_mode=wanted.cluster_mode,
        shards=wanted.shards,
        replicas_per_shard=wanted.replicas_per_shard,
        vcpu=wanted.node().vcpu,
        evicts=evicts,
        scales_up=scales_up,
        evictions_per_minute=config.alarms.thresholds.cache_evictions_per_minute,
        hit_rate_percent=config.alarms.thresholds.cache_hit_rate_percent,
    )


def backup_subject(config: StackConfig, backups: Backups) -> BackupSubject:
    """The backups of both regions."""
    return BackupSubject(
        stack=config.stack,
        vault_name=backups.vault.name,
        has_copies=any(rule.copy_retention_days is not None for rule in config.backups.rules.values()),
        published_ages=config.alarms.published_ages,
    )
