"""The workflows in .github, read as files.

Proves what a linter does not know: that no action moves under its pin, that code of a pull request never meets a token that
writes or a role, that nobody's text becomes a script, and that every command exists. Proves nothing about a run: only
GitHub can.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from ops.cli import app
from sandbox.cli import app as sandbox_app
from sandbox.toolchain.pulumi_cli import VERSION
from tests.harness.platform import ROOT, STACKS

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
PINNED = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")
# What a run step may take from an expression: nothing. It comes through `env`, where a shell takes it for text.
EXPRESSION = re.compile(r"\$\{\{")
# Environments whose role may change something.
DEPLOYING = {"${{ inputs.stack }}", *STACKS}


def document(path: Path) -> dict[str, Any]:
    # YAML 1.1 takes the key `on` for true.
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in loaded.items()}


def jobs(path: Path) -> dict[str, Any]:
    return dict(document(path)["jobs"])


def steps(path: Path) -> Iterator[dict[str, Any]]:
    if path in ACTIONS:
        yield from document(path)["runs"]["steps"]
    else:
        for job in jobs(path).values():
            yield from job["steps"]


def scripts(path: Path) -> str:
    return "\n".join(step["run"] for step in steps(path) if "run" in step).replace("\\\n", " ")


def environment_of(job: dict[str, Any]) -> str | None:
    environment = job.get("environment")
    return environment["name"] if isinstance(environment, dict) else environment


def name(path: Path) -> str:
    return str(path.relative_to(ROOT / ".github"))


every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=name)
every_file = pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=name)


def test_there_are_workflows() -> None:
    names = "ci deploy drift labels official-provider operations policy preview preview-comment"
    assert {path.stem for path in WORKFLOWS} == set(names.split())


@every_file
def test_every_action_is_pinned_by_a_whole_commit_and_says_its_version(path: Path) -> None:
    for line in path.read_text().splitlines():
        if used := re.search(r"uses: (\S+)(.*)", line):
            if used[1].startswith("./"):
                assert (ROOT / used[1] / "action.yml").is_file(), line
            else:
                assert PINNED.fullmatch(used[1]), line
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", used[2]), line


def test_an_action_is_pinned_to_one_commit_everywhere() -> None:
    found = {
        used.split("@")[0]: set[str]()
        for path in [*WORKFLOWS, *ACTIONS]
        for step in steps(path)
        if (used := step.get("uses", "./")) and not used.startswith("./")
    }
    for path in [*WORKFLOWS, *ACTIONS]:
        for action, commit in re.findall(r"uses: ([\w/-]+)@(\S+)", path.read_text()):
            found[action].add(commit)
    assert {action for action, commits in found.items() if len(commits) != 1} == set()


@every_workflow
def test_nothing_is_allowed_but_what_a_job_names(path: Path) -> None:
    assert document(path)["permissions"] == {}
    for job_name, job in jobs(path).items():
        assert job["permissions"], f"{job_name} says what it may do"
        assert job["timeout-minutes"] <= 180, job_name
    assert "group" in document(path)["concurrency"]


@every_workflow
def test_no_workflow_holds_a_secret(path: Path) -> None:
    """Roles are assumed by OIDC, and the token is the run's own."""
    assert "secrets." not in path.read_text()


@every_workflow
def test_a_checkout_leaves_no_token_behind(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@every_workflow
def test_a_role_is_assumed_only_in_an_environment_and_only_where_it_is_needed(path: Path) -> None:
    for job_name, job in jobs(path).items():
        uses_role = any(step.get("uses") == "./.github/actions/stack" for step in job["steps"])
        may_assume = job["permissions"].get("id-token") == "write"
        assert uses_role == may_assume == (environment_of(job) is not None), job_name


def test_only_an_approved_deployment_has_a_role_that_changes_something() -> None:
    found = {
        (path.stem, job_name)
        for path in WORKFLOWS
        for job_name, job in jobs(path).items()
        if environment_of(job) in DEPLOYING
    }
    assert found == {("deploy", "apply")}
    assert set(document(ROOT / ".github/workflows/deploy.yml")["on"]) == {"workflow_dispatch"}


@every_workflow
def test_a_pull_request_of_a_stranger_gets_to_read_and_nothing_else(path: Path) -> None:
    assert "pull_request_target" not in document(path)["on"]
    if "pull_request" not in document(path)["on"]:
        return
    for job_name, job in jobs(path).items():
        if "head.repo.full_name == github.repository" in job.get("if", ""):
            continue
        assert job["permissions"] == {"contents": "read"}, job_name
        assert environment_of(job) is None, job_name


def test_what_posts_never_takes_code_from_a_pull_request() -> None:
    path = ROOT / ".github" / "workflows" / "preview-comment.yml"
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert set(step["with"]) == {"persist-credentials"}, "the default branch"
        if step.get("uses", "").startswith("actions/download-artifact@"):
            assert step["with"]["path"] == "${{ runner.temp }}/preview", (
                "a folder of its own, outside of the checkout"
            )
    assert "artifact" not in scripts(path)


@every_workflow
def test_who_may_write_runs_nothing_that_a_pull_request_brought(path: Path) -> None:
    """It fetches nothing of it. And the other way round: what writes has no role."""
    for job_name, job in jobs(path).items():
        writes = {scope for scope, right in job["permissions"].items() if right == "write"} - {"id-token"}
        if writes:
            fetches = any("uses" in step for step in job["steps"])
            assert "pull_request" not in document(path)["on"] or not fetches, job_name
            assert environment_of(job) is None, job_name


@every_file
def test_nobodys_text_becomes_a_script(path: Path) -> None:
    assert not EXPRESSION.search(scripts(path))


@every_file
def test_every_target_and_every_script_exists(path: Path) -> None:
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (\S+)", scripts(path))) <= targets
    for script in re.findall(r"\bbash (\S+)", scripts(path)):
        assert (ROOT / script).is_file()


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS, ROOT / "README.md"], ids=lambda path: path.name)
def test_every_command_of_ours_exists_with_its_options(path: Path) -> None:
    said = path.read_text() if path.suffix == ".md" else scripts(path)
    for tool, typer_app in (("dbops", app), ("-m sandbox", sandbox_app)):
        commands: dict[str, Any] = get_command(typer_app).commands  # type: ignore[attr-defined]
        for verb, rest in re.findall(rf"{tool}\"? ([\w-]+)([^\n|&#]*)", said):
            assert verb in commands, f"{tool} {verb}"
            options = {option for each in commands[verb].params for option in each.opts}
            assert set(re.findall(r"(?<!\S)(--[\w-]+)", rest)) <= options, f"{tool} {verb}{rest}"


@every_workflow
def test_the_engines_events_are_asked_for_as_it_wants_it(path: Path) -> None:
    """Without the variable `--event-log` is an unknown flag."""
    for step in steps(path):
        if "--event-log" in step.get("run", ""):
            assert step["env"]["PULUMI_DEBUG_COMMANDS"] == "true"


def test_the_plan_is_checked_right_before_it_is_applied() -> None:
    ran = [
        step["run"] for step in jobs(ROOT / ".github/workflows/deploy.yml")["apply"]["steps"] if "run" in step
    ]
    assert ["plan-check" in ran[0], "pulumi up" in ran[1], "--plan" in ran[1], len(ran)] == [
        True,
        True,
        True,
        2,
    ]


def test_a_stack_is_deployed_by_one_run_at_a_time_which_is_never_cut_short() -> None:
    concurrency = document(ROOT / ".github/workflows/deploy.yml")["concurrency"]
    assert concurrency == {"group": "stack-${{ inputs.stack }}", "cancel-in-progress": False}


def test_every_stack_is_previewed_and_can_be_deployed() -> None:
    [stack] = document(ROOT / ".github/workflows/deploy.yml")["on"]["workflow_dispatch"]["inputs"].values()
    assert stack["options"] == list(STACKS)
    for workflow in ("preview", "preview-comment", "drift"):
        loops = re.findall(r"for stack in ([\w ]+);", scripts(ROOT / f".github/workflows/{workflow}.yml"))
        assert loops
        assert set(loops) == {" ".join(STACKS)}


def test_deployments_run_the_engine_that_the_sandbox_proves() -> None:
    action = (ROOT / ".github" / "actions" / "stack" / "action.yml").read_text()
    assert re.findall(r"pulumi-version: (\S+)", action) == [VERSION]
