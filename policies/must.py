"""Demands on properties. Each function judges one value and yields a finding where the value does not meet the demand.

An unknown value is always `Undecided`. A rule that needs another demand passes its own predicate to `satisfy`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from policies.documents import judge_statements
from policies.resources import Resource
from policies.rule import Findings, Undecided, Violation
from policies.values import (
    Node,
    between,
    is_explicitly_off,
    is_filled_list,
    is_not_off,
    is_off,
    is_on,
    is_text,
    one_of,
    shown,
)


def satisfy(node: Node, holds: Callable[[Any], bool], wanted: str) -> Findings:
    """Judge one value by a predicate. `wanted` ends the sentence about the property: "must be true"."""
    if node.is_unknown:
        yield Undecided(node.path)
    elif not holds(node.value):
        yield Violation(f"`{node.path}` {shown(node.value)}; it {wanted}")


# Switches. `note` follows the sentence and says why.


def be_true(node: Node, note: str = "") -> Findings:
    """True, and set: the provider's default is false."""
    return satisfy(node, is_on, f"must be true{note}")


def be_explicitly_false(node: Node, note: str = "") -> Findings:
    """False, and set: the provider's default may be true."""
    return satisfy(node, is_explicitly_off, f"must be false, and said so{note}")


def not_be_true(node: Node) -> Findings:
    """False or not set: the provider's default is false."""
    return satisfy(node, is_off, "must not be true")


def not_be_false(node: Node) -> Findings:
    """True or not set: the provider's default is true."""
    return satisfy(node, is_not_off, "must not be false")


# Texts


def name(node: Node, what: str) -> Findings:
    """A text that is not empty. `what` is the thing that it names."""
    return satisfy(node, is_text, f"must name {what}")


def name_own_key(node: Node) -> Findings:
    """A customer managed key of KMS, by its ARN or id."""
    return name(node, "a key of your own")


def be_one_of(node: Node, *allowed: str) -> Findings:
    """One of these texts, and set."""
    return satisfy(node, one_of(*allowed), f"must be {' or '.join(allowed)}")


def be_unset_or(node: Node, allowed: str) -> Findings:
    """This text, or not set: it is the provider's default."""
    return satisfy(node, one_of(None, allowed), f"must be {allowed}")


# Periods in days


def be_at_least_days(node: Node, shortest: int) -> Findings:
    """A period that is long enough, and set."""
    return satisfy(node, between(shortest), f"must be at least {shortest} days")


def be_unset_or_at_least_days(node: Node, shortest: int) -> Findings:
    """A period that is long enough, or not set: AWS keeps such things for ever."""
    is_enough = between(shortest)
    return satisfy(node, lambda value: value is None or is_enough(value), f"must be at least {shortest} days")


def be_days_between(
    node: Node, shortest: int, longest: int, *, unset: int | None = None, note: str = ""
) -> Findings:
    """A period in a range, its ends included. `unset` is the provider's default, in days."""
    return satisfy(
        node, between(shortest, longest, unset=unset), f"must be {shortest} to {longest} days{note}"
    )


def wait_before_deletion(node: Node, shortest: int, longest: int) -> Findings:
    """A waiting period in days between a deletion and the loss. AWS takes the longest one where the property is not set."""
    return be_days_between(node, shortest, longest, unset=longest)


# Several values together


def hold_two_subnets(node: Node) -> Findings:
    """A list of at least two subnets, so that the loss of one zone leaves one."""
    return satisfy(
        node, lambda value: is_filled_list(value) and len(value) > 1, "must hold at least two subnets"
    )


def not_be_public(
    node: Node, *, needed: bool = True, wrong: str = "allows something to everyone"
) -> Findings:
    """A policy document without a statement that is open to everyone. `wrong` ends a sentence about such a statement."""
    return judge_statements(
        node, lambda statement: wrong if statement.is_open_to_everyone else None, needed=needed
    )


def be_protected(resource: Resource) -> Findings:
    """A resource with the resource option `protect`."""
    if not resource.is_protected:
        yield Violation("the resource option `protect` is off; it must be on")


def each_have(resources: Iterable[Resource], has: Callable[[Resource], bool], otherwise: str) -> Findings:
    """Resources of a stack that each have something. `otherwise` is the violation of one that does not."""
    for resource in resources:
        if not has(resource):
            yield Violation(otherwise, resource.urn)
