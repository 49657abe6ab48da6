"""Folders for files that this process needs only while it runs.

A process that is killed removes nothing, so each new folder is also the occasion to remove those whose owner is gone.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

# Short, since the folder becomes part of a socket's path, which macOS limits to 104 bytes.
_PREFIX = "reptidex-"


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A new folder, readable by this user alone, that is named after this process and removed with its `cleanup`."""
    _remove_orphans(Path(tempfile.gettempdir()))
    return tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-")


def _remove_orphans(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*-*"):
        owner = folder.name.split("-")[1]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            # Those of other users, and what another process is removing right now, are not ours to complain about.
            shutil.rmtree(folder, ignore_errors=True)
