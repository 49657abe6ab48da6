"""Backups: retentions that become shorter, and protections from deletion that go."""

from collections.abc import Iterator

from ops.review import aws_effects
from ops.review.difference import Difference, Kind
from ops.review.digest import Planned
from ops.review.finding import Finding, Risk, loosened


def judge(planned: Planned, found: tuple[Difference, ...]) -> Iterator[Finding]:
    """The findings on what is left to go back to, and on protections from deletion."""
    yield from unprotected(planned)
    if planned.operation not in {"update", "replace"}:
        return
    for each in found:
        if says := loosened(each, aws_effects.WEAKENED):
            yield Finding(risk=Risk.BACKUPS, says=says, property=each.text)
        if each.leaf in aws_effects.RETENTIONS and _is_less(each):
            yield Finding(risk=Risk.BACKUPS, says="kept for a shorter time", property=each.text)
        elif planned.type in aws_effects.BACKUP_TYPES and each.kind is Kind.REMOVED:
            yield Finding(
                risk=Risk.BACKUPS, says="a part of how backups are made or kept goes", property=each.text
            )


def unprotected(planned: Planned) -> Iterator[Finding]:
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


def _is_less(difference: Difference) -> bool:
    """A smaller number; a value that goes, or is not known, may be one. Zero keeps logs for ever and is the most."""
    if difference.kind is Kind.ADDED:
        return difference.top == "retentionInDays"
    if difference.leaf == "retentionInDays":
        return difference.before in {0, None} or (
            difference.is_numeric and 0 < difference.after < difference.before
        )
    return not difference.is_numeric or difference.after < difference.before
