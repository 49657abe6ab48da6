"""A finding: one reason for the risk of a planned change, and the questions that several judges ask."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ops.review.difference import Difference, Kind
from ops.review.digest import Planned, Special, State


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


# The operations that take the old resource away.
DELETIONS = frozenset({"delete", "replace"})
# The state of a resource that has none, for judges that read properties on one side only.
NOTHING = State(
    id="", parent="", custom=False, protect=False, retain_on_delete=False, inputs={}, outputs={},
    dependencies=(), property_dependencies={},
)  # fmt: skip


def is_parameter(planned: Planned, difference: Difference) -> bool:
    """The difference is one in the parameters of a parameter group."""
    return planned.type.endswith("parameterGroup:ParameterGroup") and difference.top in {
        "parameters",
        "parameter",
    }


def loosened(difference: Difference, table: Mapping[str, tuple[Any, str]]) -> str | None:
    """The words of a table of bad values, by property, for a property that gets or may get its bad value; else None.

    A property that goes gets AWS's default, which may be the bad value.
    """
    if difference.leaf not in table:
        return None
    bad, says = table[difference.leaf]
    if difference.after is not None and _may_be(difference.after, bad):
        return says
    if difference.kind is Kind.REMOVED and difference.before is not bad:
        return f"no longer said; may be {says}"
    return None


def _may_be(value: Any, bad: Any) -> bool:
    return (
        value is bad
        or value is Special.UNKNOWN
        or (isinstance(value, str) and value.lower() == str(bad).lower())
    )


def strings(value: Any) -> Iterator[str]:
    """Every string anywhere in a property, without the keys of mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
