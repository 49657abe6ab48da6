"""Alarms: in each region its alarms and the topics to notify, and one dashboard for both regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import pulumi
from pulumi_aws import cloudwatch

from components.alarms.alarms import AlarmsArgs, RegionAlarms
from components.alarms.catalogue.backups import backup_rows
from components.alarms.catalogue.faults import down, pool_failing, replication_failing
from components.alarms.catalogue.functions import dead_letter_row, rotation_row
from components.alarms.catalogue.maintenance import maintenance_row
from components.alarms.catalogue.pool import balancer_metric, pool_rows
from components.alarms.catalogue.postgres import postgres_rows
from components.alarms.catalogue.stores import store_rows
from components.alarms.dashboard import AlarmDashboard, DashboardArgs
from components.alarms.rows import Composite, Row, Severity
from components.windows import WeeklyWindow
from contract.outputs import OutputKey
from infra.config.postgres import ReplicaConfig
from infra.config.stack import StackConfig
from infra.outputs import Outputs
from infra.wiring.alarm_subjects import (
    backup_subject,
    cache_subject,
    pool_subject,
    primary_subject,
    replica_subject,
    sessions_subject,
)
from infra.wiring.backups import Backups
from infra.wiring.pgbouncer import Pool
from infra.wiring.postgres import PostgresServers
from infra.wiring.regional import Region, Regions
from infra.wiring.scale_up import DeclaredScaleUp
from infra.wiring.topics import Topics, declare_topics

POSTGRES_MAINTENANCE, REPLICA_MAINTENANCE = "maintenance-postgres", "maintenance-replicas"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredAlarms:
    """All alarms by the name of their row, the topics of both regions by severity, and the dashboard."""

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
    """The rows and composites of one region."""

    rows: Sequence[Row]
    composites: Sequence[Composite]

    @property
    def alarms(self) -> tuple[Row | Composite, ...]:
        """Composites, then rows: the dashboard shows first what pages."""
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
) -> DeclaredAlarms:
    """Both regions' alarms. `topics` are the primary region's; `scale_up` has the function that alarms invoke."""
    primary, dr = regions.primary, regions.dr
    in_primary = _watched_in_primary(config, primary, postgres, pool, backups)
    in_dr = _watched_in_dr(config, dr, postgres)
    dr_topics = declare_topics("dr-alarms", config, dr) if in_dr.rows else {}
    declared = [
        _region_alarms(name, region, watched, topics=region_topics, scale_up=scale_up)
        for name, region, watched, region_topics in (
            ("alarms", primary, in_primary, topics),
            ("dr-alarms", dr, in_dr, dr_topics),
        )
        if watched.rows
    ]
    dashboard = AlarmDashboard(
        "alarms",
        DashboardArgs(
            placement=primary.placement,
            alarms={primary.name: in_primary.alarms, dr.name: in_dr.alarms},
        ),
        primary.opts,
    )
    return DeclaredAlarms(
        by_name=dict(chain.from_iterable(each.by_name.items() for each in declared)),
        topic_arns={str(severity): arn for severity, arn in topics.items()},
        dr_topic_arns={str(severity): arn for severity, arn in dr_topics.items()},
        dashboard_name=dashboard.dashboard_name,
    )


def _region_alarms(
    name: str,
    region: Region,
    watched: Watched,
    *,
    topics: Topics,
    scale_up: DeclaredScaleUp,
) -> RegionAlarms:
    # Always depend on the function. A promotion runs `up --target`, which keeps the dependencies that other resources
    # have in the state. Pulumi then writes an invalid state if a dependency is registered after its dependent:
    # docs/adr/0014-scaling.md.
    after_function = pulumi.ResourceOptions(depends_on=scale_up.function)
    return RegionAlarms(
        name,
        AlarmsArgs(
            placement=region.placement,
            rows=watched.rows,
            composites=watched.composites,
            topic_arns=_every_severity(topics),
            scale_up_arns=scale_up.scale_up_arns,
        ),
        pulumi.ResourceOptions.merge(region.opts, after_function),
    )


def _every_severity(topics: Topics) -> Topics:
    """A topic for every severity: where nobody is paged, a page is a ticket."""
    return {severity: topics.get(severity, topics[Severity.TICKET]) for severity in Severity}


def _watched_in_primary(
    config: StackConfig, region: Region, postgres: PostgresServers, pool: Pool, backups: Backups
) -> Watched:
    primary, pooler = primary_subject(config, postgres), pool_subject(config, pool)
    replicas = [replica_subject(config, each, postgres) for each in _replicas_in(config, region)]
    clock = balancer_metric(pooler, "HealthyHostCount", "Maximum", "clock")
    window = config.postgres.maintenance_window
    maintenance = [maintenance_row(POSTGRES_MAINTENANCE, [_utc(config, window)], clock)]
    cause = down(primary, pool=pooler, maintenance=POSTGRES_MAINTENANCE)
    composites = [cause, pool_failing(pooler, cause=cause.name)]
    if replicas:
        windows = [
            _utc(config, config.postgres.replica_maintenance_window(each))
            for each in _replicas_in(config, region)
        ]
        maintenance.append(maintenance_row(REPLICA_MAINTENANCE, windows, clock))
        composites.append(replication_failing(replicas, cause=cause.name, maintenance=REPLICA_MAINTENANCE))
    return Watched(
        rows=(
            *chain.from_iterable(map(postgres_rows, (primary, *replicas))),
            *pool_rows(pooler),
            *store_rows(cache_subject(config)),
            *store_rows(sessions_subject(config)),
            *backup_rows(backup_subject(config, backups)),
            rotation_row(pool.rotation.function_name),
            *map(dead_letter_row, config.alarms.dead_letter_queues),
            *maintenance,
        ),
        composites=composites,
    )


def _watched_in_dr(config: StackConfig, region: Region, postgres: PostgresServers) -> Watched:
    """The replicas in the DR region. They page nobody, because an alarm cannot read the cause: it is in another region.

    A dead DR replica pages by its effects on the primary. A promoted replica is a primary, and pages for itself.
    """
    databases = [replica_subject(config, each, postgres) for each in _replicas_in(config, region)]
    return Watched(
        rows=tuple(chain.from_iterable(map(postgres_rows, databases))),
        composites=[
            down(database, pool=None, maintenance=None) for database in databases if database.takes_writes
        ],
    )


def _replicas_in(config: StackConfig, region: Region) -> list[ReplicaConfig]:
    return [wanted for wanted in config.postgres.replicas if wanted.region == region.name]


def _utc(config: StackConfig, window: WeeklyWindow) -> WeeklyWindow:
    return window.to_utc(config.time_zone)
