"""Changing one property of a declared resource."""

import copy
import re
from dataclasses import replace
from typing import Any

from pulumi_policy.deserialize import deserialize_properties

from desired.judging import Declared

MISSING = object()


def changed(declared: Declared, path: str, value: Any) -> Declared:
    """The resource with another value at dotted `path`, or none where it is MISSING; a number counts in a list."""
    inputs = copy.deepcopy(deserialize_properties(dict(declared.inputs)))
    *parents, last = path.split(".")
    target: Any = inputs
    for parent in parents:
        target = target[int(parent)] if isinstance(target, list) else target.setdefault(parent, {})
    if isinstance(target, list):
        target[int(last) :] = [] if value is MISSING else [value]
    elif value is MISSING:
        target.pop(last, None)
    else:
        target[last] = value
    return replace(declared, inputs=inputs)


def has(declared: Declared, path: str) -> bool:
    """Whether the resource has what the path leads through, so that its last part can be changed."""
    target: Any = deserialize_properties(dict(declared.inputs))
    for part in path.split(".")[:-1]:
        if isinstance(target, list):
            if int(part) >= len(target):
                return False
            target = target[int(part)]
        elif isinstance(target, dict) and part in target:
            target = target[part]
        else:
            return False
    return not isinstance(target, list) or int(path.rsplit(".", maxsplit=1)[-1]) < len(target)


def snake(name: str) -> str:
    """`kmsKeyId` -> `kms_key_id`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match.group(1).lower()}", name)
