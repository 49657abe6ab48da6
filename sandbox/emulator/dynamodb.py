"""DynamoDB: a tag that a table has already takes the new value, where moto keeps both.

Source: Amazon DynamoDB API Reference, TagResource.
"""

from moto.dynamodb.models import DynamoDBBackend

from sandbox.emulator.extending import extend, original


class Backend(DynamoDBBackend):
    """Methods of DynamoDBBackend that answer differently from AWS."""

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """Add tags, in place of those with the same keys."""
        self.untag_resource(arn, list(tags))
        original(DynamoDBBackend.tag_resource)(self, arn, tags)


def install() -> None:
    """Put this into moto."""
    extend(DynamoDBBackend, Backend)
