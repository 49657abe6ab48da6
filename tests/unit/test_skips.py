"""Skips in CI: a skip is a failure, unless a committed list has its reason.

Proves it with a small suite of its own, run by the real pytest with this project's conftest. Does not prove that CI asks for
it; the last test reads `.ci/run`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ALLOWED_SKIPS
from tests.harness.platform import ROOT

SUITE = """
import pytest

def test_skipped():
    pytest.skip("there is no server here")

@pytest.mark.skipif(True, reason="there is no Go here")
def test_marked():
    pass

@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    raise AssertionError

def test_passed():
    pass
"""
SKIPPED_FILE = """
import pytest

pytest.skip("there is no account here", allow_module_level=True)

def test_never_seen():
    pass
"""


def run(folder: Path, *options: str, suite: str = SUITE) -> subprocess.CompletedProcess[str]:
    (folder / "test_suite.py").write_text(suite)
    (folder / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (folder / "allowed_skips.yaml").write_text('"*::test_marked": a reason\n')
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_suite.py"],
        cwd=folder,
        # Options of the run around this one are none of the suite's.
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_the_option_a_skip_is_a_skip(tmp_path: Path) -> None:
    assert "1 passed, 2 skipped, 1 xfailed" in run(tmp_path).stdout


def test_with_the_option_a_skip_fails_with_its_reason_unless_it_is_listed(tmp_path: Path) -> None:
    done = run(tmp_path, "--no-skips")
    assert done.returncode == 1
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed" in done.stdout
    assert "test_skipped is skipped where no skip is allowed" in done.stdout
    assert "there is no server here" in done.stdout


def test_the_skip_of_a_whole_file_fails_too(tmp_path: Path) -> None:
    assert "1 skipped" in run(tmp_path, suite=SKIPPED_FILE).stdout
    done = run(tmp_path, "--no-skips", suite=SKIPPED_FILE)
    assert done.returncode not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert "test_suite.py is skipped where no skip is allowed" in done.stdout
    assert "there is no account here" in done.stdout


def test_the_options_of_the_run_around_it_do_not_reach_the_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-skips")
    assert "1 passed, 2 skipped, 1 xfailed" in run(tmp_path).stdout


def test_every_allowed_skip_names_a_test_that_exists_and_has_a_reason() -> None:
    for pattern, reason in yaml.safe_load(ALLOWED_SKIPS.read_text()).items():
        file, _, name = pattern.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(), pattern
        assert len(reason.split()) > 5, pattern


@pytest.mark.parametrize("line", ['export PYTEST_ADDOPTS="--no-skips"', "make test"])
def test_ci_asks_for_it(line: str) -> None:
    assert line in (ROOT / ".ci" / "run").read_text().splitlines()
