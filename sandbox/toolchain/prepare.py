"""Get a complete toolchain, from whatever this machine has."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from sandbox.console import say, step
from sandbox.errors import NoEngineError
from sandbox.paths import cache_directory, pulumi_home
from sandbox.toolchain import pulumi_cli
from sandbox.toolchain.plugins import check_aws_provider, prepare_plugins, shim
from sandbox.toolchain.routes import RouteFailed, write_executable


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """A Pulumi command line with everything it needs to run the program.

    `cli_route` is "installed", "downloaded" or "built"; `providers` says for each provider "official" or "adapter".
    """

    pulumi: Path
    home: Path
    cli_route: str
    providers: dict[str, str]


def prepare() -> Toolchain:
    """Find, download or build what is missing.

    Guarded by a lock, so that two sandboxes that start together build once. Takes well under a second when
    everything is there. Raises: NoEngineError, saying why every route failed.
    """
    with _toolchain_lock():
        pulumi, cli_route = _prepare_cli()
        try:
            providers = prepare_plugins(pulumi)
        except RouteFailed as failed:
            raise NoEngineError(f"there is no AWS provider for the Pulumi engine: {failed}") from failed
    return Toolchain(pulumi=pulumi, home=pulumi_home(), cli_route=cli_route, providers=providers)


@contextmanager
def _toolchain_lock() -> Iterator[None]:
    cache_directory().mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(cache_directory() / "toolchain.lock")
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        with step("waiting for another command that prepares the toolchain"):
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _prepare_cli() -> tuple[Path, str]:
    reasons = {}
    try:
        return pulumi_cli.find_installed(), "installed"
    except RouteFailed as failed:
        reasons["installed"] = failed
    if pulumi_cli.downloaded().is_file():
        return pulumi_cli.downloaded(), "downloaded"
    if pulumi_cli.built().is_file():
        return _with_language_host(pulumi_cli.built()), "built"

    say(f"Pulumi command line: {reasons['installed']}")
    try:
        with step("downloading the Pulumi command line"):
            return pulumi_cli.download(), "downloaded"
    except RouteFailed as failed:
        reasons["official download"] = failed
        say(f"  {failed}")
    try:
        go = pulumi_cli.find_go()
        check_aws_provider()  # before minutes of building, not after them
        with step("building the Pulumi command line from Go modules, some minutes, once") as progress:
            return _with_language_host(pulumi_cli.build(go, progress)), "built"
    except RouteFailed as failed:
        reasons["build from Go modules"] = failed
    raise NoEngineError(
        "no Pulumi engine can be had on this machine\n"
        + "".join(f"  {route}: {reason}\n" for route, reason in reasons.items())
        + f"install Pulumi {pulumi_cli.dotted(pulumi_cli.MINIMUM_VERSION)} or newer, or Go, and run this again"
    )


def _with_language_host(built: Path) -> Path:
    """Give a command line built from modules the language host that its release would have had beside it.

    The engine looks beside its own file, and the shim belongs to one virtual environment: hence a hard link of the
    command line in each PULUMI_HOME.
    """
    pulumi = pulumi_home() / "bin" / "pulumi"
    if not pulumi.exists() or _identity(pulumi) != _identity(built):
        pulumi.parent.mkdir(parents=True, exist_ok=True)
        temporary = pulumi.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        try:
            os.link(built, temporary)
        except OSError:  # the file system has no hard links
            shutil.copy2(built, temporary)
        temporary.replace(pulumi)
    write_executable(pulumi.with_name("pulumi-language-python"), shim("sandbox.adapter.language_host"))
    return pulumi


def _identity(file: Path) -> tuple[int, int]:
    """Equal for a file and its links and copies."""
    status = file.stat()
    return status.st_size, int(status.st_mtime)
