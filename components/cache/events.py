"""Where ElastiCache and MemoryDB report what happened to a store: a topic of their own, since they cannot use an encrypted one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import sns


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreEventTopicArgs:
    """What the topic needs. With no address nobody is told by mail."""

    account_id: str
    email_addresses: Sequence[str] = ()


class StoreEventTopic(pulumi.ComponentResource):
    """An SNS topic without a key, its policy and its mail subscriptions.

    ElastiCache switches its notifications off where the topic is encrypted. What it publishes is the name of an event and
    of a node, and no data. Source: ElastiCache user guide, "Event notifications and Amazon SNS".
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: StoreEventTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:cache:StoreEventTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = sns.Topic(f"{name}-topic", opts=child)
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
    """Lets what this account owns publish, over TLS only.

    ElastiCache publishes for the owner of the store, and sends `aws:SourceOwner` where other services send
    `aws:SourceAccount`. Source: ElastiCache user guide, "SNS topic access policy requirement".
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PublishByStores",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"StringEquals": {"aws:SourceOwner": account_id}},
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
