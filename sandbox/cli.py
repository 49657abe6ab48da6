"""`python -m sandbox <verb>`: the commands behind `make up`, `make preview`, `make down` and the rest."""

import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from contract.exit_codes import described
from sandbox import briefing
from sandbox.console import console, say
from sandbox.environment import forget_real_accounts, is_foreign
from sandbox.errors import ExitCode, NoEngineError, SandboxError
from sandbox.offline import show_offline_preview
from sandbox.paths import committed_file, project_directory
from sandbox.sandbox import Sandbox

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog=described(ExitCode),
)
Stack = Annotated[str, typer.Option("--stack", help="A stack that has a committed Pulumi.<stack>.yaml.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output instead of a table.")]
# Wide enough for an ARN on one line where no terminal sets the width.
# Values are shown as they are: an ARN holds `:secret:`, which would become a picture.
results = Console(highlight=False, emoji=False, markup=False, width=None if sys.stdout.isatty() else 200)


@app.callback()
def describe(context: typer.Context) -> None:
    """The whole platform on this machine: a real Pulumi engine against an emulated AWS account.

    Nothing here can reach a real account: AWS and Pulumi settings of your shell are dropped, and every call goes to
    a server on the loopback interface. State is kept in .sandbox/<stack>, the toolchain in your cache folder.
    """
    context.obj = forget_real_accounts(os.environ)


@app.command(epilog="Example: python -m sandbox up --stack prod")
def up(
    stack: Stack = "dev",
    as_json: Json = False,
    all_outputs: Annotated[
        bool, typer.Option("--all", help="End with a table of all outputs instead of a summary.")
    ] = False,
) -> None:
    """Bring a stack up, or up to date. Begins with what it will do and need, ends with a summary."""
    sandbox = Sandbox(stack, project_directory())
    for line in briefing.plan(sandbox.status()):
        say(line)
    started = time.monotonic()
    try:
        outputs = sandbox.up(sys.stderr if as_json else None)
    except NoEngineError as error:
        _preview_offline(stack, error)
    if as_json or all_outputs:
        _show(outputs, as_json, "output", "value")
        return
    for line in briefing.summary(outputs, sandbox.status(), time.monotonic() - started):
        results.print(line)


@app.command(epilog="Example: python -m sandbox preview --stack prod --diff --expect-no-changes")
def preview(
    stack: Stack = "dev",
    diff: Annotated[bool, typer.Option("--diff", help="Show every changed property.")] = False,
    expect_no_changes: Annotated[
        bool, typer.Option("--expect-no-changes", help="Fail when there would be any change.")
    ] = False,
) -> None:
    """Show what `up` would change, and judge it by the policy pack."""
    arguments = ["--diff"] * diff + ["--expect-no-changes"] * expect_no_changes
    try:
        Sandbox(stack, project_directory()).preview(arguments)
    except NoEngineError as error:
        _preview_offline(stack, error)


@app.command(epilog="Example: python -m sandbox desired --stack prod --output head.json")
def desired(
    output: Annotated[Path, typer.Option("--output", help="The JSON file to write.")], stack: Stack = "dev"
) -> None:
    """Write what a committed stack declares as JSON: no engine, no cloud. `dbops desired-diff` compares two of them."""
    # Pulumi and the program, which no other command needs.
    from desired.state import desired_state  # noqa: PLC0415
    from infra.config.stack import ConfigError  # noqa: PLC0415

    project = project_directory()
    try:
        state = desired_state(committed_file(project, stack), project / "policies")
    except ConfigError as error:
        raise SandboxError(str(error)) from error
    output.write_text(json.dumps(state, indent=1))


@app.command(epilog="Example: python -m sandbox refresh --stack dev")
def refresh(stack: Stack = "dev") -> None:
    """Read every resource back from the emulated account into the stack's state."""
    Sandbox(stack, project_directory()).refresh()


@app.command(epilog="Example: python -m sandbox down --stack prod")
def down(
    stack: Stack = "dev",
    force: Annotated[
        bool, typer.Option("--force", help="End the processes and remove the state without destroying first.")
    ] = False,
) -> None:
    """Destroy a stack, end its emulated account and remove its state; only the toolchain stays.

    What is protected comes first, as a person would have to do it on AWS: `protect` is taken off in the state, and
    databases with deletion protection are deleted with a final snapshot.
    """
    Sandbox(stack, project_directory()).down(force=force)


@app.command(epilog="Example: python -m sandbox status --json")
def status(stack: Stack = "dev", as_json: Json = False) -> None:
    """Show whether a sandbox is up, where it answers, and which calls its account could not answer."""
    found = Sandbox(stack, project_directory()).status().as_dict()
    if not as_json:
        found["unknown_calls"] = (
            "\n".join(f"{call['service']} {call['operation']}" for call in found["unknown_calls"]) or "none"
        )
    _show(found, as_json, "sandbox", "")


@app.command(epilog="Example: python -m sandbox shell --stack prod, then: pulumi preview")
def shell(stack: Stack = "dev") -> None:
    """Open a shell in which plain `pulumi` commands work on the sandbox."""
    raise typer.Exit(Sandbox(stack, project_directory()).shell())


@app.command(epilog='Example: eval "$(python -m sandbox env --stack dev)" && pulumi preview')
def env(context: typer.Context, stack: Stack = "dev") -> None:
    """Print the commands that give your own shell that environment."""
    environment = Sandbox(stack, project_directory()).environment()
    for name in context.obj:
        if name not in environment:
            print(f"unset {name}")
    for name, value in sorted(environment.items()):
        if is_foreign(name) or os.environ.get(name) != value:
            print(f"export {name}={shlex.quote(value)}")


def _preview_offline(stack: str, error: NoEngineError) -> NoReturn:
    say(f"error: {error}")
    show_offline_preview(stack, project_directory())
    raise typer.Exit(error.exit_code)


def _show(values: dict[str, Any], as_json: bool, *columns: str) -> None:
    if as_json:
        print(json.dumps(values, indent=2))
        return
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    for name, value in values.items():
        table.add_row(name, value if isinstance(value, str) else json.dumps(value))
    results.print(table)


def main() -> None:
    """Run a command; an error meant for people becomes one message and its own exit code."""
    try:
        app(standalone_mode=True)
    except SandboxError as error:
        console.print("[red]error:[/red] ", end="")
        console.print(str(error), markup=False)
        sys.exit(error.exit_code)
