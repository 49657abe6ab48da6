"""Alarms that somebody needs, and the topics that they speak to."""

from typing import Any

from policies import must
from policies.resources import Resource, Stack
from policies.rule import Findings, Level, Setting, Settings, Severity, Violation, stack_rule
from policies.rules import postgres
from policies.rules.alarms import ALARMS, METRIC_ALARM, TOPIC
from policies.values import UNKNOWN, Node

# The metrics that say a database is too small; of a group any one will do.
SCALING_METRICS = (
    ("CPUUtilization",),
    ("FreeableMemory", "DBLoad", "SwapUsage"),
    ("DatabaseConnections",),
    ("ReadIOPS", "WriteIOPS"),
)
LAG_METRICS = ("ReplicaLag", "OldestReplicationSlotLag")
# What an alarm may call.
ACTIONS = (
    TOPIC,
    "aws:appautoscaling/policy:Policy",
    "aws:autoscaling/policy:Policy",
    "aws:lambda/function:Function",
    "aws:ssm/opsItem:OpsItem",
)


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
    for alarm in stack.of(METRIC_ALARM):
        depends = database.urn in alarm.dependencies
        found |= {
            name
            for name, watched in _metrics_of(alarm)
            if (watched == identifier and isinstance(identifier, str)) or (watched is UNKNOWN and depends)
        }
    return found


@stack_rule("databases-have-their-scaling-alarms", Severity.HIGH, dev=Level.OFF)
def _scaling_alarms(stack: Stack, _: Settings) -> Findings:
    """Somebody hears before a database is too small: processor, memory, connections and IOPS.

    Remedy: add an alarm for each
    """
    for primary in postgres.primaries(stack):
        watched = _watched(stack, primary)
        missing = [group[0] for group in SCALING_METRICS if not watched & set(group)]
        if missing:
            yield Violation(f"no alarm watches its {', '.join(missing)}", primary.urn)


@stack_rule("replicas-have-a-lag-alarm", Severity.HIGH, dev=Level.OFF)
def _lag_alarms(stack: Stack, _: Settings) -> Findings:
    """Somebody hears when a replica falls behind.

    Remedy: add an alarm on ReplicaLag
    """
    yield from must.each_have(
        postgres.replicas(stack),
        lambda replica: bool(_watched(stack, replica) & set(LAG_METRICS)),
        otherwise="no alarm watches its ReplicaLag",
    )


def _names_topic(stack: Stack, arn: str) -> bool:
    """By its ARN, or where that is not known yet by its name."""
    return any(
        topic.at("arn").value == arn or topic.at("name").value == arn.rsplit(":", 1)[-1]
        for topic in stack.of(TOPIC)
    )


@stack_rule(
    "alarms-speak-to-topics-that-exist",
    Severity.HIGH,
    settings={"otherTopicArns": Setting.texts([], of="topics that other stacks declare")},
)
def _alarm_topics(stack: Stack, settings: Settings) -> Findings:
    """What an alarm says arrives somewhere.

    Remedy: name a topic of the stack, or list the topic's ARN in otherTopicArns
    Controls: NIST CloudWatch.15
    """
    known_arns = settings["otherTopicArns"]
    for alarm in stack.of(*ALARMS):
        for action in alarm.at("alarmActions").items():
            is_topic = isinstance(action.value, str) and ":sns:" in action.value
            if is_topic and action.value not in known_arns and not _names_topic(stack, action.value):
                yield Violation("an action's topic is none of this stack", alarm.urn)
            elif action.is_unknown and not stack.referred(alarm, "alarmActions", *ACTIONS):
                yield Violation(
                    "an action is taken from no topic, policy or function of this stack", alarm.urn
                )


RULES = (_scaling_alarms, _lag_alarms, _alarm_topics)
