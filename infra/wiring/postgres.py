"""PostgreSQL: the primary, its replicas, and which of them takes writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi

from components.encryption import DataClass
from components.postgres.instance import Clients, Monitoring, PostgresInstance, PostgresInstanceArgs
from components.postgres.primary import (
    PointInTimeRestore,
    PostgresPrimary,
    PostgresPrimaryArgs,
    Restore,
    SnapshotRestore,
)
from components.postgres.replica import PostgresReplica, PostgresReplicaArgs, Promotion
from components.postgres.standby import Server
from components.secrets import Credentials
from components.windows import WeeklyWindow
from contract.names import PhysicalNames
from infra.config.postgres import ClientsConfig, ReplicaConfig, RestoreConfig
from infra.config.stack import StackConfig
from infra.wiring.regional import Region


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresServers:
    """All instances. `writer` is the primary, or the replica that was promoted in its place; it is in `writer_region`.

    `readers` are who answers reads, by region and name: the region's replicas, or the writer where there is none. After
    a promotion only the writer does: what the others hold is the old primary's past.
    """

    primary: PostgresPrimary
    replicas: Mapping[str, PostgresReplica]
    writer: PostgresInstance
    writer_region: str
    readers: Mapping[str, Mapping[str, PostgresInstance]]


def declare_postgres(
    config: StackConfig, *, home: Region, dr: Region, admin: Credentials, backup_tags: Mapping[str, str]
) -> PostgresServers:
    """The primary, in `home`, and every replica that the configuration lists. What takes writes carries `backup_tags`."""
    regions = {region.name: region for region in (home, dr)}
    primary = PostgresPrimary("postgres", _primary_args(config, home, admin, backup_tags), home.opts)
    replicas = {
        wanted.name: PostgresReplica(
            f"postgres-replica-{wanted.name}",
            _replica_args(
                config,
                wanted,
                regions[wanted.region],
                primary=primary,
                admin=admin,
                backup_tags=backup_tags,
            ),
            regions[wanted.region].opts,
        )
        for wanted in config.postgres.replicas
    }
    promoted = [wanted for wanted in config.postgres.replicas if config.dr.promotes(wanted)]
    writer = replicas[promoted[0].name] if promoted else primary
    if promoted and config.dr.backup_retention_days == 0:
        pulumi.log.warn(
            "dr.backup_retention_days is 0: the new primary has no point-in-time recovery; set it as soon as this is up"
        )
    return PostgresServers(
        primary=primary,
        replicas=replicas,
        writer=writer,
        writer_region=promoted[0].region if promoted else home.name,
        readers={
            region: {"writer": writer}
            if promoted
            else _replicas_in(region, config, replicas) or {"writer": writer}
            for region in regions
        },
    )


def _replicas_in(
    region: str, config: StackConfig, replicas: Mapping[str, PostgresReplica]
) -> dict[str, PostgresReplica]:
    return {
        wanted.name: replicas[wanted.name] for wanted in config.postgres.replicas if wanted.region == region
    }


def _primary_args(
    config: StackConfig, region: Region, admin: Credentials, backup_tags: Mapping[str, str]
) -> PostgresPrimaryArgs:
    postgres = config.postgres
    return PostgresPrimaryArgs(
        instance=_instance_args(
            config,
            region,
            role="postgres",
            server=postgres.server(),
            multi_az=postgres.multi_az,
            max_allocated_storage_gib=postgres.storage.max_allocated_storage_gib,
            clients=postgres.clients,
            maintenance_window=postgres.maintenance_window,
            tags=backup_tags,
        ),
        engine_version=postgres.engine_version,
        database_name=postgres.database_name,
        credentials=admin,
        backup_retention_days=postgres.backup_retention_days,
        restore=_restore(postgres.restore),
    )


def _replica_args(
    config: StackConfig,
    wanted: ReplicaConfig,
    region: Region,
    *,
    primary: PostgresPrimary,
    admin: Credentials,
    backup_tags: Mapping[str, str],
) -> PostgresReplicaArgs:
    is_abroad = wanted.region != config.regions.primary
    is_promoted = config.dr.promotes(wanted)
    return PostgresReplicaArgs(
        instance=_instance_args(
            config,
            region,
            role=f"postgres-{wanted.name}",
            server=config.postgres.replica_server(wanted),
            multi_az=wanted.multi_az,
            max_allocated_storage_gib=config.postgres.ceiling_gib(wanted),
            clients=config.postgres.replica_clients(wanted, config.regions.primary),
            maintenance_window=config.postgres.replica_maintenance_window(wanted),
            tags=backup_tags if is_promoted else {},
        ),
        source_identifier=None if is_abroad else primary.identifier,
        source_arn=primary.arn if is_abroad else None,
        availability_zone=wanted.availability_zone,
        promotion=(
            Promotion(credentials=admin, backup_retention_days=config.dr.backup_retention_days)
            if is_promoted
            else None
        ),
    )


def _instance_args(
    config: StackConfig,
    region: Region,
    *,
    role: str,
    server: Server,
    multi_az: bool,
    max_allocated_storage_gib: int,
    clients: ClientsConfig,
    maintenance_window: WeeklyWindow,
    tags: Mapping[str, str],
) -> PostgresInstanceArgs:
    postgres = config.postgres
    return PostgresInstanceArgs(
        account_id=config.account_id,
        region=region.name,
        identifier=PhysicalNames(config.stack).of(role),
        parameter_group_family=postgres.family,
        parameters=server.parameters,
        instance_class=server.instance_class.name,
        multi_az=multi_az,
        port=postgres.port,
        storage=postgres.storage.gp3(),
        max_allocated_storage_gib=max_allocated_storage_gib,
        network=region.network,
        clients=Clients(security_group_ids=clients.security_group_ids, cidrs=clients.cidrs),
        database_key_arn=region.key_arn(DataClass.DATABASE),
        logs_key_arn=region.key_arn(DataClass.LOGS),
        notification_topic_arn=region.notifications.arn,
        ca_certificate_identifier=postgres.ca_certificate_identifier,
        backup_window=str(postgres.backup_window.to_utc(config.time_zone)),
        maintenance_window=str(maintenance_window.to_utc(config.time_zone)),
        monitoring=Monitoring(
            enhanced_interval_seconds=postgres.monitoring.enhanced_interval_seconds,
            performance_insights_retention_days=postgres.monitoring.performance_insights_retention_days,
            log_retention_days=config.logs.retention_days,
        ),
        apply_immediately=postgres.apply_immediately,
        tags=tags,
        durability=config.durability,
    )


def _restore(wanted: RestoreConfig | None) -> Restore | None:
    if wanted is None:
        return None
    if wanted.snapshot_identifier is not None:
        return SnapshotRestore(snapshot_identifier=wanted.snapshot_identifier)
    return PointInTimeRestore(
        source_db_instance_identifier=wanted.source_db_instance_identifier,
        source_automated_backups_arn=wanted.source_automated_backups_arn,
        restore_time=None if wanted.restore_time is None else _rfc3339(wanted.restore_time),
    )


def _rfc3339(moment: datetime) -> str:
    """As RDS takes a time: in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
