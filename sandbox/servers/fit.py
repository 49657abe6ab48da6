"""The settings of a large database instance, fitted to this machine."""

from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from sandbox.servers.postgres import Setting

_PAGE_BYTES = 8192
# PostgreSQL takes its shared buffers when it starts; all its other memory it takes when work needs it. Several
# clusters and their clients share the machine.
_SHARED_BUFFERS_PERCENT = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A setting that does not fit: what was given, and what is used here."""

    name: str
    given: Setting
    used: Setting


def fit_to_machine(
    settings: Mapping[str, Setting], memory_bytes: int | None = None
) -> tuple[dict[str, Setting], list[Fitted]]:
    """The settings with shared buffers of at most 5 % of the machine's memory, and what was changed.

    Numbers are bare and in the parameter's own unit, as in a DB parameter group. `memory_bytes` is the machine's own
    unless given.
    """
    limit_pages = (
        (memory_bytes or psutil.virtual_memory().total) * _SHARED_BUFFERS_PERCENT // 100 // _PAGE_BYTES
    )
    given = settings.get("shared_buffers")
    if given is None or int(given) <= limit_pages:
        return dict(settings), []
    fitted = Fitted(name="shared_buffers", given=given, used=limit_pages)
    return {**settings, "shared_buffers": limit_pages}, [fitted]
