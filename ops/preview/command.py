"""`dbops preview-report`: from recorded previews to Markdown, HTML and JSON, and an exit code to stop a pull request with."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.errors import OpsError
from ops.preview import digest, overrides
from ops.preview.changes import Risk
from ops.preview.html import html
from ops.preview.markdown import markdown
from ops.preview.report import Report, build

STANDARD_OUTPUT = "-"
FAILED_PREVIEW = 4
# One for each level of --fail-on: 5 for stateful, and so on.
FIRST_LEVEL = 5


class FailOn(Enum):
    """The gravest change that may pass is the one before it."""

    STATEFUL = "stateful"
    DISRUPTIVE = "disruptive"
    SECURITY = "security"
    BACKUPS = "backups"
    COST = "cost"
    ROUTINE = "routine"


EXIT_CODES = {
    0: "nothing of the level",
    1: "the report could not be made",
    2: "the command line is wrong",
    FAILED_PREVIEW: "a preview failed or breaks a mandatory policy",
    **{FIRST_LEVEL + Risk[level.name]: f"the gravest change is {level.value}" for level in FailOn},
}


def preview_report(
    *,
    recordings: Annotated[
        list[str],
        typer.Argument(
            metavar="STACK=FILE...",
            help="What `pulumi preview --json` printed or `--event-log` wrote; both of one stack are joined.",
        ),
    ],
    markdown_file: Annotated[str | None, typer.Option("--markdown", help="For a comment; at most 65,036 characters.")] = None,
    html_file: Annotated[str | None, typer.Option("--html", help="The full report as one page.")] = None,
    json_file: Annotated[str | None, typer.Option("--json", help="The full report for programs.")] = None,
    fail_on: Annotated[FailOn | None, typer.Option(help="End with the level's code if a change is that grave or graver.")] = None,
    overrides_file: Annotated[Path | None, typer.Option("--overrides", help="Changes that are meant, read from the branch that is merged into.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="A label of the pull request; intended:<stack>/<name> counts.")] = None,
) -> None:  # fmt: skip
    """Turn recorded previews into a review: the verdict first, then what each change does, gravest first.

    Record with `pulumi preview --json --show-sames --show-replacement-steps`; `-` is standard output. Without any output
    named, Markdown goes there.
    """
    intents, notes = overrides.from_labels(label or ()), list[str]()
    if overrides_file:
        from_file, notes = overrides.read_file(overrides_file, datetime.now(tz=UTC).date())
        intents += from_file
    report = build(_previews(recordings), intents, notes)
    if not (markdown_file or html_file or json_file):
        markdown_file = STANDARD_OUTPUT
    for place, render in ((markdown_file, markdown), (html_file, html), (json_file, as_json)):
        if place:
            _write(place, render(report))
    raise typer.Exit(exit_code(report, fail_on))


preview_report.__doc__ = (
    (preview_report.__doc__ or "")
    + "\n\n    Exit codes: "
    + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    + "."
)


def exit_code(report: Report, fail_on: FailOn | None) -> int:
    """What the command ends with: a failed preview always counts, changes from `fail_on` up."""
    if report.failed:
        return FAILED_PREVIEW
    gravest = report.gravest
    if fail_on is None or gravest is None or gravest > Risk[fail_on.name]:
        return 0
    return FIRST_LEVEL + gravest


def as_json(report: Report) -> str:
    """The whole report as JSON."""
    return json.dumps(_by_name(dataclasses.asdict(report)), indent=2, ensure_ascii=False) + "\n"


def _by_name(value: Any) -> Any:
    """With the names of risks instead of their rank."""
    if isinstance(value, Risk):
        return value.name.lower()
    if isinstance(value, dict):
        return {key: _by_name(each) for key, each in value.items()}
    return [_by_name(each) for each in value] if isinstance(value, list | tuple) else value


def _previews(recordings: Sequence[str]) -> dict[str, digest.Preview]:
    previews: dict[str, digest.Preview] = {}
    for recording in recordings:
        stack, separator, name = recording.partition("=")
        if not (stack and separator and name):
            raise typer.BadParameter(
                f"{recording!r} does not name a stack and a file: write prod=preview.json"
            )
        try:
            read = digest.read(Path(name).read_text())
            previews[stack] = digest.combined(previews[stack], read) if stack in previews else read
        except OSError as error:
            raise OpsError(f"{name} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise OpsError(f"{name} is no text; give what `pulumi preview --json` printed") from error
        except digest.PreviewError as error:
            raise OpsError(f"{name} {error}") from error
    return previews


def _write(place: str, text: str) -> None:
    if place == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    try:
        Path(place).write_text(text)
    except OSError as error:
        raise OpsError(f"{place} cannot be written: {error.strerror}") from error
