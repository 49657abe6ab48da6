"""The shape of a resource: Terraform's schema with Pulumi's names, as one tree that every conversion walks.

Terraform tells attributes (`type`) from nested blocks; Pulumi's property bags do not. Both become a `Field` here, and
the field remembers what matters when a value crosses over: its two names, whether it holds one value where Terraform
has a list of at most one, and whether the provider computes it.
"""

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import _types

from sandbox.adapter import names, wire


@dataclass(frozen=True, slots=True)
class Primitive:
    """`kind` is `string`, `number`, `bool`, or `dynamic` for any value.

    Terraform declares some numbers and bools as strings, to tell absence from zero; `shown` is what Pulumi shows.
    """

    kind: str
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Several values of one type. `kind` is `list`, `set` or, with string keys, `map`."""

    kind: str
    element: "Type"


@dataclass(frozen=True, slots=True)
class Object:
    """Named values."""

    fields: tuple["Field", ...]


Type = Primitive | Series | Object

_SHOWN = {bool: "bool", int: "number", float: "number"}
_SERIES = {wire.NESTING_LIST: "list", wire.NESTING_SET: "set", wire.NESTING_MAP: "map"}


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute or nested block.

    `pulumi` is None where the SDK has no such property. `single`: Pulumi shows one value where Terraform has a list or
    set of at most one. `group`: an absent block counts as one with nothing in it.
    """

    terraform: str
    pulumi: str | None
    type: Type
    block: bool = False
    single: bool = False
    group: bool = False
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    asset: bool = False

    @property
    def is_input(self) -> bool:
        """Whether a program may set it."""
        return self.block or self.required or self.optional


@dataclass(frozen=True, slots=True)
class Shape:
    """A resource type, data source or the provider's configuration.

    `sdk_only` are the SDK's properties that this Terraform provider does not have.
    """

    terraform_type: str
    version: int
    object: Object
    sdk_only: frozenset[str]
    regional: bool

    def field(self, pulumi_name: str) -> Field | None:
        """The top-level field with a Pulumi name."""
        return next((field for field in self.object.fields if field.pulumi == pulumi_name), None)

    def terraform_field(self, terraform_name: str) -> Field | None:
        """The top-level field with a Terraform name."""
        return next((field for field in self.object.fields if field.terraform == terraform_name), None)


def build(terraform_type: str, schema: Any, properties: Mapping[str, Any]) -> Shape:
    """The shape of a Terraform schema whose SDK class has `properties` (Pulumi name to Python type).

    `regional` says that pulumi-aws lets each resource choose its region and this Terraform provider does not, so that
    the adapter has to send it to the right region itself.
    """
    fields = _block_fields(terraform_type, "", schema.block, properties)
    sdk_only = frozenset(properties) - {field.pulumi for field in fields}
    return Shape(
        terraform_type=terraform_type,
        version=schema.version,
        object=Object(fields),
        sdk_only=sdk_only - {"region"},
        regional="region" in properties and not any(f.terraform == "region" and f.is_input for f in fields),
    )


def _block_fields(
    terraform_type: str, prefix: str, block: Any, properties: Mapping[str, Any]
) -> tuple[Field, ...]:
    attributes = (
        dataclasses.replace(
            _field(terraform_type, prefix + attribute.name, json.loads(attribute.type), properties),
            required=attribute.required,
            optional=attribute.optional,
            computed=attribute.computed,
            sensitive=attribute.sensitive,
        )
        for attribute in block.attributes
    )
    blocks = (
        _nested_block(terraform_type, prefix + nested.type_name, nested, properties)
        for nested in block.block_types
    )
    return (*attributes, *blocks)


def _nested_block(terraform_type: str, path: str, nested: Any, properties: Mapping[str, Any]) -> Field:
    kind = _SERIES.get(nested.nesting)
    name = names.property_name(
        terraform_type, path, kind in ("list", "set") and nested.max_items != 1, properties
    )
    child, many = _sdk_child(properties.get(name or ""))
    element = Object(_block_fields(terraform_type, path + ".", nested.block, child))
    return Field(
        terraform=nested.type_name,
        pulumi=name,
        type=Series(kind, element) if kind else element,
        block=True,
        single=kind in ("list", "set") and not many,
        group=nested.nesting == wire.NESTING_GROUP,
    )


def _field(terraform_type: str, path: str, declared: Any, properties: Mapping[str, Any]) -> Field:
    collection = isinstance(declared, list) and declared[0] in ("list", "set")
    name = names.property_name(terraform_type, path, collection, properties)
    python_type = properties.get(name or "")
    child, many = _sdk_child(python_type)
    return Field(
        terraform=path.rpartition(".")[2],
        pulumi=name,
        type=(
            Primitive("string", _SHOWN.get(_types.unwrap_type(python_type), ""))
            if declared == "string" and isinstance(python_type, type)
            else _attribute_type(terraform_type, path, declared, child)
        ),
        single=collection and name is not None and not many,
        asset=_is_asset(python_type),
    )


def _attribute_type(terraform_type: str, path: str, declared: Any, child: Mapping[str, Any]) -> Type:
    if isinstance(declared, str):
        return Primitive(declared)
    kind, element = declared[0], declared[1]
    if kind == "object":
        fields = (_field(terraform_type, f"{path}.{key}", value, child) for key, value in element.items())
        return Object(tuple(dataclasses.replace(field, optional=True) for field in fields))
    return Series(kind, _attribute_type(terraform_type, path, element, child))


def _sdk_child(python_type: Any) -> tuple[Mapping[str, Any], bool]:
    """The properties of the SDK class inside a property's type, and whether the property holds several values."""
    many = False
    while python_type is not None:
        python_type = _types.unwrap_type(python_type)
        origin, arguments = typing.get_origin(python_type), typing.get_args(python_type)
        if origin is None or origin is typing.Union:
            candidates = arguments if origin is typing.Union else (python_type,)
            for candidate in candidates:
                if _types.is_output_type(candidate) or _types.is_input_type(candidate):
                    return names.properties_of(candidate), many
            return {}, many
        many = many or not issubclass(origin, Mapping)
        python_type = arguments[-1]
    return {}, True


def _is_asset(python_type: Any) -> bool:
    kinds = (python_type, *typing.get_args(python_type))
    return any(isinstance(kind, type) and issubclass(kind, (pulumi.Asset, pulumi.Archive)) for kind in kinds)
