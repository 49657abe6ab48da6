"""Judges each planned change by what it may do to those who use the platform."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ops.preview import rules
from ops.preview.difference import Difference, Kind, differences
from ops.preview.digest import Planned, Preview, Special, State


class Risk(IntEnum):
    """The gravest first. The names are what `--fail-on` takes."""

    STATEFUL = 0
    DISRUPTIVE = 1
    SECURITY = 2
    BACKUPS = 3
    COST = 4
    ROUTINE = 5
    NOISE = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Why a change is of a risk; `property` is the path that it comes from, where there is one."""

    risk: Risk
    says: str
    property: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A planned change, judged. Values are as they really are: what is shown of them is redacted first.

    `forced_by` are the properties that force a replacement, `protections` what stands between the change and the data.
    """

    planned: Planned
    findings: tuple[Finding, ...]
    differences: tuple[Difference, ...]
    forced_by: tuple[str, ...]
    protections: tuple[str, ...]

    @property
    def risk(self) -> Risk:
        """That of the gravest finding."""
        return min(finding.risk for finding in self.findings)


# What the engine does to its own record only.
RECORD_ONLY = frozenset({"same", "read", "read-replacement", "refresh", "discard", "discard-replaced", "remove-pending-replace"})  # fmt: skip
# More than a few new ones of a type are no rename of one.
MOST_NAMES = 3
DELETIONS = frozenset({"delete", "replace"})


def judged(preview: Preview) -> list[Change]:
    """Every change of a preview, the gravest first, then by name."""
    created = {each.urn for each in preview.resources if each.operation == "create"}
    changes = (_judge(each, created) for each in preview.resources if _is_change(each))
    return sorted(changes, key=lambda change: (change.risk, change.planned.name, change.planned.urn))


def _is_change(planned: Planned) -> bool:
    return planned.operation not in RECORD_ONLY or bool(list(_unprotected(planned)))


def _judge(planned: Planned, created: set[str]) -> Change:
    found = tuple(_differences(planned))
    findings = tuple(_findings(planned, found, created))
    return Change(
        planned=planned,
        findings=findings or (Finding(risk=Risk.ROUTINE, says=""),),
        differences=found,
        forced_by=_forced_by(planned),
        protections=tuple(_protections(planned)) if planned.operation in DELETIONS else (),
    )


def _differences(planned: Planned) -> Iterator[Difference]:
    """What differs between the inputs, and what the provider saw beyond them."""
    if planned.old is None or planned.new is None:
        return
    # A component has no properties of its own, and the stack's are its outputs.
    side = "outputs" if planned.type == rules.STACK else "inputs"
    found = list(differences(getattr(planned.old, side), getattr(planned.new, side)))
    yield from found
    seen = {each.top for each in found}
    for name in sorted({first_property(path) for path in planned.detailed_diff} - seen):
        # A difference between the old state and the new inputs: the cloud is not what the program asked for.
        before, after = planned.old.outputs.get(name), planned.new.inputs.get(name)
        yield from differences({name: before}, {name: after})


def first_property(path: str) -> str:
    """The property that a path of Pulumi's, such as `ingress[0].cidrBlocks`, begins with."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _forced_by(planned: Planned) -> tuple[str, ...]:
    exact = [path for path, kind in planned.detailed_diff.items() if kind.endswith("-replace")]
    return tuple(sorted(exact)) or tuple(sorted(planned.replace_reasons))


def _findings(planned: Planned, found: tuple[Difference, ...], created: set[str]) -> Iterator[Finding]:
    if _is_noise(planned, found):
        yield Finding(risk=Risk.NOISE, says="")
        return
    judges: tuple[Callable[[], Iterable[Finding]], ...] = (
        lambda: _of_deletion(planned, created),
        lambda: _disruptive(planned, found),
        lambda: _security(planned, found, created),
        lambda: _backups(planned, found),
        lambda: _cost(planned, found),
    )
    for judge in judges:
        yield from judge()


def _is_noise(planned: Planned, found: tuple[Difference, ...]) -> bool:
    """Nothing changes in the cloud: a component, a provider, other order, or what follows from something else."""
    if planned.operation in DELETIONS and (planned.state or _NOTHING).custom:
        return planned.type.startswith(rules.PROVIDER_PREFIX)
    if planned.type == rules.STACK:
        return not found
    if not (planned.state or _NOTHING).custom or planned.type.startswith(rules.PROVIDER_PREFIX):
        return True
    if planned.operation != "update" or list(_unprotected(planned)):
        return False
    return all(each.kind is Kind.REORDERED or each.top in rules.NOISE_PROPERTIES for each in found)


_NOTHING = State(
    id="", parent="", custom=False, protect=False, retain_on_delete=False, inputs={}, outputs={},
    dependencies=(), property_dependencies={},
)  # fmt: skip


def _of_deletion(planned: Planned, created: set[str]) -> Iterator[Finding]:
    if planned.operation not in DELETIONS:
        return
    verb = "deletes" if planned.operation == "delete" else "replaces"
    stateful = rules.STATEFUL.get(planned.type)
    if stateful:
        yield Finding(risk=Risk.STATEFUL, says=f"{verb} what holds {stateful.holds}")
        others = sorted(
            urn.rsplit("::", 1)[-1] for urn in created if urn.split("$")[-1].startswith(f"{planned.type}::")
        )
        if planned.operation == "delete" and 0 < len(others) <= MOST_NAMES:
            yield Finding(
                risk=Risk.STATEFUL,
                says=f"{' and '.join(others)} of its type would be new: if this is a rename, an alias keeps the resource",
            )
    elif planned.type in rules.BACKUP_TYPES:
        yield Finding(risk=Risk.BACKUPS, says=f"{verb} a part of how backups are made or kept")
    elif planned.type not in rules.REPLACED_IN_PASSING:
        yield Finding(risk=Risk.DISRUPTIVE, says=f"{verb} it; whoever uses it may be interrupted")


def _protections(planned: Planned) -> Iterator[str]:
    """What stands between a deletion and the data, and what does not."""
    # What is deleted is the old resource, under the protection that it has in the state.
    old = planned.old or planned.new or _NOTHING
    stateful = rules.STATEFUL.get(planned.type)
    if old.protect:
        yield "protected: the engine refuses to delete it"
    elif stateful:
        yield "not protected by Pulumi"
    if old.retain_on_delete:
        yield "retained: it stays in the account when Pulumi lets go of it"
    if stateful is None:
        return
    properties = {**old.outputs, **old.inputs}
    if stateful.deletion_protection:
        on = properties.get(stateful.deletion_protection) is True
        yield "deletion protection is on: AWS refuses" if on else "no deletion protection"
    if stateful.skip_final_snapshot or stateful.final_snapshot:
        yield _final_snapshot(stateful, properties)
    if stateful.recovery_days:
        days = properties.get(stateful.recovery_days)
        yield (
            f"can be brought back for {days} days"
            if isinstance(days, int | float) and days
            else "gone at once, or after AWS's default"
        )


def _final_snapshot(stateful: rules.Stateful, properties: Mapping[str, Any]) -> str:
    skipped = stateful.skip_final_snapshot and properties.get(stateful.skip_final_snapshot) is True
    if skipped or not (stateful.final_snapshot and properties.get(stateful.final_snapshot)):
        return "no final snapshot"
    return "a final snapshot is taken"


def _disruptive(planned: Planned, found: tuple[Difference, ...]) -> Iterator[Finding]:
    if planned.operation != "update":
        return
    for each in {each.top: each for each in found}.values():
        effect = rules.DISRUPTIVE.get((planned.type, each.top))
        if effect:
            says = rules.MAJOR_UPGRADE if _is_major_upgrade(planned, each) else effect.says
            yield Finding(risk=Risk.DISRUPTIVE, says=says + _when(planned, effect), property=each.top)
    for each in found:
        if (planned.type, each.top) in rules.STANDBYS and each.after is not True:
            lost = rules.STANDBYS[planned.type, each.top]
            yield Finding(
                risk=Risk.DISRUPTIVE,
                says=f"gives up {lost}: the next failure is an outage",
                property=each.text,
            )
        if _is_parameter(planned, each) and _is_static(planned, each):
            yield Finding(
                risk=Risk.DISRUPTIVE,
                says="a static parameter: in force after a reboot, which nobody does for you",
                property=each.text,
            )


def _is_major_upgrade(planned: Planned, difference: Difference) -> bool:
    versions = [str(each).split(".", maxsplit=1)[0] for each in (difference.before, difference.after)]
    return planned.type == rules.INSTANCE and difference.top == "engineVersion" and versions[0] != versions[1]


def _when(planned: Planned, effect: rules.Effect) -> str:
    """When a change takes place, as far as the resource itself says."""
    if effect.deferrable is None:
        return ""
    properties = (planned.new or _NOTHING).inputs
    if not effect.deferrable or properties.get("applyImmediately") is True:
        return "; at once"
    window = properties.get("maintenanceWindow")
    named = (
        f"the maintenance window {window} (UTC)" if isinstance(window, str) else "the next maintenance window"
    )
    return f"; in {named}"


def _is_parameter(planned: Planned, difference: Difference) -> bool:
    return planned.type.endswith("parameterGroup:ParameterGroup") and difference.top in {
        "parameters",
        "parameter",
    }


def _is_static(planned: Planned, difference: Difference) -> bool:
    """Whether the changed parameter waits for a reboot, in the group's own words."""
    parameters = (planned.new or _NOTHING).inputs.get(difference.top)
    changed = {part.strip("[]") for part in difference.path[1:2]}
    return any(
        each.get("applyMethod") == "pending-reboot" and each.get("name") in changed
        for each in (parameters if isinstance(parameters, list) else ())
        if isinstance(each, Mapping)
    )


def _security(planned: Planned, found: tuple[Difference, ...], created: set[str]) -> Iterator[Finding]:
    if planned.operation == "create":
        yield from _security_of_new(planned, created)
        return
    for each in found:
        opened = rules.OPENED.get(_leaf(each))
        if opened and each.after is not None and _becomes(each.after, opened[0]):
            yield Finding(risk=Risk.SECURITY, says=opened[1], property=each.text)
        elif opened and each.kind is Kind.REMOVED and each.before is not opened[0]:
            yield Finding(risk=Risk.SECURITY, says=f"no longer said; may be {opened[1]}", property=each.text)
        if (
            _is_parameter(planned, each)
            and {part.strip("[]") for part in each.path} & rules.PROTECTING_PARAMETERS
        ):
            yield Finding(
                risk=Risk.SECURITY, says="a parameter that requires TLS or records logins", property=each.text
            )
        if _leaf(each).endswith(rules.KEY_PROPERTY_ENDINGS):
            yield Finding(
                risk=Risk.SECURITY,
                says="encrypted with another key: who may read it changes",
                property=each.text,
            )
    for name in sorted({each.top for each in found} & rules.POLICY_DOCUMENTS):
        yield from _policy_change(planned, name)
    if planned.type in {rules.SECURITY_GROUP, rules.INGRESS_RULE}:
        yield from _ingress_change(planned, found)


def _security_of_new(planned: Planned, created: set[str]) -> Iterator[Finding]:
    """A new resource widens what exists if it grants something to it, and whatever is open to everybody."""
    new = planned.new or _NOTHING
    subject = rules.GRANTS.get(planned.type)
    subjects = new.property_dependencies.get(subject or "", ())
    # Without dependencies nothing says that the subject is new, too.
    if subject and not (subjects and set(subjects) <= created):
        source = _source(new.inputs) if planned.type == rules.INGRESS_RULE else ""
        yield Finding(
            risk=Risk.SECURITY,
            says=f"lets in {source}" if source else f"grants something to a {subject} that exists",
        )
    for value in _strings(new.inputs):
        if (
            value in rules.WORLD
            and planned.type in {rules.SECURITY_GROUP, rules.INGRESS_RULE}
            and not _only_egress(new.inputs)
        ):
            yield Finding(risk=Risk.SECURITY, says=f"lets in everybody ({value})")
    if new.inputs.get("publiclyAccessible") is True:
        yield Finding(risk=Risk.SECURITY, says="reachable from the internet", property="publiclyAccessible")
    for name in sorted(new.inputs.keys() & rules.POLICY_DOCUMENTS):
        for grant in sorted(_open_grants(new.inputs[name])):
            yield Finding(risk=Risk.SECURITY, says=f"allows {grant}", property=name)


def _only_egress(inputs: Mapping[str, Any]) -> bool:
    return "egress" in inputs and not any(value in rules.WORLD for value in _strings(inputs.get("ingress")))


def _source(inputs: Mapping[str, Any]) -> str:
    """Whom an ingress rule lets in, and to which ports."""
    who = next(
        (
            inputs[key]
            for key in ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
            if inputs.get(key)
        ),
        None,
    )
    whom = "a source that is known after apply" if who in {None, Special.UNKNOWN} else str(who)
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    ports = (
        ""
        if first is None
        else f" to port {first:g}"
        if first == last and isinstance(first, int | float)
        else f" to ports {first} to {last}"
    )
    return whom + ports


def _ingress_change(planned: Planned, found: tuple[Difference, ...]) -> Iterator[Finding]:
    for each in found:
        if (
            each.top == "egress"
            or each.top in {"tags", "tagsAll", "description"}
            or each.kind is Kind.REMOVED
        ):
            continue
        if planned.type == rules.INGRESS_RULE or each.top == "ingress":
            yield Finding(
                risk=Risk.SECURITY, says="lets in somebody else, or to another port", property=each.text
            )


def _policy_change(planned: Planned, name: str) -> Iterator[Finding]:
    """What a policy document allows that it did not. A document that is not known yet may allow anything."""
    before, after = (planned.old or _NOTHING).inputs.get(name), (planned.new or _NOTHING).inputs.get(name)
    if isinstance(after, Special):
        yield Finding(
            risk=Risk.SECURITY, says="a policy whose new text this preview does not say", property=name
        )
        return
    if after is None:
        yield Finding(
            risk=Risk.SECURITY, says="a policy that is taken away may have denied something", property=name
        )
        return
    gained = sorted(_grants(after) - _grants(before))
    lost = sorted(_grants(before, effect="Deny") - _grants(after, effect="Deny"))
    for grant in gained:
        yield Finding(risk=Risk.SECURITY, says=f"allows {grant}", property=name)
    for grant in lost:
        yield Finding(risk=Risk.SECURITY, says=f"no longer denies {grant}", property=name)


def _grants(document: Any, effect: str = "Allow") -> set[str]:
    """Each principal, action, resource and condition that a policy names, as one text for each combination."""
    return {
        f"{action} on {resource}{who}{condition}"
        for statement in _statements(document)
        if statement.get("Effect") == effect
        for action in _texts(statement, "Action", "NotAction")
        for resource in _texts(statement, "Resource", "NotResource") or ["itself"]
        for who in _principals(statement)
        for condition in [_condition(statement)]
    }


def _open_grants(document: Any) -> set[str]:
    """What a policy allows to everybody, or everything that it allows, without a condition."""
    return {
        grant
        for statement in _statements(document)
        if statement.get("Effect") == "Allow" and not statement.get("Condition")
        for action in _texts(statement, "Action", "NotAction")
        for who in _principals(statement)
        if who == " by everybody" or (action == "*" and not statement.get("Principal"))
        for grant in [f"{action}{who}"]
    }


def _statements(document: Any) -> list[Mapping[str, Any]]:
    parsed = next((each.after for each in differences({"": None}, {"": document})), None)
    found = parsed.get("Statement") if isinstance(parsed, Mapping) else None
    statements = found if isinstance(found, list) else [found]
    return [statement for statement in statements if isinstance(statement, Mapping)]


def _texts(statement: Mapping[str, Any], name: str, negated: str) -> list[str]:
    if name in statement:
        return [_text(each) for each in _many(statement[name])]
    return [f"all but {_text(each)}" for each in _many(statement.get(negated, []))]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    if principal is None:
        return [""]
    if isinstance(principal, Mapping):
        named = [_text(each) for kind in sorted(principal) for each in _many(principal[kind])]
    else:
        named = [_text(principal)]
    return [" by everybody" if name == "*" else f" by {name}" for name in named]


def _condition(statement: Mapping[str, Any]) -> str:
    condition = statement.get("Condition")
    return f" if {', '.join(sorted(condition))}" if isinstance(condition, Mapping) and condition else ""


def _text(value: Any) -> str:
    return value.value if isinstance(value, Special) else str(value)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _backups(planned: Planned, found: tuple[Difference, ...]) -> Iterator[Finding]:
    yield from _unprotected(planned)
    if planned.operation not in {"update", "replace"}:
        return
    for each in found:
        leaf = _leaf(each)
        weakened = rules.WEAKENED.get(leaf)
        if weakened and each.after is not None and _becomes(each.after, weakened[0]):
            yield Finding(risk=Risk.BACKUPS, says=weakened[1], property=each.text)
        elif weakened and each.kind is Kind.REMOVED and each.before is not weakened[0]:
            yield Finding(risk=Risk.BACKUPS, says=f"no longer said; may be {weakened[1]}", property=each.text)
        if leaf in rules.RETENTIONS and _is_less(each):
            yield Finding(risk=Risk.BACKUPS, says="kept for a shorter time", property=each.text)
        elif planned.type in rules.BACKUP_TYPES and each.kind is Kind.REMOVED:
            yield Finding(
                risk=Risk.BACKUPS, says="a part of how backups are made or kept goes", property=each.text
            )


def _unprotected(planned: Planned) -> Iterator[Finding]:
    """Protections of Pulumi's own that go. They are no properties, so the engine calls the resource the same."""
    old, new = planned.old, planned.new
    if old is None or new is None:
        return
    if old.protect and not new.protect:
        yield Finding(
            risk=Risk.BACKUPS,
            says="no longer protected: the engine will delete it when asked to",
            property="protect",
        )
    if old.retain_on_delete and not new.retain_on_delete:
        yield Finding(
            risk=Risk.BACKUPS, says="no longer retained: deleted with the stack", property="retainOnDelete"
        )


def _cost(planned: Planned, found: tuple[Difference, ...]) -> Iterator[Finding]:
    if planned.operation in {"create", "delete"} and _is_billed(planned):
        says = "billed as long as it is there" if planned.operation == "create" else "no longer billed"
        yield Finding(risk=Risk.COST, says=says)
    billed_by = rules.COST_PROPERTIES.get(planned.type, frozenset())
    for each in found:
        if each.top in billed_by:
            yield Finding(risk=Risk.COST, says=_cost_direction(each), property=each.text)


def _is_billed(planned: Planned) -> bool:
    # Endpoints of S3 and DynamoDB are free (VPC guide, "Gateway endpoints").
    is_free = (planned.state or _NOTHING).inputs.get("vpcEndpointType") == "Gateway"
    return planned.type in rules.BILLED and not is_free


def _cost_direction(difference: Difference) -> str:
    if isinstance(difference.before, bool) or not _are_numbers(difference):
        return "AWS bills by it"
    return "costs less" if difference.after < difference.before else "costs more"


def _is_less(difference: Difference) -> bool:
    """A smaller number; a value that goes, or is not known, may be one. Zero keeps logs for ever and is the most."""
    if difference.kind is Kind.ADDED:
        return difference.top == "retentionInDays"
    if _leaf(difference) == "retentionInDays":
        return difference.before in {0, None} or (
            _are_numbers(difference) and 0 < difference.after < difference.before
        )
    return not _are_numbers(difference) or difference.after < difference.before


def _are_numbers(difference: Difference) -> bool:
    return all(isinstance(each, int | float) for each in (difference.before, difference.after))


def _becomes(after: Any, bad: Any) -> bool:
    """Whether a value is bad, or may be once it is known."""
    return (
        after is bad
        or after is Special.UNKNOWN
        or (isinstance(after, str) and after.lower() == str(bad).lower())
    )


def _leaf(difference: Difference) -> str:
    return next((part for part in reversed(difference.path) if not part.startswith("[")), "")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
