"""A Debian 13 tree with the servers that production runs, where the machine itself has none.

Built by `debootstrap` as root on Linux, once (about 90 s, 1.1 GB). Its programs run without chroot and without root: each
is started by a short script through the tree's own loader and libraries, so that paths, users and networks are the
machine's.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import filelock

from sandbox.console import step
from sandbox.toolchain.routes import RouteFailed, built_atomically, run, write_executable

SUITE = "trixie"
PACKAGES = (
    "postgresql-17",
    "postgresql-17-cron",
    "postgresql-17-partman",
    "postgresql-17-postgis-3",
    "postgresql-17-postgis-3-scripts",
    "pgbouncer",
    "valkey-server",
)
# Folders of the tree whose programs are used.
_PROGRAM_FOLDERS = ("usr/lib/postgresql/17/bin", "usr/sbin", "usr/bin")
_PROGRAM_PREFIXES = ("pgbouncer", "valkey-")
# Root's own cache folder is closed to the user that servers run as. SANDBOX_CACHE_DIR replaces this one, too.
_SYSTEM_CACHE = Path("/var/cache/reptidex-sandbox")
_ELF = b"\x7fELF"
# Other packages make another tree.
_NAME = f"debian-{SUITE}-{hashlib.sha256(' '.join(PACKAGES).encode()).hexdigest()[:8]}"


def tree() -> Path:
    """The tree, built when there is none yet. Raises: RouteFailed, saying what is missing."""
    target = _cache() / _NAME
    if target.is_dir():
        return target
    if sys.platform != "linux":
        raise RouteFailed("debootstrap builds it on Linux only")
    if os.geteuid():
        raise RouteFailed("building it needs root: run this once as root, or install the servers")
    _cache().mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(_cache() / "debian.lock"):
        if not target.is_dir():
            with step("building a Debian tree with PostgreSQL, PgBouncer and Valkey, 90 s, once"):
                _build(target)
    return target


def _cache() -> Path:
    override = os.environ.get("SANDBOX_CACHE_DIR")
    return Path(override).absolute() if override else _SYSTEM_CACHE


def _build(target: Path) -> None:
    with built_atomically(target) as temporary, tempfile.TemporaryDirectory() as tools:
        command, environment = _debootstrap(Path(tools))
        # Packages are recommended, not required, by one another: what is needed is named in full.
        options = ["--variant=minbase", f"--include={','.join(PACKAGES)}"]
        run(
            [*_own_mounts(), *command, *options, SUITE, str(temporary)],
            "debootstrap",
            environment={**os.environ, **environment},
        )
        for leftover in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(temporary / leftover)
        _make_links_relative(temporary)
        _wrap_programs(temporary, target)


def _debootstrap(tools: Path) -> tuple[list[str], dict[str, str]]:
    """The command and what it needs in its environment; fetched, not installed, where the machine lacks it."""
    installed = shutil.which("debootstrap", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if installed:
        return [installed], {}
    if not shutil.which("apt-get"):
        raise RouteFailed("no `debootstrap` on this machine, and no `apt-get` to fetch it with")
    try:
        run(["apt-get", "download", "debootstrap"], "apt-get download debootstrap", cwd=tools)
    except RouteFailed as failed:
        raise RouteFailed(f"no `debootstrap`: apt-get install debootstrap ({failed})") from failed
    [package] = tools.glob("*.deb")
    run(["dpkg-deb", "--extract", str(package), str(tools)], "dpkg-deb")
    return [str(tools / "usr/sbin/debootstrap")], {"DEBOOTSTRAP_DIR": str(tools / "usr/share/debootstrap")}


def _own_mounts() -> list[str]:
    """What keeps debootstrap's mounts from outliving it, where that is allowed; containers refuse mounts anyway."""
    prefix = ["unshare", "--mount", "--propagation", "private", "--"]
    try:
        allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    return prefix if allowed else []


def _make_links_relative(tree: Path) -> None:
    """Let links with an absolute target stay in the tree: Debian's choice between alternatives is made of them."""
    for link in [*(tree / "usr/share/postgresql").rglob("*"), *(tree / "usr/lib").glob("*-linux-gnu/*")]:
        if not link.is_symlink() or not link.readlink().is_absolute():
            continue
        target = link
        while target.is_symlink() and target.readlink().is_absolute():
            target = tree / target.readlink().relative_to("/")
        link.unlink()
        link.symlink_to(os.path.relpath(target, link.parent))


def _wrap_programs(temporary: Path, target: Path) -> None:
    """Put a script in front of every program used; it names the folder under which the tree will be found."""
    [loader] = (temporary / "usr/lib").glob("*-linux-gnu/ld-linux-*.so.*")
    loader = target / loader.relative_to(temporary)
    programs = [
        program
        for folder in _PROGRAM_FOLDERS
        for program in (temporary / folder).iterdir()
        if ("postgresql" in folder or program.name.startswith(_PROGRAM_PREFIXES)) and _is_binary(program)
    ]
    for program in programs:
        # A copy for a link: a server that has several names looks at the one it is called by.
        shutil.copy2(program, f"{program}.real")
    for program in programs:
        program.unlink()
        # PostgreSQL finds its libraries and other programs from the path that it believes to be started by.
        write_executable(
            program,
            f'#!/bin/sh\nexec "{loader}" --argv0 "$0" --library-path "{loader.parent}" "$0.real" "$@"\n',
        )


def _is_binary(program: Path) -> bool:
    with program.open("rb") as file:
        return file.read(len(_ELF)) == _ELF
