"""Changes that somebody means to make although they are grave: named one by one, by whom and why.

A file says so, read from the branch that is merged into, or a label of the pull request. Neither hides anything: the change is
shown with who meant it, and does not count for `--fail-on`. Nothing overrides a preview that failed or a mandatory policy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ops.errors import OpsError
from ops.files import read_text

LABEL_PREFIX = "intended:"

Sentence = Annotated[str, Field(min_length=10)]


class Override(BaseModel):
    """One change that is meant. `resource` is a URN; it may take place in pull requests until `expires`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    resource: str = Field(pattern=r"^urn:pulumi:")
    reason: Sentence
    approver: str = Field(min_length=1)
    expires: date


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    overrides: list[Override]


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """Why a change does not count. `resource` is a URN or `<stack>/<logical name>`."""

    resource: str
    says: str


def read_file(path: Path, today: date) -> tuple[list[Intent], list[str]]:
    """The overrides in force, and a note for each that has expired. Raises OpsError."""
    try:
        content = _File.model_validate(yaml.safe_load(read_text(path)))
    except (yaml.YAMLError, ValidationError) as error:
        raise OpsError(f"{path} is not a list of overrides: {error}") from error
    in_force = [
        Intent(
            resource=each.resource, says=f"intended: {each.reason} ({each.approver}, until {each.expires})"
        )
        for each in content.overrides
        if each.expires >= today
    ]
    expired = [
        f"the override of {each.resource} expired on {each.expires} and counts no more"
        for each in content.overrides
        if each.expires < today
    ]
    return in_force, expired


def from_labels(labels: Iterable[str]) -> list[Intent]:
    """What a pull request's labels `intended:<stack>/<logical name>` say; other labels say nothing."""
    return [
        Intent(
            resource=label.removeprefix(LABEL_PREFIX).strip(), says="intended: by a label of the pull request"
        )
        for label in labels
        if label.startswith(LABEL_PREFIX)
    ]
