"""The text around `up`: the plan before it starts, and the summary when it is done."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from contract.outputs import OutputKey
from sandbox.errors import SandboxError
from sandbox.paths import cache_directory
from sandbox.sandbox import Status
from sandbox.toolchain.needs import missing_disk_gb, needs

# Minutes on 2 cores. Most of them are the provider's own waiting for a new database (docs/sandbox.md, "How long it
# takes").
UP_MINUTES = {"dev": "about 3", "prod": "about 7"}
OTHER_UP_MINUTES = "3 to 8"
# Label, name, port.
ADDRESSES = (
    ("PostgreSQL, writes", OutputKey.POSTGRES_WRITER_NAME, OutputKey.POSTGRES_PORT),
    ("PostgreSQL, reads", OutputKey.POSTGRES_READERS_NAME, OutputKey.POSTGRES_PORT),
    ("connection pool", OutputKey.POOLER_NAME, OutputKey.POOLER_PORT),
    ("cache", OutputKey.CACHE_NAME, OutputKey.CACHE_PORT),
    ("sessions", OutputKey.SESSIONS_NAME, OutputKey.SESSIONS_PORT),
)


def plan(status: Status) -> Iterator[str]:
    """The lines that `up` begins with: what it does, what it needs, how long it takes.

    Raises: SandboxError where the disk has no room for it, and for a wrong setting.
    """
    tools = needs()
    lacking_gb = missing_disk_gb(tools)
    if lacking_gb:
        raise SandboxError(
            f"the disk of {cache_directory()} lacks {lacking_gb:.1f} GB for the tools: free some space, or name another "
            "folder in SANDBOX_CACHE_DIR"
        )
    if status.state == "up" and status.resources:
        yield f"{status.stack} is up: this brings it up to date (about 10 s where nothing changed)"
    else:
        minutes = UP_MINUTES.get(status.stack, OTHER_UP_MINUTES)
        if status.state == "up":
            yield f"{status.stack}: its emulated account runs, with nothing in it yet; this goes on from there"
        else:
            yield f"{status.stack}: a new AWS account, emulated on this machine; nothing here reaches a real one"
        yield f"  takes {minutes} minutes once the tools are there"
    yield from (f"  {tool.text}" for tool in tools)
    yield f"  state: {status.directory}; tools: {cache_directory()} (kept by `down`)"


def summary(outputs: Mapping[str, Any], status: Status, seconds: float) -> Iterator[str]:
    """The lines that `up` ends with: what runs, where, how to look at it, and how to take it down."""
    stack = status.stack
    yield f"{stack} is up after {seconds:.0f} s: {status.resources} resources in the emulated account at {status.endpoint}"
    addresses = list(_addresses(outputs))
    if addresses:
        yield from addresses
        yield "  The names are declared in private zones; no server answers at them."
    else:
        yield from (f"  {name}: {_text(value)}" for name, value in outputs.items())
    yield ""
    for purpose, command in (
        ("all outputs", f"make up STACK={stack} ARGS=--all    (or ARGS=--json)"),
        (
            "look around",
            f"make shell STACK={stack}    then `pulumi stack`, `aws rds describe-db-instances`, ...",
        ),
        ("try a change", f"edit Pulumi.{stack}.yaml, then make preview STACK={stack}"),
        ("take it down", f"make down STACK={stack}"),
    ):
        yield f"  {purpose:<14}{command}"


def _addresses(outputs: Mapping[str, Any]) -> Iterator[str]:
    for label, name, port in ADDRESSES:
        if name in outputs and port in outputs:
            yield f"  {label:<20}{outputs[name]}:{_text(outputs[port])}"


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)
