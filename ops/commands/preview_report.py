"""`dbops preview-report`: recorded previews as a review in Markdown, HTML and JSON, and an exit code for a workflow."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from contract.exit_codes import described
from ops.errors import ExitCode
from ops.files import write_text
from ops.review import overrides
from ops.review.gate import FailOn, exit_code
from ops.review.html import html
from ops.review.json_report import as_json
from ops.review.markdown import markdown
from ops.review.recordings import read_all
from ops.review.report import build

STANDARD_OUTPUT = "-"
EPILOG = (
    "Example: dbops preview-report prod=preview.json prod=events.jsonl --html report.html --fail-on stateful"
    f"\n\n{described(ExitCode)}"
)


def run(
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
    fail_on: Annotated[FailOn | None, typer.Option(help="The mildest risk that fails: with a change of it or a graver one, end with the code of the gravest.")] = None,
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
    report = build(read_all(map(_stack_and_file, recordings)), intents, notes)
    if not (markdown_file or html_file or json_file):
        markdown_file = STANDARD_OUTPUT
    for place, render in ((markdown_file, markdown), (html_file, html), (json_file, as_json)):
        if place == STANDARD_OUTPUT:
            sys.stdout.write(render(report))
        elif place:
            write_text(place, render(report))
    raise typer.Exit(exit_code(report, fail_on))


def _stack_and_file(recording: str) -> tuple[str, str]:
    stack, separator, file = recording.partition("=")
    if not (stack and separator and file):
        raise typer.BadParameter(f"{recording!r} does not name a stack and a file: write prod=preview.json")
    return stack, file
