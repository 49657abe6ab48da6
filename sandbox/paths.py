"""The places of things: the project and its committed files, per-stack state in the checkout, the user's cache."""

import contextlib
import hashlib
import os
import sys
from pathlib import Path

import platformdirs
import yaml

from sandbox.errors import SandboxError


def project_directory() -> Path:
    """The Pulumi project around the current folder, found as `pulumi` itself finds it."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise SandboxError(f"no Pulumi.yaml in {here} or above it: run this inside the project")


def project_name(project: Path) -> str:
    """The name of a project, as its Pulumi.yaml says it: the sandbox runs any project, not just this one."""
    return str(yaml.safe_load((project / "Pulumi.yaml").read_text())["name"])


def committed_stacks(project: Path) -> list[str]:
    """Names of the stacks that have a committed configuration file."""
    return sorted(path.name.split(".")[1] for path in project.glob("Pulumi.*.yaml"))


def committed_file(project: Path, stack: str) -> Path:
    """The committed configuration file of a stack. Raises: SandboxError when there is none."""
    path = project / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        stacks = ", ".join(committed_stacks(project)) or "none"
        raise SandboxError(f"no stack {stack!r}: there is no {path.name} (stacks here: {stacks})")
    return path


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
