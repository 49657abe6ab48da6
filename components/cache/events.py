"""Where ElastiCache and MemoryDB report what happened to a store: a topic of their own, since they cannot use an encrypted one."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.placement import Placement
from components.policy_documents import Document, document, refuse_unencrypted_transport
from components.topics import define_topic


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreEventTopicArgs:
    """The mail addresses that subscribe to the topic."""

    placement: Placement
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
        topic = define_topic(
            name,
            policy=lambda arn: topic_policy(arn, args.placement.account_id),
            email_addresses=args.email_addresses,
            kms_key_arn=None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})


def topic_policy(topic_arn: str, account_id: str) -> Document:
    """The policy of the topic: resources of this account may publish, over TLS only.

    ElastiCache publishes for the owner of the store, and sends `aws:SourceOwner` where other services send
    `aws:SourceAccount`. Source: ElastiCache user guide, "SNS topic access policy requirement".
    """
    return document(
        {
            "Sid": "PublishByStores",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"StringEquals": {"aws:SourceOwner": account_id}},
        },
        refuse_unencrypted_transport("sns:Publish", topic_arn),
    )
