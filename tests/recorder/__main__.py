"""`python -m tests.recorder [scenario ...]`: brings dev up once in a sandbox and records what `pulumi preview` says.

Each scenario is previewed by the real engine with the policy pack, in both forms at once: the digest that `--json` prints,
and the engine's events (`--event-log`). Recorded as they are, but for two things. What differs from machine to machine and from
run to run, `normalised` replaces: folders, ports, times and durations. What is two thirds of the text and says nothing of the
change is left out: stack traces of where the program declared a resource, and messages of severity "debug".
"""

import json
import lzma
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.harness.live import LiveStack, live_stack
from tests.harness.platform import ROOT
from tests.harness.recorded import DIGEST, EVENTS, PREVIEWS, STREAMED
from tests.recorder.scenarios import SCENARIOS, Scenario

COMMAND = ("pulumi", "preview", "--json", "--show-sames", "--show-replacement-steps", "--policy-pack", "policies")  # fmt: skip
# What the copy of a project that a scenario edits does not need.
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".sandbox", "__pycache__", ".*_cache", "golden")
FIXED = {
    "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "duration": 0, "durationSeconds": 0, "timestamp": 0,
}  # fmt: skip


def main(names: list[str]) -> None:
    """Record the named scenarios, or all."""
    unknown = set(names) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        raise SystemExit(f"no such scenario: {', '.join(sorted(unknown))}")
    wanted = [scenario for scenario in SCENARIOS if not names or scenario.name in names]
    PREVIEWS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        for scenario in wanted:
            if scenario.empty:
                live = LiveStack(scenario.stack, Path(directory) / "empty")
                try:
                    record(live, scenario)
                finally:
                    live.sandbox("down", "--force")
        rest = [scenario for scenario in wanted if not scenario.empty]
        for live in live_stack("dev", Path(directory)) if rest else ():
            for scenario in rest:
                with live.config_restored_afterwards():
                    for path, value in scenario.config.items():
                        live.set_config(path, value)
                    record(live, scenario)


def record(live: LiveStack, scenario: Scenario) -> None:
    """Preview one scenario, and write both forms of it."""
    with tempfile.TemporaryDirectory() as directory:
        project = edited(scenario, Path(directory) / "project") if scenario.edits else ROOT
        events = Path(directory) / "events.jsonl"
        variables = {**live.shell_variables, "PULUMI_DEBUG_COMMANDS": "true", "PYTHONPATH": str(project)}
        done = subprocess.run(
            [*COMMAND, "--event-log", str(events)],
            cwd=project, env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        print(f"{scenario.name}: exit status {done.returncode}", file=sys.stderr)
        if not done.stdout.strip():
            raise SystemExit(f"{scenario.name} printed no preview: {done.stderr[-3000:]}")
        if scenario.streamed:
            streamed = subprocess.run(
                COMMAND, cwd=project, env={**variables, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
        folders = {str(project): "/project", str(ROOT): "/project", str(live.directory): "/sandbox",
                   live.shell_variables["PULUMI_HOME"]: "/pulumi", str(Path.home()): "/home"}  # fmt: skip
        write(PREVIEWS / f"{scenario.name}{DIGEST}", canonical(normalised(json.loads(done.stdout), folders)))
        write(PREVIEWS / f"{scenario.name}{EVENTS}", lines(events.read_text(), folders))
        if scenario.streamed:
            write(PREVIEWS / f"{scenario.name}{STREAMED}", lines(streamed, folders))


def lines(text: str, folders: dict[str, str]) -> str:
    """Events, one a line."""
    events = map(json.loads, text.splitlines())
    told = (event for event in events if event.get("diagnosticEvent", {}).get("severity") != "debug")
    return "".join(canonical(normalised(event, folders)) for event in told)


def edited(scenario: Scenario, project: Path) -> Path:
    """A copy of this project with the scenario's changes of the program."""
    shutil.copytree(ROOT, project, ignore=LEFT_OUT)
    (project / ".venv").symlink_to(ROOT / ".venv")
    for edit in scenario.edits:
        text = (project / edit.path).read_text()
        if edit.old not in text:
            raise SystemExit(f"{scenario.name}: {edit.path} does not hold {edit.old!r} any more")
        (project / edit.path).write_text(text.replace(edit.old, edit.new))
    return project


def normalised(value: Any, folders: dict[str, str]) -> Any:
    """What was printed, without the folders, ports, times and durations of this machine and run."""
    if isinstance(value, list):
        return [normalised(each, folders) for each in value]
    if isinstance(value, dict):
        return {
            key: FIXED[key]
            if key in FIXED and not isinstance(each, dict | list)
            else normalised(each, folders)
            for key, each in value.items()
            if key != "stackTrace"
        }
    if not isinstance(value, str):
        return value
    for folder, name in folders.items():
        value = value.replace(folder, name)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:4566", value)


def canonical(value: Any) -> str:
    """One line of JSON with its keys in order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"


def write(path: Path, text: str) -> None:
    """Compressed over the whole text: a preview says most things twice, far apart."""
    path.write_bytes(lzma.compress(text.encode(), preset=9))


if __name__ == "__main__":
    main(sys.argv[1:])
