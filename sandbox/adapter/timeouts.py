"""The time that an operation may take, where the Terraform provider looks for it."""

import json
from typing import Any

from sandbox.adapter.shapes import Object, Shape
from sandbox.adapter.terraform import State

# Where the plugin SDK keeps an operation's timeouts, inside the private data of a resource.
_TIMEOUTS_KEY = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"


def with_timeouts(
    shape: Shape, config: dict[str, Any], operation: str, seconds: float, prior: State
) -> dict[str, Any]:
    """The configuration with the `timeouts` block that gives `operation` `seconds`, where its type has such a block.

    With no `seconds` (0) the block is the one that the state already has.
    """
    if "timeouts" not in config:
        return config
    return {**config, "timeouts": _timeouts_block(shape, operation, seconds, prior)}


def with_delete_timeout(state: State, seconds: float) -> State:
    """A state whose deletion, which has no configuration to say so, may take `seconds`.

    The older plugin SDK keeps timeouts in the private data, the newer framework in the object itself.
    """
    private, value = state.private, state.value
    kept = json.loads(private) if private else {}
    if _TIMEOUTS_KEY in kept:
        kept[_TIMEOUTS_KEY]["delete"] = int(seconds * 1e9)
        private = json.dumps(kept).encode()
    if value and isinstance(value.get("timeouts"), dict) and "delete" in value["timeouts"]:
        value = {**value, "timeouts": {**value["timeouts"], "delete": f"{seconds:g}s"}}
    return State(value, private)


def _timeouts_block(shape: Shape, operation: str, seconds: float, prior: State) -> Any:
    """The `timeouts` block that gives `operation` `seconds`; without any, the one that the state already has.

    None where the type has no timeouts, or none for this operation.
    """
    field = shape.terraform_field("timeouts")
    if field is None:
        return None
    before = (prior.value or {}).get("timeouts")
    kind = field.type
    names = {child.terraform for child in kind.fields} if isinstance(kind, Object) else set()
    if not seconds or operation not in names:
        return before
    return {**dict.fromkeys(names), **(before or {}), operation: f"{seconds:g}s"}
