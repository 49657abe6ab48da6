"""Property paths, Pulumi's way to name a property inside others: `tags["a.b"]`, `ingress[0].fromPort`."""

from collections.abc import Mapping
from typing import Any


def child_path(path: str, name: str) -> str:
    """The property path of a property inside another."""
    if not name or any(character in name for character in '.[]"'):
        escaped = name.replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{name}" if path else name


def steps(path: str) -> list[str | int]:
    """The names and indices of a property path; a `*` stands for all there is and so ends it."""
    found: list[str | int] = []
    rest = path
    while rest:
        if rest.startswith("["):
            inside, _, rest = rest[1:].partition("]")
            step: str | int = int(inside) if inside.isdigit() else inside.strip('"').replace('\\"', '"')
        else:
            rest = rest.removeprefix(".")
            end = min((place for place in (rest.find("."), rest.find("[")) if place >= 0), default=len(rest))
            step, rest = rest[:end], rest[end:]
        if step == "*":
            break
        found.append(step)
    return found


def with_value_of(path: str, source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `target` whose value at `path` is the one that `source` has there, or absent if that has none."""
    *parents, last = steps(path)
    result = dict(target)
    here: Any = result
    there: Any = source
    for step in parents:
        there = _child(there, step)
        child = _child(here, step)
        if not isinstance(child, (dict, list)):
            return result
        here[step] = child.copy()
        here = here[step]
    value = _child(there, last)
    if isinstance(here, dict):
        here.pop(last, None)
        if value is not None:
            here[last] = value
    elif value is not None and _child(here, last) is not None:
        here[last] = value
    return result


def _child(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None
