"""Event subscriptions of RDS: changes, which moto does not know.

Source: the Amazon RDS API Reference (CreateEventSubscription, ModifyEventSubscription, AddSourceIdentifierToSubscription,
RemoveSourceIdentifierFromSubscription).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import SubscriptionNotFoundError
from moto.rds.models import EventSubscription, RDSBackend
from moto.rds.responses import RDSResponse

Values = dict[str, Any]


class Response(RDSResponse):
    """Calls about event subscriptions."""

    def create_event_subscription(self) -> ActionResult:
        self.params.setdefault("Enabled", True)
        return ActionResult({"EventSubscription": self.backend.create_event_subscription(self.params)})

    def modify_event_subscription(self) -> ActionResult:
        subscription = _event_subscription(self.backend, self.params)
        for parameter, attribute in {
            "SnsTopicArn": "sns_topic_arn",
            "SourceType": "source_type",
            "EventCategories": "event_categories",
            "Enabled": "enabled",
        }.items():
            if parameter in self.params:
                setattr(subscription, attribute, self.params[parameter])
        return ActionResult({"EventSubscription": subscription})

    def add_source_identifier_to_subscription(self) -> ActionResult:
        subscription = _event_subscription(self.backend, self.params)
        subscription.source_ids = [*subscription.source_ids, self.params["SourceIdentifier"]]
        return ActionResult({"EventSubscription": subscription})

    def remove_source_identifier_from_subscription(self) -> ActionResult:
        subscription = _event_subscription(self.backend, self.params)
        subscription.source_ids = [i for i in subscription.source_ids if i != self.params["SourceIdentifier"]]
        return ActionResult({"EventSubscription": subscription})


def _event_subscription(backend: RDSBackend, params: Values) -> EventSubscription:
    name = params["SubscriptionName"]
    if name not in backend.event_subscriptions:
        raise SubscriptionNotFoundError(name)
    return backend.event_subscriptions[name]
