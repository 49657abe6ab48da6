"""Stateful. A store on ElastiCache: a replication group, in one shard or in cluster mode."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, elasticache

from components.autoscaling import TargetTracking, define_target_tracking
from components.cache.access import NOBODY
from components.cache.store import AUTO_MINOR_VERSION_UPGRADE, Store, StoreArgs
from components.secrets import generate_password

# A Valkey store takes users of either engine, and a Redis store those of Redis alone: with these, a store that changes from
# Redis to Valkey keeps its users. Source: ElastiCache user guide, "Role-Based Access Control (RBAC)".
USERS_ENGINE = "redis"
DELIVERED_LOGS = ("slow-log", "engine-log")
# Waiting after a change of capacity, before the next: ElastiCache user guide, "Target tracking scaling policies". Moving the
# slots of a shard away takes long, so that taking one away should wait longer.
SCALE_OUT_COOLDOWN_SECONDS, SCALE_IN_COOLDOWN_SECONDS = 300, 1800


@dataclass(frozen=True, kw_only=True, slots=True)
class Autoscaling:
    """The limits of Application Auto Scaling, which keeps each engine thread at `target_cpu_percent`.

    CPU and not memory, because the memory of a cache is always full.
    """

    max_shards: int
    max_replicas_per_shard: int
    target_cpu_percent: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicationGroupArgs:
    """What a replication group needs beside what every store does.

    With `cluster_mode` keys are spread over the shards, and clients must know how to follow; without, there is one shard.
    With `autoscaling` the numbers of shards and replicas are those to begin with and the fewest there may be.
    """

    store: StoreArgs
    cluster_mode: bool
    automatic_failover: bool
    apply_immediately: bool
    logs_key_arn: pulumi.Input[str]
    autoscaling: Autoscaling | None = None


class ReplicationGroup(Store):
    """Stateful. The replication group with its groups, users, logs and, where asked for, its auto scaling."""

    def __init__(
        self, name: str, args: ReplicationGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:cache:ReplicationGroup", name, args.store, opts)
        group = self._define_group(args, self._define_user_group(), self._define_log_groups(args))
        self.arn = group.arn
        self.port = group.port.apply(lambda port: port or args.store.port)
        self.address = (
            group.configuration_endpoint_address if args.cluster_mode else group.primary_endpoint_address
        )
        self._write_connections(host=self.address, port=self.port, cluster_mode=args.cluster_mode)
        if args.autoscaling is not None:
            self._define_autoscaling(group, args.autoscaling)
        self.register_outputs(self._outputs())

    def _define_group(
        self,
        args: ReplicationGroupArgs,
        users: elasticache.UserGroup,
        logs: Sequence[cloudwatch.LogGroup],
    ) -> elasticache.ReplicationGroup:
        store = self._store_args
        return elasticache.ReplicationGroup(
            f"{self._name}-replication-group",
            replication_group_id=store.identifier,
            description=store.identifier,
            engine=store.engine,
            engine_version=store.engine_version,
            auto_minor_version_upgrade=AUTO_MINOR_VERSION_UPGRADE,
            node_type=store.node_type,
            parameter_group_name=self._define_parameter_group().name,
            cluster_mode="enabled" if args.cluster_mode else "disabled",
            num_node_groups=store.shards if args.cluster_mode else None,
            replicas_per_node_group=store.replicas_per_shard if args.cluster_mode else None,
            num_cache_clusters=None if args.cluster_mode else store.replicas_per_shard + 1,
            automatic_failover_enabled=args.automatic_failover,
            multi_az_enabled=args.automatic_failover,
            port=store.port,
            subnet_group_name=self._define_subnet_group().name,
            security_group_ids=[self._security_group.id],
            at_rest_encryption_enabled=True,
            kms_key_id=store.kms_key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            user_group_ids=[users.user_group_id],
            snapshot_retention_limit=store.snapshot_retention_days,
            snapshot_window=store.snapshot_window,
            maintenance_window=store.maintenance_window,
            final_snapshot_identifier=self._final_snapshot(),
            notification_topic_arn=store.event_topic_arn,
            log_delivery_configurations=_delivered(logs),
            apply_immediately=args.apply_immediately,
            tags={"Name": store.identifier},
            opts=self._stateful(
                pulumi.ResourceOptions(
                    depends_on=list(logs),
                    # Every update would undo what Application Auto Scaling did.
                    ignore_changes=["numNodeGroups", "replicasPerNodeGroup"] if args.autoscaling else None,
                ),
            ),
        )

    def _define_parameter_group(self) -> elasticache.ParameterGroup:
        """Named by Pulumi: a new family needs a new group while the store still uses the old one."""
        store = self._store_args
        return elasticache.ParameterGroup(
            f"{self._name}-parameters",
            family=store.parameter_group_family,
            # Changing a description replaces the group: it must not name what may change.
            description=f"parameters of {store.identifier}",
            parameters=[
                elasticache.ParameterGroupParameterArgs(name=parameter.name, value=parameter.value)
                for parameter in store.parameters
            ],
            opts=self._child,
        )

    def _define_subnet_group(self) -> elasticache.SubnetGroup:
        store = self._store_args
        return elasticache.SubnetGroup(
            f"{self._name}-subnets",
            description=f"isolated subnets of {store.identifier}",
            subnet_ids=store.network.data_subnet_ids,
            opts=self._child,
        )

    def _define_user_group(self) -> elasticache.UserGroup:
        """Every group must have a user "default", who is who does not log in: one who may do nothing."""
        store = self._store_args
        nobody = generate_password(f"{self._name}-default-password", self._child)
        users = [
            self._define_user("default", NOBODY, nobody),
            *(
                self._define_user(user.name, user.access_string, self._credentials[user.name].password)
                for user in store.users
            ),
        ]
        return elasticache.UserGroup(
            f"{self._name}-users",
            engine=USERS_ENGINE,
            user_group_id=store.identifier,
            user_ids=[user.user_id for user in users],
            opts=self._child,
        )

    def _define_user(self, name: str, access_string: str, password: pulumi.Output[str]) -> elasticache.User:
        return elasticache.User(
            f"{self._name}-user-{name}",
            user_id=self._user_id(name),
            user_name=name,
            engine=USERS_ENGINE,
            access_string=access_string,
            passwords=[password],
            opts=self._child,
        )

    def _define_log_groups(self, args: ReplicationGroupArgs) -> list[cloudwatch.LogGroup]:
        """Under the prefix that delivering services may write to without a policy for each group.

        Source: CloudWatch Logs guide, "Enable logging from AWS services", resource policy size limit.
        """
        store = self._store_args
        return [
            store.placement.log_group(
                f"{self._name}-log-{log}",
                log_group_name=f"/aws/vendedlogs/elasticache/{store.identifier}/{log}",
                kms_key_arn=args.logs_key_arn,
                opts=self._child,
            )
            for log in DELIVERED_LOGS
        ]

    def _define_autoscaling(self, group: elasticache.ReplicationGroup, limits: Autoscaling) -> None:
        store = self._store_args
        for capacity, dimension, metric, minimum, maximum in (
            ("shards", "NodeGroups", "Primary", store.shards, limits.max_shards),
            ("replicas", "Replicas", "Replica", store.replicas_per_shard, limits.max_replicas_per_shard),
        ):
            define_target_tracking(
                f"{self._name}-{capacity}",
                f"{self._name}-{capacity}-by-cpu",
                TargetTracking(
                    service_namespace="elasticache",
                    scalable_dimension=f"elasticache:replication-group:{dimension}",
                    resource_id=pulumi.Output.concat("replication-group/", group.replication_group_id),
                    min_capacity=minimum,
                    max_capacity=maximum,
                    metric=f"ElastiCache{metric}EngineCPUUtilization",
                    target_percent=limits.target_cpu_percent,
                    scale_out_cooldown_seconds=SCALE_OUT_COOLDOWN_SECONDS,
                    scale_in_cooldown_seconds=SCALE_IN_COOLDOWN_SECONDS,
                ),
                self._child,
            )


def _delivered(
    logs: Sequence[cloudwatch.LogGroup],
) -> list[elasticache.ReplicationGroupLogDeliveryConfigurationArgs]:
    return [
        elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
            log_type=log,
            log_format="json",
            destination_type="cloudwatch-logs",
            destination=group.name,
        )
        for log, group in zip(DELIVERED_LOGS, logs, strict=True)
    ]
