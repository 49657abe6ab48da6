"""What a rule is: data, and one small function that judges."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from policies.environment import Environment
from policies.resources import Resource, Stack
from policies.values import UNKNOWN, Node, shown


class Level(StrEnum):
    """What a violation does: stop the deployment, be shown, or nothing."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    OFF = "off"


class Severity(StrEnum):
    """How much is lost when a rule is broken."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong, as one clause that shows no text of the resource's. `urn` is the resource, in a stack rule."""

    text: str
    urn: str = ""


@dataclass(frozen=True, slots=True)
class Undecided:
    """A property that a rule judges, and whose value is not known."""

    path: str


Finding = Violation | Undecided


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One value of a rule's configuration: a JSON schema without its default, and the default of each environment."""

    schema: Mapping[str, Any]
    prod: Any
    dev: Any

    @classmethod
    def days(cls, *, prod: int, dev: int, of: str) -> "Setting":
        """A period in days. `of` says which."""
        return cls(
            schema={"type": "integer", "minimum": 0, "description": f"{of}, in days"}, prod=prod, dev=dev
        )

    @classmethod
    def same(cls, default: Any, **schema: Any) -> "Setting":
        """A value that is the same in every environment."""
        return cls(schema=schema, prod=default, dev=default)


Settings = Mapping[str, Any]
Subject = TypeVar("Subject")
Judge = Callable[[Resource, Settings], Iterator["Finding"]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule(Generic[Subject]):
    """Something that must hold.

    `id` reads as a sentence. `controls` are ids of AWS Foundational Security Best Practices (FSBP), CIS AWS Foundations
    7.0 and Checkov, as far as one of them asks for it. `remedy` says what to do.
    """

    id: str
    description: str
    severity: Severity
    controls: tuple[str, ...] = ()
    remedy: str
    prod: Level = Level.MANDATORY
    dev: Level = Level.MANDATORY
    settings: Mapping[str, Setting] = field(default_factory=dict)
    judge: Callable[[Subject, Settings], Iterator[Finding]]

    def level(self, environment: Environment) -> Level:
        """What a violation does there."""
        return self.prod if environment is Environment.PROD else self.dev

    def config_schema(self) -> dict[str, dict[str, Any]]:
        """The JSON schema of each key. What differs by environment has two keys: `minimumDays` is `prodMinimumDays` and
        `devMinimumDays`.
        """
        schema = {}
        for name, setting in self.settings.items():
            if setting.prod == setting.dev:
                schema[name] = {**setting.schema, "default": setting.prod}
            else:
                schema[_for(Environment.PROD, name)] = {**setting.schema, "default": setting.prod}
                schema[_for(Environment.DEV, name)] = {**setting.schema, "default": setting.dev}
        return schema

    def settings_for(self, environment: Environment, configured: Mapping[str, Any]) -> dict[str, Any]:
        """The settings by name; `configured` has the keys of the schema, as far as they are set."""
        found = {}
        for name, setting in self.settings.items():
            key = name if setting.prod == setting.dev else _for(environment, name)
            default = setting.prod if environment is Environment.PROD else setting.dev
            value = configured.get(key, default)
            found[name] = (
                int(value) if isinstance(value, float) else value
            )  # configuration arrives as protobuf
        return found


def _for(environment: Environment, name: str) -> str:
    return f"{environment}{name[0].upper()}{name[1:]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceRule(Rule[Resource]):
    """A rule about each resource of some types, judged by its inputs before it is created or changed.

    `fix` are the values that mend a violation without harm or interruption: what the engine sets itself where the pack's
    configuration says `remediate`.
    """

    on: tuple[str, ...]
    fix: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class StackRule(Rule[Stack]):
    """A rule about resources together. Its violations name the resource that lacks something."""


# What judging functions are made of


def check(node: Node, holds: Callable[[Any], bool], wanted: str) -> Iterator[Finding]:
    """Judge one value. `wanted` ends the sentence that says what it is: "must be true"."""
    if node.is_unknown:
        yield Undecided(node.path)
    elif not holds(node.value):
        yield Violation(f"`{node.path}` {shown(node.value)}; it {wanted}")


@dataclass(frozen=True, slots=True)
class Demand:
    """That the property at `path` holds."""

    path: str
    holds: Callable[[Any], bool]
    wanted: str


def demands(*demanded: Demand, when: Callable[[Resource], bool] = lambda _: True) -> Judge:
    """A judging function that makes several demands on the resources that `when` picks."""

    def judge(resource: Resource, _: Settings) -> Iterator[Finding]:
        if when(resource):
            for demand in demanded:
                yield from check(resource.at(demand.path), demand.holds, demand.wanted)

    return judge


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


def has(node: Node) -> bool:
    """Whether a property is there, known or not."""
    return node.is_set


def known_texts(node: Node) -> list[str]:
    """The texts in a list of texts, as far as they are known."""
    return [item.value for item in node.items() if item.value is not UNKNOWN and isinstance(item.value, str)]
