"""`dbops desired-diff`: the changes between two desired states, as a preview."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ops.files import write_text
from ops.review.desired_diff import LABEL, difference, load

EPILOG = "Example: dbops desired-diff --base base.json --head head.json --output diff.json"


def run(
    base: Annotated[Path, typer.Option(help="The desired state before.")],
    head: Annotated[Path, typer.Option(help="The desired state after.")],
    output: Annotated[Path, typer.Option(help="The file to write, in the form of `pulumi preview --json`.")],
) -> None:
    """Compare two desired states, as `python -m sandbox desired` writes them: what a pull request changes, without a cloud."""
    write_text(output, json.dumps(difference(load(base), load(head)), indent=1))
    print(LABEL)
