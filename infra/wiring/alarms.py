"""Alarms: in each region what watches the things there, who is told, and one dashboard over all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import pulumi
from pulumi_aws import cloudwatch

from components.alarms import catalogue
from components.alarms.alarms import Alarms as RegionalAlarms
from components.alarms.alarms import AlarmsArgs
from components.alarms.dashboard import AlarmDashboard, DashboardArgs
from components.alarms.rows import Composite, Row, Severity
from components.pgbouncer.settings import READER_DATABASE, WRITER_DATABASE
from components.postgres.instance import PostgresInstance
from components.postgres.standby import Server
from components.windows import WeeklyWindow
from contract.names import PhysicalNames
from contract.outputs import OutputKey
from infra.config.cache import StoreConfig
from infra.config.postgres import ReplicaConfig
from infra.config.stack import StackConfig
from infra.outputs import Outputs
from infra.wiring.backups import Backups
from infra.wiring.pgbouncer import Pool
from infra.wiring.postgres import PostgresServers
from infra.wiring.regional import Region, Regions
from infra.wiring.scale_up import DeclaredScaleUp
from infra.wiring.topics import Topics, declare_topics

POSTGRES_MAINTENANCE, REPLICA_MAINTENANCE = "maintenance-postgres", "maintenance-replicas"
# Both are computed for every server, in MiB.
WAL_PARAMETERS = ("max_wal_size", "max_slot_wal_keep_size")


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarms:
    """Every alarm by the name of its row, the topics that they speak to, by severity and region, and the dashboard."""

    by_name: Mapping[str, cloudwatch.MetricAlarm]
    topic_arns: Mapping[str, pulumi.Output[str]]
    dr_topic_arns: Mapping[str, pulumi.Output[str]]
    dashboard_name: str

    def outputs(self) -> Outputs:
        """The topics by severity, and the dashboard."""
        return {
            OutputKey.ALARM_TOPIC_ARNS: self.topic_arns,
            OutputKey.DR_ALARM_TOPIC_ARNS: self.dr_topic_arns,
            OutputKey.ALARM_DASHBOARD_NAME: self.dashboard_name,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What is watched in one region."""

    rows: Sequence[Row]
    composites: Sequence[Composite]

    @property
    def alarms(self) -> tuple[Row | Composite, ...]:
        """Both, what pages first."""
        return (*self.composites, *self.rows)


def declare_alarms(
    config: StackConfig,
    regions: Regions,
    *,
    postgres: PostgresServers,
    pool: Pool,
    backups: Backups,
    topics: Topics,
    scale_up: DeclaredScaleUp,
) -> Alarms:
    """Both regions' alarms; `topics` are those of the primary region. `scale_up` has the function that alarms call."""
    home, dr = regions.primary, regions.dr
    at_home = _watched_at_home(config, home, postgres, pool, backups)
    abroad = _watched_abroad(config, dr, postgres)
    dr_topics = declare_topics("dr-alarms", config, dr) if abroad.rows else {}
    names = PhysicalNames(config.stack)
    # Also where no alarm calls it any more, after a promotion: an update with targets, which is how one begins, leaves every
    # other alarm with the dependencies that it had, and the engine breaks its state where one of them comes later.
    after_function = pulumi.ResourceOptions(depends_on=scale_up.function)
    declared = [
        RegionalAlarms(
            name,
            AlarmsArgs(
                names=names,
                rows=watched.rows,
                composites=watched.composites,
                topic_arns=_told(region_topics),
                scale_up_arns=scale_up.scale_up_arns,
            ),
            pulumi.ResourceOptions.merge(region.opts, after_function),
        )
        for name, region, watched, region_topics in (
            ("alarms", home, at_home, topics),
            ("dr-alarms", dr, abroad, dr_topics),
        )
        if watched.rows
    ]
    dashboard = AlarmDashboard(
        "alarms",
        DashboardArgs(
            account_id=config.account_id,
            names=names,
            alarms={home.name: at_home.alarms, dr.name: abroad.alarms},
        ),
        home.opts,
    )
    return Alarms(
        by_name=dict(chain.from_iterable(each.by_name.items() for each in declared)),
        topic_arns={str(severity): arn for severity, arn in topics.items()},
        dr_topic_arns={str(severity): arn for severity, arn in dr_topics.items()},
        dashboard_name=dashboard.dashboard_name,
    )


def _told(topic_arns: Topics) -> dict[Severity, pulumi.Output[str]]:
    """Where nobody is paged, a page is a ticket."""
    return {severity: topic_arns.get(severity, topic_arns[Severity.TICKET]) for severity in Severity}


def _watched_at_home(
    config: StackConfig, home: Region, postgres: PostgresServers, pool: Pool, backups: Backups
) -> Watched:
    primary = _database(
        "postgres",
        config,
        postgres.primary,
        config.postgres.server(),
        takes_writes=True,
        feeds_replicas=bool(config.postgres.replicas),
    )
    replicas = [_replica(config, wanted, postgres) for wanted in _replicas_in(config, home)]
    pooler = _pool(config, pool)
    clock = catalogue.balancer_metric(pooler, "HealthyHostCount", "Maximum", "clock")
    maintenance = [
        catalogue.maintenance_row(
            POSTGRES_MAINTENANCE, [_utc(config, config.postgres.maintenance_window)], clock
        )
    ]
    cause = catalogue.down(primary, pool=pooler, maintenance=POSTGRES_MAINTENANCE)
    composites = [cause, catalogue.pool_failing(pooler, cause=cause.name)]
    if replicas:
        windows = [
            _utc(config, config.postgres.replica_maintenance_window(wanted))
            for wanted in _replicas_in(config, home)
        ]
        maintenance.append(catalogue.maintenance_row(REPLICA_MAINTENANCE, windows, clock))
        composites.append(
            catalogue.replication_failing(replicas, cause=cause.name, maintenance=REPLICA_MAINTENANCE)
        )
    return Watched(
        rows=(
            *chain.from_iterable(map(catalogue.postgres_rows, (primary, *replicas))),
            *catalogue.pool_rows(pooler),
            *catalogue.store_rows(_store("cache", config, config.cache, evicts=True)),
            *catalogue.store_rows(_store("sessions", config, config.sessions, evicts=False)),
            *catalogue.backup_rows(_backups(config, backups)),
            catalogue.rotation_row(pool.rotation.function_name),
            *map(catalogue.dead_letter_row, config.alarms.dead_letter_queues),
            *maintenance,
        ),
        composites=composites,
    )


def _watched_abroad(config: StackConfig, dr: Region, postgres: PostgresServers) -> Watched:
    """The replicas there. An alarm cannot look at one of another region, so it knows no cause, and pages nobody.

    What a dead DR replica does to the primary pages at home. A promoted one is a primary, and pages for itself.
    """
    databases = [_replica(config, wanted, postgres) for wanted in _replicas_in(config, dr)]
    return Watched(
        rows=tuple(chain.from_iterable(map(catalogue.postgres_rows, databases))),
        composites=[
            catalogue.down(database, pool=None, maintenance=None)
            for database in databases
            if database.takes_writes
        ],
    )


def _replicas_in(config: StackConfig, region: Region) -> list[ReplicaConfig]:
    return [wanted for wanted in config.postgres.replicas if wanted.region == region.name]


def _replica(config: StackConfig, wanted: ReplicaConfig, postgres: PostgresServers) -> catalogue.Database:
    return _database(
        f"postgres-{wanted.name}",
        config,
        postgres.replicas[wanted.name],
        config.postgres.replica_server(wanted),
        takes_writes=config.dr.promotes(wanted),
        feeds_replicas=False,
    )


def _database(
    name: str,
    config: StackConfig,
    instance: PostgresInstance,
    server: Server,
    *,
    takes_writes: bool,
    feeds_replicas: bool,
) -> catalogue.Database:
    storage = config.postgres.storage
    declared = {each.name: int(each.value) for each in server.parameters if each.name in WAL_PARAMETERS}
    return catalogue.Database(
        name=name,
        identifier=PhysicalNames(config.stack).of(name),
        takes_writes=takes_writes,
        feeds_replicas=feeds_replicas,
        memory_bytes=server.instance_class.memory_bytes,
        max_connections=server.planned_max_connections,
        iops=storage.gp3().iops,
        allocated_storage_gib=storage.allocated_storage_gib,
        max_wal_size_mib=declared["max_wal_size"],
        max_slot_wal_keep_size_mib=declared["max_slot_wal_keep_size"],
        log_group_name=instance.log_group_name,
    )


def _pool(config: StackConfig, pool: Pool) -> catalogue.Pool:
    return catalogue.Pool(
        cluster_name=PhysicalNames(config.stack).of("pooler"),
        service_name=pool.pooler.service_name,
        balancer=pool.pooler.balancer_arn_suffix,
        target_group=pool.pooler.target_group_arn_suffix,
        databases=(WRITER_DATABASE, READER_DATABASE),
        max_wait_seconds=config.alarms.thresholds.pool_max_wait_seconds,
    )


def _store(name: str, config: StackConfig, wanted: StoreConfig, *, evicts: bool) -> catalogue.Store:
    return catalogue.Store(
        name=name,
        identifier=PhysicalNames(config.stack).of(name),
        service="memorydb" if wanted.on_memorydb else "elasticache",
        cluster_mode=wanted.cluster_mode,
        shards=wanted.shards,
        replicas_per_shard=wanted.replicas_per_shard,
        vcpu=wanted.node().vcpu,
        evicts=evicts,
        evictions_per_minute=config.alarms.thresholds.cache_evictions_per_minute,
        hit_rate_percent=config.alarms.thresholds.cache_hit_rate_percent,
    )


def _backups(config: StackConfig, backups: Backups) -> catalogue.Backups:
    return catalogue.Backups(
        stack=config.stack,
        vault_name=backups.vault.name,
        has_copies=any(rule.copy_retention_days is not None for rule in config.backups.rules.values()),
        published_ages=config.alarms.published_ages,
    )


def _utc(config: StackConfig, window: WeeklyWindow) -> WeeklyWindow:
    return window.to_utc(config.time_zone)
