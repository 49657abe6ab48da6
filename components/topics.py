"""SNS topics: the parts that every topic has, and the encrypted topic that AWS services can really publish to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import sns

from components.placement import Placement
from components.policy_documents import Document, document, refuse_unencrypted_transport

# The AWS services that publish to the topic by themselves; the topic's key lets the same ones use it. Of these the
# topic's policy asks for the aws:SourceAccount, so each must be one that sends it (RDS and CloudWatch: SNS guide,
# "Example cases for access control"; AWS Backup: its guide, "Cross-service confused deputy prevention", where the
# source is the vault).
ACCOUNTABLE_PUBLISHERS = ("events.rds.amazonaws.com", "backup.amazonaws.com", "cloudwatch.amazonaws.com")
# A rule of EventBridge sends nothing to put a condition on (EventBridge guide, "Using resource-based policies",
# Amazon SNS).
EVENT_RULES = "events.amazonaws.com"
PUBLISHERS = (*ACCOUNTABLE_PUBLISHERS, EVENT_RULES)


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationTopicArgs:
    """The key of a topic, and the mail addresses that subscribe to it."""

    placement: Placement
    kms_key_arn: pulumi.Input[str]
    email_addresses: Sequence[str] = ()


class NotificationTopic(pulumi.ComponentResource):
    """An SNS topic with its key, its policy and its mail subscriptions (each confirmed by whoever owns the address)."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: NotificationTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        # The type is in the URN of every child, so it keeps its first name.
        super().__init__("reptidex:notifications:NotificationTopic", name, None, opts)
        topic = define_topic(
            name,
            policy=lambda arn: topic_policy(arn, args.placement.account_id),
            email_addresses=args.email_addresses,
            kms_key_arn=args.kms_key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})


def topic_policy(topic_arn: str, account_id: str) -> Document:
    """The policy of a topic: AWS's services may publish, on behalf of this account where they say so, over TLS only.

    Source: SNS guide, "Example cases for access control" (aws:SourceAccount against the confused deputy).
    """
    return document(
        {
            "Sid": "PublishByServices",
            "Effect": "Allow",
            "Principal": {"Service": list(ACCOUNTABLE_PUBLISHERS)},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        },
        {
            "Sid": "PublishByEventRules",
            "Effect": "Allow",
            "Principal": {"Service": EVENT_RULES},
            "Action": "sns:Publish",
            "Resource": topic_arn,
        },
        refuse_unencrypted_transport("sns:Publish", topic_arn),
    )


def define_topic(
    name: str,
    *,
    policy: Callable[[str], Document],
    email_addresses: Sequence[str],
    kms_key_arn: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> sns.Topic:
    """The topic, as children of the component `name`, which gives `opts`.

    `policy` makes the policy document from the topic's ARN. Without `kms_key_arn` the topic is not encrypted. The
    owner of each mail address confirms the subscription.
    """
    topic = sns.Topic(f"{name}-topic", kms_master_key_id=kms_key_arn, opts=opts)
    sns.TopicPolicy(
        f"{name}-policy", arn=topic.arn, policy=pulumi.Output.json_dumps(topic.arn.apply(policy)), opts=opts
    )
    for address in email_addresses:
        sns.TopicSubscription(
            f"{name}-email-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=opts
        )
    return topic
