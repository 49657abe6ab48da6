"""Where the platform reports what happened to it: an encrypted topic that AWS services can really publish to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import sns

# The AWS services that publish to the topic by themselves; the topic's key lets the same ones use it. Of these the topic's
# policy asks for the aws:SourceAccount, so each must be one that sends it (RDS and CloudWatch: SNS guide, "Example cases for
# access control"; AWS Backup: its guide, "Cross-service confused deputy prevention", where the source is the vault).
ACCOUNTABLE_PUBLISHERS = ("events.rds.amazonaws.com", "backup.amazonaws.com", "cloudwatch.amazonaws.com")
# A rule of EventBridge sends nothing to put a condition on (EventBridge guide, "Using resource-based policies", Amazon SNS).
EVENT_RULES = "events.amazonaws.com"
PUBLISHERS = (*ACCOUNTABLE_PUBLISHERS, EVENT_RULES)


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationTopicArgs:
    """What a topic needs. With no address nobody is told by mail."""

    account_id: str
    kms_key_arn: pulumi.Input[str]
    email_addresses: Sequence[str] = ()


class NotificationTopic(pulumi.ComponentResource):
    """An SNS topic with its key, its policy and its mail subscriptions (each confirmed by whoever owns the address)."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: NotificationTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:notifications:NotificationTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = sns.Topic(f"{name}-topic", kms_master_key_id=args.kms_key_arn, opts=child)
        sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(topic.arn.apply(lambda arn: topic_policy(arn, args.account_id))),
            opts=child,
        )
        for address in args.email_addresses:
            sns.TopicSubscription(
                f"{name}-email-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=child
            )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})


def topic_policy(topic_arn: str, account_id: str) -> dict[str, Any]:
    """Lets AWS's services publish, where they can be asked for it on behalf of this account only, and nothing in the clear.

    Source: SNS guide, "Example cases for access control" (aws:SourceAccount against the confused deputy).
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
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
            {
                "Sid": "RefuseUnencryptedTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
