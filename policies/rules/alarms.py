"""Alarms, the topics they speak to, and logs."""

from collections.abc import Iterator

from policies.documents import judge_statements
from policies.resources import Resource
from policies.rule import (
    Demand,
    Finding,
    ResourceRule,
    Setting,
    Settings,
    Severity,
    between,
    check,
    demands,
    is_filled_list,
    is_not_off,
    is_text,
)

METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
ALARMS = (METRIC_ALARM, COMPOSITE_ALARM)
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
EVENT_SUBSCRIPTION = "aws:rds/eventSubscription:EventSubscription"
# CloudWatch keeps what has no retention, or 0, for ever.
FOR_EVER = (None, 0, "0")
# AWS's own key: CloudWatch, RDS and AWS Backup cannot use it, and drop what they would have said.
AWS_MANAGED_KEY = "alias/aws/sns"


def _retention(group: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    yield from check(
        group.at("retentionInDays"),
        lambda value: (value in FOR_EVER and value is not False) or between(days)(value),
        f"must be at least {days} days",
    )


def _is_own_key(value: object) -> bool:
    return is_text(value) and not str(value).endswith(AWS_MANAGED_KEY)


def _not_public(resource: Resource, _: Settings) -> Iterator[Finding]:
    yield from judge_statements(
        resource.at("policy"),
        lambda statement: "allows something to everyone" if statement.is_open_to_everyone else None,
        needed=resource.type == TOPIC_POLICY,
    )


def _speaks(alarm: Resource, _: Settings) -> Iterator[Finding]:
    yield from check(alarm.at("alarmActions"), is_filled_list, "must name at least one action")
    yield from check(alarm.at("actionsEnabled"), is_not_off, "must not be false")


def _events(subscription: Resource, _: Settings) -> Iterator[Finding]:
    yield from check(subscription.at("enabled"), is_not_off, "must not be false")
    yield from check(subscription.at("snsTopic"), is_text, "must name a topic")


RULES = (
    ResourceRule(
        id="alarms-tell-somebody",
        description="An alarm that goes off does something.",
        severity=Severity.HIGH,
        controls=("NIST CloudWatch.15", "NIST CloudWatch.17", "CKV_AWS_319"),
        remedy="set alarmActions, and leave actionsEnabled out",
        on=ALARMS,
        judge=_speaks,
    ),
    ResourceRule(
        id="database-events-tell-somebody",
        description="A subscription to a database's events is on.",
        severity=Severity.MEDIUM,
        controls=("FSBP RDS.20", "FSBP RDS.21", "FSBP RDS.22"),
        remedy="leave enabled out, and set snsTopic",
        on=(EVENT_SUBSCRIPTION,),
        judge=_events,
    ),
    ResourceRule(
        id="logs-are-kept-long-enough",
        description="Logs are there when somebody asks what happened.",
        severity=Severity.MEDIUM,
        controls=("NIST CloudWatch.16", "CKV_AWS_338"),
        remedy="set retentionInDays, or leave it out to keep logs for ever",
        on=(LOG_GROUP,),
        settings={"minimumDays": Setting.days(prod=365, dev=30, of="how long logs are kept at least")},
        judge=_retention,
    ),
    ResourceRule(
        id="logs-are-encrypted-with-an-own-key",
        description="Logs are encrypted with a key that their owner controls.",
        severity=Severity.MEDIUM,
        controls=("CKV_AWS_158",),
        remedy="set kmsKeyId",
        on=(LOG_GROUP,),
        judge=demands(Demand("kmsKeyId", is_text, "must name a key of your own")),
    ),
    ResourceRule(
        id="topics-are-encrypted-with-an-own-key",
        description="A topic is encrypted with a key that the services that speak to it may use.",
        severity=Severity.MEDIUM,
        controls=("NIST SNS.1", "CKV_AWS_26"),
        remedy="set kmsMasterKeyId to a key of your own",
        on=(TOPIC,),
        judge=demands(
            Demand("kmsMasterKeyId", _is_own_key, f"must name a key of your own and not {AWS_MANAGED_KEY}")
        ),
    ),
    ResourceRule(
        id="topics-are-not-public",
        description="No topic lets everyone speak or listen.",
        severity=Severity.HIGH,
        controls=("FSBP SNS.4", "CIS 2.21", "CKV_AWS_169"),
        remedy="name the principals, or tie them to your account by a condition",
        on=(TOPIC, TOPIC_POLICY),
        judge=_not_public,
    ),
)
