"""The tools that this machine lacks, found without a network: what `prepare` will fetch or build, and its cost."""

import shutil
from dataclasses import dataclass

from sandbox.adapter import binary
from sandbox.paths import cache_directory
from sandbox.toolchain import plugins, pulumi_cli
from sandbox.toolchain.routes import RouteFailed

# Measured on 2 cores with an empty Go module cache: 4 to 6 minutes idle, up to 10 beside other work; the modules, the build
# cache and the command line take 4 GB.
BUILD_MINUTES, BUILD_GB = "4 to 10", 4
# The release's archive has 100 MB and unpacks to 400 MB. The provider's has 150 MB and unpacks to 700 MB.
CLI_DOWNLOAD_MB, PROVIDER_DOWNLOAD_MB, UNPACKED_GB = 100, 150, 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A tool: a line about its origin, and the disk space in the cache folder that it will take, in GB."""

    text: str
    disk_gb: int = 0


def needs() -> list[Need]:
    """The command line and the AWS provider, each with its origin on this machine."""
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
    if pulumi_cli.downloaded().is_file() or pulumi_cli.built().is_file():
        return Need(text=f"{name}: in the cache")
    try:
        return Need(text=f"{name}: {pulumi_cli.find_installed()}")
    except RouteFailed:
        pass
    download = f"{name}: to be downloaded, once (about {CLI_DOWNLOAD_MB} MB)"
    try:
        pulumi_cli.find_go()
    except RouteFailed:
        return Need(text=f"{download}; there is no Go here to build it with instead", disk_gb=UNPACKED_GB)
    return Need(
        text=f"{download}, or built with Go where it cannot be ({BUILD_MINUTES} minutes)", disk_gb=BUILD_GB
    )


def _provider() -> Need:
    if plugins.official_is_wanted():
        return Need(text="AWS and random providers: Pulumi's own plugins (untried)", disk_gb=UNPACKED_GB)
    name = f"Terraform AWS provider {binary.PROVEN_VERSION}"
    try:
        return Need(text=f"{name}: {binary.find().path}")
    except binary.ProviderBinaryNotFound:
        return Need(
            text=f"{name}: to be downloaded, once (about {PROVIDER_DOWNLOAD_MB} MB)", disk_gb=UNPACKED_GB
        )
