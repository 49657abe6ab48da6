"""Property paths, Pulumi's way to name a property inside others: `tags["a.b"]`, `ingress[0].fromPort`."""

import re
from collections.abc import Mapping
from typing import Any

Steps = list[str | int]

# One step: a quoted name in brackets, an index or `*` in brackets, or a plain name.
_STEP = re.compile(r'\["((?:\\"|[^"])*)"\]|\[(\d+|\*)\]|\.?([^.\[]+)')


def child_path(path: str, name: str) -> str:
    """The property path of a property inside another."""
    if not name or any(character in name for character in '.[]"'):
        escaped = name.replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{name}" if path else name


def steps(path: str) -> Steps:
    """The names and indices of a property path; a `*` stands for all there is."""
    found: Steps = []
    for quoted, index, name in _STEP.findall(path):
        plain = name or index or quoted.replace('\\"', '"')
        found.append(int(index) if index.isdigit() else plain)
    return found


def with_value_of(path: str, source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `target` whose value at `path` is the one that `source` has there, or absent if that has none.

    Both are plain values. Behind a `*` only what is in both is touched: an item that `target` adds stays as it is.
    """
    return dict(_taken(steps(path), source, target))


def _taken(path: Steps, source: Any, target: Any) -> Any:
    if path in ([], ["*"]):
        return source
    step, *rest = path
    if isinstance(target, dict):
        return _taken_in_object(step, rest, source, target)
    if isinstance(target, list) and step == "*":
        return _taken_in_each(rest, source, target)
    if isinstance(target, list) and _child(target, step) is not None and _child(source, step) is not None:
        taken = _taken(rest, _child(source, step), _child(target, step))
        return [taken if index == step else item for index, item in enumerate(target)]
    return target


def _taken_in_object(step: str | int, rest: Steps, source: Any, target: dict[Any, Any]) -> dict[Any, Any]:
    result = dict(target)
    shared = target.keys() & source.keys() if isinstance(source, dict) else set()
    for name in shared if step == "*" else {step}:
        value = _taken(rest, _child(source, name), target.get(name))
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def _taken_in_each(rest: Steps, source: Any, target: list[Any]) -> list[Any]:
    # Terraform gives a set back in an order of its own, so an item's counterpart is found by what else it holds.
    candidates = list(source) if isinstance(source, list) else []
    result = []
    for item in target:
        taken = item
        for index, candidate in enumerate(candidates):
            if _is_within(_taken(rest, candidate, item), candidate):
                taken = _taken(rest, candidates.pop(index), item)
                break
        result.append(taken)
    return result


def _is_within(part: Any, whole: Any) -> bool:
    """Whether all that `part` says is said by `whole` too; an empty value says nothing."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(_is_within(value, whole.get(name)) for name, value in part.items())
    return bool((part or None) == (whole or None))


def _child(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None
