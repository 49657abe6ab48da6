"""Saved plans and their seals, with the real engine and a program that needs no cloud.

Proves that a plan is applied as long as nothing moved, that it is refused by one sentence once state, configuration, program
or plan did, that the engine alone would not refuse it, and that a seal holds no secret. Does not prove that the engine keeps to a plan: that is Pulumi's, and so is
what the plan holds.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.toolchain import Toolchain
from tests.harness.platform import ROOT
from tests.sandbox.conftest import Project

PROGRAM = """\
import pulumi

config = pulumi.Config()
pulumi.ComponentResource("tiny:index:Part", "part")
pulumi.export("word", config.require("word"))
pulumi.export("password", pulumi.Output.secret("canary-91ce"))
"""


@dataclass(frozen=True)
class Deployment:
    """The commands that a deployment types, in a project under version control."""

    project: Path
    pulumi_command: Path
    environment: dict[str, str]

    @property
    def plan(self) -> Path:
        return self.project / "plan.json"

    @property
    def seal(self) -> Path:
        return self.project / "plan.json.seal"

    def pulumi(self, *arguments: str) -> str:
        done = self._run(str(self.pulumi_command), *arguments, "--non-interactive")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def dbops(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(
            sys.executable, "-P", "-m", "ops", verb, "--plan", "plan.json", "--stack", "dev", *arguments
        )

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        done = self._run("git", *identity, *arguments)
        assert done.returncode == 0, done.stderr

    def make_plan(self) -> None:
        self.pulumi("preview", "--save-plan", "plan.json")
        done = self.dbops("plan-seal")
        assert done.returncode == 0, done.stderr

    def refusal(self, *arguments: str) -> str:
        done = self.dbops("plan-check", *arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def assert_fresh(self) -> None:
        done = self.dbops("plan-check")
        assert done.returncode == 0, done.stderr

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.project, env=self.environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def deployment(project: Project, toolchain: Toolchain) -> Deployment:
    project.write_program(PROGRAM)
    (project.directory / ".gitignore").write_text(".sandbox/\nplan.json*\n__pycache__/\n")
    _, environment = project.engine(toolchain)
    deployment = Deployment(project.directory, toolchain.pulumi, environment)
    deployment.git("init", "--quiet")
    deployment.git("add", ".")
    deployment.git("commit", "--quiet", "--message", "program")
    return deployment


def test_a_plan_is_good_until_something_moves(deployment: Deployment) -> None:
    deployment.make_plan()
    deployment.assert_fresh()
    assert "canary" not in deployment.seal.read_text()

    deployment.pulumi("up", "--yes", "--skip-preview")  # somebody else was faster
    assert (
        "plan.json must not be applied: the stack's state changed after it was made" in deployment.refusal()
    )
    # Why there are seals: the engine does not mind.
    deployment.pulumi("up", "--yes", "--plan", "plan.json", "--skip-preview")

    deployment.make_plan()
    content = deployment.plan.read_text()
    deployment.plan.write_text(content + "\n")
    assert "applied: the plan file itself changed" in deployment.refusal()
    deployment.plan.write_text(content)
    deployment.assert_fresh()

    deployment.pulumi("config", "set", "word", "goodbye")
    assert "applied: the stack's configuration changed" in deployment.refusal()
    deployment.pulumi("config", "set", "word", "hello")

    program = deployment.project / "program" / "__main__.py"
    program.write_text(PROGRAM + "# more\n")
    assert "program/__main__.py: not as committed" in deployment.refusal()
    deployment.git("commit", "--quiet", "--all", "--message", "more")
    assert "applied: the commit changed" in deployment.refusal()
    deployment.git("reset", "--quiet", "--hard", "HEAD~1")

    readme = (ROOT / "README.md").read_text()
    assert "dbops plan-seal --stack prod --plan plan.json" in readme
    assert (
        "dbops plan-check --stack prod --plan plan.json && pulumi up --stack prod --plan plan.json" in readme
    )
    deployment.assert_fresh()
    deployment.pulumi("up", "--yes", "--stack", "dev", "--plan", "plan.json")
