"""What must hold between resources. Each judging function names the resource that lacks something.

What a resource names is followed by value, or where that is not known yet by what the program took it from: so these
rules judge a first preview too. A resource that is read (`Instance.get`) is none of a stack's.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from policies.resources import Resource, Stack
from policies.rule import Finding, Level, Setting, Settings, Severity, StackRule, Violation
from policies.rules import alarms, backups, postgres, storage
from policies.rules.encryption import KEY
from policies.rules.network import VPC
from policies.rules.secrets import SECRET
from policies.values import UNKNOWN, Node

RESTORE_TESTING_PLAN = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
RESTORE_TESTING_SELECTION = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"

# Properties that name a key, and the types that must find it in their own region.
KEY_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    postgres.INSTANCE: ("kmsKeyId", "performanceInsightsKmsKeyId"),
    backups.REPLICATION: ("kmsKeyId",),
    backups.VAULT: ("kmsKeyArn",),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("kmsKeyId",),
    "aws:memorydb/cluster:Cluster": ("kmsKeyArn",),
    alarms.LOG_GROUP: ("kmsKeyId",),
    alarms.TOPIC: ("kmsMasterKeyId",),
    SECRET: ("kmsKeyId",),
    storage.BUCKET_ENCRYPTION: ("rules",),
}

# The metrics that say a database is too small; of a group any one will do.
SCALING_METRICS = (
    ("CPUUtilization",),
    ("FreeableMemory", "DBLoad", "SwapUsage"),
    ("DatabaseConnections",),
    ("ReadIOPS", "WriteIOPS"),
)
LAG_METRICS = ("ReplicaLag", "OldestReplicationSlotLag")

BUCKET_NEEDS = {
    storage.PUBLIC_ACCESS_BLOCK: "a public access block",
    storage.BUCKET_POLICY: "a policy",
    storage.BUCKET_ENCRYPTION: "encryption with an own key",
    storage.BUCKET_VERSIONING: "versioning",
    storage.BUCKET_OWNERSHIP: "ownership controls",
    storage.BUCKET_LIFECYCLE: "a lifecycle",
}
EVENT_SOURCES = ("db-instance", "db-parameter-group", "db-security-group")


def _primaries(stack: Stack) -> list[Resource]:
    return [instance for instance in stack.of(postgres.INSTANCE) if postgres.is_primary(instance)]


def _replicas(stack: Stack) -> list[Resource]:
    return [instance for instance in stack.of(postgres.INSTANCE) if postgres.is_replica(instance)]


def _is_elsewhere(one: Resource, other: Resource) -> bool:
    return isinstance(one.region, str) and isinstance(other.region, str) and one.region != other.region


# Copies and restore tests


def _copies(stack: Stack, _: Settings) -> Iterator[Finding]:
    for primary in _primaries(stack):
        is_replicated = any(
            primary in stack.referred(each, "sourceDbInstanceArn", postgres.INSTANCE)
            and _is_elsewhere(each, primary)
            for each in stack.of(backups.REPLICATION)
        )
        if not is_replicated and not any(
            _copies_elsewhere(stack, plan, primary) for plan in _plans_of(stack, primary)
        ):
            yield Violation("no backup of it is kept in another region", primary.urn)


def _plans_of(stack: Stack, database: Resource) -> list[Resource]:
    """The backup plans that select a database."""
    return [
        plan
        for selection in stack.of(backups.SELECTION)
        if _selects(stack, selection, database)
        for plan in stack.referred(selection, "planId", backups.PLAN)
    ]


def _copies_elsewhere(stack: Stack, plan: Resource, database: Resource) -> bool:
    """A copy to a vault of the stack in another region, or to a vault whose ARN says so."""
    for rule in plan.at("rules").items():
        for copy in rule.at("copyActions").items():
            target = copy.at("destinationVaultArn").value
            if isinstance(target, str) and region_of_arn(target) not in (None, database.region):
                return True
            # The property `rules` names own vaults and those of copies: one elsewhere is a copy's.
            if target is UNKNOWN and any(
                _is_elsewhere(vault, database) for vault in stack.referred(plan, "rules", backups.VAULT)
            ):
                return True
    return False


def _restore_tests(stack: Stack, _: Settings) -> Iterator[Finding]:
    tests = [
        selection
        for selection in stack.of(RESTORE_TESTING_SELECTION)
        if stack.referred(selection, "restoreTestingPlanName", RESTORE_TESTING_PLAN)
    ]
    for primary in _primaries(stack):
        if not any(_tests(stack, selection, primary) for selection in tests):
            yield Violation("no restore test restores a backup of it", primary.urn)


def _tests(stack: Stack, selection: Resource, database: Resource) -> bool:
    if selection.at("protectedResourceType").value != "RDS":
        return False
    conditions = _tag_conditions(selection.at("protectedResourceConditions"))
    if conditions:
        return all(_carries(database, name, value) for name, value in conditions)
    arns = selection.at("protectedResourceArns")
    return any(node.value == "*" for node in arns.items()) or database in stack.referred(
        selection, arns.path, postgres.INSTANCE
    )


# Selections


def _tag_conditions(node: Node) -> list[tuple[str, str]]:
    """`{"stringEquals": [{"key": "aws:ResourceTag/<name>", "value": <value>}]}` as names and values."""
    return [
        (str(wanted.at("key").value).removeprefix("aws:ResourceTag/"), str(wanted.at("value").value))
        for condition in node.items()
        for wanted in condition.at("stringEquals").items()
        if isinstance(wanted.value, Mapping)
    ]


def _selection_tags(selection: Resource) -> list[tuple[str, str]]:
    listed = [
        (str(tag.at("key").value), str(tag.at("value").value))
        for tag in selection.at("selectionTags").items()
        if isinstance(tag.value, Mapping)
    ]
    return listed + _tag_conditions(selection.at("conditions"))


def _carries(resource: Resource, name: str, value: str) -> bool:
    return isinstance(resource.tags, Mapping) and resource.tags.get(name) == value


def _selects(stack: Stack, selection: Resource, database: Resource) -> bool:
    """Whether AWS Backup takes a database: any of the selection's resources and tags, and all of its conditions."""
    conditions = _tag_conditions(selection.at("conditions"))
    if not all(_carries(database, name, value) for name, value in conditions):
        return False
    by_tag = [
        (str(tag.at("key").value), str(tag.at("value").value))
        for tag in selection.at("selectionTags").items()
    ]
    return (
        any(_carries(database, name, value) for name, value in by_tag)
        or any(_is_named(database, arn) for arn in selection.at("resources").items())
        or database in stack.referred(selection, "resources", postgres.INSTANCE)
    )


def _is_named(database: Resource, arn: Node) -> bool:
    """Whether an ARN, perhaps with `*` in it, names a database; its identifier is known before its own ARN is."""
    pattern, identifier = arn.value, database.at("identifier").value
    if not isinstance(pattern, str) or not isinstance(identifier, str):
        return False
    return pattern == "*" or (
        ":rds:" in pattern and fnmatch.fnmatchcase(identifier, pattern.rsplit(":", 1)[-1])
    )


def _unselected(stack: Stack, _: Settings) -> Iterator[Finding]:
    for primary in _primaries(stack):
        if not _plans_of(stack, primary):
            yield Violation("no backup plan selects it", primary.urn)


def _selection_tags_are_carried(stack: Stack, _: Settings) -> Iterator[Finding]:
    for selection in stack.of(backups.SELECTION, RESTORE_TESTING_SELECTION):
        wanted = (
            _selection_tags(selection)
            if selection.type == backups.SELECTION
            else _tag_conditions(selection.at("protectedResourceConditions"))
        )
        for name, value in wanted:
            if not any(
                _carries(each, name, value) for each in stack.resources if each.type != selection.type
            ):
                yield Violation(
                    f"it selects by the tag {name}, and no resource carries its value", selection.urn
                )


# Alarms


def _metrics_of(alarm: Resource) -> list[tuple[str, Any]]:
    """The metrics that an alarm reads, as their names and the database that each is of."""
    metrics = [Node("", alarm.properties)] + [
        query.at("metric") for query in alarm.at("metricQueries").items() if query.at("metric").is_set
    ]
    return [
        (str(metric.at("metricName").value), metric.at("dimensions.DBInstanceIdentifier").value)
        for metric in metrics
        if metric.at("metricName").is_set
    ]


def _watched(stack: Stack, database: Resource) -> set[str]:
    """The names of the metrics of a database that alarms watch."""
    identifier = database.at("identifier").value
    found = set()
    for alarm in stack.of(alarms.METRIC_ALARM):
        depends = database.urn in alarm.dependencies
        found |= {
            name
            for name, watched in _metrics_of(alarm)
            if (watched == identifier and isinstance(identifier, str)) or (watched is UNKNOWN and depends)
        }
    return found


def _scaling_alarms(stack: Stack, _: Settings) -> Iterator[Finding]:
    for primary in _primaries(stack):
        watched = _watched(stack, primary)
        missing = [group[0] for group in SCALING_METRICS if not watched & set(group)]
        if missing:
            yield Violation(f"no alarm watches its {', '.join(missing)}", primary.urn)


def _lag_alarms(stack: Stack, _: Settings) -> Iterator[Finding]:
    for replica in _replicas(stack):
        if not _watched(stack, replica) & set(LAG_METRICS):
            yield Violation("no alarm watches its ReplicaLag", replica.urn)


def _alarm_topics(stack: Stack, settings: Settings) -> Iterator[Finding]:
    known_arns = settings["otherTopicArns"]
    for alarm in stack.of(*alarms.ALARMS):
        for action in alarm.at("alarmActions").items():
            is_topic = isinstance(action.value, str) and ":sns:" in action.value
            if is_topic and action.value not in known_arns and not _names_topic(stack, action.value):
                yield Violation("an action's topic is none of this stack", alarm.urn)
            elif action.is_unknown and not stack.referred(alarm, "alarmActions", *ACTIONS):
                yield Violation(
                    "an action is taken from no topic, policy or function of this stack", alarm.urn
                )


ACTIONS = (
    alarms.TOPIC,
    "aws:appautoscaling/policy:Policy",
    "aws:autoscaling/policy:Policy",
    "aws:lambda/function:Function",
    "aws:ssm/opsItem:OpsItem",
)


def _names_topic(stack: Stack, arn: str) -> bool:
    """By its ARN, or where that is not known yet by its name."""
    return any(
        topic.at("arn").value == arn or topic.at("name").value == arn.rsplit(":", 1)[-1]
        for topic in stack.of(alarms.TOPIC)
    )


# Keys


def region_of_arn(text: Any) -> str | None:
    """The region of `arn:<partition>:<service>:<region>:...`; None for anything else."""
    parts = text.split(":") if isinstance(text, str) else []
    return parts[3] if len(parts) > 5 and parts[0] == "arn" and parts[3] else None


def _key_regions(stack: Stack, _: Settings) -> Iterator[Finding]:
    for resource in stack.of(*KEY_PROPERTIES):
        for name in KEY_PROPERTIES[resource.type]:
            regions = _regions_named(stack, resource, name)
            if isinstance(resource.region, str) and regions and resource.region not in regions:
                yield Violation(f"`{name}` names a key of another region", resource.urn)
    for secret in stack.of(SECRET):
        for replica in secret.at("replicas").items():
            named, region = region_of_arn(replica.at("kmsKeyId").value), replica.at("region").value
            taken_from = {key.region for key in stack.referred(secret, "replicas", KEY)}
            if named not in (None, region) or (named is None and taken_from and region not in taken_from):
                yield Violation("a replica's key is of another region than the replica", secret.urn)


def _regions_named(stack: Stack, resource: Resource, name: str) -> set[Any]:
    if resource.type == storage.BUCKET_ENCRYPTION:
        places = [
            rule.at("applyServerSideEncryptionByDefault.kmsMasterKeyId") for rule in resource.at(name).items()
        ]
    else:
        places = [resource.at(name)]
    said = {region_of_arn(place.value) for place in places} - {None}
    return said or {key.region for key in stack.referred(resource, name, KEY)}


# Buckets, networks, events


def _buckets(stack: Stack, _: Settings) -> Iterator[Finding]:
    for bucket in stack.of(storage.BUCKET):
        missing = [
            what
            for type_, what in BUCKET_NEEDS.items()
            if not any(bucket in stack.referred(each, "bucket", storage.BUCKET) for each in stack.of(type_))
        ]
        if missing:
            yield Violation(f"it lacks {', '.join(missing)}", bucket.urn)


def _flow_logs(stack: Stack, _: Settings) -> Iterator[Finding]:
    for vpc in stack.of(VPC):
        if not any(vpc in stack.referred(log, "vpcId", VPC) for log in stack.of(FLOW_LOG)):
            yield Violation("no flow log records who speaks to whom", vpc.urn)


def _database_events(stack: Stack, _: Settings) -> Iterator[Finding]:
    sources = {each.at("sourceType").value for each in stack.of(alarms.EVENT_SUBSCRIPTION)}
    missing = [source for source in EVENT_SOURCES if source not in sources]
    # A subscription without a source type hears everything; of one that is not known nobody can say.
    if missing and None not in sources and UNKNOWN not in sources:
        for primary in _primaries(stack):
            yield Violation(f"nobody subscribes to the events of {', '.join(missing)}", primary.urn)


RULES = (
    StackRule(
        id="databases-have-a-copy-in-another-region",
        description="A database comes back when its whole region is lost. A replica is no backup: it deletes what is deleted.",
        severity=Severity.CRITICAL,
        remedy="replicate its automated backups, or let a backup plan that selects it copy to another region",
        dev=Level.OFF,
        judge=_copies,
    ),
    StackRule(
        id="databases-have-a-restore-test",
        description="A backup that nobody ever restored is a hope.",
        severity=Severity.HIGH,
        remedy="select it in a restore testing plan of AWS Backup",
        dev=Level.OFF,
        judge=_restore_tests,
    ),
    StackRule(
        id="databases-are-in-a-backup-plan",
        description="AWS Backup keeps snapshots of a database for longer than RDS does.",
        severity=Severity.HIGH,
        controls=("FSBP RDS.26",),
        remedy="select it by its ARN, or by a tag that it carries",
        dev=Level.OFF,
        judge=_unselected,
    ),
    StackRule(
        id="selection-tags-are-carried",
        description="A selection by tag selects something: a wrong tag is a backup that never happens.",
        severity=Severity.HIGH,
        remedy="give the tag to what is to be selected",
        judge=_selection_tags_are_carried,
    ),
    StackRule(
        id="databases-have-their-scaling-alarms",
        description="Somebody hears before a database is too small: processor, memory, connections and IOPS.",
        severity=Severity.HIGH,
        remedy="add an alarm for each",
        dev=Level.OFF,
        judge=_scaling_alarms,
    ),
    StackRule(
        id="replicas-have-a-lag-alarm",
        description="Somebody hears when a replica falls behind.",
        severity=Severity.HIGH,
        remedy="add an alarm on ReplicaLag",
        dev=Level.OFF,
        judge=_lag_alarms,
    ),
    StackRule(
        id="alarms-speak-to-topics-that-exist",
        description="What an alarm says arrives somewhere.",
        severity=Severity.HIGH,
        controls=("NIST CloudWatch.15",),
        remedy="name a topic of the stack, or list the topic's ARN in otherTopicArns",
        settings={
            "otherTopicArns": Setting.same(
                [], type="array", items={"type": "string"}, description="topics that other stacks declare"
            )
        },
        judge=_alarm_topics,
    ),
    StackRule(
        id="what-is-encrypted-has-a-key-of-its-region",
        description="A copy can be read when the region of its original is lost.",
        severity=Severity.CRITICAL,
        remedy="name a key of the region that the resource is in",
        judge=_key_regions,
    ),
    StackRule(
        id="buckets-have-every-protection",
        description="A bucket's protections are resources of their own, and all of them are there.",
        severity=Severity.HIGH,
        controls=("FSBP S3.8", "FSBP S3.13", "FSBP S3.14", "CKV2_AWS_6", "CKV2_AWS_61"),
        remedy="declare them",
        judge=_buckets,
    ),
    StackRule(
        id="networks-have-flow-logs",
        description="Who spoke to whom can be found out afterwards.",
        severity=Severity.MEDIUM,
        controls=("FSBP EC2.6", "CIS 4.7", "CKV2_AWS_11"),
        remedy="declare a flow log for the VPC",
        judge=_flow_logs,
    ),
    StackRule(
        id="database-events-are-subscribed",
        description="Somebody hears of failovers, failures, and changes of databases, their parameters and their firewalls.",
        severity=Severity.LOW,
        controls=("FSBP RDS.20", "FSBP RDS.21", "FSBP RDS.22"),
        remedy="declare event subscriptions for those sources",
        dev=Level.OFF,
        judge=_database_events,
    ),
)
