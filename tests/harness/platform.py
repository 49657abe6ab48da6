"""The platform as the two committed stack files declare it, recorded under mocks.

A recording shows what the program asks for. It does not show that the provider accepts it, or AWS: the sandbox tests do.
"""

import functools
from pathlib import Path
from typing import Any

import yaml

from contract.names import PROJECT
from desired.program import declared_by_file
from desired.recording import Recording, Registration
from infra.config.stack import StackConfig

ROOT = Path(__file__).parents[2]
STACKS = ("dev", "prod")


def stack_file(stack: str) -> Path:
    """The committed configuration file of a stack."""
    return ROOT / f"Pulumi.{stack}.yaml"


def committed(stack: str) -> dict[str, Any]:
    """The configuration of a committed stack by domain, fresh, so that a test may change it."""
    keys = yaml.safe_load(stack_file(stack).read_text())["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in keys.items()}


def changed(stack: str, path: str, value: Any) -> StackConfig:
    """The committed configuration of `stack` with the key at dotted `path` set to `value`; a number counts in a list."""
    values = committed(stack)
    *parents, last = path.split(".")
    target: Any = values
    for parent in parents:
        target = target[int(parent)] if parent.isdigit() else target.setdefault(parent, {})
    target[int(last) if last.isdigit() else last] = value
    return StackConfig.parse(stack, values)


@functools.cache
def declared(stack: str) -> Recording:
    """Everything that a committed stack declares."""
    return declared_by_file(stack_file(stack))


def of_type(recording: Recording, token: str) -> list[Registration]:
    """The registrations of one resource type, such as `aws:kms/key:Key`, by name: their order of arrival is not fixed."""
    found = [registration for registration in recording.registrations if registration.type == token]
    return sorted(found, key=lambda registration: registration.name)


def only(recording: Recording, name: str, token: str) -> Registration:
    """The one registration of that logical name and type."""
    [found] = [registration for registration in of_type(recording, token) if registration.name == name]
    return found
