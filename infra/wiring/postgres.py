"""PostgreSQL: the primary, its replicas, the current writer, and the administrator's credentials."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi

from components.backups.plan import selection_tags
from components.encryption import DataClass
from components.postgres.instance import Monitoring, PostgresInstance, PostgresInstanceArgs
from components.postgres.primary import (
    PointInTimeRestore,
    PostgresPrimary,
    PostgresPrimaryArgs,
    Restore,
    SnapshotRestore,
)
from components.postgres.replica import PostgresReplica, PostgresReplicaArgs, Promotion
from components.postgres.standby import Server
from components.secrets import Credentials, CredentialsArgs, DatabaseConnection, DatabaseConnectionArgs
from components.windows import WeeklyWindow
from contract.names import POSTGRES, replica_role
from contract.outputs import OutputKey
from infra.config.postgres import ClientsConfig, ReplicaConfig, RestoreConfig
from infra.config.stack import StackConfig
from infra.outputs import Outputs
from infra.wiring.regional import Region, Regions


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresServers:
    """All instances. `writer` is the primary, or the replica that was promoted in its place; it is in `writer_region`.

    `readers` are the instances that answer reads, by region and name: the region's replicas, or the writer where
    there is none. After a promotion only the writer does: the other replicas hold the old primary's past.
    """

    primary: PostgresPrimary
    replicas: Mapping[str, PostgresReplica]
    writer: PostgresInstance
    writer_region: str
    readers: Mapping[str, Mapping[str, PostgresInstance]]
    admin: Credentials

    @property
    def is_promoted(self) -> bool:
        """True once a replica has taken the primary's place."""
        return self.writer is not self.primary

    def outputs(self) -> Outputs:
        """The current writer, the replicas' addresses and the administrator's secret."""
        writer = self.writer
        return {
            OutputKey.POSTGRES_ADDRESS: writer.address,
            OutputKey.POSTGRES_PORT: writer.port,
            OutputKey.POSTGRES_DATABASE_NAME: self.primary.database_name,
            OutputKey.POSTGRES_REGION: self.writer_region,
            OutputKey.POSTGRES_IDENTIFIER: writer.identifier,
            OutputKey.POSTGRES_ARN: writer.arn,
            OutputKey.POSTGRES_RESOURCE_ID: writer.resource_id,
            OutputKey.POSTGRES_KMS_KEY_ARN: writer.kms_key_arn,
            OutputKey.POSTGRES_PARAMETER_GROUP_NAME: writer.parameter_group_name,
            OutputKey.POSTGRES_SECURITY_GROUP_ID: writer.security_group_id,
            OutputKey.POSTGRES_ADMIN_SECRET_ARN: self.admin.secret_arn,
            OutputKey.POSTGRES_REPLICA_ADDRESSES: {
                name: each.address for name, each in self.replicas.items()
            },
        }


def declare_postgres(
    config: StackConfig, regions: Regions, admin_password: pulumi.Output[str] | None
) -> PostgresServers:
    """The primary in the primary region, and every replica that the configuration lists.

    Omitted `admin_password`: one is generated. The writer carries the tags by which AWS Backup selects it.
    """
    admin = Credentials("postgres-admin", _admin_args(config, regions, admin_password), regions.primary.opts)
    by_name = {region.name: region for region in (regions.primary, regions.dr)}
    primary = PostgresPrimary("postgres", _primary_args(config, regions.primary, admin), regions.primary.opts)
    replicas = {
        wanted.name: PostgresReplica(
            f"postgres-replica-{wanted.name}",
            _replica_args(config, wanted, by_name[wanted.region], primary=primary, admin=admin),
            by_name[wanted.region].opts,
        )
        for wanted in config.postgres.replicas
    }
    promoted = config.promoted_replica
    writer = primary if promoted is None else replicas[promoted.name]
    if promoted is not None and config.dr.backup_retention_days == 0:
        pulumi.log.warn(
            "dr.backup_retention_days is 0: the new primary has no point-in-time recovery; set it as soon as this is up"
        )
    servers = PostgresServers(
        primary=primary,
        replicas=replicas,
        writer=writer,
        writer_region=regions.primary.name if promoted is None else promoted.region,
        readers={
            region: ({} if promoted else _replicas_in(region, config, replicas)) or {"writer": writer}
            for region in by_name
        },
        admin=admin,
    )
    DatabaseConnection("postgres-admin-connection", _connection_args(servers), regions.primary.opts)
    return servers


def _admin_args(
    config: StackConfig, regions: Regions, password: pulumi.Output[str] | None
) -> CredentialsArgs:
    return CredentialsArgs(
        secret_name_prefix=regions.primary.placement.names.of("postgres-admin-"),
        username=config.postgres.admin_username,
        password=password,
        storage=regions.secrets,
    )


def _connection_args(servers: PostgresServers) -> DatabaseConnectionArgs:
    """The writer's address. A promoted replica has the user and the database of the primary."""
    return DatabaseConnectionArgs(
        credentials=servers.admin,
        host=servers.writer.address,
        port=servers.writer.port,
        database_name=servers.primary.database_name,
        username=servers.primary.username,
    )


def _replicas_in(
    region: str, config: StackConfig, replicas: Mapping[str, PostgresReplica]
) -> dict[str, PostgresReplica]:
    return {
        wanted.name: replicas[wanted.name] for wanted in config.postgres.replicas if wanted.region == region
    }


def _primary_args(config: StackConfig, region: Region, admin: Credentials) -> PostgresPrimaryArgs:
    postgres = config.postgres
    return PostgresPrimaryArgs(
        instance=_instance_args(
            config,
            region,
            role=POSTGRES,
            server=postgres.server(),
            multi_az=postgres.multi_az,
            max_allocated_storage_gib=postgres.storage.max_allocated_storage_gib,
            clients=postgres.clients,
            maintenance_window=postgres.maintenance_window,
            tags=selection_tags(region.placement.names),
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
) -> PostgresReplicaArgs:
    is_cross_region = wanted.region != config.regions.primary
    is_promoted = config.dr.promotes(wanted)
    return PostgresReplicaArgs(
        instance=_instance_args(
            config,
            region,
            role=replica_role(wanted.name),
            server=config.postgres.replica_server(wanted),
            multi_az=wanted.multi_az,
            max_allocated_storage_gib=config.postgres.ceiling_gib(wanted),
            clients=config.postgres.replica_clients(wanted, config.regions.primary),
            maintenance_window=config.postgres.replica_maintenance_window(wanted),
            tags=selection_tags(region.placement.names) if is_promoted else {},
        ),
        source_identifier=None if is_cross_region else primary.identifier,
        source_arn=primary.arn if is_cross_region else None,
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
        placement=region.placement,
        identifier=region.placement.names.of(role),
        parameter_group_family=postgres.family,
        parameters=server.parameters,
        instance_class=server.instance_class.name,
        multi_az=multi_az,
        port=postgres.port,
        storage=postgres.storage.gp3(),
        max_allocated_storage_gib=max_allocated_storage_gib,
        network=region.network,
        clients=clients.as_clients(),
        database_key_arn=region.key_arn(DataClass.DATABASE),
        logs_key_arn=region.key_arn(DataClass.LOGS),
        notification_topic_arn=region.notifications.arn,
        ca_certificate_identifier=postgres.ca_certificate_identifier,
        backup_window=str(postgres.backup_window.to_utc(config.time_zone)),
        maintenance_window=str(maintenance_window.to_utc(config.time_zone)),
        monitoring=Monitoring(
            enhanced_interval_seconds=postgres.monitoring.enhanced_interval_seconds,
            performance_insights_retention_days=postgres.monitoring.performance_insights_retention_days,
        ),
        apply_immediately=postgres.apply_immediately,
        tags=tags,
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
    """A moment in the form that RDS takes: in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
