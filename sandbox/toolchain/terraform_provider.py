"""The Terraform AWS provider behind the adapter: the proven version, found on this machine or downloaded.

`SANDBOX_TERRAFORM_AWS_PROVIDER` names another one, which is taken as untried. What the adapter finds by itself
(`sandbox.adapter.binary.find`) is what is taken here: a copy in the cache comes before one of the machine, so a
download replaces a copy that was refused.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sandbox.adapter import binary
from sandbox.adapter.binary import ProviderBinary, ProviderBinaryNotFound
from sandbox.console import step
from sandbox.errors import SandboxError
from sandbox.files import write_atomically
from sandbox.paths import cache_directory
from sandbox.toolchain import hashes
from sandbox.toolchain.download import LIMITS, Limits, fetch, publisher_site, require_hash, unpack
from sandbox.toolchain.routes import RouteFailed, RoutesFailed, built_atomically

SITE = "https://releases.hashicorp.com"
# A mirror of that site, with the same paths below it.
SITE_VARIABLE = "SANDBOX_HASHICORP_SITE"


@dataclass(frozen=True, kw_only=True, slots=True)
class TerraformProvider:
    """A Terraform AWS provider and its origin.

    `route` is "named by SANDBOX_TERRAFORM_AWS_PROVIDER", "installed" or "downloaded". `untried` is the reason why it
    does not count as proven, or empty. `passed_over` names the copies on this machine that are not taken, with the
    reason, or is empty.
    """

    path: Path
    version: str
    route: str
    untried: str = ""
    passed_over: str = ""

    def __str__(self) -> str:
        label = f"untried: {self.untried}" if self.untried else "proven"
        line = f"Terraform AWS provider {self.version or 'of unknown version'}: {self.route}, {self.path} ({label})"
        return f"{line}; {self.passed_over}" if self.passed_over else line


def prepare(limits: Limits = LIMITS) -> TerraformProvider:
    """The provider to run behind the adapter, downloaded when this machine has none that may be taken.

    Raises: RouteFailed, with the reason of every route; SandboxError for an override that is no executable.
    """
    override = named()
    if override:
        return TerraformProvider(
            path=override.path,
            version=override.version,
            route=f"named by {binary.OVERRIDE}",
            untried=difference(override) or _platform_untried(),
        )
    others = _others()
    try:
        found = binary.find()
    except ProviderBinaryNotFound as missing:
        refused, passed_over = str(missing), others
    else:
        reason = difference(found)
        if not reason:
            route = "downloaded" if found.path.is_relative_to(binary.cache_folder()) else "installed"
            return _unnamed(found, route, others)
        refused = passed_over = "; ".join(filter(None, [f"{found.path} is not taken: {reason}", others]))
    try:
        return _unnamed(download(limits), "downloaded", passed_over)
    except RouteFailed as failed:
        refused = refused if passed_over in refused else f"{passed_over}; {refused}"
        raise RoutesFailed({"on this machine": refused, "download": str(failed)}) from failed


def download(limits: Limits = LIMITS) -> ProviderBinary:
    """Fetch the proven version from its publisher into the cache. Raises: RouteFailed."""
    recorded, platform, target = hashes.provider_hashes(), binary.platform_name(), binary.cache_folder()
    name = f"terraform-provider-aws_{recorded.version}_{platform}.zip"
    url = f"{publisher_site(SITE_VARIABLE, SITE)}/terraform-provider-aws/{recorded.version}/{name}"
    with (
        step(f"downloading the Terraform AWS provider {recorded.version}") as progress,
        built_atomically(target) as temporary,
    ):
        archive = temporary / name
        found = fetch(url, archive, progress, limits)
        require_hash(url, found, recorded.zips, f"recorded in {hashes.PROVIDER_FILE.name}")
        progress.detail("unpacking")
        unpack(archive, temporary / "unpacked")
        archive.unlink()
        for file in (temporary / "unpacked").iterdir():
            file.replace(temporary / file.name)
        (temporary / "unpacked").rmdir()
        if not any(temporary.glob("terraform-provider-aws*")):
            raise RouteFailed(f"{name} holds no provider")
        content = hashes.folder_hash(temporary)
        if content != recorded.folders.get(platform, content):
            raise RouteFailed(
                f"{name} does not hold the files of {platform}: expected {recorded.folders[platform]}, found {content}"
            )
    _remember(target, content)
    return binary.find()


def named() -> ProviderBinary | None:
    """The provider that the override names, or None. Raises: SandboxError when it is no executable."""
    if not os.environ.get(binary.OVERRIDE):
        return None
    try:
        return binary.find()
    except ProviderBinaryNotFound as missing:
        raise SandboxError(str(missing)) from missing


def _unnamed(found: ProviderBinary, route: str, passed_over: str) -> TerraformProvider:
    return TerraformProvider(
        path=found.path,
        version=found.version,
        route=route,
        untried=_platform_untried(),
        passed_over=passed_over,
    )


def _platform_untried() -> str:
    platform = binary.platform_name()
    return "" if platform == binary.PROVEN_PLATFORM else f"nothing was tried on {platform}"


def _others() -> str:
    """One sentence about the versions on this machine that are not taken, or an empty text."""
    proven = binary.PROVEN_VERSION
    others = ", ".join(f"{other.version} at {other.path}" for other in binary.other_versions())
    if not others:
        return ""
    return f"not taken: {others}, since only {proven} is proven ({binary.OVERRIDE}=<path> takes it, untried)"


def difference(found: ProviderBinary) -> str:
    """The difference between a provider on this machine and the publisher's, or an empty text.

    Only a platform whose hash is recorded can be compared.
    """
    recorded = hashes.provider_hashes()
    if found.version != recorded.version:
        return f"only {recorded.version} is proven"
    expected = recorded.folders.get(binary.platform_name())
    if not expected:
        return ""
    folder = found.path.parent
    try:
        if {path.name for path in folder.iterdir()} != set(recorded.files):
            return (
                f"{folder} does not hold the publisher's files and nothing else: {', '.join(recorded.files)}"
            )
        actual = _remembered_hash(folder)
    except OSError as error:
        return f"it cannot be read: {error}"
    if actual != expected:
        return f"expected {expected} for its folder (recorded in {hashes.PROVIDER_FILE.name}), found {actual}"
    return ""


def _remembered_hash(folder: Path) -> str:
    """The `h1:` of a folder, computed again only after a change of its files: it takes seconds for 700 MB."""
    try:
        known = json.loads(_memory().read_text())
        if known["files"] == _states(folder):
            return str(known["hash"])
    except (OSError, ValueError, LookupError, TypeError):
        pass  # nothing is remembered, or an interruption broke it
    with step(f"checking the Terraform AWS provider in {folder}, once"):
        found = hashes.folder_hash(folder)
    _remember(folder, found)
    return found


def _remember(folder: Path, found: str) -> None:
    write_atomically(_memory(), json.dumps({"files": _states(folder), "hash": found}))


def _memory() -> Path:
    return cache_directory() / "provider-hash.json"


def _states(folder: Path) -> list[list[str | int]]:
    """The path, size and time of change of each file in a folder."""
    states = [(str(path), path.stat()) for path in sorted(folder.iterdir())]
    return [[path, state.st_size, state.st_mtime_ns] for path, state in states]
