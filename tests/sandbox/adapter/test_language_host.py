"""The sandbox's Python language host under a real engine, with programs that need no provider.

Proves how a program's success, mistakes and faults reach the user, that policy packs run, and that nothing outlives
a killed engine. Where the machine has a released Pulumi, that one's own language host is tested instead of ours.
"""

import os
import signal
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from sandbox.toolchain import Toolchain
from tests.sandbox.conftest import ENDLESS, Project, wait_for_start

Preview = subprocess.CompletedProcess[str]


def preview(project: Project, toolchain: Toolchain, *arguments: str) -> Preview:
    _, environment = project.engine(toolchain)
    return subprocess.run(
        [str(toolchain.pulumi), "preview", "--non-interactive", *arguments],
        cwd=project.directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_sees_its_project_and_its_config(project: Project, toolchain: Toolchain) -> None:
    project.write_program(
        "import pulumi, os, sys\n"
        "pulumi.export('seen', [pulumi.get_project(), pulumi.get_stack(), pulumi.Config().require('word')])\n"
        "pulumi.export('where', os.path.basename(os.getcwd()))\n"
        "print('printed by the program', pulumi.runtime.is_dry_run(), __name__)\n"
    )
    done = preview(project, toolchain)
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in ('"tiny"', '"dev"', '"hello"', "printed by the program True __main__"):
        assert expected in done.stdout


def test_a_users_mistake_is_one_message_without_a_trace(project: Project, toolchain: Toolchain) -> None:
    project.write_program("import pulumi\nraise pulumi.RunError('word: is 7, must be a word')\n")
    done = preview(project, toolchain)
    assert done.returncode != 0
    assert done.stdout.count("error: word: is 7, must be a word") >= 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "language_host" not in done.stdout + done.stderr


def test_any_other_exception_shows_the_programs_own_trace(project: Project, toolchain: Toolchain) -> None:
    project.write_program("def fail():\n    raise ValueError('boom')\n\nfail()\n")
    done = preview(project, toolchain)
    assert done.returncode != 0
    assert "ValueError: boom" in done.stdout
    assert "in fail" in done.stdout
    assert "language_host.py" not in done.stdout, "frames of the host are noise"


def test_a_missing_program_is_named(project: Project, toolchain: Toolchain) -> None:
    (project.directory / "program" / "__main__.py").unlink()
    done = preview(project, toolchain)
    assert done.returncode != 0
    assert "__main__.py" in done.stdout + done.stderr


@pytest.mark.parametrize(("status", "succeeds"), [("0", True), ("3", False)])
def test_a_program_may_end_itself(
    project: Project, toolchain: Toolchain, status: str, succeeds: bool
) -> None:
    project.write_program(f"import sys\nsys.exit({status})\n")
    assert (preview(project, toolchain).returncode == 0) == succeeds


def test_a_policy_pack_runs_in_the_same_preview(project: Project, toolchain: Toolchain) -> None:
    pack = project.directory / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.0.1\n")
    (pack / "__main__.py").write_text(
        "from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy\n"
        "def validate(args, report):\n"
        "    report('every stack is refused here')\n"
        "PolicyPack('pack', enforcement_level=EnforcementLevel.MANDATORY, policies=[\n"
        "    StackValidationPolicy(name='no', description='no stack', validate=validate)])\n"
    )
    done = preview(project, toolchain, "--policy-pack", str(pack))
    assert done.returncode != 0
    assert "every stack is refused here" in done.stdout + done.stderr


@pytest.fixture
def running_engine(project: Project, toolchain: Toolchain) -> Iterator[psutil.Process]:
    """An engine whose program has started and will not end by itself."""
    started = project.directory / "started"
    os.mkfifo(started)
    project.write_program(ENDLESS.format(started=str(started)))
    _, environment = project.engine(toolchain)
    engine = subprocess.Popen(
        [str(toolchain.pulumi), "preview", "--non-interactive"],
        cwd=project.directory,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_start(engine, started)
        yield psutil.Process(engine.pid)
    finally:
        engine.kill()
        engine.wait()


def test_nothing_outlives_a_killed_engine(running_engine: psutil.Process) -> None:
    descendants = running_engine.children(recursive=True)
    assert any("language" in " ".join(process.cmdline()) for process in descendants)
    running_engine.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(descendants, timeout=10)
    assert alive == []
