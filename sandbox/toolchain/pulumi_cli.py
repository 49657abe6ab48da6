"""Ways to get the Pulumi command line: installed, downloaded, built from published Go modules."""

import os
import re
import shutil
import subprocess
from collections import deque
from pathlib import Path

from sandbox.adapter.binary import platform_name
from sandbox.console import Step, step
from sandbox.paths import cache_directory
from sandbox.processes.leash import start_leashed
from sandbox.toolchain import hashes
from sandbox.toolchain.download import LIMITS, Limits, fetch, publisher_site, require_hash, unpack
from sandbox.toolchain.routes import RouteFailed, built_atomically, run

# The version that everything is proven with, and the only one taken. The files in `pulumi-cli` next to this one,
# with the hash of every module, build it.
VERSION = "3.274.1"
GO_MODULE = Path(__file__).parent / "pulumi-cli"
GO_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
GO_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
SITE = "https://github.com/pulumi/pulumi/releases/download"
# A mirror of that site, with the same paths below it.
SITE_VARIABLE = "SANDBOX_PULUMI_SITE"
CHECKSUM_FILE = f"pulumi-{VERSION}-checksums.txt"
# Pulumi's names of the platforms that it has releases for. HashiCorp has releases of the provider for all of them.
RELEASES = {
    "linux_amd64": "linux-x64",
    "linux_arm64": "linux-arm64",
    "darwin_amd64": "darwin-x64",
    "darwin_arm64": "darwin-arm64",
}
# It answers in a tenth of a second; this leaves room for a machine that compiles something.
VERSION_TIMEOUT_SECONDS = 30


class NotInstalled(RouteFailed):
    """No `pulumi` is on the PATH."""


def find_installed() -> Path:
    """The `pulumi` on the user's PATH, with the pinned version and a language host next to it or on the PATH.

    Returns: its path. Raises: NotInstalled; RouteFailed with the reason why it is not taken.
    """
    cache = cache_directory()
    user_path = os.pathsep.join(
        entry
        for entry in os.environ.get("PATH", "").split(os.pathsep)
        if not Path(entry).is_relative_to(cache)  # `make shell` puts the sandbox's own first
    )
    found = shutil.which("pulumi", path=user_path)
    if not found:
        raise NotInstalled("no `pulumi` on PATH")
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
    version = re.match(r"v?(\d+\.\d+\.\d+\S*)", answer.stdout)
    if answer.returncode or not version:
        raise RouteFailed(f"{found} does not tell its version: {(answer.stderr or answer.stdout).strip()}")
    if version[1] != VERSION:
        raise RouteFailed(f"{found} is version {version.group()}, and only {VERSION} is proven")
    if not (Path(found).resolve().parent / "pulumi-language-python").exists() and not shutil.which(
        "pulumi-language-python", path=user_path
    ):
        raise RouteFailed(f"{found} has no `pulumi-language-python` beside it")
    return Path(found)


def downloaded() -> Path:
    """The place of the publisher's release of the pinned version."""
    return cache_directory() / "cli" / f"downloaded-{VERSION}" / "bin" / "pulumi"


def download(limits: Limits = LIMITS) -> Path:
    """Fetch the release from its publisher into the cache. Raises: RouteFailed.

    It is checked against the recorded hash. Where none is recorded (`make pin-cli` does), it is checked against the
    publisher's checksum file. That is weaker: a person who can change the release on that site can change the file too.
    """
    target = downloaded()
    if platform_name() not in RELEASES:
        raise RouteFailed(f"Pulumi has no release for {platform_name()}")
    name = _release_name(platform_name())
    with (
        step(f"downloading the Pulumi command line {VERSION}") as progress,
        built_atomically(target.parent.parent) as temporary,
    ):
        expected, source = _expected_hash(name, temporary, progress, limits)
        archive = temporary / name
        require_hash(
            release_url(name), fetch(release_url(name), archive, progress, limits), [expected], source
        )
        progress.detail("unpacking")
        unpack(archive, temporary / "bin", top="pulumi")
        if not (temporary / "bin" / target.name).is_file():
            raise RouteFailed(f"{name} holds no pulumi/{target.name}")
        archive.unlink()
        progress.outcome = f"its hash is {source}"
    return target


def release_names() -> list[str]:
    """The archives of the pinned release for all platforms that the sandbox can run on."""
    return [_release_name(platform) for platform in RELEASES]


def _release_name(platform: str) -> str:
    return f"pulumi-v{VERSION}-{RELEASES[platform]}.tar.gz"


def release_url(name: str) -> str:
    """The address of a file of the pinned release. Raises: SandboxError for a mirror that is no URL."""
    return f"{publisher_site(SITE_VARIABLE, SITE)}/v{VERSION}/{name}"


def published_hashes(folder: Path, progress: Step, limits: Limits = LIMITS) -> dict[str, str]:
    """The SHA-256 of each archive of the pinned release by its name, from the publisher's checksum file.

    The file passes through `folder` and is removed. Raises: RouteFailed.
    """
    file = folder / CHECKSUM_FILE
    fetch(release_url(CHECKSUM_FILE), file, progress, limits)
    lines = re.findall(r"^([0-9a-f]{64}) [ *](\S+)$", file.read_text(errors="replace"), re.MULTILINE)
    file.unlink()
    return {name: found for found, name in lines}


def _expected_hash(name: str, folder: Path, progress: Step, limits: Limits) -> tuple[str, str]:
    """The SHA-256 that an archive must have, and its source."""
    recorded = hashes.cli_hashes(VERSION)
    if name in recorded:
        return recorded[name], f"recorded in {hashes.CLI_FILE.name}"
    published = published_hashes(folder, progress, limits)
    if name not in published:
        raise RouteFailed(f"{release_url(CHECKSUM_FILE)} is damaged or does not name {name}")
    return published[name], "from the publisher's checksum file, which is weaker than a recorded one"


def built() -> Path:
    """The place of the command line built from Go modules."""
    return cache_directory() / "cli" / f"built-{VERSION}" / "bin" / "pulumi"


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
        linker_flags = f"-s -w -X {GO_VERSION_VARIABLE}={VERSION}"
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
