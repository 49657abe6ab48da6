"""Provider plugins: the official ones, or shims that start the sandbox's adapter.

The engine finds a plugin as `$PULUMI_HOME/plugins/resource-<name>-v<version>/pulumi-resource-<name>`. Plugins on
PATH would be found too, but the engine warns about each of them.
"""

import os
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path

from sandbox.adapter import binary
from sandbox.console import say, step
from sandbox.paths import pulumi_home
from sandbox.toolchain.routes import RouteFailed, check_download_site, run, write_executable

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


def check_aws_provider() -> None:
    """Raise RouteFailed when no AWS provider can be had: not installed, no download site, no binary to adapt."""
    if _is_official(_plugin("aws")):
        return
    try:
        check_download_site()
    except RouteFailed as unreachable:
        try:
            _check_provider_binary()
        except RouteFailed as failed:
            raise RouteFailed(
                f"there would be no AWS provider for it: {unreachable}, and {failed}"
            ) from failed


def _plugin(name: str) -> Path:
    version = metadata.version(f"pulumi-{name}")
    return pulumi_home() / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"


def _partial(plugin: Path) -> Path:
    """What the engine leaves beside a plugin's folder until the plugin is complete."""
    return plugin.parent.with_name(f"{plugin.parent.name}.partial")


def _is_complete(plugin: Path) -> bool:
    return plugin.is_file() and not _partial(plugin).exists()


def _is_official(plugin: Path) -> bool:
    return _is_complete(plugin) and not _is_script(plugin)


def _prepare(name: str, pulumi: Path) -> str:
    plugin = _plugin(name)
    if _is_official(plugin):
        return "official"
    if not _is_complete(plugin):
        version = metadata.version(f"pulumi-{name}")
        try:
            with step(f"installing the {name} provider {version}"):
                _install_official(name, version, pulumi)
        except RouteFailed as failed:
            say(f"  {failed}: using the sandbox's own")
            # What an interrupted download left behind hides every plugin of that name from the engine.
            shutil.rmtree(plugin.parent, ignore_errors=True)
            _partial(plugin).unlink(missing_ok=True)
        else:
            return "official"
    if name == "aws":
        _check_provider_binary()
    write_executable(plugin, shim(f"sandbox.adapter.{name}"))
    return "adapter"


def _is_script(plugin: Path) -> bool:
    with plugin.open("rb") as file:
        return file.read(2) == b"#!"


def _install_official(name: str, version: str, pulumi: Path) -> None:
    check_download_site()
    run(
        [str(pulumi), "plugin", "install", "resource", name, f"v{version}"],
        "the download",
        environment={**os.environ, "PULUMI_HOME": str(pulumi_home()), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        timeout_seconds=INSTALL_TIMEOUT_SECONDS,
    )


def _check_provider_binary() -> None:
    """The adapter drives the Terraform AWS provider; better to miss it now than in the middle of an update."""
    try:
        binary.find()
    except binary.ProviderBinaryNotFound as error:
        raise RouteFailed(str(error)) from error
