"""What the routes to a tool have in common."""

import http.client
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sandbox.files import write_atomically
from sandbox.processes.leash import run_leashed

# The site that the official provider plugins are downloaded from.
DOWNLOAD_SITE = "https://get.pulumi.com/"
# Generous for a proxy, short enough for a machine without a network to fall through at once.
CONNECT_TIMEOUT_SECONDS = 5


class RouteFailed(Exception):  # noqa: N818 - what it is, said as in a sentence
    """This way of getting a tool does not work here; the message says why."""


class RoutesFailed(RouteFailed):
    """No way of getting a tool works here. `reasons` holds the reason of each route by its name."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        super().__init__("; ".join(f"{route}: {reason}" for route, reason in self.reasons.items()))


@cache
def check_download_site() -> None:
    """Raise RouteFailed when Pulumi's download site does not answer (asked once per process).

    The engine's own download retries for a long time; without this check a machine that has no network would wait
    for it.
    """
    try:
        urllib.request.urlopen(DOWNLOAD_SITE, timeout=CONNECT_TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError:
        pass  # whatever it says, it answers
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise RouteFailed(
            f"{DOWNLOAD_SITE} cannot be reached: {getattr(error, 'reason', error) or type(error).__name__}"
        ) from error


def run(
    command: list[str],
    who: str,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Run a command that ends with us, however we end; returns what it printed. Raises: RouteFailed."""
    try:
        done = run_leashed(command, cwd=cwd, env=environment, timeout=timeout_seconds)
    except subprocess.TimeoutExpired as error:
        raise RouteFailed(f"{who} was not done after {timeout_seconds:.0f} s") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise RouteFailed(f"{who} failed: {lines[-1]}")
    return done.stdout


@contextmanager
def built_atomically(target: Path) -> Iterator[Path]:
    """A temporary folder that becomes `target` when the block succeeds and vanishes when it does not.

    A folder under its final name is therefore always complete, whenever and however a build was interrupted. One that
    is there already is replaced: its caller refused it, or misses a file in it.
    The caller holds the toolchain's lock: what an earlier, killed build left behind is nobody's, and removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left_behind in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(left_behind)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_executable(path: Path, content: str) -> None:
    """Write a script so that nobody can ever start half of it; leaves an identical one alone."""
    if not path.is_file() or path.read_bytes() != content.encode():
        write_atomically(path, content, mode=0o755)
