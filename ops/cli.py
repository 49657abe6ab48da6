"""`dbops <verb>`: the operators' commands. Each verb is a module of `ops.commands`."""

import sys

import typer

from contract.exit_codes import described
from ops.commands import desired_diff, plan_check, plan_seal, post_comment, preview_report
from ops.errors import ExitCode, OpsError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, epilog=described(ExitCode)
)
app.command("preview-report", epilog=preview_report.EPILOG)(preview_report.run)
app.command("post-comment", epilog=post_comment.EPILOG)(post_comment.run)
app.command("desired-diff", epilog=desired_diff.EPILOG)(desired_diff.run)
app.command("plan-seal", epilog=plan_seal.EPILOG)(plan_seal.run)
app.command("plan-check", epilog=plan_check.EPILOG)(plan_check.run)


@app.callback()
def describe() -> None:
    """What operators and CI do with the platform beside `pulumi` itself."""


def main() -> None:
    """Run a command; an error meant for people becomes one message and its exit code."""
    try:
        app(standalone_mode=True)
    except OpsError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
