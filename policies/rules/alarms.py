"""Alarms, the topics they speak to, and logs."""

from policies import must
from policies.resources import Resource
from policies.rule import Findings, Setting, Settings, Severity, resource_rule
from policies.values import between, is_filled_list, is_text

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
LOG_DAYS = {"minimumDays": Setting.days(prod=365, dev=30, of="how long logs are kept at least")}


@resource_rule("alarms-tell-somebody", Severity.HIGH, on=ALARMS)
def _speaks(alarm: Resource, _: Settings) -> Findings:
    """An alarm that goes off does something.

    Remedy: set alarmActions, and leave actionsEnabled out
    Controls: NIST CloudWatch.15, NIST CloudWatch.17, CKV_AWS_319
    """
    yield from must.satisfy(alarm.at("alarmActions"), is_filled_list, "must name at least one action")
    yield from must.not_be_false(alarm.at("actionsEnabled"))


@resource_rule("database-events-tell-somebody", Severity.MEDIUM, on=(EVENT_SUBSCRIPTION,))
def _events(subscription: Resource, _: Settings) -> Findings:
    """A subscription to a database's events is on.

    Remedy: leave enabled out, and set snsTopic
    Controls: FSBP RDS.20, FSBP RDS.21, FSBP RDS.22
    """
    yield from must.not_be_false(subscription.at("enabled"))
    yield from must.name(subscription.at("snsTopic"), "a topic")


@resource_rule("logs-are-kept-long-enough", Severity.MEDIUM, on=(LOG_GROUP,), settings=LOG_DAYS)
def _retention(group: Resource, settings: Settings) -> Findings:
    """Logs are there when somebody asks what happened.

    Remedy: set retentionInDays, or leave it out to keep logs for ever
    Controls: NIST CloudWatch.16, CKV_AWS_338
    """
    days = settings["minimumDays"]
    yield from must.satisfy(
        group.at("retentionInDays"),
        lambda value: (value in FOR_EVER and value is not False) or between(days)(value),
        f"must be at least {days} days",
    )


@resource_rule("logs-are-encrypted-with-an-own-key", Severity.MEDIUM, on=(LOG_GROUP,))
def _log_encryption(group: Resource, _: Settings) -> Findings:
    """Logs are encrypted with a key that their owner controls.

    Remedy: set kmsKeyId
    Controls: CKV_AWS_158
    """
    yield from must.name_own_key(group.at("kmsKeyId"))


def _is_own_key(value: object) -> bool:
    return is_text(value) and not str(value).endswith(AWS_MANAGED_KEY)


@resource_rule("topics-are-encrypted-with-an-own-key", Severity.MEDIUM, on=(TOPIC,))
def _topic_encryption(topic: Resource, _: Settings) -> Findings:
    """A topic is encrypted with a key that the services that speak to it may use.

    Remedy: set kmsMasterKeyId to a key of your own
    Controls: NIST SNS.1, CKV_AWS_26
    """
    yield from must.satisfy(
        topic.at("kmsMasterKeyId"), _is_own_key, f"must name a key of your own and not {AWS_MANAGED_KEY}"
    )


@resource_rule("topics-are-not-public", Severity.HIGH, on=(TOPIC, TOPIC_POLICY))
def _not_public(resource: Resource, _: Settings) -> Findings:
    """No topic lets everyone speak or listen.

    Remedy: name the principals, or tie them to your account by a condition
    Controls: FSBP SNS.4, CIS 2.21, CKV_AWS_169
    """
    yield from must.not_be_public(resource.at("policy"), needed=resource.type == TOPIC_POLICY)


RULES = (_speaks, _events, _retention, _log_encryption, _topic_encryption, _not_public)
