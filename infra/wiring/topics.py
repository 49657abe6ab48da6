"""The topics of the alarms: one for each severity that the environment uses, in each region."""

from collections.abc import Mapping

import pulumi

from components.alarms.rows import Severity
from components.encryption import DataClass
from components.topics import NotificationTopic, NotificationTopicArgs
from infra.config.stack import StackConfig
from infra.wiring.regional import Region

# ARNs by severity. An environment without paging recipients has no topic for pages.
Topics = Mapping[Severity, pulumi.Output[str]]


def declare_topics(prefix: str, config: StackConfig, region: Region) -> Topics:
    """One region's topics, with their mail subscriptions."""
    recipients = {Severity.PAGE: config.alarms.page, Severity.TICKET: config.alarms.ticket}
    return {
        severity: NotificationTopic(
            f"{prefix}-{severity}",
            NotificationTopicArgs(
                placement=region.placement,
                kms_key_arn=region.key_arn(DataClass.NOTIFICATIONS),
                email_addresses=wanted.email_addresses,
            ),
            region.opts,
        ).arn
        for severity, wanted in recipients.items()
        if wanted is not None
    }
