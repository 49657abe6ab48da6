"""Downloads from publishers: streamed to a file, with progress and time limits, and never taken half done.

The proxy variables (`https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`) hold. A caller gives a target inside a folder
of `routes.built_atomically`, which removes the file after a failure.
"""

import hashlib
import os
import tarfile
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import IO
from urllib.parse import unquote, urlsplit

import urllib3

from sandbox.console import Step
from sandbox.errors import SandboxError
from sandbox.toolchain.routes import CONNECT_TIMEOUT_SECONDS, RouteFailed

_CHUNK_BYTES = 1 << 16
_MB = 1_000_000
# A release page leads to its storage by one redirect; a mirror may add some.
_REDIRECTS = 5
_OK = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Time limits of one download: for the connection, for a pause in what arrives, and for the whole."""

    connect_seconds: float = CONNECT_TIMEOUT_SECONDS
    silence_seconds: float = 30
    # 150 MB, the largest file, at 1.5 Mbit/s.
    total_seconds: float = 900


LIMITS = Limits()


def publisher_site(variable: str, default: str) -> str:
    """The address of a publisher's site: `default`, or the mirror named by an environment variable.

    Returns: a URL without a slash at its end. Raises: SandboxError for a value that is no URL.
    """
    address = os.environ.get(variable) or default
    if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
        raise SandboxError(
            f"{variable} is {address!r}, which is no http or https URL; the default is {default}"
        )
    return address.rstrip("/")


def fetch(url: str, target: Path, progress: Step, limits: Limits = LIMITS) -> str:
    """Download `url` into the file `target`.

    Returns: the SHA-256 of what arrived, in hex. Raises: RouteFailed, with the URL and the reason.
    """
    deadline = time.monotonic() + limits.total_seconds
    digest = hashlib.sha256()
    received_bytes, size_bytes = 0, 0
    try:
        with _answer(url, limits) as answer, target.open("wb") as file:
            size_bytes = int(answer.headers.get("content-length") or 0)
            # `read1` returns what has arrived: a site that sends a byte now and then still meets the deadline.
            while chunk := answer.read1(_CHUNK_BYTES, decode_content=False):
                file.write(chunk)
                digest.update(chunk)
                received_bytes += len(chunk)
                progress.detail(_progress(received_bytes, size_bytes))
                if time.monotonic() > deadline:
                    raise RouteFailed(f"{url} was not complete after {limits.total_seconds:g} s")
    except urllib3.exceptions.HTTPError as error:
        raise RouteFailed(_failure(url, error, limits, received_bytes, size_bytes)) from error
    except OSError as error:
        raise RouteFailed(f"{target} cannot be written: {error}") from error
    return digest.hexdigest()


def require_hash(url: str, found: str, expected: Collection[str], source: str) -> None:
    """Raise RouteFailed when the SHA-256 `found` is none of those `expected`; `source` says where these come from."""
    if found not in expected:
        wanted = next(iter(expected)) if len(expected) == 1 else f"one of {len(expected)}"
        raise RouteFailed(
            f"{url} is not the publisher's file: expected SHA-256 {wanted} ({source}), found {found}; run the same"
            " command again, and if it stays so, look at the proxy or mirror on the way"
        )


def unpack(archive: Path, folder: Path, top: str = "") -> None:
    """Unpack the files directly below `top` of a .zip or .tar.gz archive into `folder`, all as executables.

    Links, devices and other folders are left out. Raises: RouteFailed for what is no such archive.
    """
    folder.mkdir()
    try:
        for name, content in _zipped(archive) if archive.suffix == ".zip" else _tarred(archive):
            path = PurePosixPath(name)
            if path.parent == PurePosixPath(top):
                target = folder / path.name
                with target.open("wb") as file:
                    copyfileobj(content, file)
                target.chmod(0o755)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise RouteFailed(f"{archive.name} cannot be unpacked: {error}") from error


def _zipped(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if not member.is_dir():
                with opened.open(member) as content:
                    yield member.filename, content


def _tarred(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(archive, "r:gz") as opened:
        for member in opened:
            if member.isfile() and (content := opened.extractfile(member)):
                yield member.name, content


@contextmanager
def _answer(url: str, limits: Limits) -> Iterator[urllib3.BaseHTTPResponse]:
    connections = _connections(url)
    answer = connections.request(
        "GET",
        url,
        headers={"Accept-Encoding": "identity"},
        preload_content=False,
        retries=urllib3.Retry(total=None, connect=0, read=0, other=0, status=0, redirect=_REDIRECTS),
        timeout=urllib3.Timeout(connect=limits.connect_seconds, read=limits.silence_seconds),
    )
    try:
        if answer.status != _OK:
            raise RouteFailed(f"{url} answers {answer.status} {answer.reason or ''}".rstrip())
        yield answer
    finally:
        answer.close()
        connections.clear()


def _connections(url: str) -> urllib3.PoolManager:
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(parts.netloc):
        return urllib3.PoolManager()
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    user, password = urlsplit(proxy).username, urlsplit(proxy).password
    login = f"{unquote(user)}:{unquote(password or '')}" if user else None
    return urllib3.ProxyManager(proxy, proxy_headers=urllib3.make_headers(proxy_basic_auth=login))


def _progress(received_bytes: int, size_bytes: int) -> str:
    if not size_bytes:
        return f"{received_bytes / _MB:.0f} MB"
    return f"{100 * received_bytes // size_bytes} %, {received_bytes / _MB:.0f} of {size_bytes / _MB:.0f} MB"


def _failure(
    url: str, error: urllib3.exceptions.HTTPError, limits: Limits, received_bytes: int, size_bytes: int
) -> str:
    """The reason of a failed request, as a sentence with the URL."""
    reason = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason else error
    match reason:
        case urllib3.exceptions.ReadTimeoutError():
            return f"{url} sent nothing for {limits.silence_seconds:g} s"
        case urllib3.exceptions.ConnectTimeoutError() if not isinstance(
            reason, urllib3.exceptions.NewConnectionError
        ):
            return f"{url} cannot be reached: no connection within {limits.connect_seconds:g} s"
        case urllib3.exceptions.ProtocolError() if received_bytes:
            return f"{url} broke off: {_progress(received_bytes, size_bytes)} had arrived"
    return f"{url} cannot be reached: {reason}"
