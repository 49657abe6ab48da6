"""The offline preview: the resources that a stack declares, found without a Pulumi engine.

For a machine that cannot have an engine. The program runs against mocks: its own checks of the configuration count, and
nothing is compared with an engine, a provider or AWS.
"""

# ruff: noqa: PLC0415 - Pulumi and the program are loaded only where there is no engine

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sandbox.errors import SandboxError
from sandbox.paths import committed_file

TITLE = "Offline preview of {stack} - no engine: nothing was compared with a cloud"


def show_offline_preview(stack: str, project: Path) -> None:
    """Print each type that the committed stack declares, with the number of its resources.

    Raises: SandboxError when the configuration is wrong.
    """
    from desired.program import declared_by_file
    from infra.config.stack import ConfigError

    try:
        declared = declared_by_file(committed_file(project, stack))
    except ConfigError as error:
        raise SandboxError(str(error)) from error
    counts = Counter(registration.type for registration in declared.registrations)
    table = Table("type", "to declare", title=TITLE.format(stack=stack), title_justify="left")
    for resource_type, count in sorted(counts.items()):
        table.add_row(resource_type, str(count))
    table.add_section()
    table.add_row("in all", str(counts.total()))
    Console(highlight=False).print(table)
