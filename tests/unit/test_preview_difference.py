"""What differs between two versions of a resource's properties.

Proves for generated documents that nothing differs from itself in another order, that every difference leads to what it names,
and that none is missed; and by example that lists are matched by identity and documents by structure. Does not prove that an
order which means something is known to: only the listed properties have one.
"""

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ops.review.difference import Kind, differences

scalars = st.one_of(st.booleans(), st.integers(), st.text(st.characters(categories=["L", "N"]), max_size=6))
names = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=4)
documents = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
        max_leaves=12,
    ),
    max_size=5,
)


def shuffled(value: Any, random: Any) -> Any:
    if isinstance(value, list):
        copied = [shuffled(each, random) for each in value]
        random.shuffle(copied)
        return copied
    if isinstance(value, dict):
        return {key: shuffled(value[key], random) for key in random.sample(list(value), len(value))}
    return value


@given(documents)
def test_nothing_differs_from_itself(document: dict[str, Any]) -> None:
    assert list(differences(document, copy.deepcopy(document))) == []
    assert (
        list(differences({"policy": json.dumps(document)}, {"policy": json.dumps(document, indent=2)})) == []
    )


@given(st.dictionaries(names, st.lists(scalars, max_size=5)), st.randoms(use_true_random=False))
def test_another_order_is_nothing_but_another_order(document: dict[str, Any], random: Any) -> None:
    assert {each.kind for each in differences(document, shuffled(document, random))} <= {Kind.REORDERED}


@given(documents, documents)
def test_what_is_told_is_symmetric_and_complete(before: dict[str, Any], after: dict[str, Any]) -> None:
    there, back = list(differences(before, after)), list(differences(after, before))
    assert {each.text for each in there} == {each.text for each in back}
    swapped = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}
    assert sorted((each.text, swapped.get(each.kind, each.kind).name) for each in there) == sorted((each.text, each.kind.name) for each in back)  # fmt: skip
    assert bool(there) == (json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True))


@given(documents, names, scalars, scalars)
def test_one_changed_value_is_one_difference_that_names_it(
    document: dict[str, Any], name: str, before: Any, after: Any
) -> None:
    assume(json.dumps(before) != json.dumps(after))
    [found] = differences({**document, name: before}, {**document, name: after})
    assert (found.path, found.kind, found.before, found.after) == ((name,), Kind.CHANGED, before, after)


def rules_of(*rules: tuple[str, str]) -> dict[str, Any]:
    return {"rules": [{"ruleName": name, "schedule": schedule} for name, schedule in rules]}


def test_elements_are_matched_by_their_name_and_not_by_their_place() -> None:
    before = rules_of(("daily", "0 5"), ("weekly", "0 6"))
    after = rules_of(("hourly", "0"), ("weekly", "0 7"), ("daily", "0 5"))
    found = [(each.text, each.kind, each.before, each.after) for each in differences(before, after)]
    assert found == [
        ("rules[weekly].schedule", Kind.CHANGED, "0 6", "0 7"),
        ("rules[hourly]", Kind.ADDED, None, {"ruleName": "hourly", "schedule": "0"}),
    ]


def test_one_element_that_changes_among_others_without_names_is_compared_with_itself() -> None:
    before = {"routes": [{"cidr": "a", "via": 1}, {"cidr": "b", "via": 1}]}
    after = {"routes": [{"cidr": "b", "via": 1}, {"cidr": "a", "via": 2}]}
    assert [(each.text, each.before, each.after) for each in differences(before, after)] == [("routes[0].via", 1, 2)]  # fmt: skip


def statement(sid: str, action: Any, **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*", **more}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def test_a_policy_is_compared_as_the_document_that_it_is() -> None:
    before = policy(statement("read", ["s3:GetObject"]), statement("list", "s3:ListBucket"))
    after = policy(statement("list", ["s3:ListBucket"]), statement("read", ["s3:GetObject", "s3:PutObject"]))
    [found] = [each for each in differences(before, after) if each.kind is not Kind.REORDERED]
    assert (found.text, found.kind, found.after) == ("policy.Statement[read].Action[]", Kind.ADDED, "s3:PutObject")  # fmt: skip


def test_one_value_and_a_list_of_it_are_the_same_in_a_policy_and_nowhere_else() -> None:
    assert list(differences(policy(statement("a", "x")), policy(statement("a", ["x"])))) == []
    assert list(differences({"name": "x"}, {"name": ["x"]})) != []


def containers(*variables: tuple[str, str], command: tuple[str, ...] = ("run",)) -> dict[str, Any]:
    environment = [{"name": name, "value": value} for name, value in variables]
    return {"containerDefinitions": json.dumps([{"name": "pool", "command": command, "environment": environment}])}  # fmt: skip


def test_a_container_s_variables_are_known_by_name() -> None:
    [found] = differences(containers(("A", "1"), ("B", "2")), containers(("B", "3"), ("A", "1")))
    assert found.text == "containerDefinitions[pool].environment[B].value"


def test_the_order_of_a_command_is_its_meaning() -> None:
    [found] = differences(containers(command=("sh", "-c")), containers(command=("-c", "sh")))
    assert (found.text, found.kind) == ("containerDefinitions[pool].command", Kind.CHANGED)


@pytest.mark.parametrize("text", ["{not json", "[1, 2", "{}}", "plain"])
def test_what_only_looks_like_a_document_is_text(text: str) -> None:
    [found] = differences({"value": text}, {"value": "other"})
    assert found.before == text


def test_null_is_what_is_not_given() -> None:
    assert list(differences({"a": None}, {})) == []
    [found] = differences({"a": None}, {"a": 1})
    assert found.kind is Kind.ADDED
