"""Application Auto Scaling: scalable targets have tags, and ElastiCache is among the services, with its dimensions.

Source: Application Auto Scaling API Reference (RegisterScalableTarget, TagResource, UntagResource, ListTagsForResource).
Nothing is ever scaled: no metric is emulated.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import json
from enum import Enum
from typing import Any

from moto.applicationautoscaling import models, responses
from moto.applicationautoscaling.models import FakeScalableTarget
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError

from sandbox.emulator.extending import extend, original

ADDED = {
    "ServiceNamespaceValueSet": {"ELASTICACHE": "elasticache"},
    "ScalableDimensionValueSet": {
        "ELASTICACHE_REPLICATION_GROUP_NODE_GROUPS": "elasticache:replication-group:NodeGroups",
        "ELASTICACHE_REPLICATION_GROUP_REPLICAS": "elasticache:replication-group:Replicas",
    },
}


class Response(ApplicationAutoScalingResponse):
    """Calls that moto does not know, and the tags of the one that makes a target."""

    def register_scalable_target(self) -> str:
        answer = original(ApplicationAutoScalingResponse.register_scalable_target)(self)
        arn = json.loads(answer)["ScalableTargetARN"]
        _tags(self._target(arn)).update(self._get_param("Tags") or {})
        return answer

    def list_tags_for_resource(self) -> str:
        return json.dumps({"Tags": _tags(self._target(self._get_param("ResourceARN")))})

    def tag_resource(self) -> str:
        _tags(self._target(self._get_param("ResourceARN"))).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self) -> str:
        tags = _tags(self._target(self._get_param("ResourceARN")))
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return "{}"

    def _target(self, arn: str) -> FakeScalableTarget:
        for targets in self.applicationautoscaling_backend.targets.values():
            for target in targets.values():
                if target.arn == arn:
                    return target
        raise JsonRESTError("ResourceNotFoundException", f"no scalable target has the ARN {arn}")


def _tags(target: FakeScalableTarget) -> dict[str, str]:
    """The tags of a target, which moto's own class has no place for."""
    tags: dict[str, str] = vars(target).setdefault("tags", {})
    return tags


def install() -> None:
    """Put these calls into moto, and give it the longer lists, which it looks up by name in two modules."""
    for name, added in ADDED.items():
        known: Any = getattr(models, name)
        longer = Enum(name, {**{each.name: each.value for each in known}, **added})  # type: ignore[misc]
        setattr(models, name, longer)
        setattr(responses, name, longer)
    extend(ApplicationAutoScalingResponse, Response)
