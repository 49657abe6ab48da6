"""Deletions: the data, backups or service that goes with a resource, and the protections that stand in between."""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.review import aws_effects
from ops.review.digest import Planned
from ops.review.finding import DELETIONS, NOTHING, Finding, Risk

# More than a few new ones of a type are no rename of one.
MOST_NAMES = 3


def judge(planned: Planned, created: set[str]) -> Iterator[Finding]:
    """The findings on a deleted or replaced resource. `created` are the URNs of the preview's new resources."""
    if planned.operation not in DELETIONS:
        return
    verb = "deletes" if planned.operation == "delete" else "replaces"
    stateful = aws_effects.STATEFUL.get(planned.type)
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
    elif planned.type in aws_effects.BACKUP_TYPES:
        yield Finding(risk=Risk.BACKUPS, says=f"{verb} a part of how backups are made or kept")
    elif planned.type not in aws_effects.REPLACED_IN_PASSING:
        yield Finding(risk=Risk.DISRUPTIVE, says=f"{verb} it; whoever uses it may be interrupted")


def protections(planned: Planned) -> Iterator[str]:
    """What stands between a deletion and the data, and what does not."""
    # What is deleted is the old resource, under the protection that it has in the state.
    old = planned.old or planned.new or NOTHING
    stateful = aws_effects.STATEFUL.get(planned.type)
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


def _final_snapshot(stateful: aws_effects.Stateful, properties: Mapping[str, Any]) -> str:
    skipped = stateful.skip_final_snapshot and properties.get(stateful.skip_final_snapshot) is True
    if skipped or not (stateful.final_snapshot and properties.get(stateful.final_snapshot)):
        return "no final snapshot"
    return "a final snapshot is taken"
