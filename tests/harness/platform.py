"""The platform as the two committed stack files declare it, recorded under mocks.

A recording shows what the program asks for. It does not show that the provider accepts it, or AWS: the sandbox tests do.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pulumi.runtime import rpc

from contract.names import PROJECT
from desired.program import declared_by, declared_by_file
from desired.recording import Recording, Registration
from infra.config.stack import StackConfig

ROOT = Path(__file__).parents[2]
STACKS = ("dev", "prod")
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
# How the SDK marks a secret in what it sends to the engine.
SECRET_KEY, SECRET_KIND = rpc._special_sig_key, rpc._special_secret_sig
EXISTING_NETWORK: Mapping[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "app_subnet_ids": ["subnet-a1", "subnet-b1"],
    "data_subnet_ids": ["subnet-a2", "subnet-b2"],
}


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


def promoted_config(**dr: Any) -> StackConfig:
    """Production's configuration after a promotion of the replica `west`; `dr` holds further keys of that domain."""
    values = committed("prod")
    values["dr"] = {"role": "primary", "replica": "west", **dr}
    return StackConfig.parse("prod", values)


@functools.cache
def promoted(**dr: Any) -> Recording:
    """Everything that production declares after that promotion."""
    return declared_by(promoted_config(**dr))


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


def only_of_type(recording: Recording, token: str) -> Registration:
    """The one registration of that type."""
    [found] = of_type(recording, token)
    return found


def statements(registration: Registration, document: str = "policy") -> list[dict[str, Any]]:
    """The statements of a policy document, which is JSON text in the input of that name."""
    return list(json.loads(registration.inputs[document])["Statement"])


def unpack(files: Iterable[tuple[str, Path]], directory: Path) -> None:
    """Copy the files of a packed function into a directory, each to its path in the package."""
    for path, file in files:
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
