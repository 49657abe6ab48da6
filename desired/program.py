"""The program, run under mocks with a given configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from desired.recording import NOTHING, Recording, record
from infra.config.reading import load_file
from infra.config.stack import StackConfig
from infra.stack import declare


def declared_by_file(stack_file: Path) -> Recording:
    """The resources that a committed stack file declares. Raises ConfigError when the file cannot be used."""
    return declared_by(load_file(stack_file))


def declared_by(
    config: StackConfig,
    admin_password: str | None = None,
    answers: Mapping[str, Mapping[str, Any]] = NOTHING,
) -> Recording:
    """The resources that `config` declares, where look-ups find `answers`.

    Omitted `admin_password`: the program generates one.
    """

    def program() -> Mapping[str, Any]:
        password = None if admin_password is None else pulumi.Output.secret(admin_password)
        return {str(key): value for key, value in declare(config, password).items()}

    return record(program, config.stack, answers)
