"""Where the sandbox keeps things: per-stack state in the checkout, the toolchain in the user's cache."""

import contextlib
import hashlib
import os
import sys
from pathlib import Path

import platformdirs

from sandbox.errors import SandboxError


def project_directory() -> Path:
    """The Pulumi project around the current folder, found as `pulumi` itself finds it."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise SandboxError(f"no Pulumi.yaml in {here} or above it: run this inside the project")


def state_directory(project: Path, stack: str) -> Path:
    """Everything one sandbox owns; `down` removes it. SANDBOX_STATE_DIR replaces `<project>/.sandbox`."""
    return Path(os.environ.get("SANDBOX_STATE_DIR") or project / ".sandbox").absolute() / stack


def remove_empty_state_root(project: Path) -> None:
    """Remove `<project>/.sandbox` when nothing is in it any more; a SANDBOX_STATE_DIR is the user's own folder."""
    if not os.environ.get("SANDBOX_STATE_DIR"):
        # Another stack's sandbox may be in it, or have just removed it.
        with contextlib.suppress(OSError):
            (project / ".sandbox").rmdir()


def cache_directory() -> Path:
    """The toolchain, shared by all checkouts and kept by `down`. SANDBOX_CACHE_DIR replaces the user's cache."""
    override = os.environ.get("SANDBOX_CACHE_DIR")
    return Path(override).absolute() if override else platformdirs.user_cache_path("reptidex-sandbox")


def pulumi_home() -> Path:
    """The sandbox's own PULUMI_HOME, one for each virtual environment.

    The shims in it name the interpreter that runs them, so two checkouts must not share one.
    """
    return cache_directory() / "homes" / hashlib.sha256(sys.prefix.encode()).hexdigest()[:12]
