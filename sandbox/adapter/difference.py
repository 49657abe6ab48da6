"""What a plan changes, as Pulumi shows it: property paths with add, delete or update, and what needs a new resource."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.adapter.paths import child_path
from sandbox.adapter.shapes import Field, Object, Series, Shape, Type
from sandbox.adapter.terraform import Plan
from sandbox.adapter.values import UNKNOWN, has_unknown

Kind = Literal["add", "delete", "update"]

# The older plugin SDK does not tell absence from an empty value, nor, in a block, from zero.
_NOTHING: tuple[Any, ...] = (None, "", [], {})
_ZERO: tuple[Any, ...] = (*_NOTHING, False, 0)


@dataclass(frozen=True, slots=True)
class Change:
    """One changed property; `path` is a property path in Pulumi's names."""

    path: str
    kind: Kind
    replaces: bool = False


def changes(shape: Shape, plan: Plan) -> list[Change]:
    """The changes of a plan for an existing resource, none where it would do nothing.

    A value that only the provider decides is not a change by itself: it is unknown because something else changes.
    """
    prior, planned, config = plan.prior.value or {}, plan.planned or {}, plan.config or {}
    found: dict[str, Kind] = {}
    for path, kind in _object_changes(shape.object, prior, planned, config, ""):
        found.setdefault(path, kind)
    replacing = [_pulumi_path(shape.object, path) for path in plan.replaces if _differs(prior, planned, path)]
    for path in replacing:
        if path and not any(_related(path, other) for other in found):
            found[path] = "update"
    return [
        Change(path, kind, any(_related(path, other) for other in replacing)) for path, kind in found.items()
    ]


def unchanged_blocks(
    shape: Shape, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> list[str]:
    """The blocks, by Pulumi's name, that mean the same in two Terraform objects, whatever they say of what is absent."""
    return [
        field.pulumi
        for field in shape.object.fields
        if field.block and field.pulumi and same(field.type, _member(before, field), _member(now, field))
    ]


def _object_changes(
    shape: Object, prior: Any, planned: Any, config: Any, path: str
) -> Iterator[tuple[str, Kind]]:
    for field in shape.fields:
        # What the SDK does not show is the provider's own; `tags_all` repeats `tags`.
        if field.pulumi is None or field.terraform == "tags_all":
            continue
        old, new = _member(prior, field), _member(planned, field)
        given = _member(config, field)
        where = child_path(path, field.pulumi)
        if field.single:
            old, new, given = _only(old), _only(new), _only(given)
            element = field.type.element if isinstance(field.type, Series) else field.type
            yield from _value_changes(element, old, new, given, where)
        else:
            yield from _value_changes(field.type, old, new, given, where)


def _member(items: Any, field: Field) -> Any:
    return items.get(field.terraform) if isinstance(items, Mapping) else items if items is UNKNOWN else None


def _only(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def _value_changes(type_: Type, old: Any, new: Any, given: Any, path: str) -> Iterator[tuple[str, Kind]]:
    if same(type_, old, new):
        return
    if new is UNKNOWN:
        if has_unknown(given):
            yield path, "add" if old in _NOTHING else "update"
    elif new in _NOTHING:
        yield path, "delete"
    elif old in _NOTHING:
        if given not in _NOTHING or not has_unknown(new):
            yield path, "add"
    elif isinstance(type_, Object):
        yield from _object_changes(type_, old, new, given, path)
    elif isinstance(type_, Series):
        yield from _series_changes(type_, old, new, given, path)
    else:
        yield path, "update"


def _series_changes(type_: Series, old: Any, new: Any, given: Any, path: str) -> Iterator[tuple[str, Kind]]:
    if type_.kind == "set":
        yield from _set_changes(type_, old, new, path)
    elif type_.kind == "map":
        for key in sorted({*old, *new}):
            wanted = given.get(key) if isinstance(given, Mapping) else given
            yield from _value_changes(
                type_.element, old.get(key), new.get(key), wanted, child_path(path, key)
            )
    else:
        for index in range(max(len(old), len(new))):
            yield from _value_changes(
                type_.element, _at(old, index), _at(new, index), _at(given, index), f"{path}[{index}]"
            )


def _set_changes(
    type_: Series, old: Sequence[Any], new: Sequence[Any], path: str
) -> Iterator[tuple[str, Kind]]:
    def lone(items: Sequence[Any], others: Sequence[Any]) -> set[int]:
        return {
            index
            for index, item in enumerate(items)
            if not any(same(type_.element, item, other) for other in others)
        }

    gone, come = lone(old, new), lone(new, old)
    for index in sorted(gone | come):
        kind: Kind = "delete" if index not in come else "update" if index in gone else "add"
        yield f"{path}[{index}]", kind


def _at(items: Any, index: int) -> Any:
    if not isinstance(items, list):
        return items
    return items[index] if index < len(items) else None


def same(type_: Type, left: Any, right: Any) -> bool:
    """Whether two Terraform values mean the same: sets in any order; an unknown is like nothing else."""
    if left in _NOTHING or right in _NOTHING:
        return left in _NOTHING and right in _NOTHING
    if left is UNKNOWN or right is UNKNOWN:
        return False
    if isinstance(type_, Object):
        pairs = ((field, _member(left, field), _member(right, field)) for field in type_.fields)
        return all(
            same(field.type, one, other) or (one in _ZERO and other in _ZERO) for field, one, other in pairs
        )
    return _same_series(type_, left, right) if isinstance(type_, Series) else bool(left == right)


def _same_series(type_: Series, left: Any, right: Any) -> bool:
    if len(left) != len(right):
        return False
    if type_.kind == "map":
        return all(key in right and same(type_.element, value, right[key]) for key, value in left.items())
    if type_.kind == "list":
        return all(same(type_.element, one, other) for one, other in zip(left, right, strict=True))
    rest = list(right)
    for item in left:
        match = next((index for index, other in enumerate(rest) if same(type_.element, item, other)), None)
        if match is None:
            return False
        del rest[match]
    return True


def _differs(prior: Any, planned: Any, path: tuple[str | int, ...]) -> bool:
    for step in path:
        prior, planned = _step(prior, step), _step(planned, step)
    return planned is UNKNOWN or bool(prior != planned)


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(str(step))
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else None
    return value


def pulumi_path(shape: Shape, path: tuple[str | int, ...]) -> str:
    """The property path of a Terraform attribute path; "" where the SDK shows none of it."""
    return _pulumi_path(shape.object, path)


def _pulumi_path(shape: Object, path: tuple[str | int, ...]) -> str:
    result, type_, single = "", shape, False  # type: str, Type, bool
    for step in path:
        if isinstance(type_, Object):
            field = next((field for field in type_.fields if field.terraform == step), None)
            if field is None or field.pulumi is None:
                return result
            result, type_, single = child_path(result, field.pulumi), field.type, field.single
        elif isinstance(type_, Series):
            if not single:
                result = f"{result}[{step}]" if isinstance(step, int) else child_path(result, step)
            type_, single = type_.element, False
    return result


def _related(path: str, other: str) -> bool:
    """Whether one property path is the other or lies inside it."""
    shorter, longer = sorted((path, other), key=len)
    return longer == shorter or (longer.startswith(shorter) and longer[len(shorter)] in ".[")
