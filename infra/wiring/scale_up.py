"""Scaling up on alarm: what runs by now, and the function that lets it grow."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import elasticache, rds

from components.encryption import DataClass
from components.scale_up.function import ScaleUp, ScaleUpArgs, ScaleUpTarget
from components.scale_up.ladders import STORAGE_COOLDOWN_MINUTES
from contract.names import PhysicalNames
from contract.provider_messages import NO_REPLICATION_GROUP
from contract.scale_up import ELASTICACHE, RDS, Mode, Size, Target, TargetName
from infra.config.postgres import ReplicaConfig
from infra.config.scale_up import grown_cache, grown_postgres
from infra.config.stack import StackConfig
from infra.providers import Providers
from infra.wiring.cache import Stores
from infra.wiring.postgres import PostgresServers
from infra.wiring.regional import Region

# Which alarms of the catalogue ask for a step of which target.
CLASS_ALARMS = ("postgres-cpu", "postgres-memory", "postgres-connections")
STORAGE_ALARMS = ("postgres-iops",)
NODE_ALARMS = ("cache-cpu", "cache-memory")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scaling:
    """The function, unless scaling is off, and its ARN by the row of the alarm that calls it. Alarms of what cannot grow are not there."""

    function: pulumi.Resource | None
    scale_up_arns: Mapping[str, pulumi.Output[str]]


def with_what_grew(config: StackConfig, providers: Providers) -> StackConfig:
    """`config` with the sizes that the function has given to what runs; `providers` look them up.

    After a promotion only the promoted instance is looked up: the primary region may be lost, and must not be asked.
    """
    if config.scaling.mode == "off":
        return config
    promoted = next((each for each in config.postgres.replicas if config.dr.promotes(each)), None)
    names = PhysicalNames(config.stack)
    if promoted is None:
        at_home = pulumi.InvokeOptions(provider=providers.primary)
        instance, nodes = _running_instance(names.of("postgres"), at_home), _running_cache(names, at_home)
    else:
        instance, nodes = _running_promoted(names, promoted, providers), None
    postgres = grown_postgres(config.scaling, config.postgres, instance)
    cache = grown_cache(config.scaling, config.cache, nodes)
    for what, declared, grown in (
        ("postgres.instance_class", config.postgres.instance_class, postgres.instance_class),
        ("postgres.storage", config.postgres.storage, postgres.storage),
        ("cache.node_type", config.cache.node_type, cache.node_type),
    ):
        if grown != declared:
            pulumi.log.info(f"{what}: {declared} is declared and has grown to {grown}, which stays")
    return config.model_copy(update={"postgres": postgres, "cache": cache})


def _running_promoted(names: PhysicalNames, replica: ReplicaConfig, providers: Providers) -> Size | None:
    """The promoted replica's size, unless it was declared with one of its own."""
    if replica.instance_class is not None:
        return None
    return _running_instance(
        names.of(f"postgres-{replica.name}"), pulumi.InvokeOptions(provider=providers.dr)
    )


def _running_instance(identifier: str, opts: pulumi.InvokeOptions) -> Size | None:
    only = rds.GetInstancesFilterArgs(name="db-instance-id", values=[identifier])
    if not rds.get_instances(filters=[only], opts=opts).instance_identifiers:
        return None
    found = rds.get_instance(db_instance_identifier=identifier, opts=opts)
    return {
        "DBInstanceClass": found.db_instance_class,
        "Iops": found.iops,
        "StorageThroughput": found.storage_throughput,
    }


def _running_cache(names: PhysicalNames, opts: pulumi.InvokeOptions) -> Size | None:
    """The provider cannot list replication groups, and the SDK raises no error that says more than its text."""
    try:
        found = elasticache.get_replication_group(replication_group_id=names.of("cache"), opts=opts)
    except Exception as error:
        if NO_REPLICATION_GROUP in str(error):
            return None
        raise
    return {"CacheNodeType": found.node_type}


def declare_scaling(
    config: StackConfig,
    *,
    home: Region,
    postgres: PostgresServers,
    stores: Stores,
    topic_arn: pulumi.Input[str],
) -> Scaling:
    """The function in `home`, for the primary and the cache there. `config` is the declared one: its sizes are the floor.

    `topic_arn` is where it says what it does or proposes: where the alarms that ask for it go.
    """
    if config.scaling.mode == "off":
        return Scaling(function=None, scale_up_arns={})
    names = PhysicalNames(config.stack)
    targets = [each for each in _targets(config, names, postgres, stores) if len(each.target.ladder) > 1]
    scale_up = ScaleUp(
        "scale-up",
        ScaleUpArgs(
            account_id=config.account_id,
            region=home.name,
            names=names,
            mode=Mode(config.scaling.mode),
            approval_minutes=config.scaling.approval_minutes,
            apply_immediately=config.scaling.apply_immediately,
            targets=targets,
            topic_arn=topic_arn,
            topic_key_arn=home.key_arn(DataClass.NOTIFICATIONS),
            logs_key_arn=home.key_arn(DataClass.LOGS),
            log_retention_days=config.logs.retention_days,
            durability=config.durability,
        ),
        home.opts,
    )
    rows = [
        row
        for row in (*CLASS_ALARMS, *STORAGE_ALARMS, *NODE_ALARMS)
        if any(names.of(row) in each.target.alarms for each in targets)
    ]
    return Scaling(function=scale_up, scale_up_arns=dict.fromkeys(rows, scale_up.function_arn))


def _targets(
    config: StackConfig, names: PhysicalNames, postgres: PostgresServers, stores: Stores
) -> list[ScaleUpTarget]:
    scaling = config.scaling
    cache = Target(
        name=TargetName.CACHE_NODE,
        service=ELASTICACHE,
        identifier=names.of("cache"),
        ladder=scaling.node_types(config.cache),
        cooldown_minutes=scaling.cooldown_minutes,
        alarms=[names.of(row) for row in NODE_ALARMS],
    )
    on_cache = [ScaleUpTarget(target=cache, arn=stores.cache.arn)]
    if postgres.writer is not postgres.primary:
        return on_cache
    instance_class = Target(
        name=TargetName.POSTGRES_CLASS,
        service=RDS,
        identifier=names.of("postgres"),
        ladder=scaling.instance_classes(config.postgres),
        cooldown_minutes=scaling.cooldown_minutes,
        alarms=[names.of(row) for row in CLASS_ALARMS],
    )
    storage = Target(
        name=TargetName.POSTGRES_STORAGE,
        service=RDS,
        identifier=names.of("postgres"),
        ladder=scaling.storages(config.postgres),
        cooldown_minutes=max(scaling.cooldown_minutes, STORAGE_COOLDOWN_MINUTES),
        alarms=[names.of(row) for row in STORAGE_ALARMS],
    )
    on_primary = [ScaleUpTarget(target=each, arn=postgres.primary.arn) for each in (instance_class, storage)]
    return [*on_primary, *on_cache]
