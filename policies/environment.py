"""Which environment a resource is judged for.

The pack's configuration says so, else the stack's name, else the `Environment` tag of the resource or of its provider.
What none of them says is judged as production.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Environment(StrEnum):
    """What a stack is for: who loses what when it goes wrong."""

    PROD = "prod"
    DEV = "dev"


WORDS = {
    Environment.PROD: {"prod", "production", "prd", "live"},
    Environment.DEV: {"dev", "development", "test", "sandbox"},
}


def named_by(text: Any) -> Environment | None:
    """The environment that a name such as `acme-dev` says; production where it says both, None where it says none."""
    if not isinstance(text, str):
        return None
    words = set(re.split(r"[^a-z0-9]+", text.lower()))
    return next((environment for environment, known in WORDS.items() if words & known), None)


def stack_name(urn: str) -> str:
    """`urn:pulumi:<stack>::<project>::...` -> the stack's name. Policies are told it nowhere else: `analyze --file` has no stack."""
    return urn.split("::", maxsplit=1)[0].removeprefix("urn:pulumi:")


def environment_of(configured: str | None, urn: str, *tags: Any) -> Environment:
    """The environment of a resource. `tags` are its own and its provider's, as far as they are known."""
    said = [
        configured,
        stack_name(urn),
        *(own.get("Environment") for own in tags if isinstance(own, Mapping)),
    ]
    return next((found for text in said if (found := named_by(text))), Environment.PROD)
