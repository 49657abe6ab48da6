"""The commands of `dbops`: their help, their examples and the one table of exit codes.

Proves that every verb shows an example that its own options accept, and that an error ends with the code of the table.
Does not prove what a verb does: the other tests of each verb do.
"""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from contract.exit_codes import described
from ops import cli
from ops.commands import desired_diff
from ops.errors import ExitCode, OpsError
from ops.review.finding import Risk
from ops.review.gate import FailOn
from tests.harness.platform import ROOT

VERBS: dict[str, Any] = get_command(cli.app).commands  # type: ignore[attr-defined]


def test_every_verb_has_a_command() -> None:
    assert set(VERBS) == {"preview-report", "post-comment", "desired-diff", "plan-seal", "plan-check"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_one_module_with_its_command_and_an_example(verb: str) -> None:
    path = ROOT / "ops" / "commands" / f"{verb.replace('-', '_')}.py"
    tree = ast.parse(path.read_text())
    public = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert {name for name in public if not name.startswith("_")} == {"run"}


def test_the_work_knows_nothing_of_the_command_line() -> None:
    for path in [
        *(ROOT / "ops" / "review").rglob("*.py"),
        *(ROOT / "ops" / f"{name}.py" for name in ("errors", "files", "redaction")),
    ]:
        imported = re.findall(
            r"^(?:from|import) (typer|ops\.commands|ops\.cli)\b", path.read_text(), re.MULTILINE
        )
        assert imported == [], path


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_an_example_with_options_that_exist(verb: str) -> None:
    example = VERBS[verb].epilog.splitlines()[0]
    assert example.startswith(f"Example: dbops {verb} ")
    used = set(re.findall(r"--[\w-]+", example.partition("&&")[0]))
    assert used <= {option for each in VERBS[verb].params for option in each.opts}
    done = CliRunner().invoke(cli.app, [verb, "--help"])
    assert done.exit_code == 0
    assert f"dbops {verb}" in done.stdout


def test_the_help_lists_every_exit_code() -> None:
    shown = " ".join(CliRunner().invoke(cli.app, ["--help"]).stdout.split())
    for code in ExitCode:
        assert f"{code.value} {code.meaning}" in shown
    assert described([ExitCode.FAILED_PREVIEW]) == (
        "Exit codes: 4 a preview failed or breaks a mandatory policy."
    )


def test_every_level_of_fail_on_has_a_code_in_the_order_of_risks() -> None:
    levels = [ExitCode[level.name] for level in FailOn]
    assert levels == list(range(5, 11))
    assert [Risk[level.name] for level in FailOn] == sorted(Risk[level.name] for level in FailOn)


def test_an_error_for_people_is_one_line_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dbops", "preview-report", "dev=/nowhere/preview.json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == ExitCode.FAILED == OpsError.exit_code == 1
    assert (
        capsys.readouterr().err == "error: /nowhere/preview.json cannot be read: No such file or directory\n"
    )


def test_risks_levels_and_exit_codes_have_the_same_names_in_the_same_order() -> None:
    risks = [risk.name for risk in Risk if risk is not Risk.NOISE]
    assert [level.name for level in FailOn] == risks
    assert [code.name for code in ExitCode if code.name in risks] == risks


def test_a_file_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text('{"resources": [], "policyPacks": [], "policyEvents": []}')
    nowhere = str(tmp_path / "no-such-folder" / "diff.json")
    with pytest.raises(OpsError, match=r"no-such-folder/diff\.json cannot be written"):
        desired_diff.run(state, state, Path(nowhere))
