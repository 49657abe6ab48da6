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
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from ops.errors import OpsError


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


def take(plan: Path, stack: str, config_file: Path) -> Seal:
    """The seal of a plan as things are now. Runs `pulumi` and `git` in the working directory. Raises: OpsError."""
    changed = _run("git", "status", "--porcelain", "--untracked-files=no").splitlines()
    if changed:
        files = ", ".join(line[3:] for line in changed)
        raise OpsError(f"{files}: not as committed, and a plan names its program by the commit; commit first")
    return Seal(
        stack=stack,
        commit=_run("git", "rev-parse", "HEAD").strip(),
        pulumi_version=_run("pulumi", "version").strip(),
        plan_sha256=_sha256(_read(plan)),
        config_sha256=_sha256(_read(config_file)),
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OpsError(f"{path} cannot be read: {error.strerror}") from None


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


Plan = Annotated[Path, typer.Option(help="What `pulumi preview --save-plan` wrote.")]
Stack = Annotated[str, typer.Option(help="The stack that the plan is for.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option(envvar="PULUMI_OPTION_CONFIG_FILE", help="Where it is not Pulumi.<stack>.yaml."),
]


def plan_seal(plan: Plan, stack: Stack, config_file: ConfigFile = None) -> None:
    """Write down beside a saved plan what it depends on: state, configuration, commit, CLI. Hashes only."""
    seal = take(plan, stack, config_file or Path(f"Pulumi.{stack}.yaml"))
    seal_file(plan).write_text(seal.model_dump_json(indent=2) + "\n")
    print(seal_file(plan))


def plan_check(plan: Plan, stack: Stack, config_file: ConfigFile = None) -> None:
    """Refuse a saved plan when anything that it depends on changed since; run it right before `pulumi up --plan`."""
    try:
        sealed = Seal.model_validate_json(_read(seal_file(plan)))
    except ValidationError:
        raise OpsError(f"{seal_file(plan).name} is no seal; write it with `dbops plan-seal`") from None
    check(sealed, take(plan, stack, config_file or Path(f"Pulumi.{stack}.yaml")), plan)
    print(f"{plan.name} is as it was sealed, and so is what it depends on")
