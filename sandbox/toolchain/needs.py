"""The tools that this machine lacks, found without a network: what `prepare` will fetch or build, and its cost."""

import shutil
from dataclasses import dataclass

from sandbox.adapter import binary
from sandbox.paths import cache_directory
from sandbox.toolchain import plugins, pulumi_cli, terraform_provider
from sandbox.toolchain.routes import RouteFailed

# Measured on 2 cores with an empty Go module cache: 4 to 6 minutes idle, up to 10 on a busy machine. The modules, the
# build cache and the command line take 4 GB; the first two are in Go's own caches, perhaps on another disk.
BUILD = "4 to 10 minutes, and 4 GB, most of it in Go's own caches"
# Each with the disk space for the archive and its content together, in whole GB. The release's archive has 100 MB and
# unpacks to 400 MB; the provider's has 150 MB and unpacks to 700 MB; Pulumi's own plugins have 200 MB and 900 MB.
CLI_DOWNLOAD_MB, CLI_GB = 100, 1
PROVIDER_DOWNLOAD_MB, PROVIDER_GB = 150, 1
OFFICIAL_DOWNLOAD_MB, OFFICIAL_GB = 200, 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A tool: a line about its origin, and the disk space in the cache folder that it will take, in GB."""

    text: str
    disk_gb: int = 0


def needs() -> list[Need]:
    """The command line and the AWS provider, each with its origin on this machine. Raises: SandboxError for a wrong setting."""
    return [_cli(), _provider()]


def missing_disk_gb(found: list[Need]) -> float:
    """The free space that the cache folder's disk lacks, in GB; 0 where there is enough."""
    folder = cache_directory()
    while not folder.exists():
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    return max(0.0, sum(each.disk_gb for each in found) - free_gb)


def _cli() -> Need:
    name = f"Pulumi {pulumi_cli.VERSION}"
    try:
        return Need(text=f"{name}: {pulumi_cli.find_installed()}")
    except RouteFailed:
        pass
    if pulumi_cli.downloaded().is_file() or pulumi_cli.built().is_file():
        return Need(text=f"{name}: in the cache")
    has_go = _has_go()
    if not _has_release():
        missing = f"{name}: no release for {binary.platform_name()}"
        return Need(
            text=f"{missing}; to be built with Go, once ({BUILD})"
            if has_go
            else f"{missing}, and no Go here to build it with"
        )
    download = f"{name}: to be downloaded, once (about {CLI_DOWNLOAD_MB} MB)"
    if has_go:
        return Need(text=f"{download}, or built with Go where it cannot be ({BUILD})", disk_gb=CLI_GB)
    return Need(text=f"{download}; there is no Go here to build it with instead", disk_gb=CLI_GB)


def _has_release() -> bool:
    return binary.platform_name() in pulumi_cli.RELEASES


def _has_go() -> bool:
    try:
        pulumi_cli.find_go()
    except RouteFailed:
        return False
    return True


def _provider() -> Need:
    if plugins.official_is_wanted():
        return _official_plugins()
    override = terraform_provider.named()
    if override:
        version = override.version or "of unknown version"
        return Need(text=f"Terraform AWS provider {version}: named by {binary.OVERRIDE}: {override.path}")
    name = f"Terraform AWS provider {binary.PROVEN_VERSION}"
    refused = ""
    try:
        found = binary.find()
    except binary.ProviderBinaryNotFound:
        pass
    else:
        if not terraform_provider.difference(found):
            return Need(text=f"{name}: {found.path}")
        refused = f"; the copy at {found.path} is not the publisher's"
    if not _has_release():
        return Need(text=f"{name}: no release for {binary.platform_name()}{refused}")
    return Need(
        text=f"{name}: to be downloaded, once (about {PROVIDER_DOWNLOAD_MB} MB){refused}", disk_gb=PROVIDER_GB
    )


def _official_plugins() -> Need:
    text = "AWS and random providers: Pulumi's own plugins (untried)"
    if plugins.official_are_installed():
        return Need(text=text)
    return Need(text=f"{text}, to be downloaded, once (about {OFFICIAL_DOWNLOAD_MB} MB)", disk_gb=OFFICIAL_GB)
