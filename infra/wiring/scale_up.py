"""Scale-up on alarm: the sizes that run by now, and the function that raises them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import elasticache, rds

from components.alarms.catalogue.postgres import postgres_rows
from components.alarms.catalogue.stores import store_rows
from components.alarms.rows import Severity
from components.encryption import DataClass
from components.scale_up.function import ScaleUp, ScaleUpArgs, ScaleUpTarget
from components.scale_up.ladders import STORAGE_COOLDOWN_MINUTES
from contract.alarms import unnumbered
from contract.names import PhysicalNames
from contract.provider_messages import NO_REPLICATION_GROUP
from contract.scale_up import ELASTICACHE, RDS, Mode, Size, Target, TargetName
from infra.config.postgres import ReplicaConfig
from infra.config.scale_up import grown_cache, grown_postgres
from infra.config.stack import StackConfig
from infra.providers import Providers
from infra.wiring.alarm_subjects import cache_subject, primary_subject
from infra.wiring.cache import Stores
from infra.wiring.postgres import PostgresServers
from infra.wiring.regional import Regions
from infra.wiring.topics import Topics


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredScaleUp:
    """The function, unless scale-up is off, and its ARN by the target that alarms ask for.

    A target is missing if it has no larger size.
    """

    function: pulumi.Resource | None
    scale_up_arns: Mapping[TargetName, pulumi.Output[str]]


def with_running_sizes(declared: StackConfig, providers: Providers) -> StackConfig:
    """`declared` with the sizes that scale-up has given to the running resources; `providers` look them up.

    After a promotion only the promoted instance is looked up: the primary region may be lost, and must not be asked.
    """
    if declared.scale_up.mode == "off":
        return declared
    promoted = declared.promoted_replica
    names = declared.names
    if promoted is None:
        in_primary = pulumi.InvokeOptions(provider=providers.primary)
        instance, nodes = (
            _running_instance(names.of("postgres"), in_primary),
            _running_cache(names, in_primary),
        )
    else:
        instance, nodes = _running_promoted(names, promoted, providers), None
    postgres = grown_postgres(declared.scale_up, declared.postgres, instance)
    cache = grown_cache(declared.scale_up, declared.cache, nodes)
    for key, before, running in (
        ("postgres.instance_class", declared.postgres.instance_class, postgres.instance_class),
        ("postgres.storage", declared.postgres.storage, postgres.storage),
        ("cache.node_type", declared.cache.node_type, cache.node_type),
    ):
        if running != before:
            pulumi.log.info(f"{key}: {before} is declared and has grown to {running}, which stays")
    return declared.model_copy(update={"postgres": postgres, "cache": cache})


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


def declare_scale_up(
    declared: StackConfig,
    regions: Regions,
    *,
    postgres: PostgresServers,
    stores: Stores,
    topics: Topics,
) -> DeclaredScaleUp:
    """The function in the primary region, for the primary and the cache there.

    The sizes of `declared` are the smallest ones of each ladder. The function reports to the topic of the alarms that call
    it.
    """
    wanted = declared.scale_up
    if wanted.mode == "off":
        return DeclaredScaleUp(function=None, scale_up_arns={})
    primary = regions.primary
    names = primary.placement.names
    targets = [each for each in _targets(declared, names, postgres, stores) if len(each.target.ladder) > 1]
    scale_up = ScaleUp(
        "scale-up",
        ScaleUpArgs(
            placement=primary.placement,
            mode=Mode(wanted.mode),
            approval_minutes=wanted.approval_minutes,
            apply_immediately=wanted.apply_immediately,
            targets=targets,
            topic_arn=topics[Severity.TICKET],
            topic_key_arn=primary.key_arn(DataClass.NOTIFICATIONS),
            logs_key_arn=primary.key_arn(DataClass.LOGS),
        ),
        primary.opts,
    )
    scale_up_arns = {TargetName(each.target.name): scale_up.function_arn for each in targets}
    return DeclaredScaleUp(function=scale_up, scale_up_arns=scale_up_arns)


def _asking_alarms(
    config: StackConfig, names: PhysicalNames, postgres: PostgresServers
) -> dict[TargetName, list[str]]:
    """The physical names of the alarms that ask for a step, by target, without the number of a numbered one."""
    rows = [*postgres_rows(primary_subject(config, postgres)), *store_rows(cache_subject(config))]
    alarms: dict[TargetName, list[str]] = {target: [] for target in TargetName}
    for row in rows:
        name = names.of(unnumbered(row.name))
        if row.scales is not None and name not in alarms[row.scales]:
            alarms[row.scales].append(name)
    return alarms


def _targets(
    config: StackConfig, names: PhysicalNames, postgres: PostgresServers, stores: Stores
) -> list[ScaleUpTarget]:
    scale_up = config.scale_up
    alarms = _asking_alarms(config, names, postgres)
    cache = Target(
        name=TargetName.CACHE_NODE,
        service=ELASTICACHE,
        identifier=names.of("cache"),
        ladder=scale_up.node_types(config.cache),
        cooldown_minutes=scale_up.cooldown_minutes,
        alarms=alarms[TargetName.CACHE_NODE],
    )
    on_cache = [ScaleUpTarget(target=cache, arn=stores.cache.arn)]
    if postgres.is_promoted:
        return on_cache
    instance_class = Target(
        name=TargetName.POSTGRES_CLASS,
        service=RDS,
        identifier=names.of("postgres"),
        ladder=scale_up.instance_classes(config.postgres),
        cooldown_minutes=scale_up.cooldown_minutes,
        alarms=alarms[TargetName.POSTGRES_CLASS],
    )
    storage = Target(
        name=TargetName.POSTGRES_STORAGE,
        service=RDS,
        identifier=names.of("postgres"),
        ladder=scale_up.storages(config.postgres),
        cooldown_minutes=max(scale_up.cooldown_minutes, STORAGE_COOLDOWN_MINUTES),
        alarms=alarms[TargetName.POSTGRES_STORAGE],
    )
    on_primary = [ScaleUpTarget(target=each, arn=postgres.primary.arn) for each in (instance_class, storage)]
    return [*on_primary, *on_cache]
