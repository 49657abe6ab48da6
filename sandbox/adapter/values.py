"""Values as they cross between Pulumi's property bags and Terraform's objects.

A decoded property bag is plain Python: dicts, lists, strings, numbers, bools and None, plus `UNKNOWN`, `Secret` and
`Asset`. A Terraform object is the same without the last two. Numbers arrive from Pulumi as floats and leave as
whatever Terraform's schema asks for.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import struct_pb2

from sandbox.adapter.paths import child_path
from sandbox.adapter.shapes import Field, Object, Primitive, Series, Type

# Pulumi's wire format marks a special value as an object with this key, and says by its value which kind it is.
SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark, not a secret
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"

# An unknown is a string that nobody would write, one for each type it stands for.
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # string, and what a provider answers for any type
_UNKNOWNS = {
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
    _UNKNOWN,
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
    "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
    "e48ece36-62e2-4504-bad9-02848725956a",  # archive
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
}

# Shorter than this, a text is everywhere and no secret.
_SECRET_LENGTH = 6


class Unknown:
    """A value that is decided only when the change is made. There is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that Pulumi keeps encrypted and never shows."""

    value: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file or archive as Pulumi describes it: by path, text or members, always with a hash of its content."""

    description: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """SHA-256 of the content, in hex, as the engine computed it."""
        return str(self.description.get("hash") or "")

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive rather than a single file."""
        return bool(self.description[SIGNATURE] == ARCHIVE)


# ---- property bags ---------------------------------------------------------------------------------------------


def decode(bag: struct_pb2.Struct) -> dict[str, Any]:
    """A property bag as plain Python."""
    return {name: _decode_value(value) for name, value in bag.fields.items()}


def _decode_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "struct_value":
        return _decode_object(decode(value.struct_value))
    if kind == "list_value":
        return [_decode_value(item) for item in value.list_value.values]
    if kind == "number_value":
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    return value.bool_value if kind == "bool_value" else None


def _decode_object(items: dict[str, Any]) -> Any:
    signature = items.get(SIGNATURE)
    if signature == _SECRET:
        return Secret(items.get("value"))
    if signature == _OUTPUT:
        value = items.get("value", UNKNOWN)
        return Secret(value) if items.get("secret") else value
    if signature == _RESOURCE:
        return items.get("id", UNKNOWN)
    if signature in (ASSET, ARCHIVE):
        return Asset(items)
    return items


def encode(items: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain Python as a property bag; None values are left out."""
    return struct_pb2.Struct(
        fields={name: _encode_value(value) for name, value in items.items() if value is not None}
    )


def _encode_value(value: Any) -> struct_pb2.Value:
    encoded = struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, str):
        encoded = struct_pb2.Value(string_value=value)
    elif isinstance(value, bool):
        encoded = struct_pb2.Value(bool_value=value)
    elif isinstance(value, (int, float)):
        encoded = struct_pb2.Value(number_value=value)
    elif isinstance(value, Mapping):
        encoded = struct_pb2.Value(struct_value=encode(value))
    elif isinstance(value, list):
        items = struct_pb2.ListValue(values=[_encode_value(item) for item in value])
        encoded = struct_pb2.Value(list_value=items)
    elif isinstance(value, Secret):
        encoded = struct_pb2.Value(struct_value=encode({SIGNATURE: _SECRET, "value": value.value}))
    elif isinstance(value, Asset):
        encoded = struct_pb2.Value(struct_value=encode(value.description))
    elif isinstance(value, Unknown):
        encoded = struct_pb2.Value(string_value=_UNKNOWN)
    return encoded


# ---- secrets ---------------------------------------------------------------------------------------------------


def reveal(value: Any) -> Any:
    """The value without any `Secret` around or inside it."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, Mapping):
        return {name: reveal(item) for name, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_secret(value: Any) -> bool:
    """Whether a secret is the value or somewhere inside it."""
    if isinstance(value, Mapping):
        return any(has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    return isinstance(value, Secret)


def has_unknown(value: Any) -> bool:
    """Whether an unknown is the value or somewhere inside it."""
    value = reveal(value)
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def keep_secret(output: Any, given: Any) -> Any:
    """`output` with a secret wherever `given`, the value a program set or saw before, has one.

    An element of a list can move, so a secret in one makes the whole list secret.
    """
    if output is None or isinstance(output, Secret) or not has_secret(given):
        return output
    if isinstance(output, Mapping) and isinstance(given, Mapping):
        return {name: keep_secret(value, given.get(name)) for name, value in output.items()}
    return Secret(output)


def secret_texts(*bags: Any) -> list[str]:
    """Every string in a secret of the bags that is long enough not to turn up elsewhere by chance, longest first."""

    def inside(value: Any, secret: bool) -> Iterator[str]:
        if isinstance(value, Secret):
            yield from inside(value.value, True)
        elif isinstance(value, (Mapping, list)):
            for item in value.values() if isinstance(value, Mapping) else value:
                yield from inside(item, secret)
        elif secret and isinstance(value, str) and len(value) >= _SECRET_LENGTH:
            yield value

    return sorted({text for bag in bags for text in inside(bag, False)}, key=len, reverse=True)


def conceal(value: Any, secrets: Sequence[str]) -> Any:
    """The value with every string that contains one of the secrets made a secret."""
    if isinstance(value, str) and any(secret in value for secret in secrets):
        return Secret(value)
    if isinstance(value, Mapping):
        return {name: conceal(item, secrets) for name, item in value.items()}
    return [conceal(item, secrets) for item in value] if isinstance(value, list) else value


def redact(text: str, *bags: Any) -> str:
    """`text` without any string that the bags hold as a secret, however messages may break or quote it."""
    for secret in secret_texts(*bags):
        for spelling in (secret, json.dumps(secret, ensure_ascii=False)[1:-1]):
            # A message may show a line break or several spaces as one space.
            words = spelling.split()
            if len(" ".join(words)) >= _SECRET_LENGTH:
                text = re.sub(r"\s+".join(map(re.escape, words)), "[secret]", text)
    return text


# ---- Pulumi to Terraform ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one property; `path` in Pulumi's names."""

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
    """What Terraform calls the absence of an attribute or block."""
    if not field_.block or (isinstance(field_.type, Object) and not field_.group):
        return None
    if isinstance(field_.type, Object):
        return {child.terraform: absent(child) for child in field_.type.fields}
    return {} if isinstance(field_.type, Series) and field_.type.kind == "map" else []


# ---- Terraform to Pulumi ---------------------------------------------------------------------------------------


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
