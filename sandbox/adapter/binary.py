"""The search for the Terraform AWS provider's binary on this machine.

Nothing is downloaded. Terraform's own layout is looked for, `registry.terraform.io/hashicorp/aws/<version>/<os>_<arch>/
terraform-provider-aws_v<version>*`: in the sandbox's cache, in Terraform's plugin folders, then among add-on software.
Only the version that everything is proven with is taken; the first place that has it wins.
"""

import contextlib
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.paths import cache_directory

# The version that everything is proven with, and the platform that this was done on.
PROVEN_VERSION = "5.100.0"
PROVEN_PLATFORM = "linux_amd64"
OVERRIDE = "SANDBOX_TERRAFORM_AWS_PROVIDER"
_LAYOUT = "registry.terraform.io/hashicorp/aws"
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
# System roots that hold add-on software, by the Filesystem Hierarchy Standard.
_ADD_ON_ROOTS = (Path("/opt"), Path("/usr/local"), Path("/usr/local/share"), Path("/usr/local/lib"))


class ProviderBinaryNotFound(Exception):  # noqa: N818 - that it is not found says that it is an error
    """No Terraform AWS provider of the proven version on this machine.

    `searched` holds every folder that was looked into.
    """

    def __init__(self, searched: list[Path], reason: str = "") -> None:
        self.searched = searched
        places = "".join(f"\n  {place}" for place in searched)
        super().__init__(
            (reason or f"the Terraform AWS provider {PROVEN_VERSION} was not found on this machine")
            + f"; set {OVERRIDE} to the path of a terraform-provider-aws binary for {platform_name()}, or put one "
            f"where Terraform looks for plugins"
            + (f" ({_LAYOUT}/{PROVEN_VERSION}/{platform_name()}/); looked in:{places}" if places else "")
        )


@dataclass(frozen=True, slots=True)
class ProviderBinary:
    """A Terraform AWS provider: the path of its executable and its version ("" where the name does not say)."""

    path: Path
    version: str


def find(
    environ: Mapping[str, str] = os.environ, add_on_roots: tuple[Path, ...] | None = None
) -> ProviderBinary:
    """The Terraform AWS provider to use: the override, else the first of the proven version.

    Raises: ProviderBinaryNotFound with the places searched.
    """
    override = environ.get(OVERRIDE)
    if override:
        path = Path(override)
        if not os.access(path, os.X_OK) or path.is_dir():
            raise ProviderBinaryNotFound([], f"{OVERRIDE} is {override!r}, which is not an executable file")
        return ProviderBinary(path, _version_in(path.name))
    searched: list[Path] = []
    for folder in _folders(environ, add_on_roots):
        searched.append(folder)
        for binary in _binaries_under(folder):
            if binary.version == PROVEN_VERSION:
                return binary
    raise ProviderBinaryNotFound(searched)


def other_versions(
    environ: Mapping[str, str] = os.environ, add_on_roots: tuple[Path, ...] | None = None
) -> list[ProviderBinary]:
    """The Terraform AWS providers of other versions on this machine, oldest first; `find` takes none of them."""
    found = {binary for folder in _folders(environ, add_on_roots) for binary in _binaries_under(folder)}
    others = (binary for binary in found if binary.version != PROVEN_VERSION)
    return sorted(others, key=lambda binary: (_order(binary.version), binary.path))


def cache_folder() -> Path:
    """The folder, in Terraform's layout, that the sandbox downloads its provider into."""
    return _cache_root() / _LAYOUT / PROVEN_VERSION / platform_name()


def _cache_root() -> Path:
    return cache_directory() / "terraform-plugins"


def _folders(environ: Mapping[str, str], add_on_roots: tuple[Path, ...] | None) -> Iterator[Path]:
    yield _cache_root()
    home = Path(environ.get("HOME") or Path.home())
    if environ.get("TF_PLUGIN_CACHE_DIR"):
        yield Path(environ["TF_PLUGIN_CACHE_DIR"])
    yield home / ".terraform.d" / "plugins"
    yield home / ".terraform.d" / "plugin-cache"
    data = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in (data, *shared.split(":")):
        yield Path(folder) / "terraform" / "plugins"
    if sys.platform == "darwin":
        yield home / "Library" / "Application Support" / "io.terraform" / "plugins"
    for root in _ADD_ON_ROOTS if add_on_roots is None else add_on_roots:
        yield root
        with contextlib.suppress(PermissionError):
            yield from sorted(folder for folder in root.glob("*") if folder.is_dir())


def _binaries_under(folder: Path) -> list[ProviderBinary]:
    # A folder that only another user may look into holds nothing that this one could run.
    with contextlib.suppress(PermissionError):
        return [
            ProviderBinary(path, path.parent.parent.name)
            for path in sorted((folder / _LAYOUT).glob(f"*/{platform_name()}/terraform-provider-aws*"))
            if path.is_file() and os.access(path, os.X_OK)
        ]
    return []


def platform_name() -> str:
    """This machine's platform as Terraform names it, such as "linux_amd64"."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{_ARCHITECTURES.get(machine, machine)}"


def _version_in(name: str) -> str:
    match = re.search(r"_v(\d+\.\d+\.\d+)", name)
    return match[1] if match else ""


def _order(version: str) -> tuple[int, ...]:
    # A pre-release such as 6.0.0-beta1 counts as older than its release.
    return (
        *(int(part) for part in re.findall(r"\d+", version.partition("-")[0])),
        0 if "-" in version else 1,
    )
