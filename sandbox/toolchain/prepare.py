"""Get a complete toolchain, from whatever this machine has."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from sandbox.adapter import binary
from sandbox.console import say, step
from sandbox.errors import NoEngineError
from sandbox.paths import cache_directory, pulumi_home
from sandbox.toolchain import plugins, pulumi_cli, terraform_provider
from sandbox.toolchain.plugins import shim
from sandbox.toolchain.routes import RouteFailed, RoutesFailed, write_executable
from sandbox.toolchain.terraform_provider import TerraformProvider

# The origins of a command line of the pinned version, as a person reads them.
_ORIGINS = {
    "installed": "installed (untried: the proven version, with its own language host)",
    "downloaded": "downloaded (untried: the proven version, as its publisher built it)",
    "built": "built from Go modules (proven)",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """A Pulumi command line with everything it needs to run the program.

    `cli_route` is "installed", "downloaded" or "built"; `providers` says for each provider "official" or "adapter".
    `terraform_provider` is what the adapter drives; None with the official plugins.
    """

    pulumi: Path
    home: Path
    cli_route: str
    providers: dict[str, str]
    terraform_provider: TerraformProvider | None


def prepare() -> Toolchain:
    """Find, download or build what is missing, and print a line each about the command line and the AWS provider.

    Guarded by a lock, so that two sandboxes that start together build once. Takes well under a second when
    everything is there. Raises: NoEngineError, saying why every route failed; SandboxError for a wrong setting.
    """
    official = plugins.official_is_wanted()
    with _toolchain_lock():
        provider, no_provider = _prepare_provider(official=official)
        pulumi, cli_route, passed_over = _prepare_cli(no_provider)
        if no_provider:
            raise _no_engine({}, no_provider)
        try:
            providers = plugins.prepare_plugins(pulumi, official=official)
        except RouteFailed as failed:
            raise _no_engine({}, failed) from failed
    say(_describe_cli(cli_route, passed_over))
    say(str(provider) if provider else "AWS and random providers: the official plugins (untried)")
    return Toolchain(
        pulumi=pulumi,
        home=plugins.home(official=official),
        cli_route=cli_route,
        providers=providers,
        terraform_provider=provider,
    )


def _describe_cli(route: str, passed_over: str) -> str:
    """One line: version, origin, and the reason why an installed command line is not taken."""
    platform = binary.platform_name()
    origin = _ORIGINS[route] if platform == binary.PROVEN_PLATFORM else f"{route} (untried on {platform})"
    line = f"Pulumi {pulumi_cli.VERSION}: {origin}"
    return f"{line}; not taken: {passed_over}" if passed_over else line


def _prepare_provider(*, official: bool) -> tuple[TerraformProvider | None, RouteFailed | None]:
    """The Terraform provider for the adapter, and the failure when there would be no AWS provider."""
    try:
        if not official:
            return terraform_provider.prepare(), None
        plugins.check_official()
    except RouteFailed as failed:
        return None, failed
    return None, None


def _no_engine(cli_reasons: Mapping[str, str], no_provider: RouteFailed | None) -> NoEngineError:
    """One message with the reason of every route, and what to do."""
    lines, advice = [], []
    if cli_reasons:
        lines.append("no Pulumi engine can be had on this machine")
        lines += [f"  {route}: {reason}" for route, reason in cli_reasons.items()]
        advice.append(f"install Pulumi {pulumi_cli.VERSION}, or Go, or give it a network")
    if no_provider:
        reasons = no_provider.reasons if isinstance(no_provider, RoutesFailed) else {"": str(no_provider)}
        lines.append("there is no AWS provider for the Pulumi engine")
        lines += [f"  {route}: {reason}" if route else f"  {reason}" for route, reason in reasons.items()]
        advice.append("give it an AWS provider by one of these routes")
    return NoEngineError("\n".join([*lines, f"{'; '.join(advice)}; then run this again"]))


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


def _prepare_cli(no_provider: RouteFailed | None) -> tuple[Path, str, str]:
    """The command line, its route, and the reason why an installed one is not taken, or an empty text.

    Minutes of building are spent only where there is an AWS provider. Raises: NoEngineError.
    """
    reasons, passed_over = {}, ""
    try:
        return pulumi_cli.find_installed(), "installed", ""
    except RouteFailed as failed:
        reasons["installed"] = str(failed)
        passed_over = "" if isinstance(failed, pulumi_cli.NotInstalled) else str(failed)
    if pulumi_cli.downloaded().is_file():
        return _with_language_host(pulumi_cli.downloaded()), "downloaded", passed_over
    if pulumi_cli.built().is_file():
        return _with_language_host(pulumi_cli.built()), "built", passed_over
    try:
        return _with_language_host(pulumi_cli.download()), "downloaded", passed_over
    except RouteFailed as failed:
        reasons["download"] = str(failed)
    try:
        return _with_language_host(_build_cli(no_provider, reasons["download"])), "built", passed_over
    except RouteFailed as failed:
        reasons["build from Go modules"] = str(failed)
        raise _no_engine(reasons, no_provider) from failed


def _build_cli(no_provider: RouteFailed | None, no_download: str) -> Path:
    go = pulumi_cli.find_go()
    if no_provider:
        raise RouteFailed("not tried: there would be no AWS provider for it")
    say(f"Pulumi {pulumi_cli.VERSION} is built, not downloaded: {no_download}")
    with step("building the Pulumi command line from Go modules, some minutes, once") as progress:
        return pulumi_cli.build(go, progress)


def _with_language_host(cli: Path) -> Path:
    """Give a command line of the sandbox's own the language host that everything is proven with.

    One built from modules has none; a release brings another one. The engine looks next to its own file, and the shim
    belongs to one virtual environment: hence a hard link of the command line in each PULUMI_HOME.
    """
    pulumi = pulumi_home() / "bin" / "pulumi"
    if not pulumi.exists() or _identity(pulumi) != _identity(cli):
        pulumi.parent.mkdir(parents=True, exist_ok=True)
        temporary = pulumi.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        try:
            os.link(cli, temporary)
        except OSError:  # the file system has no hard links
            shutil.copy2(cli, temporary)
        temporary.replace(pulumi)
    write_executable(pulumi.with_name("pulumi-language-python"), shim("sandbox.adapter.language_host"))
    return pulumi


def _identity(file: Path) -> tuple[int, int]:
    """Equal for a file and its links and copies."""
    status = file.stat()
    return status.st_size, int(status.st_mtime)
