"""Exemptions: which resource may break which rule, why, who answers for it, and until when."""

import fnmatch
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from policies.environment import stack_name
from policies.resources import Resource


class ExemptionError(ValueError):
    """The file of exemptions cannot be used; the message is for whoever wrote it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemption:
    """One resource that may break one rule.

    `resource` is `<type>::<name>`, with `*` for any text; `stack` the name of the only stack that it holds for, or `*`.
    It holds through the day `expires`.
    """

    rule: str
    resource: str
    stack: str
    reason: str
    owner: str
    expires: date

    def covers(self, rule: str, resource: Resource, today: date) -> bool:
        """Whether the resource may break the rule."""
        return (
            self.rule == rule
            and self.expires >= today
            and fnmatch.fnmatchcase(stack_name(resource.urn), self.stack)
            and fnmatch.fnmatchcase(f"{resource.type}::{resource.name}", self.resource)
        )


def load(file: Path, rules: Collection[str]) -> tuple[Exemption, ...]:
    """Read the exemptions in a YAML file, a list of mappings; raises ExemptionError. `rules` are the ids that there are."""
    try:
        entries = yaml.safe_load(file.read_text()) or []
    except yaml.YAMLError as error:
        raise ExemptionError(f"{file} is no YAML: {error}") from error
    if not isinstance(entries, list):
        raise ExemptionError(f"{file} must hold a list of exemptions")
    return tuple(
        _parsed(entry, f"{file.name}: entry {number}", rules) for number, entry in enumerate(entries, 1)
    )


def _parsed(entry: Any, where: str, rules: Collection[str]) -> Exemption:
    wanted = [each.name for each in fields(Exemption)]
    if not isinstance(entry, dict) or sorted(entry) != sorted(wanted):
        raise ExemptionError(f"{where} must have exactly the keys {', '.join(wanted)}")
    for name in wanted[:-1]:
        if not isinstance(entry[name], str) or not entry[name].strip():
            raise ExemptionError(f"{where}: {name} must be a text")
    if entry["rule"] not in rules:
        raise ExemptionError(f"{where}: there is no rule {entry['rule']!r}")
    if type(entry["expires"]) is not date:
        raise ExemptionError(f"{where}: expires must be a date such as 2027-03-31")
    return Exemption(**entry)
