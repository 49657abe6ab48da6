"""The desired state: the form of the file that `python -m sandbox desired` writes and `dbops desired-diff` reads.

Both sides use these classes: the writer builds them, and the reader validates the file against them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

EnforcementLevel = Literal["mandatory", "advisory"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredResource:
    """One resource that the program declares, with its inputs and Pulumi options. `dependencies` are sorted URNs."""

    urn: str
    type: str
    custom: bool
    parent: str
    provider: str
    protect: bool
    retain_on_delete: bool
    dependencies: Sequence[str]
    inputs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyEvent:
    """One violation that the policy pack reports. Without a `resource_urn` it concerns the whole stack."""

    resource_urn: str
    policy_pack_name: str
    policy_name: str
    enforcement_level: EnforcementLevel
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DesiredState:
    """Everything that one stack declares, and the policy pack's judgement of it."""

    resources: Sequence[DeclaredResource]
    policy_packs: Sequence[str]
    policy_events: Sequence[PolicyEvent]


def camel_case(field: str) -> str:
    """The JSON key of a field: `retainOnDelete` for `retain_on_delete`, as Pulumi spells it."""
    first, *others = field.split("_")
    return first + "".join(word.capitalize() for word in others)


def as_document(part: DesiredState | DeclaredResource | PolicyEvent) -> dict[str, Any]:
    """A desired state, or a part of one, as a JSON document. Keys are in camel case, and in the order of the fields.

    The keys of `inputs` belong to the provider and stay as they are.
    """
    return asdict(part, dict_factory=lambda fields: {camel_case(name): value for name, value in fields})
