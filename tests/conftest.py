"""Options and fixtures of every tier."""

import signal
from collections.abc import Generator
from fnmatch import fnmatchcase
from pathlib import Path

import hypothesis
import pytest
import yaml

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.yaml")

# A shell that runs the tests in the background has interrupts ignored, and `nohup` hang-ups, which every process they start
# would inherit: and some of those are there to be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# An example may take long on a loaded machine without being wrong.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` rewrites the files in tests/golden; `--no-skips` is for CI, where a skip proves nothing."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden; review the diff")
    parser.addoption(
        "--no-skips", action="store_true", help=f"a skip fails, unless {ALLOWED_SKIPS.name} has its reason"
    )


# First, so that pytest's own wrapper has marked an expected failure before this one looks.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where none is allowed."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse_skip(item, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole file into a failure too: its tests get no report of their own."""
    report = yield
    _refuse_skip(collector, report)
    return report


def _refuse_skip(
    node: pytest.Item | pytest.Collector, report: pytest.TestReport | pytest.CollectReport
) -> None:
    """Make a report of a skip one of a failure, where `--no-skips` is given and the skip is not listed."""
    if not report.skipped or not node.config.getoption("--no-skips"):
        return
    allowed = yaml.safe_load(ALLOWED_SKIPS.read_text()) or {}
    if any(fnmatchcase(node.nodeid, pattern) for pattern in allowed):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = (
        f"{node.nodeid} is skipped where no skip is allowed: {reason}\n"
        f"mend the cause, or give the reason in tests/{ALLOWED_SKIPS.name}"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-golden"))
