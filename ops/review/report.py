"""A report on the previews of one or more stacks, and what it amounts to.

Everything in a `Report` is as it may be shown: this module is the only way from a preview to a page, and redacts on the way.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.redaction import shown, shown_text
from ops.review import policy_results
from ops.review.difference import Difference, Kind
from ops.review.digest import Planned, Preview, Special
from ops.review.finding import Finding, Risk
from ops.review.graph import Picture, dependents, picture, short_type
from ops.review.overrides import Intent
from ops.review.policy_results import PolicyResult
from ops.review.risk import Change, first_property, judged

# What a reviewer may have to decide about; the rest is grouped.
LISTED_RISKS = (Risk.STATEFUL, Risk.DISRUPTIVE, Risk.SECURITY, Risk.BACKUPS, Risk.COST)
TITLES = {
    Risk.STATEFUL: "Data at risk: deleted or replaced",
    Risk.DISRUPTIVE: "Interrupts somebody",
    Risk.SECURITY: "Opens access",
    Risk.BACKUPS: "Weakens backups or protection",
    Risk.COST: "Changes the bill",
    Risk.ROUTINE: "Routine",
}
OPERATIONS = ("create", "update", "replace", "delete")
ENGINE_FAILED = "error: preview failed"
NO_VALUE = "—"
# A value longer than this is cut: the state has it whole, and nobody reads it in a table.
LONGEST_VALUE_CHARACTERS = 1500


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One property before and after. `note` says where an unknown comes from, or that it forces the replacement."""

    path: str
    before: str
    after: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One change. `dependents` is None where the preview does not say what depends on what."""

    urn: str
    name: str
    type: str
    operation: str
    risk: Risk
    findings: tuple[Finding, ...]
    forced_by: tuple[str, ...]
    order: str
    protections: tuple[str, ...]
    values: tuple[Value, ...]
    dependents: int | None
    policies: tuple[PolicyResult, ...]
    intent: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StackReport:
    """One stack's part. `counts` are by operation; `noise` are changes of which nothing is to be seen in the cloud."""

    stack: str
    verdict: str
    failed: bool
    breaks_mandatory_policy: bool
    counts: Mapping[str, int]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    rows: tuple[Row, ...]
    noise: int
    policy_summary: str
    other_policies: tuple[PolicyResult, ...]
    picture: Picture
    limits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The whole. `notes` are about overrides that did nothing."""

    verdict: str
    stacks: tuple[StackReport, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether an `up` of any of the stacks would stop where its preview did."""
        return any(stack.failed for stack in self.stacks)

    @property
    def gravest(self) -> Risk | None:
        """The gravest risk of what nobody said they mean; None when nothing changes."""
        return min((row.risk for stack in self.stacks for row in stack.rows if not row.intent), default=None)


def build(
    previews: Mapping[str, Preview], intents: Sequence[Intent] = (), notes: Iterable[str] = ()
) -> Report:
    """The report on each stack's preview, in the order given."""
    matched: set[str] = set()
    stacks = tuple(_stack(name, preview, intents, matched) for name, preview in previews.items())
    unused = [
        f"nothing is changed by the name of {each.resource}, which was intended"
        for each in intents
        if each.resource not in matched
    ]
    return Report(
        verdict=_overall(stacks),
        stacks=stacks,
        notes=tuple(shown_text(note) for note in (*notes, *unused)),
    )


def _stack(name: str, preview: Preview, intents: Sequence[Intent], matched: set[str]) -> StackReport:
    changes = judged(preview)
    listed = [change for change in changes if change.risk is not Risk.NOISE]
    reached = dependents(preview) if preview.has_dependencies else None
    policies = policy_results.by_resource(preview)
    operations = {each.urn: each.operation for each in preview.resources}
    own_intents = _matching(name, listed, intents, matched)
    rows = tuple(
        Row(
            urn=shown_text(change.planned.urn),
            name=shown_text(change.planned.name),
            type=shown_text(short_type(change.planned.type)),
            operation=change.planned.operation,
            risk=change.risk,
            findings=tuple(_shown_finding(finding) for finding in change.findings if finding.says),
            forced_by=tuple(shown_text(path) for path in change.forced_by),
            order=change.planned.order.value if change.planned.order else "",
            protections=change.protections,
            values=tuple(_values(change, operations)),
            dependents=None if reached is None else len(reached.get(change.planned.urn, ())),
            policies=policies.get(change.planned.urn, ()),
            intent=own_intents.get(change.planned.urn, ""),
        )
        for change in listed
    )
    changed = {change.planned.urn for change in listed}
    return StackReport(
        stack=shown_text(name),
        verdict=_verdict(preview, rows),
        failed=preview.failed,
        breaks_mandatory_policy=preview.breaks_mandatory_policy,
        counts=_counts(listed),
        errors=_messages(preview, "error"),
        warnings=_messages(preview, "warning"),
        rows=rows,
        noise=len(changes) - len(listed),
        policy_summary=policy_results.summary(preview),
        other_policies=tuple(
            each for urn, results in policies.items() if urn not in changed for each in results
        ),
        picture=picture(preview, changes),
        limits=tuple(_limits(preview)),
    )


def _matching(
    stack: str, changes: Sequence[Change], intents: Sequence[Intent], matched: set[str]
) -> dict[str, str]:
    """What is intended, by URN. A logical name that two changed resources share names neither."""
    names = Counter(change.planned.name for change in changes)
    found: dict[str, str] = {}
    for change in changes:
        known_as = {change.planned.urn}
        if names[change.planned.name] == 1:
            known_as.add(f"{stack}/{change.planned.name}")
        for intent in intents:
            if intent.resource in known_as:
                matched.add(intent.resource)
                found.setdefault(change.planned.urn, shown_text(intent.says))
    return found


def _shown_finding(finding: Finding) -> Finding:
    return Finding(risk=finding.risk, says=shown_text(finding.says), property=shown_text(finding.property))


def _values(change: Change, operations: Mapping[str, str]) -> Iterable[Value]:
    planned = change.planned
    if planned.operation == "create" and change.risk in LISTED_RISKS:
        inputs = planned.new.inputs if planned.new else {}
        for name in sorted(inputs):
            added = Difference(path=(name,), kind=Kind.ADDED, after=inputs[name])
            yield _value(added, planned, operations, forces=False)
    for each in change.differences:
        forces = any(_same_property(each, path) for path in change.forced_by)
        yield _value(each, planned, operations, forces=forces)


def _same_property(difference: Difference, path: str) -> bool:
    return difference.top == first_property(path)


def _value(difference: Difference, planned: Planned, operations: Mapping[str, str], *, forces: bool) -> Value:
    notes = ["forces the replacement"] * forces
    if difference.kind is Kind.REORDERED:
        notes.append("only in another order")
    if _has_unknown(difference.after):
        notes.append(_source(difference, planned, operations))
    before, after = (_text(each, difference) for each in (difference.before, difference.after))
    if before == after and difference.kind is Kind.CHANGED:
        notes.append("it changes, and is not shown")
    return Value(
        path=shown_text(difference.text),
        before=NO_VALUE if difference.kind is Kind.ADDED else before,
        after=NO_VALUE if difference.kind is Kind.REMOVED else after,
        note=shown_text("; ".join(notes)),
    )


def _source(difference: Difference, planned: Planned, operations: Mapping[str, str]) -> str:
    """Which resources an unknown value waits for: of those that its property is made from, the ones that change."""
    sources = (planned.new.property_dependencies if planned.new else {}).get(difference.top, ())
    changing = [urn for urn in sources if operations.get(urn, "same") != "same"]
    named = [
        f"{urn.rsplit('::', 1)[-1]} ({operations.get(urn, 'not listed')})" for urn in changing or sources
    ]
    return f"known after apply, from {', '.join(named)}" if named else "known after apply"


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(_has_unknown(each) for each in value)
    return value is Special.UNKNOWN


def _text(value: Any, difference: Difference) -> str:
    """A value as one line: text as it is, everything else as JSON."""
    redacted = shown(value, difference.path)
    text = redacted if isinstance(redacted, str) else json.dumps(redacted, ensure_ascii=False, sort_keys=True)
    if len(text) > LONGEST_VALUE_CHARACTERS:
        return f"{text[:LONGEST_VALUE_CHARACTERS]}… ({len(text)} characters)"
    return text


def _counts(changes: Sequence[Change]) -> Mapping[str, int]:
    counted = Counter(change.planned.operation for change in changes)
    usual = {operation: counted.pop(operation, 0) for operation in OPERATIONS}
    # What only lets go of a protection is no operation to the engine.
    usual["update"] += counted.pop("same", 0)
    return {**usual, **counted}


def _messages(preview: Preview, severity: str) -> tuple[str, ...]:
    found = (shown_text(each.message) for each in preview.diagnostics if each.severity == severity)
    messages = tuple(dict.fromkeys(message for message in found if message))
    # Beside others, and beside the policy that is broken, the engine's own last word says nothing.
    others = tuple(message for message in messages if message != ENGINE_FAILED)
    return others if others or preview.breaks_mandatory_policy else messages


def _limits(preview: Preview) -> Iterable[str]:
    """What this recording cannot say, so that nobody takes silence for an answer."""
    if preview.caveat:
        yield shown_text(preview.caveat)
    if not preview.has_dependencies:
        yield "what depends on what is not in this recording: give the digest too"
    elif not preview.lists_unchanged and any(each.operation != "create" for each in preview.resources):
        yield "dependents are counted among what changes only: preview with --show-sames"
    if preview.violations is None:
        yield policy_results.NOT_RECORDED
    if not preview.finished:
        yield "the preview did not get to its end: there may be more changes than are shown"


def _verdict(preview: Preview, rows: Sequence[Row]) -> str:
    counted = Counter(row.risk for row in rows)
    parts = [f"{counted[risk]} {VERDICT_WORDS[risk]}" for risk in Risk if counted[risk]]
    if preview.breaks_mandatory_policy:
        parts.insert(0, "breaks a mandatory policy")
    elif preview.failed:
        parts.insert(0, "the preview failed")
    return ", ".join(parts) or "no changes"


VERDICT_WORDS = {
    Risk.STATEFUL: "with data at risk",
    Risk.DISRUPTIVE: "disruptive",
    Risk.SECURITY: "opening access",
    Risk.BACKUPS: "weakening protection",
    Risk.COST: "on the bill",
    Risk.ROUTINE: "routine",
    Risk.NOISE: "noise",
}
# What the gravest change asks of a reviewer.
OVERALL = {
    Risk.STATEFUL: "data at risk",
    Risk.DISRUPTIVE: "interrupts service",
    Risk.SECURITY: "opens access",
    Risk.BACKUPS: "weakens protection",
    Risk.COST: "changes the bill",
    Risk.ROUTINE: "routine changes",
}


def _overall(stacks: Sequence[StackReport]) -> str:
    """The gravest of all stacks, and where."""
    if broken := [stack.stack for stack in stacks if stack.breaks_mandatory_policy]:
        return f"a mandatory policy is broken in {', '.join(broken)}"
    if failed := [stack.stack for stack in stacks if stack.failed]:
        return f"the preview of {', '.join(failed)} failed"
    gravest = min((row.risk for stack in stacks for row in stack.rows), default=None)
    if gravest is None:
        return "no changes"
    where = [stack.stack for stack in stacks if any(row.risk is gravest for row in stack.rows)]
    return f"{OVERALL[gravest]} in {', '.join(where)}"
