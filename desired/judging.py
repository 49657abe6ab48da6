"""Recorded resources as the engine hands them to the policy pack, and the pack's judgement of them.

Everything passes through the SDK's own conversion and through the policies that it serves; only the gRPC call is left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi_policy import (
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import unknown_checking_proxy

from desired.recording import Recording
from policies.pack import Policies
from policies.rules.alarms import TOPIC

REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource of a stack, before the SDK has converted anything. `references` are URNs by property."""

    type: str
    name: str = "it"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    stack: str = "prod"
    protect: bool = False
    provider: Mapping[str, Any] = field(default_factory=lambda: {"region": REGION})
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    recorded_urn: str = ""

    @property
    def urn(self) -> str:
        """The one it was recorded with, else one that fits."""
        return self.recorded_urn or f"urn:pulumi:{self.stack}::project::{self.type}::{self.name}"

    def having(self, **inputs: Any) -> "Declared":
        """The same with other inputs; None takes one away."""
        kept = {name: value for name, value in {**self.inputs, **inputs}.items() if value is not None}
        return replace(self, inputs=kept)


def recorded(recording: Recording) -> list[Declared]:
    """What a program declared."""
    providers = {
        each.urn: each.inputs for each in recording.registrations if each.type.startswith("pulumi:providers")
    }
    return [
        Declared(
            type=each.type,
            name=each.name,
            # Rules between resources see outputs too; of ours they follow this one, from an alarm to its topic.
            inputs={**each.inputs, "arn": each.outputs["arn"]} if each.type == TOPIC else each.inputs,
            protect=each.protect,
            provider=providers.get(each.provider.rpartition("::")[0], {}),
            # Which property takes which value is not recorded: any may.
            references=dict.fromkeys(each.inputs, sorted(each.dependencies)),
            recorded_urn=each.urn,
        )
        for each in recording.registrations
    ]


def _options(declared: Declared) -> PolicyResourceOptions:
    return PolicyResourceOptions(declared.protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [], None)


def _properties(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return unknown_checking_proxy(deserialize_properties(dict(inputs)))


def _provider(declared: Declared) -> PolicyProviderResource | None:
    if not declared.provider:
        return None
    return PolicyProviderResource("pulumi:providers:aws", _properties(declared.provider), "urn", "provider")


def resource_args(declared: Declared, config: Mapping[str, Any] | None = None) -> ResourceValidationArgs:
    """What the SDK passes to a resource policy."""
    return ResourceValidationArgs(
        declared.type,
        _properties(declared.inputs),
        declared.urn,
        declared.name,
        _options(declared),
        _provider(declared),
        config or {},
        {},
    )


def stack_args(declared: Iterable[Declared], config: Mapping[str, Any] | None = None) -> StackValidationArgs:
    """What the SDK passes to a stack policy."""
    all_declared = list(declared)
    by_urn = {
        each.urn: PolicyResource(
            each.type,
            _properties(each.inputs),
            each.urn,
            each.name,
            _options(each),
            _provider(each),
            None,
            [],
            {},
        )
        for each in all_declared
    }
    for each in all_declared:
        resource = by_urn[each.urn]
        for name, urns in each.references.items():
            found = [by_urn[urn] for urn in urns if urn in by_urn]
            resource.property_dependencies[name] = found
            resource.dependencies.extend(found)
    return StackValidationArgs(list(by_urn.values()), config or {}, {})


# Policy, resource's URN, message.
Report = tuple[str, str, str]


def judge(
    policies: Policies,
    declared: Iterable[Declared],
    *,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    stack_too: bool = True,
) -> list[Report]:
    """What the pack reports of resources, and of the stack that they are. `config` is that of policies by name."""
    reports: list[Report] = []
    configured = config or {}
    all_declared = list(declared)

    def reporting(name: str, urn: str) -> Callable[[str, str | None], None]:
        return lambda message, of: reports.append((name, of or urn, message))

    for each in all_declared:
        unconfigured = resource_args(each)  # rules read it only, so that all may have the same
        for policy in policies:
            if isinstance(policy, ResourceValidationPolicy):
                own = configured.get(policy.name)
                args = resource_args(each, own) if own else unconfigured
                policy.validate(args, reporting(policy.name, each.urn))
    whole_stack = stack_args(all_declared) if stack_too else None
    for policy in policies:
        if whole_stack and isinstance(policy, StackValidationPolicy):
            own = configured.get(policy.name)
            args_of_stack = stack_args(all_declared, own) if own else whole_stack
            policy.validate(args_of_stack, reporting(policy.name, ""))
    return reports
