"""Provider plugins: shims that start the sandbox's own, or the official ones where they are asked for.

The engine finds a plugin as `$PULUMI_HOME/plugins/resource-<name>-v<version>/pulumi-resource-<name>`. Plugins on
PATH would be found too, but the engine warns about each of them. The official plugins have a PULUMI_HOME of their own,
so that the two kinds never replace one another.
"""

import os
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path

from sandbox.console import step
from sandbox.errors import SandboxError
from sandbox.paths import pulumi_home
from sandbox.toolchain.routes import RouteFailed, check_download_site, run, write_executable

# The AWS provider is some 200 MB to download and 900 MB to unpack.
INSTALL_TIMEOUT_SECONDS = 900

OPTION = "SANDBOX_AWS_PROVIDER"
OFFICIAL, ADAPTER = "official", "adapter"
PROVIDERS = ("aws", "random")


def official_is_wanted() -> bool:
    """The choice in SANDBOX_AWS_PROVIDER. Raises: SandboxError for a value that is none of the two."""
    value = os.environ.get(OPTION) or ADAPTER
    if value not in {OFFICIAL, ADAPTER}:
        raise SandboxError(
            f"{OPTION} is {value!r}; it may be {ADAPTER!r} (the default, proven) or {OFFICIAL!r} (untried)"
        )
    return value == OFFICIAL


def home(*, official: bool) -> Path:
    """The PULUMI_HOME that holds the sandbox's own plugins, or the official ones."""
    return pulumi_home().with_name(f"{pulumi_home().name}-{OFFICIAL}") if official else pulumi_home()


def shim(module: str) -> str:
    """A script that replaces itself by `python -m module`, whatever the folder and the environment it starts in.

    -P keeps a folder named like one of our packages, in the current directory, from being imported instead.
    """
    return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -u -m {module} "$@"\n'


def prepare_plugins(pulumi: Path, *, official: bool) -> dict[str, str]:
    """Put every provider that the program needs under its PULUMI_HOME.

    Returns: for each provider its kind, "official" or "adapter". Raises: RouteFailed.
    """
    for name in PROVIDERS:
        plugin = _plugin(name, official=official)
        if official:
            _install_official(name, plugin, pulumi)
        else:
            _write_shim(name, plugin)
    return dict.fromkeys(PROVIDERS, OFFICIAL if official else ADAPTER)


def official_are_installed() -> bool:
    """True when every official plugin is there, complete."""
    return all(_is_complete(_plugin(name, official=True)) for name in PROVIDERS)


def check_official() -> None:
    """Raise RouteFailed when the official plugins are not installed and their download site does not answer."""
    if not official_are_installed():
        check_download_site()


def _plugin(name: str, *, official: bool) -> Path:
    folder = home(official=official) / "plugins" / f"resource-{name}-v{metadata.version(f'pulumi-{name}')}"
    return folder / f"pulumi-resource-{name}"


def _partial(plugin: Path) -> Path:
    """The file that the engine leaves next to a plugin's folder until the plugin is complete."""
    return plugin.parent.with_name(f"{plugin.parent.name}.partial")


def _is_complete(plugin: Path) -> bool:
    return plugin.is_file() and not _partial(plugin).exists()


def _remove(plugin: Path) -> None:
    shutil.rmtree(plugin.parent, ignore_errors=True)
    _partial(plugin).unlink(missing_ok=True)


def _write_shim(name: str, plugin: Path) -> None:
    script = shim(f"sandbox.adapter.{name}")
    if not _is_complete(plugin) or plugin.stat().st_size != len(script.encode()):
        # An official plugin of an earlier version of the sandbox, or a part of one, which hides the shim.
        _remove(plugin)
    write_executable(plugin, script)


def _install_official(name: str, plugin: Path, pulumi: Path) -> None:
    if _is_complete(plugin):
        return
    check_download_site()
    _remove(plugin)
    version = metadata.version(f"pulumi-{name}")
    try:
        with step(f"installing the official {name} provider {version} (untried)"):
            run(
                [str(pulumi), "plugin", "install", "resource", name, f"v{version}"],
                "the download",
                environment={
                    **os.environ,
                    "PULUMI_HOME": str(home(official=True)),
                    "PULUMI_SKIP_UPDATE_CHECK": "true",
                },
                timeout_seconds=INSTALL_TIMEOUT_SECONDS,
            )
    except RouteFailed:
        _remove(plugin)
        raise
