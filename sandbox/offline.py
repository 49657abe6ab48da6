"""The offline preview: what a stack declares, found out without a Pulumi engine.

For a machine on which no engine can be had. The program runs against mocks, so its own checks of the configuration
count; what the engine, the provider and AWS would say to it does not come into it.
"""

# ruff: noqa: PLC0415 - only offline_preview needs Pulumi and the program, and only when there is no engine

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from sandbox.errors import SandboxError
from sandbox.stack_config import committed_file

if TYPE_CHECKING:
    from sandbox.recording import Recording

TITLE = "Offline preview of {stack} - no engine: nothing was compared with a cloud"


def show_offline_preview(stack: str, project: Path) -> None:
    """Print every type that the committed stack declares, with the number of its resources.

    Raises: SandboxError when the configuration is wrong.
    """
    declared = offline_preview(committed_file(project, stack))
    counts = Counter(registration.type for registration in declared.registrations)
    table = Table("type", "to declare", title=TITLE.format(stack=stack), title_justify="left")
    for resource_type, count in sorted(counts.items()):
        table.add_row(resource_type, str(count))
    table.add_section()
    table.add_row("in all", str(counts.total()))
    Console(highlight=False).print(table)


def offline_preview(stack_file: Path) -> "Recording":
    """Run the program with the configuration in `stack_file` against mocks."""
    from infra.config import ConfigError, load_file
    from infra.outputs import OUTPUT_KEYS
    from infra.stack import declare
    from sandbox.recording import record

    try:
        config = load_file(stack_file)
    except ConfigError as error:
        raise SandboxError(str(error)) from error

    def program() -> Mapping[str, Any]:
        outputs = declare(config)
        return {key: getattr(outputs, key) for key in OUTPUT_KEYS}

    return record(program, config.stack)
