"""What the routes to a tool have in common."""

import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

# Where Pulumi's own installer and its plugins are downloaded from.
DOWNLOAD_SITE = "https://get.pulumi.com/"
# Generous for a proxy, short enough for a machine without a network to fall through at once.
CONNECT_TIMEOUT_SECONDS = 5


class RouteFailed(Exception):  # noqa: N818 - what it is, said as in a sentence
    """This way of getting a tool does not work here; the message says why."""


@cache
def check_download_site() -> None:
    """Raise RouteFailed when Pulumi's download site does not answer (asked once per process).

    The installers behind it retry for a long time each; without this check a machine that has no network would
    wait for every one of them.
    """
    try:
        urllib.request.urlopen(DOWNLOAD_SITE, timeout=CONNECT_TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError:
        pass  # whatever it says, it answers
    except (urllib.error.URLError, OSError) as error:
        raise RouteFailed(f"{DOWNLOAD_SITE} cannot be reached: {getattr(error, 'reason', error)}") from error


@contextmanager
def built_atomically(target: Path) -> Iterator[Path]:
    """A temporary folder that becomes `target` when the block succeeds and vanishes when it does not.

    A folder under its final name is therefore always complete, whenever and however a build was interrupted.
    The caller holds the toolchain's lock: what an earlier, killed build left behind is nobody's, and removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left_behind in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(left_behind)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_executable(path: Path, content: str) -> None:
    """Write a script so that nobody can ever start half of it; leaves an identical one alone."""
    if path.is_file() and path.read_text() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(content)
    temporary = Path(file.name)
    temporary.chmod(0o755)
    temporary.replace(path)
