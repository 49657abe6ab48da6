"""What a plan's seal is made of, and the sentence that refuses a plan.

Proves what of a state counts and what does not, and what each refusal says. Does not prove that the engine's export is stable:
tests/sandbox/test_plan.py does, with a real one.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import OpsError
from ops.review.plan_seal import WORDS, Seal, check, seal_file, state_sha256

SEAL = Seal(
    stack="prod",
    commit="c0ffee",
    pulumi_version="v3.272.0",
    plan_sha256="1",
    config_sha256="2",
    state_sha256="3",
)
PLAN = Path("plan.json")
RESOURCES: list[dict[str, Any]] = [{"urn": "urn:a", "inputs": {"b": 1, "a": 2}}, {"urn": "urn:b"}]


def exported(**deployment: Any) -> str:
    return json.dumps(
        {"version": 3, "deployment": {"manifest": {"time": "now"}, "resources": RESOURCES, **deployment}}
    )


def test_a_plan_as_it_was_is_accepted() -> None:
    check(SEAL, SEAL.model_copy(), PLAN)


@pytest.mark.parametrize("field", Seal.model_fields)
def test_whatever_moved_is_named(field: str) -> None:
    with pytest.raises(OpsError) as refused:
        check(SEAL, SEAL.model_copy(update={field: "other"}), PLAN)
    assert str(refused.value) == (
        f"plan.json must not be applied: {WORDS[field]} changed after it was made; preview again, and have the new"
        " plan reviewed"
    )


def test_all_that_moved_is_named_in_one_sentence() -> None:
    with pytest.raises(OpsError, match="the commit, the stack's state changed after"):
        check(SEAL, SEAL.model_copy(update={"commit": "other", "state_sha256": "other"}), PLAN)


def test_the_time_of_the_last_command_is_no_part_of_the_state() -> None:
    same = exported(manifest={"time": "later"}, metadata={})
    assert state_sha256(same) == state_sha256(exported())
    assert state_sha256(exported(pending_operations=[])) == state_sha256(exported())


def test_the_order_of_keys_does_not_count_and_that_of_resources_does() -> None:
    other_keys = [{"inputs": {"a": 2, "b": 1}, "urn": "urn:a"}, {"urn": "urn:b"}]
    assert state_sha256(exported(resources=other_keys)) == state_sha256(exported())
    assert state_sha256(exported(resources=RESOURCES[::-1])) != state_sha256(exported())


@pytest.mark.parametrize(
    "deployment",
    [
        {"resources": RESOURCES[:1]},
        {"resources": [{**RESOURCES[0], "inputs": {"a": 2, "b": 2}}, RESOURCES[1]]},
        {"pending_operations": [{"type": "creating"}]},
    ],
)
def test_every_resource_and_every_operation_that_was_cut_short_counts(deployment: Any) -> None:
    assert state_sha256(exported(**deployment)) != state_sha256(exported())


def test_a_stack_without_resources_has_a_state_too() -> None:
    assert state_sha256('{"version": 3, "deployment": {"resources": null}}')


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"deployment": null}', '{"deployment": [1]}'])
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(OpsError, match="did not give a state"):
        state_sha256(text)


@pytest.mark.parametrize("content", [None, "", "{}", '{"stack": 1}'])
def test_a_plan_without_a_seal_is_refused_before_anything_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    monkeypatch.setenv("PATH", "")
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    if content is not None:
        seal_file(plan).write_text(content)
    done = CliRunner().invoke(app, ["plan-check", "--plan", str(plan), "--stack", "prod"])
    assert isinstance(done.exception, OpsError)
    assert ("cannot be read" if content is None else "plan.json.seal is no seal") in str(done.exception)


def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = CliRunner().invoke(app, ["plan-seal", "--plan", str(tmp_path / "plan.json"), "--stack", "prod"])
    assert "there is no `git` on the PATH" in str(done.exception)
