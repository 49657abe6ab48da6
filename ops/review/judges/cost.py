"""Cost: resources that AWS bills by the hour, and properties that it bills by."""

from collections.abc import Iterator

from ops.review import aws_effects
from ops.review.difference import Difference
from ops.review.digest import Planned
from ops.review.finding import NOTHING, Finding, Risk


def judge(planned: Planned, found: tuple[Difference, ...]) -> Iterator[Finding]:
    """The findings on the bill."""
    if planned.operation in {"create", "delete"} and _is_billed(planned):
        says = "billed as long as it is there" if planned.operation == "create" else "no longer billed"
        yield Finding(risk=Risk.COST, says=says)
    billed_by = aws_effects.COST_PROPERTIES.get(planned.type, frozenset())
    for each in found:
        if each.top in billed_by:
            yield Finding(risk=Risk.COST, says=_cost_direction(each), property=each.text)


def _is_billed(planned: Planned) -> bool:
    # Endpoints of S3 and DynamoDB are free (VPC guide, "Gateway endpoints").
    is_free = (planned.state or NOTHING).inputs.get("vpcEndpointType") == "Gateway"
    return planned.type in aws_effects.BILLED and not is_free


def _cost_direction(difference: Difference) -> str:
    if isinstance(difference.before, bool) or not difference.is_numeric:
        return "AWS bills by it"
    return "costs less" if difference.after < difference.before else "costs more"
