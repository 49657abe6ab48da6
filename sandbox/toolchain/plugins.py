"""Provider plugins: the official ones, or shims that start the sandbox's adapter.

The engine finds a plugin as `$PULUMI_HOME/plugins/resource-<name>-v<version>/pulumi-resource-<name>`. Plugins on
PATH would be found too, but the engine warns about each of them.
"""

import os
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from sandbox.adapter import binary
from sandbox.console import say, step
from sandbox.paths import pulumi_home
from sandbox.toolchain.routes import RouteFailed, check_download_site, write_executable

# The AWS provider is some 200 MB to download and 900 MB to unpack.
INSTALL_TIMEOUT_SECONDS = 900

PROVIDERS = ("aws", "random")


def shim(module: str) -> str:
    """A script that replaces itself by `python -m module`, whatever the folder and the environment it starts in.

    -P keeps a folder named like one of our packages, in the current directory, from being imported instead.
    """
    return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -u -m {module} "$@"\n'


def prepare_plugins(pulumi: Path) -> dict[str, str]:
    """Put every provider the program needs under PULUMI_HOME.

    Returns: for each provider, where it comes from: "official" or "adapter". Raises: RouteFailed.
    """
    return {name: _prepare(name, pulumi) for name in PROVIDERS}


def _prepare(name: str, pulumi: Path) -> str:
    version = metadata.version(f"pulumi-{name}")
    plugin = pulumi_home() / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
    our_shim = shim(f"sandbox.adapter.{name}")
    if plugin.is_file() and not plugin.parent.with_name(f"{plugin.parent.name}.partial").exists():
        if not _is_script(plugin):
            return "official"
    else:
        try:
            with step(f"installing the {name} provider {version}"):
                _install_official(name, version, pulumi)
        except RouteFailed as failed:
            say(f"  {failed}: using the sandbox's own")
        else:
            return "official"
    if name == "aws":
        _check_provider_binary()
    write_executable(plugin, our_shim)
    return "adapter"


def _is_script(plugin: Path) -> bool:
    with plugin.open("rb") as file:
        return file.read(2) == b"#!"


def _install_official(name: str, version: str, pulumi: Path) -> None:
    check_download_site()
    try:
        done = subprocess.run(
            [str(pulumi), "plugin", "install", "resource", name, f"v{version}"],
            env={**os.environ, "PULUMI_HOME": str(pulumi_home()), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise RouteFailed(f"the download was not done after {INSTALL_TIMEOUT_SECONDS} s") from error
    if done.returncode:
        raise RouteFailed((done.stderr.strip().splitlines() or ["the download failed"])[-1])


def _check_provider_binary() -> None:
    """The adapter drives the Terraform AWS provider; better to miss it now than in the middle of an update."""
    try:
        binary.find()
    except binary.ProviderBinaryNotFound as error:
        raise RouteFailed(str(error)) from error
