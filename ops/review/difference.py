"""What differs between two versions of a resource's properties, as a reviewer would say it.

Lists are matched by identity and not by position, JSON documents inside of strings are compared as what they are, and an IAM
policy that says `"Action": "a"` is the one that says `"Action": ["a"]`. Compared is what is really there: secrets are hidden later.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ops.review.digest import Special

Path = tuple[str, ...]

# By what an element of a list is known, the most telling first. AWS's and Pulumi's words, in the spelling of either.
IDENTITIES = (
    "Sid", "sid", "id", "Id", "ID", "ruleName", "name", "Name", "key", "Key", "identifier", "containerName", "containerPort",
    "logType", "destination", "userId", "regionName", "cidrIpv4", "sourceSecurityGroupId",
)  # fmt: skip
# Of these lists the order is the meaning; of all others AWS's API has sets, or says nothing of their order.
ORDERED = frozenset({"command", "entryPoint"})
# IAM, "Grammar of the IAM JSON policy language": one value stands for a list of one.
ONE_OR_MANY = frozenset({"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated", "CanonicalUser", "Statement"})  # fmt: skip


class Kind(Enum):
    """How a value differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One value. `path` leads to it; an element of a list is named in brackets by what identifies it."""

    path: Path
    kind: Kind
    before: Any = None
    after: Any = None

    @property
    def top(self) -> str:
        """The resource's own property that this is in."""
        return self.path[0] if self.path else ""

    @property
    def leaf(self) -> str:
        """The innermost property of the path, without the names of list elements."""
        return next((part for part in reversed(self.path) if not part.startswith("[")), "")

    @property
    def is_numeric(self) -> bool:
        """Both values are numbers, so that one can be the smaller."""
        return all(isinstance(each, int | float) for each in (self.before, self.after))

    @property
    def text(self) -> str:
        """The path as a reader expects it: `policy.Statement[read].Action`."""
        joined = "".join(part if part.startswith("[") else f".{part}" for part in self.path)
        return joined.removeprefix(".")


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """Everything that differs, in the order of the names."""
    before, after = _document(before), _document(after)
    if _equal(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from _member(before, after, key, (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    elif path and path[-1] in ONE_OR_MANY and (isinstance(before, list) or isinstance(after, list)):
        yield from differences(many(before), many(after), path)
    else:
        yield Difference(path=path, kind=Kind.CHANGED, before=before, after=after)


def _member(
    before: Mapping[str, Any], after: Mapping[str, Any], key: str, path: Path
) -> Iterator[Difference]:
    # A property that is null is one that is not given.
    absent_before, absent_after = before.get(key) is None, after.get(key) is None
    if absent_before and absent_after:
        return
    if absent_before:
        yield Difference(path=path, kind=Kind.ADDED, after=_document(after[key]))
    elif absent_after:
        yield Difference(path=path, kind=Kind.REMOVED, before=_document(before[key]))
    else:
        yield from differences(before[key], after[key], path)


def _of_lists(before: list[Any], after: list[Any], path: Path) -> Iterator[Difference]:
    if path and path[-1] in ORDERED:
        yield Difference(path=path, kind=Kind.CHANGED, before=before, after=after)
        return
    identity = _identity(before, after)
    if identity is not None:
        yield from differences_of_members(
            {str(each[identity]): each for each in before},
            {str(each[identity]): each for each in after},
            path,
        )
        return
    removed, added = _remaining(before, after)
    if not removed and not added:
        yield Difference(path=path, kind=Kind.REORDERED, before=before, after=after)
    elif (
        len(removed) == len(added) == 1 and isinstance(removed[0], Mapping) and isinstance(added[0], Mapping)
    ):
        yield from differences(removed[0], added[0], (*path, f"[{before.index(removed[0])}]"))
    else:
        for each in removed:
            yield Difference(path=(*path, "[]"), kind=Kind.REMOVED, before=_document(each))
        for each in added:
            yield Difference(path=(*path, "[]"), kind=Kind.ADDED, after=_document(each))


def differences_of_members(
    before: Mapping[str, Any], after: Mapping[str, Any], path: Path
) -> Iterator[Difference]:
    """What differs between two lists whose elements have names; in another order they are the same list."""
    if list(before) != list(after) and all(
        _equal(before.get(key), after.get(key)) for key in {*before, *after}
    ):
        yield Difference(path=path, kind=Kind.REORDERED, before=list(before), after=list(after))
    for key in dict.fromkeys([*before, *after]):
        yield from _member(before, after, key, (*path, f"[{key}]"))


def _identity(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    """The key by which every element of both lists is known, if there is one."""
    elements = [*before, *after]
    if not elements or not all(isinstance(each, Mapping) for each in elements):
        return None
    for key in IDENTITIES:
        if all(isinstance(each.get(key), str | int) for each in elements) and all(
            len({str(each[key]) for each in side}) == len(side) for side in (before, after)
        ):
            return key
    return None


def _remaining(before: list[Any], after: list[Any]) -> tuple[list[Any], list[Any]]:
    """What is in one list only, as often as it is."""
    counts_before, counts_after = Counter(map(_canonical, before)), Counter(map(_canonical, after))
    return (
        _take(before, counts_before - counts_after),
        _take(after, counts_after - counts_before),
    )


def _take(elements: list[Any], wanted: Counter[str]) -> list[Any]:
    taken = []
    for each in elements:
        if wanted[_canonical(each)] > 0:
            wanted[_canonical(each)] -= 1
            taken.append(each)
    return taken


def many(value: Any) -> list[Any]:
    """The value as a list: IAM takes one value for a list of one."""
    return value if isinstance(value, list) else [value]


def _document(value: Any) -> Any:
    """What a string holds, if that is a JSON object or list."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _equal(before: Any, after: Any) -> bool:
    return before is after or _canonical(before) == _canonical(after)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_special)


def _special(value: object) -> object:
    # Neither is a value that a string could hold.
    if isinstance(value, Special):
        return {"": value.name}
    raise TypeError(f"{type(value).__name__} is no JSON value")
