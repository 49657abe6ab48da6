"""The difference between two desired states, as `dbops desired-diff` writes it.

Proves the form of `pulumi preview --json`, its paths and its kinds, and that a file from a stranger is data. Does not prove
that a program's desired state is right: tests/stack/test_desired_state.py does.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from contract.desired_state import DesiredState, as_document
from ops.cli import app
from ops.errors import OpsError
from ops.review import desired_diff
from ops.review.desired_diff import difference, parse

URN = "urn:pulumi:prod::dataplatform::aws:rds/instance:Instance::postgres-instance"


def resource(urn: str = URN, **values: Any) -> dict[str, Any]:
    return {
        "urn": urn, "type": "aws:rds/instance:Instance", "custom": True, "parent": "stack", "provider": "aws::id",
        "protect": True, "retainOnDelete": False, "dependencies": [], "inputs": {}, **values,
    }  # fmt: skip


def state(*resources: dict[str, Any], events: tuple[dict[str, str], ...] = ()) -> DesiredState:
    document = {"resources": resources, "policyPacks": ["a-pack"], "policyEvents": events}
    return parse(json.dumps(document).encode())


def detailed(before: Any, after: Any) -> dict[str, str]:
    [step] = difference(state(resource(inputs=before)), state(resource(inputs=after)))["steps"]
    assert step["op"] == ("update" if "detailedDiff" in step else "same")
    return {path: entry["kind"] for path, entry in step.get("detailedDiff", {}).items()}


def test_what_comes_stays_and_goes() -> None:
    before = state(resource("urn:a"), resource("urn:b"))
    after = state(resource("urn:b"), resource("urn:c"))
    document = difference(before, after)
    assert [(step["urn"], step["op"]) for step in document["steps"]] == [
        ("urn:a", "delete"), ("urn:b", "same"), ("urn:c", "create")
    ]  # fmt: skip
    assert document["changeSummary"] == {"delete": 1, "same": 1, "create": 1}
    deleted, same, created = document["steps"]
    assert "newState" not in deleted
    assert "oldState" not in created
    assert same["oldState"] == same["newState"] == resource("urn:b")


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": 1}, {"a": 2}, {"a": "update"}),
        ({}, {"a": None}, {"a": "add"}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {}}}, {"a.b.c": "delete"}),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, {"a[1]": "update", "a[2]": "add"}),
        ({"a": [{"b": 1}]}, {"a": []}, {"a[0]": "delete"}),
        ({"a": {"b.c": 1}}, {"a": {"b.c": 2}}, {'a["b.c"]': "update"}),
        ({"kubernetes.io/x": 1}, {"kubernetes.io/x": 2}, {'["kubernetes.io/x"]': "update"}),
        ({"a": True}, {"a": 1}, {"a": "update"}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": "update"}),
        ({"a": 1.0}, {"a": 1}, {}),
    ],
)
def test_a_change_is_named_as_pulumi_names_it(before: Any, after: Any, paths: dict[str, str]) -> None:
    assert detailed(before, after) == paths


def test_a_lost_protection_is_a_change() -> None:
    [step] = difference(state(resource()), state(resource(protect=False)))["steps"]
    assert step["op"] == "update"
    assert step["diffReasons"] == ["protect"]


def test_reasons_are_the_properties() -> None:
    before, after = resource(inputs={"b": [1], "a": {"x": 1, "y": 1}}), resource(inputs={"b": [2], "a": {}})
    [step] = difference(state(before), state(after))["steps"]
    assert step["diffReasons"] == ["a", "b"]


def test_it_cannot_be_taken_for_a_preview_of_what_there_is() -> None:
    document = difference(state(), state())
    assert document["tier"] == "desired-state"
    for word in ("No cloud state was read", "replacement shows as an update", "mocks"):
        assert word in document["label"]


def test_what_the_policies_say_is_that_of_the_head() -> None:
    def said(level: str) -> dict[str, str]:
        return {
            "resourceUrn": URN, "policyPackName": "a-pack", "policyName": "a-rule", "enforcementLevel": level,
            "message": "no",
        }  # fmt: skip

    document = difference(state(events=(said("advisory"),)), state(events=(said("mandatory"),)))
    assert document["policyEvents"] == [said("mandatory")]
    assert document["policyPacks"] == ["a-pack"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
inputs = st.dictionaries(st.text(max_size=3), values, max_size=4)


@given(inputs, inputs)
def test_a_change_is_seen_if_and_only_if_there_is_one(before: Any, after: Any) -> None:
    assert bool(detailed(before, after)) == (
        json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True)
    )
    assert detailed(before, before) == {}
    opposite = {"add": "delete", "delete": "add", "update": "update"}
    assert detailed(after, before) == {path: opposite[kind] for path, kind in detailed(before, after).items()}


def command(folder: Path, base: str, head: str) -> Any:
    (folder / "base.json").write_text(base)
    (folder / "head.json").write_text(head)
    arguments = [f"--{each}={folder / each}.json" for each in ("base", "head", "output")]
    return CliRunner().invoke(app, ["desired-diff", *arguments])


EMPTY = '{"resources": [], "policyPacks": [], "policyEvents": []}'


def holding(document: dict[str, Any]) -> dict[str, Any]:
    return {**json.loads(EMPTY), "resources": [document]}


def test_the_command_writes_one_document(tmp_path: Path) -> None:
    done = command(tmp_path, EMPTY, json.dumps(holding(resource())))
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "output.json").read_text())["changeSummary"] == {"create": 1}


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("", "head.json is no desired state: the file: invalid json"),
        ("[1]", "head.json is no desired state: the file: "),
        ('{"resources": []}', "policyPacks: field required"),
        (json.dumps({"resources": [{"urn": "canary"}]}), "resources.0.type: field required"),
        (
            json.dumps(holding({**resource(), "canary": 1})),
            "extra inputs are not permitted",
        ),
        (
            json.dumps(holding({**resource(), "protect": "canary"})),
            "protect: input should be",
        ),
        ('{"resources": ' + "[" * 100_000, "head.json is no desired state: the file: invalid json"),
    ],
)
def test_what_is_no_desired_state_is_refused_and_not_shown(tmp_path: Path, head: str, said: str) -> None:
    done = command(tmp_path, EMPTY, head)
    assert isinstance(done.exception, OpsError)
    assert said in str(done.exception)
    assert "canary" not in str(done.exception).replace(str(tmp_path), "")
    assert not (tmp_path / "output.json").exists()


EVENT: dict[str, Any] = {
    "resourceUrn": URN, "policyPackName": "a-pack", "policyName": "a-rule", "enforcementLevel": "advisory", "message": "no",
}  # fmt: skip


def whole(part: str, **changed: Any) -> str:
    """A complete document of which one part, the state itself, a resource or a policy event, has other keys."""
    resources, events = [resource()], [dict(EVENT)]
    parts: dict[str, dict[str, Any]] = {"resources.0": resources[0], "policyEvents.0": events[0]}
    document = {"resources": resources, "policyPacks": ["a-pack"], "policyEvents": events}
    parts.get(part, document).update(changed)
    return json.dumps(document)


@pytest.mark.parametrize("part", ["the file", "resources.0", "policyEvents.0"])
def test_an_unknown_key_is_refused_at_every_level(tmp_path: Path, part: str) -> None:
    assert command(tmp_path, EMPTY, whole(part)).exit_code == 0
    done = command(tmp_path, EMPTY, whole(part, canary="x"))
    assert str(done.exception).endswith(
        f"head.json is no desired state: {part}: extra inputs are not permitted"
    )


@pytest.mark.parametrize(
    ("part", "changed", "said"),
    [
        ("the file", {"policyPacks": "a-pack"}, "policyPacks: input should be a valid array"),
        ("the file", {"policyPacks": [1]}, "policyPacks.0: input should be a valid string"),
        ("the file", {"resources": ["x"]}, "resources.0: input should be an object"),
        ("resources.0", {"custom": "true"}, "resources.0.custom: input should be a valid boolean"),
        ("resources.0", {"retainOnDelete": 0}, "resources.0.retainOnDelete: input should be a valid boolean"),
        ("resources.0", {"urn": 1}, "resources.0.urn: input should be a valid string"),
        ("resources.0", {"inputs": []}, "resources.0.inputs: input should be an object"),
        ("policyEvents.0", {"message": None}, "policyEvents.0.message: input should be a valid string"),
        ("policyEvents.0", {"enforcementLevel": "remediate"}, "enforcementLevel: input should be 'mandatory' or 'advisory'"),
    ],
)  # fmt: skip
def test_no_value_is_converted_at_any_level(
    tmp_path: Path, part: str, changed: dict[str, Any], said: str
) -> None:
    assert str(command(tmp_path, EMPTY, whole(part, **changed)).exception).endswith(said)


def test_a_document_keeps_the_keys_and_their_order_and_those_of_inputs() -> None:
    document = whole("resources.0", inputs={"snake_key": {"inner_key": 1}})
    assert json.dumps(as_document(parse(document.encode()))) == document


def test_deep_inputs_are_refused(tmp_path: Path) -> None:
    deep = json.dumps(resource()).replace('"inputs": {}', '"inputs": {"a": ' + "[" * 400 + "]" * 400 + "}")
    done = command(tmp_path, EMPTY, EMPTY.replace("[]", f"[{deep}]", 1))
    assert isinstance(done.exception, OpsError), done.exception


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desired_diff, "MAXIMUM_BYTES", len(EMPTY) - 1)
    done = command(tmp_path, EMPTY, EMPTY)
    assert "is larger than" in str(done.exception)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="cannot be read: No such file"):
        desired_diff.load(tmp_path / "nothing.json")
