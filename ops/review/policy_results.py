"""What the policy pack said of a preview."""

from collections.abc import Mapping
from dataclasses import dataclass

from ops.redaction import shown_text
from ops.review.digest import Preview, Violation

LEVELS = ("mandatory", "remediate", "advisory")
NOT_RECORDED = "policy results are not in this recording: give the engine's events too"


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyResult:
    """One violation, as it may be shown."""

    resource: str
    policy: str
    level: str
    message: str


def summary(preview: Preview) -> str:
    """How a stack fared, in a few words."""
    if preview.violations is None:
        return NOT_RECORDED
    if not preview.policy_packs and not preview.violations:
        return "no policy pack ran"
    counts = [
        f"{number} {level}"
        for level in LEVELS
        if (number := sum(violation.level == level for violation in preview.violations))
    ]
    if preview.failed and not counts:
        return "nothing violated as far as the preview got"
    packs = shown_text(", ".join(preview.policy_packs))
    return f"{', '.join(counts) or 'nothing violated'}{f' ({packs})' if packs else ''}"


def by_resource(preview: Preview) -> Mapping[str, tuple[PolicyResult, ...]]:
    """The violations of each resource's URN, the gravest first; those of the whole stack are under ""."""
    found: dict[str, list[PolicyResult]] = {}
    for violation in sorted(preview.violations or (), key=_gravity):
        found.setdefault(violation.urn, []).append(
            PolicyResult(
                resource=shown_text(violation.urn.rsplit("::", 1)[-1]),
                policy=shown_text(f"{violation.pack}/{violation.policy}"),
                level=violation.level,
                message=shown_text(violation.message.strip()),
            )
        )
    return {urn: tuple(results) for urn, results in found.items()}


def _gravity(violation: Violation) -> tuple[int, str, str]:
    level = LEVELS.index(violation.level) if violation.level in LEVELS else len(LEVELS)
    return level, violation.policy, violation.urn
