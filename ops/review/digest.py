"""Reads a recorded preview, in either form that the engine writes, into one model.

The *digest* is what `pulumi preview --json` prints at its end (`PreviewDigest` in Pulumi's pkg/display/json.go): one object, with
what each resource depends on, without policy results. The *events* are one object a line (`EngineEvent` in
sdk/go/common/apitype/events.go): what `--json` prints with PULUMI_ENABLE_STREAMING_JSON_PREVIEW, and what `--event-log` writes
beside the digest. They hold policy results, and no dependencies. `combined` takes from each what the other has not.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any


class Special(Enum):
    """What stands where a preview does not say the value."""

    UNKNOWN = "known after apply"
    SECRET = "[secret]"  # noqa: S105 - what the engine itself puts in a secret's place


# Pulumi's sdk/go/common/resource/plugin/rpc.go: a string, bool, number, list, asset, archive or object not known yet.
UNKNOWN_MARKERS = frozenset({
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
})  # fmt: skip
# The digest puts a bare word where a secret is, as the events put a marked object.
SPECIAL_TEXTS = {Special.SECRET.value: Special.SECRET, **dict.fromkeys(UNKNOWN_MARKERS, Special.UNKNOWN)}
# Pulumi's sdk/go/common/resource/sig/sig.go.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - Pulumi's public marker
ASSET_SIGNATURES = {
    "c44067f5952c0a294b673a41bacd8c17": "file",
    "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
}
REPLACEMENT_STEPS = frozenset({"replace", "create-replacement", "delete-replaced", "import-replacement"})
FAILED_RESULT = "failed"


class PreviewError(Exception):
    """A recorded preview that cannot be read. The message says what to do."""


class Order(Enum):
    """How a replacement comes about."""

    CREATE_FIRST = "the new one is created before the old one is deleted"
    DELETE_FIRST = "the old one is deleted before the new one is created"
    UNRECORDED = (
        "which comes first, creation or deletion, is not recorded: preview with --show-replacement-steps"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A resource before or after the change. `property_dependencies` are the URNs that a property takes its value from."""

    id: str
    parent: str
    custom: bool
    protect: bool
    retain_on_delete: bool
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    dependencies: tuple[str, ...]
    property_dependencies: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What the engine would do with one resource. `operation` is Pulumi's word; the steps of a replacement are one.

    `detailed_diff` is the provider's own list: a property's path and its kind, such as `update-replace`.
    """

    urn: str
    operation: str
    order: Order | None
    old: State | None
    new: State | None
    replace_reasons: tuple[str, ...]
    detailed_diff: Mapping[str, str]

    @property
    def type(self) -> str:
        """The resource's own type token."""
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.split("::", 3)[3]

    @property
    def state(self) -> State | None:
        """The resource as it will be, or as it was when nothing remains."""
        return self.new or self.old


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """What the engine, the program or a provider said; `severity` is "info", "info#err", "warning" or "error"."""

    urn: str
    severity: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """A policy that a resource breaks; `level` is "mandatory", "advisory" or "remediate"."""

    urn: str
    pack: str
    policy: str
    level: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """One stack's preview. `violations` is None, and `has_dependencies` false, where the recorded form does not say.

    `finished`: the engine got to its end and counted. `refused`: it says itself that it failed.
    `caveat`: what its maker says that it is not.
    """

    resources: tuple[Planned, ...]
    diagnostics: tuple[Diagnostic, ...]
    violations: tuple[Violation, ...] | None
    policy_packs: tuple[str, ...]
    has_dependencies: bool
    finished: bool
    refused: bool
    caveat: str = ""

    @property
    def lists_unchanged(self) -> bool:
        """Whether the preview was recorded with --show-sames, or in a form that has them anyway."""
        return any(resource.operation == "same" for resource in self.resources)

    @property
    def failed(self) -> bool:
        """Whether an `up` would stop where this preview did."""
        errors = any(each.severity == "error" for each in self.diagnostics)
        return errors or self.refused or self.breaks_mandatory_policy or not self.finished

    @property
    def breaks_mandatory_policy(self) -> bool:
        """Whether a policy that must hold does not."""
        return any(violation.level == "mandatory" for violation in self.violations or ())


def read(text: str) -> Preview:
    """A preview in either form. Raises PreviewError."""
    try:
        documents = _documents(text)
    except ValueError as error:
        raise PreviewError(f"is not what `pulumi preview --json` prints: {error}") from error
    if not documents:
        raise PreviewError("is empty: the preview failed before it began; its error output says why")
    if not all(isinstance(document, dict) for document in documents):
        raise PreviewError("is not what `pulumi preview --json` prints: an object was expected")
    try:
        if "sequence" in documents[0]:
            return _from_events(documents)
        if len(documents) == 1 and documents[0].keys() <= _DIGEST_KEYS | _DESIRED_KEYS:
            return _from_digest(documents[0])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise PreviewError(f"has a part that this version does not understand: {error!r}") from error
    unknown = ", ".join(sorted(documents[0])[:5])
    raise PreviewError(
        f"holds {unknown}: take what `pulumi preview --json` or `--event-log` writes, not `--output json`, a plan or a state"
    )


def combined(first: Preview, second: Preview) -> Preview:
    """The same preview recorded in both forms. Raises PreviewError if they are not of the same preview."""
    digest, events = (first, second) if first.has_dependencies else (second, first)
    if events.has_dependencies or not digest.has_dependencies:
        raise PreviewError(
            "is the second recording of the same form for that stack; give a digest and its events"
        )
    operations = {resource.urn: resource.operation for resource in events.resources}
    if any(operations.get(each.urn, each.operation) != each.operation for each in digest.resources):
        raise PreviewError("is of another preview than the first recording for that stack")
    # The order of a replacement's steps is always among the events.
    orders = {each.urn: each.order for each in events.resources}
    return replace(
        digest,
        resources=tuple(replace(each, order=orders.get(each.urn, each.order)) for each in digest.resources),
        violations=events.violations,
        policy_packs=events.policy_packs,
        finished=digest.finished and events.finished,
        refused=events.refused,
    )


_DIGEST_KEYS = {"config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt"}
# What a difference of desired states, without a cloud, has beside them: which tier it is of, and what the policies say.
_DESIRED_KEYS = {"tier", "label", "policyPacks", "policyEvents"}


def _documents(text: str) -> list[Any]:
    """One document over many lines, or one a line."""
    try:
        return [json.loads(text)] if text.strip() else []
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _from_digest(document: Mapping[str, Any]) -> Preview:
    steps = document.get("steps") or ()
    return Preview(
        resources=_planned(
            _Step(
                urn=step["urn"],
                operation=step["op"],
                old=_state(step.get("oldState")),
                new=_state(step.get("newState")),
                replace_reasons=tuple(step.get("replaceReasons") or ()),
                detailed_diff={path: diff["kind"] for path, diff in (step.get("detailedDiff") or {}).items()},
            )
            for step in steps
        ),
        diagnostics=tuple(_diagnostic(each) for each in document.get("diagnostics") or ()),
        # The engine's own digest says nothing of policies; one made of desired states may.
        violations=_violations(document["policyEvents"]) if "policyEvents" in document else None,
        policy_packs=tuple(document.get("policyPacks") or ()),
        has_dependencies=True,
        # The engine counts changes at the end, if it gets there.
        finished="changeSummary" in document,
        refused=False,
        caveat=document.get("label") or "",
    )


def _from_events(events: Iterable[Mapping[str, Any]]) -> Preview:
    by_kind: dict[str, list[Any]] = {}
    for event in events:
        for kind, payload in event.items():
            by_kind.setdefault(kind, []).append(payload)
    summaries = by_kind.get("summaryEvent", [])
    return Preview(
        resources=_planned(_step_of_event(each["metadata"]) for each in by_kind.get("resourcePreEvent", ())),
        diagnostics=tuple(
            _diagnostic(each)
            for each in by_kind.get("diagnosticEvent", ())
            if not each.get("ephemeral") and each.get("severity") != "debug"
        ),
        violations=_violations(by_kind.get("policyEvent", ())),
        # A pack of a folder is called `<name>|local|<folder>`.
        policy_packs=tuple(
            sorted({name.split("|")[0] for each in summaries for name in each.get("PolicyPacks") or ()})
        ),
        has_dependencies=False,
        finished=bool(summaries),
        refused=any(each.get("result") == FAILED_RESULT for each in summaries),
    )


def _violations(events: Iterable[Mapping[str, Any]]) -> tuple[Violation, ...]:
    return tuple(
        Violation(
            urn=each.get("resourceUrn") or "",
            pack=each["policyPackName"],
            policy=each["policyName"],
            level=each["enforcementLevel"],
            message=_uncoloured(each["message"]),
        )
        for each in events
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    urn: str
    operation: str
    old: State | None
    new: State | None
    replace_reasons: tuple[str, ...]
    detailed_diff: Mapping[str, str]


def _step_of_event(metadata: Mapping[str, Any]) -> _Step:
    return _Step(
        urn=metadata["urn"],
        operation=metadata["op"],
        old=_state(metadata.get("old")),
        new=_state(metadata.get("new")),
        replace_reasons=tuple(metadata.get("keys") or ()),
        detailed_diff={path: diff["diffKind"] for path, diff in (metadata.get("detailedDiff") or {}).items()},
    )


def _planned(steps: Iterable[_Step]) -> tuple[Planned, ...]:
    """The steps by resource, in the order in which the engine first came to each."""
    by_urn: dict[str, list[_Step]] = {}
    for step in steps:
        by_urn.setdefault(step.urn, []).append(step)
    return tuple(_resource(urn, own) for urn, own in by_urn.items())


def _resource(urn: str, steps: list[_Step]) -> Planned:
    operations = [step.operation for step in steps]
    replaces = bool(REPLACEMENT_STEPS & set(operations))
    # A step that went wrong is followed by none; the last one knows most of an ordinary change.
    return Planned(
        urn=urn,
        operation="replace" if replaces else operations[-1],
        order=_order(operations) if replaces else None,
        old=next((step.old for step in steps if step.old), None),
        new=next((step.new for step in reversed(steps) if step.new), None),
        replace_reasons=tuple(dict.fromkeys(reason for step in steps for reason in step.replace_reasons)),
        detailed_diff={path: kind for step in steps for path, kind in step.detailed_diff.items()},
    )


def _order(operations: list[str]) -> Order:
    if not {"create-replacement", "delete-replaced"} <= set(operations):
        return Order.UNRECORDED
    create_first = operations.index("create-replacement") < operations.index("delete-replaced")
    return Order.CREATE_FIRST if create_first else Order.DELETE_FIRST


def _state(document: Mapping[str, Any] | None) -> State | None:
    if document is None:
        return None
    return State(
        id=document.get("id") or "",
        parent=document.get("parent") or "",
        custom=bool(document.get("custom")),
        protect=bool(document.get("protect")),
        retain_on_delete=bool(document.get("retainOnDelete")),
        inputs=_understood(document.get("inputs") or {}),
        outputs=_understood(document.get("outputs") or {}),
        dependencies=tuple(document.get("dependencies") or ()),
        property_dependencies={
            name: tuple(urns or ()) for name, urns in (document.get("propertyDependencies") or {}).items()
        },
    )


def _understood(value: Any) -> Any:
    """A property with Pulumi's markers replaced by what they mean."""
    if isinstance(value, str):
        return SPECIAL_TEXTS.get(value, value)
    if isinstance(value, list):
        return [_understood(each) for each in value]
    return _understood_object(value) if isinstance(value, dict) else value


def _understood_object(value: Mapping[str, Any]) -> Any:
    signature = value.get(SIGNATURE)
    if signature == SECRET_SIGNATURE:
        return Special.SECRET
    if signature in ASSET_SIGNATURES:
        return f"{ASSET_SIGNATURES[signature]} sha256:{value.get('hash', '')}"
    return {key: _understood(each) for key, each in value.items() if key != "__defaults"}


def _diagnostic(document: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        urn=document.get("urn") or "",
        severity=document.get("severity") or "info",
        message=_uncoloured((document.get("prefix") or "") + (document.get("message") or "")).strip(),
    )


def _uncoloured(text: str) -> str:
    """Without the engine's colour directives, `<{%reset%}>` and the like."""
    parts = text.split("<{%")
    return parts[0] + "".join(part.split("%}>", 1)[-1] for part in parts[1:])
