"""Ways to get the Pulumi command line: installed, downloaded, built from published Go modules."""

import os
import re
import shutil
import subprocess
import sys
from collections import deque
from importlib import metadata
from pathlib import Path

from sandbox.console import Step
from sandbox.paths import cache_directory
from sandbox.processes.leash import start_leashed
from sandbox.toolchain.routes import RouteFailed, built_atomically, check_download_site, run

# The newest command line whose Go modules could be had when this was written; its go.mod and go.sum, with the hash
# of every module, are the files in `pulumi-cli` beside this one.
BUILT_VERSION = (3, 274, 1)
# The sandbox relies on PULUMI_OPTION_CONFIG_FILE; no older version was tried.
MINIMUM_VERSION = (3, 250, 0)
GO_MODULE = Path(__file__).parent / "pulumi-cli"
GO_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
GO_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
# Pulumi's installer has no limit of its own; this allows 2 Mbit/s for its 100 MB.
DOWNLOAD_TIMEOUT_SECONDS = 600
# It answers in a tenth of a second; this leaves room for a machine that compiles something.
VERSION_TIMEOUT_SECONDS = 30


def dotted(version: tuple[int, ...]) -> str:
    """(3, 274, 1) -> "3.274.1"."""
    return ".".join(map(str, version))


def find_installed() -> Path:
    """The `pulumi` on the user's PATH, when it is new enough and has its language host beside it.

    Returns: its path. Raises: RouteFailed, saying what is missing.
    """
    cache = cache_directory()
    user_path = os.pathsep.join(
        entry
        for entry in os.environ.get("PATH", "").split(os.pathsep)
        if not Path(entry).is_relative_to(cache)  # `make shell` puts the sandbox's own first
    )
    found = shutil.which("pulumi", path=user_path)
    if not found:
        raise RouteFailed("no `pulumi` on PATH")
    try:
        answer = subprocess.run(
            [found, "version"],
            capture_output=True,
            text=True,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=False,
            timeout=VERSION_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RouteFailed(f"{found} does not tell its version: {error}") from error
    version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", answer.stdout)
    if answer.returncode or not version:
        raise RouteFailed(f"{found} does not tell its version: {(answer.stderr or answer.stdout).strip()}")
    if tuple(map(int, version.groups())) < MINIMUM_VERSION:
        raise RouteFailed(
            f"{found} is version {version.group()}, the sandbox needs {dotted(MINIMUM_VERSION)}"
        )
    if not (Path(found).resolve().parent / "pulumi-language-python").exists() and not shutil.which(
        "pulumi-language-python", path=user_path
    ):
        raise RouteFailed(f"{found} has no `pulumi-language-python` beside it")
    return Path(found)


def downloaded() -> Path:
    """Where the official download of the version that fits the installed Pulumi SDK is kept."""
    return cache_directory() / "cli" / f"downloaded-{metadata.version('pulumi')}" / "bin" / "pulumi"


def download() -> Path:
    """Fetch the official release with Pulumi's own installer. Raises: RouteFailed."""
    check_download_site()
    target = downloaded()
    with built_atomically(target.parent.parent) as temporary:
        # In a process of its own, because the installer sets no time limit and cannot be told one.
        program = (
            "import sys; from pulumi.automation import PulumiCommand; PulumiCommand.install(root=sys.argv[1])"
        )
        run(
            [sys.executable, "-P", "-c", program, str(temporary)],
            "the installer",
            timeout_seconds=DOWNLOAD_TIMEOUT_SECONDS,
        )
    return target


def built() -> Path:
    """Where the command line built from Go modules is kept."""
    return cache_directory() / "cli" / f"built-{dotted(BUILT_VERSION)}" / "bin" / "pulumi"


def find_go() -> str:
    """The Go compiler on the user's PATH. Raises: RouteFailed."""
    go = shutil.which("go")
    if not go:
        raise RouteFailed("no `go` on PATH; any version from 1.21 on fetches the one that the build needs")
    return go


def build(go: str, progress: Step) -> Path:
    """Compile the command line from published Go modules with the compiler `go`. Raises: RouteFailed.

    About 4 minutes on two cores, and 1 GB of modules where the module cache is empty.
    """
    target = built()
    with built_atomically(target.parent.parent) as temporary:
        module = temporary / "module"
        shutil.copytree(GO_MODULE, module)
        # A workspace file in a folder above the cache would replace our pins.
        environment = {**os.environ, "GOWORK": "off", "CGO_ENABLED": "0"}
        progress.detail("fetching the Go modules")
        packages = run([go, "list", "-deps", GO_PACKAGE], "go", cwd=module, environment=environment).split()
        linker_flags = f"-s -w -X {GO_VERSION_VARIABLE}={dotted(BUILT_VERSION)}"
        target_arguments = ["-o", str(temporary / "bin" / "pulumi"), GO_PACKAGE]
        _compile(
            [go, "build", "-v", "-mod=readonly", "-trimpath", f"-ldflags={linker_flags}", *target_arguments],
            module,
            environment,
            progress,
            len(packages),
        )
        shutil.rmtree(module)
    return target


def _compile(
    command: list[str], module: Path, environment: dict[str, str], progress: Step, packages: int
) -> None:
    """Run `go build -v`, which names each package as it gets to it, and show how far it has come."""
    last_lines: deque[str] = deque(maxlen=5)
    with start_leashed(
        command,
        cwd=module,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            for count, line in enumerate(process.stderr or (), start=1):
                last_lines.append(line.strip())
                progress.detail(f"compiling, {min(count, packages)} of at most {packages} packages")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise RouteFailed("go build failed: " + " | ".join(last_lines))
