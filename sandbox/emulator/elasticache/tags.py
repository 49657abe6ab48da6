"""Tags of ElastiCache's resources.

Source: the Amazon ElastiCache API Reference (the operations below).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from moto.core.responses import ActionResult

from sandbox.emulator.elasticache.calls import Calls


class Tags(Calls):
    """Calls about tags."""

    def list_tags_for_resource(self) -> ActionResult:
        tags = self._account.tags.get(self.params["ResourceName"], {})
        return ActionResult({"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def add_tags_to_resource(self) -> ActionResult:
        self._account.tag(self.params["ResourceName"], self.params.get("Tags", []))
        return self.list_tags_for_resource()

    def remove_tags_from_resource(self) -> ActionResult:
        tags = self._account.tags.get(self.params["ResourceName"], {})
        for key in self.params.get("TagKeys", []):
            tags.pop(key, None)
        return self.list_tags_for_resource()
