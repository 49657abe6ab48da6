"""What happens where no engine can be had: with the platform's own program and committed configuration.

Proves that it is said, with the reasons, and that what is shown instead does not pretend to be a preview. The
download site is kept out of reach by a proxy that does not answer.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sandbox.cli import app
from sandbox.errors import BusyError, ExitCode, InterruptedByUserError, NoEngineError, SandboxError
from sandbox.offline import show_offline_preview

ROOT = Path(__file__).parents[3]


@pytest.fixture
def no_engine(tmp_path: Path) -> dict[str, str]:
    """An environment in which there is neither a Pulumi, nor a Go, nor a network."""
    return {
        **os.environ,
        "PATH": str(tmp_path),
        "SANDBOX_CACHE_DIR": str(tmp_path / "cache"),
        "SANDBOX_STATE_DIR": str(tmp_path / "state"),
        "https_proxy": "http://127.0.0.1:9",
    }


@pytest.mark.parametrize("verb", ["up", "preview"])
def test_without_an_engine_the_offline_preview_is_shown_and_labelled(
    no_engine: dict[str, str], verb: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sandbox", verb, "--stack", "prod"],
        cwd=ROOT,
        env=no_engine,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "offline preview" in ExitCode.NO_ENGINE.meaning
    for reason in ("no `pulumi` on PATH", "cannot be reached", "no `go` on PATH", "install Pulumi"):
        assert reason in done.stderr
    assert "no engine: nothing was compared with a cloud" in done.stdout
    assert "aws:rds/instance:Instance" in done.stdout
    assert "Traceback" not in done.stderr
    assert not Path(no_engine["SANDBOX_STATE_DIR"]).exists()


def test_the_help_lists_every_exit_code() -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"]).stdout.split())
    for code in ExitCode:
        assert f"{code.value} {code.meaning}" in shown
    raised = (SandboxError, BusyError, NoEngineError, InterruptedByUserError)
    assert [int(error.exit_code) for error in raised] == [1, 3, 4, 130]


def test_a_wrong_configuration_is_one_message(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
    config["config"]["dataplatform:no_such_key"] = 1
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump(config))
    with pytest.raises(SandboxError, match="no_such_key"):
        show_offline_preview("dev", tmp_path)
