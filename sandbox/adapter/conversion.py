"""Values as they cross between Pulumi's property bags and Terraform's objects.

A Terraform object is plain Python as a decoded property bag is, without `Secret` and `Asset`. Numbers arrive from
Pulumi as floats and leave as whatever Terraform's schema asks for.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.adapter.paths import child_path
from sandbox.adapter.shapes import Field, Object, Primitive, Series, Type
from sandbox.adapter.values import UNKNOWN, Asset, Secret, has_unknown, reveal


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of one property; `path` in Pulumi's names."""

    path: str
    reason: str


class InvalidInputsError(Exception):
    """Inputs that Terraform's schema has no place for."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{problem.path}: {problem.reason}" for problem in problems))


def to_terraform(
    shape: Object, inputs: Mapping[str, Any], asset_path: Callable[[Asset], str]
) -> dict[str, Any]:
    """The Terraform configuration object of a property bag; raises InvalidInputsError.

    Keys that start with two underscores are bookkeeping and are left out. `asset_path` says where a file's or
    archive's content lies when the provider reads it.
    """
    conversion = _ToTerraform(asset_path)
    converted = conversion.members(shape, inputs, "")
    if conversion.problems:
        raise InvalidInputsError(conversion.problems)
    return converted


class _ToTerraform:
    def __init__(self, asset_path: Callable[[Asset], str]) -> None:
        self.asset_path = asset_path
        self.problems: list[Problem] = []

    def members(self, shape: Object, items: Any, path: str) -> dict[str, Any]:
        if not isinstance(items, Mapping):
            self.refuse(path, items, "an object")
            items = {}
        # Every resource has an `id` in Pulumi; only Terraform counts it among the attributes.
        taken = {field_.pulumi for field_ in shape.fields if field_.pulumi} | {"id"}
        for name, value in items.items():
            if name not in taken and not name.startswith("__") and _open(value) is not None:
                self.problems.append(Problem(child_path(path, name), "is not an argument"))
        return {field_.terraform: self.member(field_, items, path) for field_ in shape.fields}

    def member(self, field_: Field, items: Mapping[str, Any], path: str) -> Any:
        value = _open(items.get(field_.pulumi)) if field_.pulumi else None
        path = child_path(path, field_.pulumi or field_.terraform)
        if value is None:
            return absent(field_)
        if not field_.is_input:
            self.problems.append(Problem(path, "is decided by AWS and cannot be set"))
            return None
        if field_.asset and isinstance(value, Asset):
            return self.asset_path(value)
        if field_.single and value is not UNKNOWN and not isinstance(value, list):
            value = [value]
        return self.value(field_.type, value, path)

    def value(self, type_: Type, value: Any, path: str) -> Any:
        value = _open(value)
        converted: Any = value
        if value is None or value is UNKNOWN:
            pass
        elif isinstance(type_, Object):
            converted = self.members(type_, value, path)
        elif isinstance(type_, Primitive):
            converted = self.primitive(type_, value, path)
        else:
            converted = self.series(type_, value, path)
        return converted

    def series(self, type_: Series, value: Any, path: str) -> Any:
        if type_.kind == "map" and isinstance(value, Mapping):
            items = value.items()
            return {name: self.value(type_.element, item, child_path(path, name)) for name, item in items}
        if type_.kind != "map" and isinstance(value, list):
            return [self.value(type_.element, item, f"{path}[{index}]") for index, item in enumerate(value)]
        return self.refuse(path, value, "a map" if type_.kind == "map" else "a list")

    def primitive(self, type_: Primitive, value: Any, path: str) -> Any:
        converted = None
        if isinstance(value, Asset):
            pass
        elif type_.kind == "string":
            converted = _text(value)
        elif type_.kind == "number":
            converted = _number(value)
        elif type_.kind == "bool" and str(value).lower() in ("true", "false"):
            converted = str(value).lower() == "true"
        elif type_.kind == "dynamic":
            converted = reveal(value)
        return self.refuse(path, value, f"a {type_.kind}") if converted is None else converted

    def refuse(self, path: str, value: Any, wanted: str) -> None:
        self.problems.append(Problem(path, f"is {_kind(value)}; give {wanted}"))


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Mapping, list)):
        # A policy document given as an object: the service takes it as JSON text.
        return UNKNOWN if has_unknown(value) else json.dumps(reveal(value))
    return str(value)


def _number(value: Any) -> int | float | None:
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        number = None
    return int(number) if number is not None and number.is_integer() else number


def _open(value: Any) -> Any:
    while isinstance(value, Secret):
        value = value.value
    return value


def _kind(value: Any) -> str:
    value = _open(value)
    for kinds, name in (
        ((bool,), "a bool"),
        ((int, float), "a number"),
        ((str,), "a string"),
        ((list,), "a list"),
    ):
        if isinstance(value, kinds):
            return name
    return "an object" if isinstance(value, Mapping) else "a file or archive"


def absent(field_: Field) -> Any:
    """The value that Terraform has for an absent attribute or block."""
    if not field_.block or (isinstance(field_.type, Object) and not field_.group):
        return None
    if isinstance(field_.type, Object):
        return {child.terraform: absent(child) for child in field_.type.fields}
    return {} if isinstance(field_.type, Series) and field_.type.kind == "map" else []


def from_terraform(shape: Object, items: Mapping[str, Any]) -> dict[str, Any]:
    """The property bag of a Terraform object, with the provider's sensitive attributes as secrets.

    Paths of files are left out: they are the adapter's own, and the program knows the file.
    """
    converted = {}
    for field_ in shape.fields:
        value = items.get(field_.terraform)
        if field_.pulumi is None or field_.asset or value is None:
            continue
        value = _from_field(field_, value)
        if value is not None:
            converted[field_.pulumi] = Secret(value) if field_.sensitive else value
    return converted


def _from_field(field_: Field, value: Any) -> Any:
    if field_.single and isinstance(value, list):
        if not value:
            return None
        return _from_value(field_.type.element, value[0]) if isinstance(field_.type, Series) else value[0]
    return _from_value(field_.type, value)


def _from_value(type_: Type, value: Any) -> Any:
    if value is None or value is UNKNOWN:
        return value
    if isinstance(type_, Primitive):
        return _from_primitive(type_, value)
    if isinstance(type_, Object):
        return from_terraform(type_, value)
    if type_.kind == "map":
        return {name: _from_value(type_.element, item) for name, item in value.items()}
    return [_from_value(type_.element, item) for item in value]


def _from_primitive(type_: Primitive, value: Any) -> Any:
    # MessagePack carries a number that no float holds exactly as text.
    if isinstance(value, str) and "number" in (type_.kind, type_.shown):
        return _number(value)
    if isinstance(value, str) and type_.shown == "bool":
        return value == "true" if value else None
    return value


def settable(shape: Object, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a property bag that a program could have set, without empty values."""
    kept = {}
    for field_ in shape.fields:
        value = properties.get(field_.pulumi) if field_.pulumi is not None and field_.is_input else None
        if _open(value) not in (None, "", [], {}):
            kept[str(field_.pulumi)] = _settable_value(field_.type, value)
    return kept


def _settable_value(type_: Type, value: Any) -> Any:
    if isinstance(value, Secret):
        return Secret(_settable_value(type_, value.value))
    if isinstance(type_, Object) and isinstance(value, Mapping):
        return settable(type_, value)
    if isinstance(type_, Series) and isinstance(value, list):
        return [_settable_value(type_.element, item) for item in value]
    if isinstance(type_, Series) and isinstance(value, Mapping):
        # A single block is shown as the block itself.
        return _settable_value(type_.element, value) if type_.kind != "map" else dict(value)
    return value
