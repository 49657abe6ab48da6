"""The whole life of a resource under the real Terraform AWS provider, in an account that the emulator keeps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.sandbox.adapter.engine import Plugin, Resource

Inputs = dict[str, Any]

# Outputs that go with the clock, or with the sibling resources that describe a bucket.
UNSTEADY = ("latestRestorableTime", "grants", "__terraform")


@contextmanager
def life(
    aws: Plugin,
    type_: str,
    name: str,
    inputs: Inputs,
    changes: Inputs | None = None,
    *,
    vanishes: bool = True,
) -> Iterator[Resource]:
    """Create, update in place if there are `changes`, yield, delete; after each step, look for differences.

    `vanishes`: whether the provider can tell that it is gone. Of settings, it reads the vault or bucket, which stays.
    """
    made = aws.create(type_, name, inputs)
    assert_settled(aws, made, inputs)
    if changes:
        made = update(aws, made, {**inputs, **changes}, changes)
    yield made
    aws.delete(made)
    if vanishes:
        assert aws.read(made) is None


def update(aws: Plugin, resource: Resource, inputs: Inputs, changes: Inputs) -> Resource:
    """Update in place, with exactly the differences that `changes` makes."""
    difference = aws.diff(resource, inputs)
    assert set(difference.diffs) == set(changes)
    assert not difference.replaces
    updated = aws.update(resource, inputs)
    assert_settled(aws, updated, inputs)
    return updated


def assert_settled(aws: Plugin, resource: Resource, inputs: Inputs) -> None:
    """Neither the same inputs again nor a refresh shows a difference."""
    assert differences(aws, resource, inputs) == []
    found = aws.read(resource)
    assert found is not None
    assert found.inputs == resource.inputs
    assert differences(aws, found, inputs) == []
    assert steady(found.outputs) == steady(resource.outputs)


def differences(aws: Plugin, resource: Resource, inputs: Inputs) -> list[str]:
    """The properties that an update would change."""
    return list(aws.diff(resource, inputs).diffs)


def steady(outputs: Mapping[str, Any]) -> Any:
    """Outputs without the unsteady ones, and without what is empty: on creation the provider says null for it."""
    return without_empty({name: value for name, value in outputs.items() if name not in UNSTEADY})


def without_empty(value: Any) -> Any:
    """A value without empty members at any depth."""
    if isinstance(value, Mapping):
        members = {name: without_empty(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, "", [], {})}
    if isinstance(value, list):
        return [member for member in map(without_empty, value) if member not in (None, "", [], {})]
    return value
