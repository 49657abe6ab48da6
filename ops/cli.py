"""`dbops <verb>`: the operators' commands. Each verb is a function of the module that does its work."""

import sys

import typer

from ops.comment import post_comment
from ops.desired import desired_diff
from ops.errors import OpsError
from ops.plan import plan_check, plan_seal
from ops.preview.command import preview_report

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(preview_report)
app.command()(post_comment)
app.command()(desired_diff)
app.command()(plan_seal)
app.command()(plan_check)


@app.callback()
def describe() -> None:
    """What operators and CI do with the platform beside `pulumi` itself."""


def main() -> None:
    """Run a command; an error meant for people becomes one message and exit code 1."""
    try:
        app(standalone_mode=True)
    except OpsError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
