"""The judgement of a preview: each planned change with what it may do to those who use the platform."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ops.review import aws_effects
from ops.review.difference import Difference, Kind, differences
from ops.review.digest import Planned, Preview
from ops.review.finding import DELETIONS, NOTHING, Finding, Risk
from ops.review.judges import access, backups, cost, deletion, disruption


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


def judged(preview: Preview) -> list[Change]:
    """Every change of a preview, the gravest first, then by name."""
    created = {each.urn for each in preview.resources if each.operation == "create"}
    changes = (_judge(each, created) for each in preview.resources if _is_change(each))
    return sorted(changes, key=lambda change: (change.risk, change.planned.name, change.planned.urn))


def _is_change(planned: Planned) -> bool:
    return planned.operation not in RECORD_ONLY or bool(list(backups.unprotected(planned)))


def _judge(planned: Planned, created: set[str]) -> Change:
    found = tuple(_differences(planned))
    findings = tuple(_findings(planned, found, created))
    return Change(
        planned=planned,
        findings=findings or (Finding(risk=Risk.ROUTINE, says=""),),
        differences=found,
        forced_by=_forced_by(planned),
        protections=tuple(deletion.protections(planned)) if planned.operation in DELETIONS else (),
    )


def _differences(planned: Planned) -> Iterator[Difference]:
    """What differs between the inputs, and what the provider saw beyond them."""
    if planned.old is None or planned.new is None:
        return
    # A component has no properties of its own, and the stack's are its outputs.
    side = "outputs" if planned.type == aws_effects.STACK else "inputs"
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
        lambda: deletion.judge(planned, created),
        lambda: disruption.judge(planned, found),
        lambda: access.judge(planned, found, created),
        lambda: backups.judge(planned, found),
        lambda: cost.judge(planned, found),
    )
    for judge in judges:
        yield from judge()


def _is_noise(planned: Planned, found: tuple[Difference, ...]) -> bool:
    """Nothing changes in the cloud: a component, a provider, other order, or what follows from something else."""
    if planned.operation in DELETIONS and (planned.state or NOTHING).custom:
        return planned.type.startswith(aws_effects.PROVIDER_PREFIX)
    if planned.type == aws_effects.STACK:
        return not found
    if not (planned.state or NOTHING).custom or planned.type.startswith(aws_effects.PROVIDER_PREFIX):
        return True
    if planned.operation != "update" or list(backups.unprotected(planned)):
        return False
    return all(each.kind is Kind.REORDERED or each.top in aws_effects.NOISE_PROPERTIES for each in found)
