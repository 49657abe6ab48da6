"""Options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

Plan = Annotated[Path, typer.Option(help="What `pulumi preview --save-plan` wrote.")]
Stack = Annotated[str, typer.Option(help="The stack that the plan is for.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option(envvar="PULUMI_OPTION_CONFIG_FILE", help="Where it is not Pulumi.<stack>.yaml."),
]
