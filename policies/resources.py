"""Resources and stacks as rules see them: plain values, whoever wrote the program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs, StackValidationArgs

from policies.environment import Environment, environment_of
from policies.values import UNKNOWN, Node, plain


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One resource. `references` are the URNs of the resources that each property, by its name, takes a value from.

    In a resource rule the properties are the inputs, and `references` and `dependencies` are empty; in a stack rule they
    are the outputs, with what the provider filled in. `tags` are all that AWS gets: a mapping, or UNKNOWN.
    """

    urn: str
    type: str
    name: str
    environment: Environment
    properties: Mapping[str, Any]
    is_protected: bool = False
    region: Any = None
    tags: Any = None
    dependencies: frozenset[str] = frozenset()
    references: Mapping[str, frozenset[str]]

    def at(self, path: str) -> Node:
        """The property at dotted `path`."""
        return Node("", self.properties).at(path)


def resource_of(
    args: ResourceValidationArgs | PolicyResource, configured_environment: str | None = None
) -> Resource:
    """A resource as the SDK hands it to a policy."""
    properties = plain(args.props)
    provider = plain(args.provider.props) if args.provider else {}
    region = properties.get("region")
    dependencies, references = _relations(args) if isinstance(args, PolicyResource) else (frozenset(), {})
    return Resource(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        environment=environment_of(
            configured_environment, args.urn, properties.get("tags"), _default_tags(provider)
        ),
        properties=properties,
        is_protected=args.opts.protect,
        region=provider.get("region") if region is None else region,
        tags=_merged(_default_tags(provider), properties.get("tags"), properties.get("tagsAll")),
        dependencies=dependencies,
        references=references,
    )


def _relations(resource: PolicyResource) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """The URNs that a resource depends on, and those that each of its properties takes a value from."""
    return frozenset(each.urn for each in resource.dependencies), {
        name: frozenset(each.urn for each in found) for name, found in resource.property_dependencies.items()
    }


def _default_tags(provider: Mapping[str, Any]) -> Any:
    """The tags that a provider puts on everything; providers carry what is no text as JSON."""
    default_tags = provider.get("defaultTags")
    if isinstance(default_tags, str):
        try:
            default_tags = plain(json.loads(default_tags))
        except ValueError:
            return None
    return default_tags.get("tags") if isinstance(default_tags, Mapping) else None


def _merged(*tags: Any) -> Any:
    """All tags together, the later ones before the earlier; unknown where `tags` are. `tagsAll` is often late, and adds
    nothing to the others.
    """
    _, own, _ = tags
    if own is UNKNOWN:
        return UNKNOWN
    return {key: value for some in tags if isinstance(some, Mapping) for key, value in some.items()}


@dataclass(frozen=True, slots=True)
class Stack:
    """All resources of a deployment or of a state; a state may hold several stacks."""

    resources: tuple[Resource, ...]

    def of(self, *types: str) -> list[Resource]:
        """The resources of some types, such as `aws:kms/key:Key`."""
        return [resource for resource in self.resources if resource.type in types]

    def by_urn(self, urn: str) -> Resource | None:
        """The resource with that URN."""
        return next((resource for resource in self.resources if resource.urn == urn), None)

    def referred(self, resource: Resource, path: str, *types: str) -> list[Resource]:
        """The resources of `types` that the property at `path` names: by what it holds, or where that is not known yet, by
        what the program took it from.
        """
        values = {node.value for node in resource.at(path).items() if isinstance(node.value, str)}
        top_level = path.split(".", maxsplit=1)[0]
        return [
            candidate
            for candidate in self.of(*types)
            if values & _identities(candidate)
            or candidate.urn in resource.references.get(top_level, frozenset())
        ]

    def referring(self, target: Resource, path: str, *types: str) -> list[Resource]:
        """The resources of `types` whose property at `path` names `target`."""
        return [each for each in self.of(*types) if target in self.referred(each, path, target.type)]


# What other resources name a resource by.
IDENTITIES = ("arn", "id", "name", "identifier", "bucket", "keyId")


def _identities(resource: Resource) -> set[str]:
    found = {
        resource.properties.get(name) for name in IDENTITIES if resource.properties.get(name) is not UNKNOWN
    }
    return {value for value in found if isinstance(value, str) and value}


def stack_of(args: StackValidationArgs, configured_environment: str | None = None) -> Stack:
    """A stack as the SDK hands it to a policy."""
    return Stack(tuple(resource_of(each, configured_environment) for each in args.resources))
