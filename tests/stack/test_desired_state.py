"""The desired state of the committed stacks, and what two small changes to prod make of it.

Proves that it is the same from run to run, that it holds no secret and no path of a machine, that changes and broken rules show,
and that it needs nothing of a shell. Does not prove anything about a cloud: nobody asks one.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.desired_state import DesiredState
from desired.state import desired_state
from infra.config.stack import ConfigError
from ops.review.desired_diff import difference, parse
from tests.harness.platform import ROOT, stack_file

POLICIES = ROOT / "policies"


def load(document: dict[str, Any]) -> DesiredState:
    return parse(json.dumps(document).encode())


@pytest.fixture(scope="module")
def base() -> dict[str, Any]:
    return desired_state(stack_file("prod"), POLICIES)


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, Any], dict[str, Any]]:
    """The desired state of prod with one key of its file set to another value."""

    def build(path: str, value: Any) -> dict[str, Any]:
        content = yaml.safe_load(stack_file("prod").read_text())
        domain, *rest = path.split(".")
        target = content["config"]
        for step in [f"dataplatform:{domain}", *rest][:-1]:
            target = target[step]
        target[rest[-1] if rest else f"dataplatform:{domain}"] = value
        file = tmp_path / "Pulumi.prod.yaml"
        file.write_text(yaml.safe_dump(content))
        return desired_state(file, POLICIES)

    return build


def changes(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        step["urn"].split("::")[-1]: {path: each["kind"] for path, each in step["detailedDiff"].items()}
        for step in document["steps"]
        if step["op"] == "update"
    }


def test_a_longer_retention_is_one_changed_property(
    base: dict[str, Any], changed: Callable[[str, Any], dict[str, Any]]
) -> None:
    document = difference(load(base), load(changed("postgres.backup_retention_days", 31)))
    assert changes(document)["postgres-instance"] == {"backupRetentionPeriod": "update"}
    [step] = [step for step in document["steps"] if step["urn"].endswith("::postgres-instance")]
    assert step["oldState"]["inputs"]["backupRetentionPeriod"] == 30
    assert str(step["newState"]["inputs"]["backupRetentionPeriod"]) == "31"
    assert document["policyEvents"] == []
    assert document["policyPacks"] == ["reptidex-data-platform"]


def test_one_replica_less_is_deletes_and_a_change_of_nothing_else_that_holds_data(
    base: dict[str, Any], changed: Callable[[str, Any], dict[str, Any]]
) -> None:
    replicas = yaml.safe_load(stack_file("prod").read_text())["config"]["dataplatform:postgres"]["replicas"]
    document = difference(load(base), load(changed("postgres.replicas", replicas[1:])))
    gone = {step["urn"].split("::")[-1] for step in document["steps"] if step["op"] == "delete"}
    assert f"postgres-replica-{replicas[0]['name']}-instance" in gone
    assert "postgres-instance" not in gone | set(changes(document))
    assert "create" not in document["changeSummary"]


def test_a_broken_rule_is_told(changed: Callable[[str, Any], dict[str, Any]]) -> None:
    found = changed("postgres.backup_retention_days", 20)["policyEvents"]
    [told] = [each for each in found if each["resourceUrn"].endswith("::postgres-instance")]
    assert told["policyName"] == "databases-keep-backups-long-enough"
    assert "`backupRetentionPeriod` is 20;" in told["message"]
    assert told["enforcementLevel"] == "mandatory"


def test_it_holds_no_secret_and_no_path(base: dict[str, Any]) -> None:
    text = json.dumps(base)
    assert "[secret]" in text
    # What the mocks make of generated passwords, which the program marks as secret.
    assert "password-result" not in text
    for path in (str(ROOT), str(Path.home()), sys.prefix):
        assert path not in text


def test_files_are_told_by_their_content(base: dict[str, Any]) -> None:
    [code] = [
        each["inputs"]["code"] for each in base["resources"] if each["urn"].endswith("::scale-up-function")
    ]
    assert {"functions/scale_up/handler.py", "contract/scale_up.py"} <= set(code)
    assert all(content.startswith("sha256:") for content in code.values())


def test_the_command_runs_with_nothing_in_its_environment_and_says_the_same_again(
    tmp_path: Path, base: dict[str, Any]
) -> None:
    output = tmp_path / "state.json"
    nowhere = {"PATH": str(tmp_path), "HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sandbox", "desired", "--stack", "prod", "--output", str(output)],
        cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = json.loads(output.read_text())
    assert changes(difference(load(base), load(again))) == {}
    assert set(difference(load(base), load(again))["changeSummary"]) == {"same"}


def test_a_wrong_configuration_is_one_message(changed: Callable[[str, Any], dict[str, Any]]) -> None:
    with pytest.raises(ConfigError, match=r"postgres\.backup_retention_days"):
        changed("postgres.backup_retention_days", 36)
