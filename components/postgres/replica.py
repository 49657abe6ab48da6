"""Stateful. A read replica, in the primary's region or another, and what it becomes when it is promoted."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

from components.durability import Durability
from components.postgres.instance import INSTANCE_EVENTS, DataSource, PostgresInstance, PostgresInstanceArgs
from components.secrets import Credentials

# RDS guide, "Amazon RDS event categories": replication stopped, resumed or ended.
REPLICA_EVENTS = (*INSTANCE_EVENTS, "read replica")


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """The replica is a primary now, and every change of it is made at once.

    Its backups are the second step: retention 0 first, then as many days as wanted.
    """

    credentials: Credentials
    backup_retention_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresReplicaArgs:
    """What a replica needs beside what every instance does.

    Exactly one source: `source_identifier` of a primary in the same region, `source_arn` of one in another. In the same
    region RDS takes key and subnet group from the source; in another the replica has its own, and
    `instance.database_key_arn` must be a key of that region.
    Omitted `availability_zone`: RDS chooses, as it must for a Multi-AZ replica.
    `promotion` ends the replication for good; whoever takes it away again is refused by the provider.
    """

    instance: PostgresInstanceArgs
    source_identifier: pulumi.Input[str] | None = None
    source_arn: pulumi.Input[str] | None = None
    availability_zone: str | None = None
    promotion: Promotion | None = None


class PostgresReplica(PostgresInstance):
    """Stateful once promoted. A copy until then: nothing protects it, it takes no final snapshot, and its logs go with it.

    Logs that stayed would hold its name: neither this replica nor another could ever be made under it again.
    """

    def __init__(
        self, name: str, args: PostgresReplicaArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if (args.source_identifier is None) == (args.source_arn is None):
            raise ValueError(f"{name}: give source_identifier or source_arn, and not both")
        super().__init__("reptidex:postgres:PostgresReplica", name, args.instance, opts)
        subnet_group = None if args.source_arn is None else self._define_subnet_group()
        self._define_all(_data_source(args, subnet_group), events=REPLICA_EVENTS)
        self.register_outputs(self._outputs())


def _data_source(args: PostgresReplicaArgs, subnet_group: rds.SubnetGroup | None) -> DataSource:
    promotion = args.promotion
    retention_days = 0 if promotion is None else promotion.backup_retention_days
    return DataSource(
        replicate_source_db=(args.source_arn or args.source_identifier) if promotion is None else None,
        availability_zone=args.availability_zone,
        kms_key_arn=None if args.source_arn is None else args.instance.database_key_arn,
        subnet_group_name=None if subnet_group is None else subnet_group.name,
        # A replica has the primary's users; a promoted one has its own, with the same password to begin with.
        password=None if promotion is None else promotion.credentials.password,
        backup_retention_days=retention_days,
        backup_window=args.instance.backup_window if retention_days > 0 else None,
        # Backups that wait for the maintenance window would leave the new primary without any for up to a week.
        apply_immediately=args.instance.apply_immediately or promotion is not None,
        durability=Durability.DISPOSABLE if promotion is None else args.instance.placement.durability,
    )
