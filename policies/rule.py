"""Rules: data about a demand, and one small function that judges it.

A decorator above the function turns it into a rule. The docstring of the function is public: the engine shows its description
and its remedy, and serves its controls as tags.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypedDict, TypeVar

from policies.environment import Environment
from policies.resources import Resource, Stack


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
Findings = Iterator[Finding]


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
    def switch(cls, *, of: str) -> "Setting":
        """A boolean that is false in every environment until it is configured. `of` says what true means."""
        return cls(schema={"type": "boolean", "description": of}, prod=False, dev=False)

    @classmethod
    def texts(cls, default: Sequence[str], *, of: str) -> "Setting":
        """A list of texts that is the same in every environment. `of` says what the texts are."""
        schema = {"type": "array", "items": {"type": "string"}, "description": of}
        return cls(schema=schema, prod=list(default), dev=list(default))


Settings = Mapping[str, Any]


Subject = TypeVar("Subject")
Judge = Callable[[Subject, Settings], Findings]


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
    judge: Judge[Subject]

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


class RuleText(TypedDict):
    """The fields of a rule that the docstring of its judging function holds."""

    description: str
    remedy: str
    controls: tuple[str, ...]


def text_of(docstring: str | None) -> RuleText:
    """The texts in a docstring: a description, an empty line, a line `Remedy: ...`, and optionally a line `Controls: ...`.

    Raises ValueError where the docstring has another form, or where Python dropped it (`-OO`).
    """
    description, _, notes = inspect.cleandoc(docstring or "").partition("\n\n")
    found = {name: text for name, _, text in (note.partition(": ") for note in notes.splitlines())}
    remedy, controls = found.pop("Remedy", ""), found.pop("Controls", "")
    if not description or not remedy or found:
        raise ValueError(
            f"a rule's docstring must hold a description, `Remedy:` and optionally `Controls:`, not {docstring!r}"
        )
    return RuleText(
        description=description, remedy=remedy, controls=tuple(controls.split(", ")) if controls else ()
    )


def resource_rule(
    rule_id: str,
    severity: Severity,
    *,
    on: tuple[str, ...],
    dev: Level = Level.MANDATORY,
    settings: Mapping[str, Setting] | None = None,
    fix: Mapping[str, Any] | None = None,
) -> Callable[[Judge[Resource]], ResourceRule]:
    """Turn a judging function into a rule about each resource of the types `on`. `text_of` reads the function's docstring."""
    return lambda judge: ResourceRule(
        id=rule_id,
        severity=severity,
        on=on,
        dev=dev,
        settings=settings or {},
        fix=fix or {},
        judge=judge,
        **text_of(judge.__doc__),
    )


def stack_rule(
    rule_id: str,
    severity: Severity,
    *,
    dev: Level = Level.MANDATORY,
    settings: Mapping[str, Setting] | None = None,
) -> Callable[[Judge[Stack]], StackRule]:
    """Turn a judging function into a rule about resources together. `text_of` reads the function's docstring."""
    return lambda judge: StackRule(
        id=rule_id, severity=severity, dev=dev, settings=settings or {}, judge=judge, **text_of(judge.__doc__)
    )
