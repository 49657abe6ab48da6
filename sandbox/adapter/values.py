"""Pulumi's property bags as plain Python, and the secrets in them.

A decoded property bag is plain Python: dicts, lists, strings, numbers, bools and None, plus `UNKNOWN`, `Secret` and
`Asset`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import struct_pb2

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
