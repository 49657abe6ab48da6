"""Property values as rules judge them: plain, with one marker for what is not known.

What arrives is the SDK's proxy, which raises when an unknown value is read, even by `in`; the SDK then skips the whole
rule for that resource and says so in an advisory note. So everything is converted here, once, before a rule sees it.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pulumi_policy import proxy


class Marker(Enum):
    """What stands in place of a value."""

    UNKNOWN = "not known before the deployment"
    MALFORMED = "no document"

    def __bool__(self) -> bool:
        """Raise TypeError: a rule that takes a marker for a value must fail loudly, not pass."""
        raise TypeError(f"a value that is {self.value} is neither true nor false")


UNKNOWN, MALFORMED = Marker.UNKNOWN, Marker.MALFORMED

SENTINELS = tuple(value for name, value in vars(proxy).items() if re.fullmatch(r"UNKNOWN_[A-Z]+_VALUE", name))
# In place of secrets that `pulumi policy analyze --file` cannot decrypt.
REDACTED = "[secret]"
# Maps whose keys are the user's words and no property names.
FREE_FORM = frozenset({"tags", "tagsAll", "variables", "recoveryPointTags", "restoreMetadataOverrides"})


def plain(value: Any, *, names_properties: bool = True) -> Any:
    """A property, or a whole set of them, as dicts, lists, strings, booleans, integers and markers.

    Keys in snake_case become camelCase: the provider takes both spellings. A property that is spelled both ways is
    unknown, as nobody can say which one holds. Numbers arrive as floats and become integers where they are whole.
    """
    if isinstance(value, str):
        is_unknown = value == REDACTED or any(sentinel in value for sentinel in SENTINELS)
        return UNKNOWN if is_unknown else value
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, Mapping):
        # A proxy raises when an unknown value is read; what is below it does not.
        known = value["__target"] if isinstance(value, proxy._DictProxy) else value  # noqa: SLF001 - the only way to read past it
        return _plain_mapping(known, names_properties=names_properties)
    if isinstance(value, Sequence):
        known = value["__target"] if isinstance(value, proxy._ListProxy) else value  # noqa: SLF001 - likewise
        return [plain(entry, names_properties=names_properties) for entry in known]
    return value


def _plain_mapping(mapping: Mapping[str, Any], *, names_properties: bool) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in mapping.items():
        name = _camel(key) if names_properties else key
        converted = plain(value, names_properties=names_properties and name not in FREE_FORM)
        result[name] = UNKNOWN if name in result else converted
    return result


def _camel(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])_([a-z0-9])", lambda match: match.group(1).upper(), key)


def has_unknown(value: Any) -> bool:
    """Whether anything in a plain value is not known."""
    if isinstance(value, Mapping):
        return any(has_unknown(entry) for entry in value.values())
    if isinstance(value, list):
        return any(has_unknown(entry) for entry in value)
    return value is UNKNOWN


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a resource's properties: its path, such as `rules[0].lifecycle`, and the plain value there."""

    path: str
    value: Any

    def at(self, path: str) -> "Node":
        """The place at dotted `path` below this one; its value is None where nothing is.

        What is not known holds nothing known, and what should have been a mapping is judged itself in its place.
        """
        value = self.value
        for name in path.split("."):
            if value is UNKNOWN or value is None:
                break
            if not isinstance(value, Mapping):
                value = MALFORMED
                break
            value = value.get(name)
        return Node(f"{self.path}.{path}" if self.path else path, value)

    def items(self) -> list["Node"]:
        """The places of a list's entries; a single value counts as a list of one, as the provider takes it."""
        if self.value is None:
            return []
        if isinstance(self.value, list):
            return [Node(f"{self.path}[{index}]", entry) for index, entry in enumerate(self.value)]
        return [self]

    @property
    def is_set(self) -> bool:
        """Whether there is a value; one that is not known yet is one."""
        return self.value is not None and self.value != "" and self.value is not MALFORMED

    @property
    def is_unknown(self) -> bool:
        """Whether it is not known before the deployment."""
        return self.value is UNKNOWN


def shown(value: Any) -> str:
    """A value as a message may show it: never a text, which could be a secret.

    Rules judge switches and periods, none of which is a secret when it is a boolean or a number.
    """
    if value is None:
        return "is not set"
    if isinstance(value, bool):
        return f"is {str(value).lower()}"
    if isinstance(value, int | float):
        return f"is {value}"
    if isinstance(value, str):
        return "is something else"
    return "is another list" if isinstance(value, list) else "is of the wrong kind"


# What values must be. The provider takes "true" and "30" for true and 30, as configuration files write them.


def is_on(value: Any) -> bool:
    """True, and said so."""
    return value is True or value == "true"


def is_explicitly_off(value: Any) -> bool:
    """False, and said so."""
    return value is False or value == "false"


def is_off(value: Any) -> bool:
    """False, or nothing where the provider's default is false."""
    return value is None or is_explicitly_off(value)


def is_not_off(value: Any) -> bool:
    """True, or nothing where the provider's default is true."""
    return value is None or is_on(value)


def is_unset(value: Any) -> bool:
    """Nothing."""
    return value is None


def is_text(value: Any) -> bool:
    """A text that is not empty."""
    return isinstance(value, str) and value.strip() != ""


def is_filled_list(value: Any) -> bool:
    """A list with something in it, known or not."""
    return isinstance(value, list) and len(value) > 0


def one_of(*allowed: Any) -> Callable[[Any], bool]:
    """One of these values."""
    return lambda value: not isinstance(value, bool) and value in allowed


def number(value: Any) -> int | None:
    """A whole number, or None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value) else None


def between(lowest: int, highest: int | None = None, *, unset: int | None = None) -> Callable[[Any], bool]:
    """A number in that range, its ends included; `unset` is what the provider takes where nothing is said."""

    def holds(value: Any) -> bool:
        found = unset if value is None else number(value)
        return found is not None and found >= lowest and (highest is None or found <= highest)

    return holds


def known_texts(node: Node) -> list[str]:
    """The texts in a list of texts, as far as they are known."""
    return [item.value for item in node.items() if item.value is not UNKNOWN and isinstance(item.value, str)]


def region_of_arn(text: Any) -> str | None:
    """The region of `arn:<partition>:<service>:<region>:...`; None for anything else."""
    parts = text.split(":") if isinstance(text, str) else []
    return parts[3] if len(parts) > 5 and parts[0] == "arn" and parts[3] else None
