"""The difference between two desired states, in the form of `pulumi preview --json`, so that it is read as any other.

A desired state is what `python -m sandbox desired` writes of a checkout: run against mocks, without a cloud. So both files can
come from code that nobody trusts yet, and are data here: nothing in them is run, and what is not of their form is refused.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from contract.desired_state import DeclaredResource, DesiredState, as_document, camel_case
from ops.errors import OpsError
from ops.files import read_bytes, reading

# What marks the result: nobody may take it for a preview of what the cloud has.
TIER = "desired-state"
LABEL = (
    "Desired state only: what the program declares before and after, run against mocks. No cloud state was read, so what really is there"
    " may differ, a replacement shows as an update, and a rename by alias as a delete and a create."
)
# Prod's is under 1 MB; what is larger by far is no desired state.
MAXIMUM_BYTES = 20_000_000
# What of a resource's options a reviewer must see change; the engine's plan calls them the same.
OPTIONS = ("protect", "retainOnDelete", "provider", "parent")
PLAIN_KEY = re.compile(r"[A-Za-z_]\w*")


# The contract's own classes, validated strictly. pydantic applies the configuration to the classes inside them, too.
_STRICT_FORM = pydantic_dataclass(
    DesiredState,
    config=ConfigDict(extra="forbid", strict=True, alias_generator=camel_case),
    frozen=True,
    kw_only=True,
)
_FORM = TypeAdapter(cast("type[DesiredState]", _STRICT_FORM))
# pydantic's name for a key that no field has, and the words in which a person reads it.
UNKNOWN_KEY = "unexpected_keyword_argument"
UNKNOWN_KEY_MESSAGE = "extra inputs are not permitted"


def parse(content: bytes) -> DesiredState:
    """A desired state from the content of its file. Raises: ValidationError."""
    return _FORM.validate_json(content)


def load(path: Path) -> DesiredState:
    """A desired state from its file. Raises: OpsError, which says where it is not of that form, and shows nothing of it."""
    with reading(path):
        size_bytes = path.stat().st_size
    if size_bytes > MAXIMUM_BYTES:
        raise OpsError(f"{path} is larger than {MAXIMUM_BYTES} bytes: no desired state is")
    try:
        return parse(read_bytes(path))
    except ValidationError as error:
        raise OpsError(f"{path} is no desired state: {_first_mistake(error)}") from None


def _first_mistake(error: ValidationError) -> str:
    """The place and the kind of the first mistake. An unknown key's name is not shown.

    It is a stranger's text, and a line of a workflow's log can be a command to the runner.
    """
    first = error.errors(include_input=False, include_url=False)[0]
    is_unknown_key = first["type"] == UNKNOWN_KEY
    place = first["loc"][:-1] if is_unknown_key else first["loc"]
    message = UNKNOWN_KEY_MESSAGE if is_unknown_key else first["msg"].lower()
    return f"{'.'.join(map(str, place)) or 'the file'}: {message}"


def difference(base: DesiredState, head: DesiredState) -> dict[str, Any]:
    """What changes from `base` to `head`, as the document that `pulumi preview --json` writes.

    Four keys more say which tier it is of, what that means, and what which policy packs say of `head`, in the form of the
    engine's own events.
    """
    before = {resource.urn: resource for resource in base.resources}
    after = {resource.urn: resource for resource in head.resources}
    steps = [_step(urn, before.get(urn), after.get(urn)) for urn in sorted({*before, *after})]
    return {
        "tier": TIER,
        "label": LABEL,
        "steps": steps,
        "policyPacks": head.policy_packs,
        "policyEvents": [as_document(event) for event in head.policy_events],
        "changeSummary": dict(Counter(step["op"] for step in steps)),
    }


def _step(urn: str, before: DeclaredResource | None, after: DeclaredResource | None) -> dict[str, Any]:
    step: dict[str, Any] = {"urn": urn}
    if before:
        step["oldState"] = as_document(before)
    if after:
        step["newState"] = as_document(after)
    if not before or not after:
        return {"op": "delete" if before else "create", **step}
    changed = dict(_changes(before.inputs, after.inputs, ""))
    old, new = step["oldState"], step["newState"]
    options = [name for name in OPTIONS if old[name] != new[name]]
    if not changed and not options:
        return {"op": "same", **step}
    reasons = sorted({re.split(r"[.\[]", path, maxsplit=1)[0] for path in changed}) + options
    detailed = {path: {"kind": kind, "inputDiff": True} for path, kind in changed.items()}
    return {"op": "update", **step, "diffReasons": reasons, "detailedDiff": detailed}


def _changes(before: Any, after: Any, path: str) -> Iterator[tuple[str, str]]:
    """The paths of what differs, as Pulumi writes them, each with `add`, `delete` or `update`."""
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = before, after
        paths = {key: _below(path, key) for key in {**before, **after}}
    elif isinstance(before, list) and isinstance(after, list):
        old, new = dict(enumerate(before)), dict(enumerate(after))
        paths = {index: f"{path}[{index}]" for index in {**old, **new}}
    else:
        if not _is_same(before, after):
            yield path, "update"
        return
    for key, inner in paths.items():
        if key not in old:
            yield inner, "add"
        elif key not in new:
            yield inner, "delete"
        else:
            yield from _changes(old[key], new[key], inner)


def _below(path: str, key: str) -> str:
    if not PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def _is_same(before: Any, after: Any) -> bool:
    """Python holds True and 1 for equal; JSON does not."""
    return bool(before == after) and isinstance(before, bool) == isinstance(after, bool)
