"""SNS topics: a topic, its policy and its mail subscriptions, as every topic of the platform has them."""

from collections.abc import Callable, Sequence

import pulumi
from pulumi_aws import sns

from components.policy_documents import Document


def define_topic(
    name: str,
    *,
    policy: Callable[[str], Document],
    email_addresses: Sequence[str],
    kms_key_arn: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> sns.Topic:
    """The topic, as children of the component `name`, which gives `opts`.

    `policy` makes the policy document from the topic's ARN. Without `kms_key_arn` the topic is not encrypted. The owner of
    each mail address confirms the subscription.
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
