"""Whether a saved plan may still be applied: the seal beside it says what it was made from.

`pulumi up --plan` refuses an operation that the plan does not hold, and does not look whether the state is still the one
that the plan was made from. So `plan-seal` writes down what a plan depends on, and `plan-check`, right before `up`, looks
whether any of it moved. A seal holds hashes and versions only. It is no signature: whoever can write the plan can write
the seal, so both come from where the reviewed ones are kept.
"""

import hashlib
import json
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ops.errors import OpsError
from ops.files import read_bytes


class Seal(BaseModel):
    """What a plan depends on. `commit` is the program; the sums are SHA-256 in hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stack: str
    commit: str
    pulumi_version: str
    plan_sha256: str
    config_sha256: str
    state_sha256: str


# A seal's fields as a person says them.
WORDS = {
    "stack": "the stack",
    "commit": "the commit",
    "pulumi_version": "the Pulumi CLI",
    "plan_sha256": "the plan file itself",
    "config_sha256": "the stack's configuration",
    "state_sha256": "the stack's state",
}


def seal_file(plan: Path) -> Path:
    """Where the seal of a plan is."""
    return plan.with_name(f"{plan.name}.seal")


def read(plan: Path) -> Seal:
    """The seal that stands beside a plan. Raises: OpsError."""
    try:
        return Seal.model_validate_json(read_bytes(seal_file(plan)))
    except ValidationError:
        raise OpsError(f"{seal_file(plan).name} is no seal; write it with `dbops plan-seal`") from None


def take(plan: Path, stack: str, config_file: Path | None = None) -> Seal:
    """The seal of a plan as things are now. Runs `pulumi` and `git` in the working directory.

    Omitted `config_file`: Pulumi.<stack>.yaml, as Pulumi has it. Raises: OpsError.
    """
    changed = _run("git", "status", "--porcelain", "--untracked-files=no").splitlines()
    if changed:
        files = ", ".join(line[3:] for line in changed)
        raise OpsError(f"{files}: not as committed, and a plan names its program by the commit; commit first")
    return Seal(
        stack=stack,
        commit=_run("git", "rev-parse", "HEAD").strip(),
        pulumi_version=_run("pulumi", "version").strip(),
        plan_sha256=_sha256(read_bytes(plan)),
        config_sha256=_sha256(read_bytes(config_file or Path(f"Pulumi.{stack}.yaml"))),
        state_sha256=state_sha256(_run("pulumi", "stack", "export", "--stack", stack)),
    )


def state_sha256(exported: str) -> str:
    """The SHA-256 of what `pulumi stack export` shows of resources and of operations that were cut short.

    The rest is left out: the manifest holds the time of the last command. Secrets are in it as the engine encrypted them,
    which every `up` and `refresh` does anew: after one of them a state with secrets is another, even if nothing changed.
    Raises: OpsError.
    """
    try:
        deployment = json.loads(exported)["deployment"]
        kept = {name: deployment.get(name) or [] for name in ("resources", "pending_operations")}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise OpsError(
            "`pulumi stack export` did not give a state; is this a Pulumi CLI of version 3?"
        ) from None
    return _sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode())


def check(sealed: Seal, now: Seal, plan: Path) -> None:
    """Raise OpsError, naming all that moved, unless a plan may be applied."""
    moved = [words for field, words in WORDS.items() if getattr(sealed, field) != getattr(now, field)]
    if moved:
        raise OpsError(
            f"{plan.name} must not be applied: {', '.join(moved)} changed after it was made; preview again, and have"
            " the new plan reviewed"
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OpsError(f"there is no `{command[0]}` on the PATH") from None
    if done.returncode:
        raise OpsError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout
