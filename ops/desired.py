"""The difference between two desired states, in the form of `pulumi preview --json`, so that it is read as any other.

A desired state is what `python -m sandbox desired` writes of a checkout: run against mocks, without a cloud. So both files can
come from code that nobody trusts yet, and are data here: nothing in them is run, and what is not of their form is refused.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ops.errors import OpsError

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


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Resource(_Model):
    """One declared resource."""

    urn: str
    type: str
    custom: bool
    parent: str
    provider: str
    protect: bool
    retain_on_delete: bool = Field(alias="retainOnDelete")
    dependencies: list[str]
    inputs: dict[str, Any]

    def state(self) -> dict[str, Any]:
        """As a preview shows a resource's state."""
        return self.model_dump(by_alias=True)


class PolicyEvent(_Model):
    """What the policy pack said of a resource, or of the stack where there is no URN."""

    resource_urn: str = Field(alias="resourceUrn")
    policy_pack_name: str = Field(alias="policyPackName")
    policy_name: str = Field(alias="policyName")
    enforcement_level: Literal["mandatory", "advisory"] = Field(alias="enforcementLevel")
    message: str


class DesiredState(_Model):
    """Everything that a stack declares."""

    resources: list[Resource]
    policy_packs: list[str] = Field(alias="policyPacks")
    policy_events: list[PolicyEvent] = Field(alias="policyEvents")


def load(path: Path) -> DesiredState:
    """A desired state from its file. Raises: OpsError, which says where it is not of that form, and shows nothing of it."""
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise OpsError(f"{path} is larger than {MAXIMUM_BYTES} bytes: no desired state is")
        return DesiredState.model_validate_json(path.read_bytes())
    except OSError as error:
        raise OpsError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        # An unknown key is a stranger's text, and a log's lines can be commands to what runs a workflow.
        known = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
        where = ".".join(map(str, known)) or "the file"
        raise OpsError(f"{path} is no desired state: {where}: {first['msg'].lower()}") from None


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
        "policyEvents": [event.model_dump(by_alias=True) for event in head.policy_events],
        "changeSummary": dict(Counter(step["op"] for step in steps)),
    }


def _step(urn: str, before: Resource | None, after: Resource | None) -> dict[str, Any]:
    step: dict[str, Any] = {"urn": urn}
    if before:
        step["oldState"] = before.state()
    if after:
        step["newState"] = after.state()
    if not before or not after:
        return {"op": "delete" if before else "create", **step}
    changed = dict(_changes(before.inputs, after.inputs, ""))
    old, new = before.state(), after.state()
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


def desired_diff(
    base: Annotated[Path, typer.Option(help="The desired state before.")],
    head: Annotated[Path, typer.Option(help="The desired state after.")],
    output: Annotated[Path, typer.Option(help="The file to write, in the form of `pulumi preview --json`.")],
) -> None:
    """Compare two desired states, as `python -m sandbox desired` writes them: what a pull request changes, without a cloud."""
    output.write_text(json.dumps(difference(load(base), load(head)), indent=1))
    print(LABEL)
