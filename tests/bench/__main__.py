"""Measures what the project promises about speed, and prints each figure with its limit and their ratio.

No figure makes it fail: it depends on the machine and on what else runs. The limits hold for an idle machine with two
cores. Times are the median of three runs; bringing the stacks up and down is done once.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from desired.program import declared_by
from infra.config.reading import load_file
from sandbox.errors import SandboxError
from tests.bench import failover, pooling
from tests.harness.live import live_stack
from tests.harness.platform import ROOT, STACKS, stack_file
from tests.harness.recorded import multiplied

RUNS = 3
# Seconds.
PREVIEW_LIMIT, PACK_LIMIT, SECOND_UP_LIMIT, REPORT_LIMIT = 15.0, 3.0, 30.0, 3.0
# Three times what Pulumi's SDK alone takes, measured with a program that declares 300 SSM parameters of four inputs.
DECLARE_LIMIT_PER_RESOURCE = 0.010
REPORTED_CHANGES = 1000


def median_seconds(work: Callable[[], object]) -> float:
    """The median wall time of a few runs."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def checked(command: Callable[..., subprocess.CompletedProcess[str]], *arguments: str) -> None:
    """Run a command that must succeed: one that fails early would look fast."""
    done = command(*arguments)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed: {done.stderr[-2000:]}")


def report_seconds() -> float:
    """A report in every form, the start of the command included."""
    with tempfile.TemporaryDirectory() as directory:
        recording = Path(directory) / "preview.json"
        recording.write_text(multiplied("identifier-changed", REPORTED_CHANGES))
        command = [sys.executable, "-m", "ops", "preview-report", f"dev={recording}"]
        outputs = [f"--{form}={directory}/report.{form}" for form in ("markdown", "html", "json")]
        return median_seconds(partial(checked, run, *command, *outputs))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command in this project, whatever its exit code."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def main() -> None:
    """Measure everything and print one table."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table("what", "seconds", "limit", "of the limit")

    def row(what: str, seconds: float, limit: float) -> None:
        table.add_row(what, f"{seconds:.2f}", f"{limit:g}", f"{seconds / limit:.0%}")
        console.print(f"{what}: {seconds:.2f} s")

    prod = load_file(stack_file("prod"))
    resources = len(declared_by(prod).registrations)  # and the imports
    row(
        f"declare(prod) under mocks, after imports: {resources} resources",
        median_seconds(lambda: declared_by(prod)),
        DECLARE_LIMIT_PER_RESOURCE * resources,
    )
    row(f"dbops preview-report of {REPORTED_CHANGES} changes", report_seconds(), REPORT_LIMIT)
    for stack in STACKS:
        with tempfile.TemporaryDirectory() as directory:
            for live in live_stack(stack, Path(directory)):
                preview = median_seconds(partial(checked, live.pulumi, "preview"))
                row(f"{stack}: pulumi preview, no change", preview, PREVIEW_LIMIT)
                judged = median_seconds(partial(checked, live.pulumi, "preview", "--policy-pack", "policies"))
                row(f"{stack}: what the policy pack adds to it", judged - preview, PACK_LIMIT)
                row(
                    f"{stack}: second up, no change",
                    median_seconds(partial(checked, live.sandbox, "up")),
                    SECOND_UP_LIMIT,
                )
    console.print(table)
    try:
        pooling.main(console)
        failover.main(console)
    except SandboxError as error:
        console.print(f"the pooler was not measured: {error}")


if __name__ == "__main__":
    main()
