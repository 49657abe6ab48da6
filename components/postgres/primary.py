"""Stateful. The PostgreSQL primary: an empty database, or one that was restored."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

from components.postgres.instance import (
    INSTANCE_EVENTS,
    SECURITY_GROUP_EVENTS,
    DataSource,
    PostgresInstance,
    PostgresInstanceArgs,
)
from components.secrets import Credentials


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotRestore:
    """Create the instance from a snapshot, named by identifier or (shared ones) by ARN."""

    snapshot_identifier: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PointInTimeRestore:
    """Create the instance as another one was at `restore_time` (RFC 3339, UTC); omitted: at its latest restorable time.

    The source is an instance's identifier, or the ARN of an automated backup that another region replicates into this one.
    """

    source_db_instance_identifier: str | None = None
    source_automated_backups_arn: str | None = None
    restore_time: str | None = None


Restore = SnapshotRestore | PointInTimeRestore


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresPrimaryArgs:
    """What a primary needs beside what every instance does.

    Omitted `restore`: an empty database. Whatever `restore`, `database_name` and the user's name say later, an existing
    instance keeps what it was created with.
    """

    instance: PostgresInstanceArgs
    engine_version: str
    database_name: str
    credentials: Credentials
    backup_retention_days: int
    restore: Restore | None = None


class PostgresPrimary(PostgresInstance):
    """Stateful. The primary with its groups, logs, monitoring role and event subscriptions."""

    database_name: pulumi.Output[str]
    username: pulumi.Output[str]

    def __init__(
        self, name: str, args: PostgresPrimaryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:postgres:PostgresPrimary", name, args.instance, opts)
        self._define_all(_data_source(args, self._define_subnet_group()), events=INSTANCE_EVENTS)
        self._subscribe("db-security-group", SECURITY_GROUP_EVENTS)
        self.database_name = self._instance.db_name
        self.username = self._instance.username
        self.register_outputs(
            {**self._outputs(), "database_name": self.database_name, "username": self.username}
        )


def _data_source(args: PostgresPrimaryArgs, subnet_group: rds.SubnetGroup) -> DataSource:
    """A restored instance brings its key, its database and its user with it, and RDS refuses to be told them."""
    is_new = args.restore is None
    return DataSource(
        engine="postgres",
        engine_version=args.engine_version,
        kms_key_arn=args.instance.database_key_arn if is_new else None,
        database_name=args.database_name if is_new else None,
        username=args.credentials.username if is_new else None,
        password=args.credentials.password,
        subnet_group_name=subnet_group.name,
        backup_retention_days=args.backup_retention_days,
        backup_window=args.instance.backup_window,
        apply_immediately=args.instance.apply_immediately,
        durability=args.instance.placement.durability,
        snapshot_identifier=(
            args.restore.snapshot_identifier if isinstance(args.restore, SnapshotRestore) else None
        ),
        restore_to_point_in_time=_point_in_time(args.restore),
    )


def _point_in_time(restore: Restore | None) -> rds.InstanceRestoreToPointInTimeArgs | None:
    if not isinstance(restore, PointInTimeRestore):
        return None
    return rds.InstanceRestoreToPointInTimeArgs(
        source_db_instance_identifier=restore.source_db_instance_identifier,
        source_db_instance_automated_backups_arn=restore.source_automated_backups_arn,
        restore_time=restore.restore_time,
        use_latest_restorable_time=True if restore.restore_time is None else None,
    )
