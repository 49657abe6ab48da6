"""Values between property bags and Terraform objects, and what a plan changes, without any process.

The shapes are small ones made for the purpose; this proves the rules, and not that real schemas need no others.
"""

import json
from dataclasses import replace
from typing import Any, Literal

import hypothesis
import pytest
from hypothesis import strategies

from sandbox.adapter import conversion, difference, paths, values
from sandbox.adapter.conversion import InvalidInputsError
from sandbox.adapter.proposal import could_have_been, proposed_new
from sandbox.adapter.shapes import Field, Object, Primitive, Series, Shape
from sandbox.adapter.terraform import (
    Diagnostic,
    Plan,
    State,
    pack,
    unpack,
)
from sandbox.adapter.timeouts import with_delete_timeout
from sandbox.adapter.values import UNKNOWN, Asset, Secret

TEXT, NUMBER, BOOL = Primitive("string"), Primitive("number"), Primitive("bool")


def attribute(name: str, type_: Any = TEXT, **flags: Any) -> Field:
    return Field(name, flags.pop("pulumi", name), type_, **{"optional": True, **flags})


def block(
    name: str, *fields: Field, kind: Literal["list", "set", "map"] | None = "list", **flags: Any
) -> Field:
    element = Object(fields)
    return Field(
        name, flags.pop("pulumi", name), Series(kind, element) if kind else element, block=True, **flags
    )


RULE = block("rule", attribute("port", NUMBER), attribute("id", computed=True), kind="set", pulumi="rules")
SHAPE = Object(
    (
        attribute("name", required=True),
        attribute("size_gib", NUMBER, pulumi="sizeGib"),
        attribute("on", BOOL),
        attribute("arn", computed=True, optional=False),
        attribute("tags", Series("map", TEXT)),
        attribute("ids", Series("set", TEXT)),
        attribute("password", sensitive=True),
        RULE,
        block("network", attribute("subnets", Series("list", TEXT)), single=True),
        block("settings", attribute("level"), kind=None),
        attribute("internal", pulumi=None, computed=True),
    )
)


def config(**inputs: Any) -> dict[str, Any]:
    return conversion.to_terraform(SHAPE, inputs, lambda asset: f"/assets/{asset.hash}")


def test_property_bags_come_back_as_they_went() -> None:
    bag = {
        "text": "a", "number": 3, "fraction": 0.5, "yes": True, "later": UNKNOWN, "none": [None],
        "secret": Secret({"inner": Secret("x")}), "list": [{"a": [1]}], "asset": Asset({
            "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "hash": "ab", "text": "t"}),
    }  # fmt: skip
    assert values.decode(values.encode(bag)) == bag


def test_every_spelling_of_an_unknown_is_unknown() -> None:
    for spelling in values._UNKNOWNS:
        assert values.decode(values.encode({"a": spelling})) == {"a": UNKNOWN}


def test_a_secret_does_not_show_itself() -> None:
    assert "hunter2" not in repr({"a": [Secret("hunter2")]})


def test_values_take_the_type_that_terraform_wants() -> None:
    built = config(name=80, sizeGib="20", on="true", tags={"a": 1, "b": True, "c": 0.5}, ids=[1])
    assert built["name"] == "80"
    assert built["size_gib"] == 20
    assert built["on"] is True
    assert built["tags"] == {"a": "1", "b": "true", "c": "0.5"}
    assert built["ids"] == ["1"]


def test_absent_blocks_are_empty_and_absent_attributes_null() -> None:
    built = config(name="a")
    assert built["rule"] == []
    assert built["network"] == []
    assert built["settings"] is None
    assert built["tags"] is None


def test_a_single_value_is_a_list_of_one_in_terraform() -> None:
    built = config(name="a", network={"subnets": [Secret("s")]}, rules=[{"port": 1}, UNKNOWN])
    assert built["network"] == [{"subnets": ["s"]}]
    assert built["rule"] == [{"port": 1, "id": None}, UNKNOWN]
    assert conversion.from_terraform(SHAPE, built)["network"] == {"subnets": ["s"]}


@pytest.mark.parametrize(
    ("inputs", "path", "reason"),
    [
        ({"sizeGib": "big"}, "sizeGib", "is a string; give a number"),
        ({"on": "perhaps"}, "on", "is a string; give a bool"),
        ({"network": {"subnet": "x"}}, "network[0].subnet", "is not an argument"),
        ({"rules": [{"port": 1}, 5]}, "rules[1]", "is a number; give an object"),
        ({"arn": "x"}, "arn", "is decided by AWS and cannot be set"),
        ({"tags": 5}, "tags", "is a number; give a map"),
        ({"size.gib": 5}, '["size.gib"]', "is not an argument"),
    ],
)
def test_what_does_not_fit_is_named_with_its_path(inputs: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises(InvalidInputsError) as invalid:
        config(name="a", **inputs)
    assert [(problem.path, problem.reason) for problem in invalid.value.problems] == [(path, reason)]


def test_sensitive_attributes_come_back_as_secrets_and_internal_ones_not_at_all() -> None:
    shown = conversion.from_terraform(SHAPE, {"password": "p", "internal": "i", "name": "n", "tags": {}})
    assert shown == {"password": Secret("p"), "name": "n", "tags": {}}


def test_an_output_is_secret_where_its_input_was() -> None:
    given = {"a": Secret("x"), "map": {"b": Secret("y"), "c": "z"}, "list": ["p", Secret("q")]}
    output = {"a": "x", "map": {"b": "y", "c": "z"}, "list": ["q", "p"], "d": 1}
    kept = values.keep_secret(output, given)
    assert kept == {"a": Secret("x"), "map": {"b": Secret("y"), "c": "z"}, "list": Secret(["q", "p"]), "d": 1}


def test_a_secret_that_another_output_repeats_is_secret_there_too() -> None:
    output = {
        "arn": "arn:aws:thing/hunter2",
        "list": ["hunter2", "other"],
        "size": 5,
        "known": Secret("hunter2"),
    }
    concealed = {**output, "arn": Secret("arn:aws:thing/hunter2"), "list": [Secret("hunter2"), "other"]}
    assert (
        values.conceal(output, values.secret_texts({"name": Secret("hunter2"), "short": Secret("5")}))
        == concealed
    )


def test_a_string_that_stands_for_a_number_or_a_bool_is_shown_as_one() -> None:
    shape = Object(
        (attribute("delay", Primitive("string", "number")), attribute("on", Primitive("string", "bool")))
    )
    built = conversion.to_terraform(shape, {"delay": 300, "on": True}, str)
    assert built == {"delay": "300", "on": "true"}
    assert conversion.from_terraform(shape, built) == {"delay": 300, "on": True}
    assert conversion.from_terraform(shape, {"delay": "", "on": ""}) == {}


def test_redaction_takes_the_longest_secret_first() -> None:
    bag = {"a": Secret("pa55word"), "b": [Secret("pa55words")], "short": Secret("the")}
    assert values.redact("the pa55words and the pa55word", bag) == "the [secret] and the [secret]"


def test_redaction_finds_a_secret_however_a_message_breaks_or_quotes_it() -> None:
    secret = 'first  "line"\nsecond\tline\n'
    complaint = Diagnostic(("name",), f"cannot use {secret}", f"got {json.dumps(secret)}")
    assert (
        values.redact(str(complaint), {"a": Secret(secret)}) == 'name: cannot use [secret] : got "[secret]"'
    )
    assert values.redact(f"cannot use {secret}!", {"a": Secret(secret)}) == "cannot use [secret]\n!"
    assert values.redact("a b", {"a": Secret(" \n \n \n \n"), "b": Secret("a\n\n\n\n\n\n")}) == "a b"


json_values = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers(-(2**40), 2**40) | strategies.text(),
    lambda inner: (
        strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner, max_size=3)
    ),
    max_leaves=10,
)


@hypothesis.given(json_values)
def test_terraform_objects_come_back_from_message_pack(value: Any) -> None:
    assert unpack(pack({"value": value, "later": UNKNOWN})) == {"value": value, "later": UNKNOWN}


# ---- proposed new state ------------------------------------------------------------------------------------------


def test_what_the_configuration_leaves_to_the_provider_stays_as_it_was() -> None:
    prior = {
        **config(name="a"),
        "arn": "arn:1",
        "size_gib": 10,
        "rule": [{"port": 1, "id": "r1"}, {"port": 2, "id": "r2"}],
    }
    proposed = proposed_new(SHAPE, prior, config(name="b", rules=[{"port": 2}, {"port": 3}]))
    assert proposed["arn"] == "arn:1"
    assert proposed["name"] == "b"
    assert proposed["size_gib"] is None
    assert proposed["rule"] == [{"port": 2, "id": "r2"}, {"port": 3, "id": None}]


def test_two_equal_blocks_are_not_matched_with_the_same_earlier_one() -> None:
    prior = {**config(name="a"), "rule": [{"port": 1, "id": "r1"}]}
    proposed = proposed_new(SHAPE, prior, config(name="a", rules=[{"port": 1}, {"port": 1}]))
    assert [item["id"] for item in proposed["rule"]] == ["r1", None]


def test_blocks_inside_blocks_are_part_of_the_match() -> None:
    outer = Object((attribute("name"), block("inner", attribute("x"), kind="list")))
    old = {"name": "a", "inner": [{"x": "1"}]}
    assert could_have_been(outer, old, {"name": "a", "inner": [{"x": "1"}]})
    assert not could_have_been(outer, old, {"name": "a", "inner": [{"x": "2"}]})
    assert not could_have_been(outer, old, {"name": "a", "inner": []})


def test_a_delete_timeout_goes_where_the_provider_looks_for_it() -> None:
    key = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"
    private = json.dumps({key: {"create": 1}, "schema_version": "1"}).encode()
    state = with_delete_timeout(State({"timeouts": {"delete": None}}, private), 90)
    assert json.loads(state.private)[key]["delete"] == 90e9
    assert state.value == {"timeouts": {"delete": "90s"}}
    assert with_delete_timeout(State({}, b""), 90) == State({}, b"")


# ---- changes -----------------------------------------------------------------------------------------------------


def changes(
    prior: dict[str, Any], planned: dict[str, Any], given: dict[str, Any], *replaces: tuple[str | int, ...]
) -> dict[str, str]:
    shape = Shape("aws_thing", 0, SHAPE, frozenset(), regional=True)
    plan = Plan(State(prior), given, planned, b"", replaces)
    return {
        change.path: change.kind + ("-replace" if change.replaces else "")
        for change in difference.changes(shape, plan)
    }


def test_changes_are_found_at_their_paths() -> None:
    prior = config(name="a", tags={"x": "1", "y.z": "2"}, network={"subnets": ["s1", "s2"]}, ids=["i1"])
    planned = config(name="b", tags={"x": "2"}, network={"subnets": ["s1", "s3"]}, sizeGib=5)
    assert changes(prior, planned, planned, ("name",)) == {
        "name": "update-replace", "sizeGib": "add", "tags.x": "update", 'tags["y.z"]': "delete",
        "ids": "delete", "network.subnets[1]": "update",
    }  # fmt: skip


def test_sets_are_compared_without_order() -> None:
    prior = {**config(name="a"), "rule": [{"port": 1, "id": "r1"}, {"port": 2, "id": "r2"}]}
    assert changes(prior, {**prior, "rule": prior["rule"][::-1]}, prior) == {}
    planned = {**prior, "rule": [{"port": 2, "id": "r2"}, {"port": 3, "id": UNKNOWN}]}
    given = config(name="a", rules=[{"port": 2}, {"port": 3}])
    assert changes(prior, planned, given) == {"rules[0]": "delete", "rules[1]": "add"}


def test_what_only_the_provider_decides_is_no_change() -> None:
    prior = {**config(name="a"), "arn": "arn:1"}
    assert changes(prior, {**prior, "arn": UNKNOWN}, config(name="a")) == {}
    assert changes(prior, {**prior, "internal": "x"}, config(name="a")) == {}
    assert changes(prior, {**prior, "tags": {}}, config(name="a")) == {}


def test_an_unknown_that_needs_a_new_resource_is_a_replacement() -> None:
    prior = {**config(name="a"), "arn": "arn:1"}
    assert changes(prior, {**prior, "name": UNKNOWN}, config(name=UNKNOWN), ("name",)) == {
        "name": "update-replace"
    }


def test_a_path_that_did_not_change_replaces_nothing() -> None:
    prior = config(name="a", sizeGib=1)
    assert changes(prior, {**prior, "size_gib": 2}, config(name="a", sizeGib=2), ("name",)) == {
        "sizeGib": "update"
    }


# ---- ignored changes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("tags", ["tags"]), ('tags["a.b"].c', ["tags", "a.b", "c"]), ("rules[0].port", ["rules", 0, "port"]),
        ("tags.*", ["tags", "*"]), ("rules[*].port", ["rules", "*", "port"]), ('["a"]', ["a"]), ("*", ["*"]),
        ('tags["a]b"].c', ["tags", "a]b", "c"]), (r'["say \"]\""]', ['say "]"']), ('["*"]', ["*"]),
    ],
)  # fmt: skip
def test_a_property_path_has_steps(path: str, steps: list[str | int]) -> None:
    assert paths.steps(path) == steps


def test_an_ignored_path_is_as_the_resource_has_it() -> None:
    current = {"size": 3, "tags": {"a": "1"}, "rules": [{"port": 1}]}
    inputs = {"size": 2, "tags": {"a": "2", "b": "3"}, "rules": [{"port": 5}], "name": "n"}
    assert paths.with_value_of("size", current, inputs)["size"] == 3
    assert paths.with_value_of("name", current, inputs) == {
        key: inputs[key] for key in ("size", "tags", "rules")
    }
    assert paths.with_value_of("tags.a", current, inputs)["tags"] == {"a": "1", "b": "3"}
    assert paths.with_value_of("tags.b", current, inputs)["tags"] == {"a": "2"}
    assert paths.with_value_of("rules[0].port", current, inputs)["rules"] == [{"port": 1}]
    assert inputs["tags"] == {"a": "2", "b": "3"}


def test_a_star_stands_for_everything_there_is() -> None:
    current = {"size": 3, "tags": {"a": "1"}, "ports": [1], "maps": {"x": {"a": 1, "b": 2}}}
    inputs = {"size": 2, "tags": {"b": "3"}, "ports": [2, 3], "maps": {"x": {"a": 9, "b": 8}, "y": {"a": 7}}}
    assert paths.with_value_of("*", current, inputs) == current
    assert paths.with_value_of("tags.*", current, inputs)["tags"] == {"a": "1"}
    assert paths.with_value_of("ports[*]", current, inputs)["ports"] == [1]
    ignored = paths.with_value_of("maps.*.a", current, inputs)
    assert ignored["maps"] == {"x": {"a": 1, "b": 8}, "y": {"a": 7}}
    assert paths.with_value_of("size[*].a", current, inputs) == inputs


def test_behind_a_star_an_item_is_recognised_by_what_is_not_ignored() -> None:
    def rule(network: str, port: int, **more: Any) -> dict[str, Any]:
        return {"network": network, "port": port, **more}

    current = {"rules": [rule("b", 443, id="r2"), rule("a", 81, id="r1"), rule("a", 80, id="r3")]}
    inputs = {"rules": [rule("a", 80, note=""), rule("c", 22), rule("b", 1), rule("a", 5)]}
    ignored = paths.with_value_of("rules[*].port", current, inputs)
    assert [(item["network"], item["port"]) for item in ignored["rules"]] == [
        ("a", 81), ("c", 22), ("b", 443), ("a", 80),
    ]  # fmt: skip


def test_settable_leaves_out_what_a_program_cannot_give() -> None:
    shown = {
        "name": "n",
        "arn": "x",
        "tags": {},
        "rules": [{"port": 1, "id": ""}],
        "network": {"subnets": ["s"]},
    }
    assert conversion.settable(SHAPE, shown) == {
        "name": "n",
        "rules": [{"port": 1}],
        "network": {"subnets": ["s"]},
    }
    assert replace(RULE, computed=True).is_input
