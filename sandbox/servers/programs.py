"""Where server programs come from: the machine's own when they will do, else Debian's in a folder of the sandbox.

For each server the first of these that has the right version is taken:

1. the folder that `SANDBOX_POSTGRES_BIN`, `SANDBOX_PGBOUNCER_BIN` or `SANDBOX_VALKEY_BIN` names; then no other is tried
2. PATH
3. the folders where packages put them (Debian and PGDG, Homebrew, the macOS installers)
4. a Debian tree of the sandbox's own, see `debian`
"""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.servers import debian
from sandbox.toolchain.routes import RouteFailed

# A program answers in a hundredth of a second; this leaves room for a machine that compiles something.
_VERSION_TIMEOUT_SECONDS = 30
Version = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerKind:
    """A server to look for: its `main` program tells a version between `minimum` (inclusive) and `below`."""

    title: str
    main: str
    variable: str
    folders: tuple[str, ...]
    debian_folder: str
    minimum: Version
    below: Version


@dataclass(frozen=True, kw_only=True, slots=True)
class Programs:
    """Programs of one server, in one folder; `route` is "installed" or "debian"."""

    folder: Path
    version: Version
    route: str

    def path(self, name: str) -> str:
        """The full path of the program called `name`."""
        return str(self.folder / name)

    @property
    def version_text(self) -> str:
        """Such as "17.12"."""
        return dotted(self.version)


_BIN_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin")

POSTGRES = ServerKind(
    title="PostgreSQL",
    main="postgres",
    variable="SANDBOX_POSTGRES_BIN",
    folders=(
        "/usr/lib/postgresql/17/bin",
        "/usr/pgsql-17/bin",
        "/opt/homebrew/opt/postgresql@17/bin",
        "/usr/local/opt/postgresql@17/bin",
        "/Applications/Postgres.app/Contents/Versions/17/bin",
        "/Library/PostgreSQL/17/bin",
    ),
    debian_folder="usr/lib/postgresql/17/bin",
    minimum=(17,),
    below=(18,),
)
# 1.24.1 is what Debian 13 has. Production runs a newer one: settings are rendered for the version that reads them.
PGBOUNCER = ServerKind(
    title="PgBouncer",
    main="pgbouncer",
    variable="SANDBOX_PGBOUNCER_BIN",
    folders=_BIN_FOLDERS,
    debian_folder="usr/sbin",
    minimum=(1, 24, 1),
    below=(2,),
)
VALKEY = ServerKind(
    title="Valkey",
    main="valkey-server",
    variable="SANDBOX_VALKEY_BIN",
    folders=_BIN_FOLDERS,
    debian_folder="usr/bin",
    minimum=(8,),
    below=(9,),
)


def dotted(version: Version) -> str:
    """(17, 12) -> "17.12"."""
    return ".".join(map(str, version))


def nothing_lacks(_folder: Path) -> str | None:
    """Every installation will do."""
    return None


def find(kind: ServerKind, lacks: Callable[[Path], str | None] = nothing_lacks) -> Programs:
    """The programs of a server; the Debian tree is built when nothing else will do (about 90 s, once).

    `lacks` looks at a folder of programs of the right version and says what is missing there, or None. Raises:
    SandboxError, with every place that was tried and why it will not do.
    """
    tried: dict[str, str] = {}
    for folder, route in _candidates(kind, tried):
        try:
            version = _version(folder / kind.main)
        except RouteFailed as failed:
            tried[str(folder)] = str(failed)
            continue
        reason = _wrong_version(kind, version) or lacks(folder)
        if not reason:
            return Programs(folder=folder, version=version, route=route)
        tried[str(folder)] = reason
    raise SandboxError(
        f"no {kind.title} {dotted(kind.minimum)} or newer, below {dotted(kind.below)}, on this machine\n"
        + "".join(f"  {place}: {reason}\n" for place, reason in tried.items())
        + f"install it, or name the folder that has `{kind.main}` in {kind.variable}"
    )


def _candidates(kind: ServerKind, tried: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """Folders that have the main program, best first; what has none is noted in `tried`."""
    named = os.environ.get(kind.variable)
    if named:
        if not (Path(named) / kind.main).is_file():
            tried[kind.variable] = f"it names {named!r}, where there is no `{kind.main}`"
            return
        yield Path(named), "installed"
        return
    on_path = shutil.which(kind.main)
    if on_path:
        yield Path(on_path).resolve().parent, "installed"
    else:
        tried["PATH"] = f"no `{kind.main}`"
    found = [Path(folder) for folder in kind.folders if (Path(folder) / kind.main).is_file()]
    if not found:
        tried["usual folders"] = f"none in {', '.join(kind.folders)}"
    yield from ((folder, "installed") for folder in found)
    try:
        yield debian.tree() / kind.debian_folder, "debian"
    except RouteFailed as failed:
        tried["Debian tree"] = str(failed)


@functools.cache
def _version(program: Path) -> Version:
    try:
        answer = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_VERSION_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RouteFailed(f"`{program.name}` does not tell its version: {error}") from error
    version = re.search(r"\d+(\.\d+)+", answer.stdout)
    if answer.returncode or not version:
        reason = answer.stderr.strip() or f"exit status {answer.returncode}"
        raise RouteFailed(f"`{program.name}` does not tell its version: {reason}")
    return tuple(map(int, version.group().split(".")))


def _wrong_version(kind: ServerKind, version: Version) -> str | None:
    return None if kind.minimum <= version < kind.below else f"it has version {dotted(version)}"
