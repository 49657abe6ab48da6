"""Interruptions: properties whose change restarts something, and standbys that are given up."""

from collections.abc import Iterator, Mapping

from ops.review import aws_effects
from ops.review.difference import Difference
from ops.review.digest import Planned
from ops.review.finding import NOTHING, Finding, Risk, is_parameter


def judge(planned: Planned, found: tuple[Difference, ...]) -> Iterator[Finding]:
    """The findings on service that an update interrupts, now or at the next failure."""
    if planned.operation != "update":
        return
    for each in {each.top: each for each in found}.values():
        effect = aws_effects.DISRUPTIVE.get((planned.type, each.top))
        if effect:
            says = aws_effects.MAJOR_UPGRADE if _is_major_upgrade(planned, each) else effect.says
            yield Finding(risk=Risk.DISRUPTIVE, says=says + _when(planned, effect), property=each.top)
    for each in found:
        if (planned.type, each.top) in aws_effects.STANDBYS and each.after is not True:
            lost = aws_effects.STANDBYS[planned.type, each.top]
            yield Finding(
                risk=Risk.DISRUPTIVE,
                says=f"gives up {lost}: the next failure is an outage",
                property=each.text,
            )
        if is_parameter(planned, each) and _is_static(planned, each):
            yield Finding(
                risk=Risk.DISRUPTIVE,
                says="a static parameter: in force after a reboot, which nobody does for you",
                property=each.text,
            )


def _is_major_upgrade(planned: Planned, difference: Difference) -> bool:
    versions = [str(each).split(".", maxsplit=1)[0] for each in (difference.before, difference.after)]
    return (
        planned.type == aws_effects.INSTANCE
        and difference.top == "engineVersion"
        and versions[0] != versions[1]
    )


def _when(planned: Planned, effect: aws_effects.Effect) -> str:
    """When a change takes place, as far as the resource itself says."""
    if effect.deferrable is None:
        return ""
    properties = (planned.new or NOTHING).inputs
    if not effect.deferrable or properties.get("applyImmediately") is True:
        return "; at once"
    window = properties.get("maintenanceWindow")
    named = (
        f"the maintenance window {window} (UTC)" if isinstance(window, str) else "the next maintenance window"
    )
    return f"; in {named}"


def _is_static(planned: Planned, difference: Difference) -> bool:
    """Whether the changed parameter waits for a reboot, in the group's own words."""
    parameters = (planned.new or NOTHING).inputs.get(difference.top)
    changed = {part.strip("[]") for part in difference.path[1:2]}
    return any(
        each.get("applyMethod") == "pending-reboot" and each.get("name") in changed
        for each in (parameters if isinstance(parameters, list) else ())
        if isinstance(each, Mapping)
    )
