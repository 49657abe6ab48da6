"""A PATH of the test's own, and stand-ins of the sites that the toolchain is downloaded from."""

import base64
import contextlib
import hashlib
import io
import random
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.adapter import binary
from sandbox.errors import NoEngineError
from sandbox.toolchain import hashes, prepare, pulumi_cli, routes, terraform_provider
from sandbox.toolchain.routes import write_executable

GO = """\
#!/bin/sh
echo "$1" >> "$GO_LOG"
case "$1" in
  list) echo one; echo two ;;
  build)
    while [ "$1" != "-o" ]; do shift; done
    mkdir -p "$(dirname "$2")"
    [ -n "$GO_WAITS_FOR" ] && read -r line < "$GO_WAITS_FOR"
    [ -n "$GO_NEVER_ENDS" ] && { echo $$ > "$GO_NEVER_ENDS"; while :; do sleep 1; done; }
    [ -n "$GO_FAILS" ] && { echo "some/package: does not compile" >&2; exit 1; }
    printf '#!/bin/sh\\necho pinned\\n' > "$2"; chmod +x "$2" ;;
esac
"""
PINNED = f"v{pulumi_cli.VERSION}"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, with the few tools that scripts need, an empty cache and no download site."""
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in ("sh", "mkdir", "dirname", "chmod", "sleep"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    provider = folder / "terraform-provider-aws_v5.100.0"
    write_executable(provider, "#!/bin/sh\n")
    for name, value in {
        "PATH": str(folder),
        "SANDBOX_CACHE_DIR": str(tmp_path / "cache"),
        "SANDBOX_TERRAFORM_AWS_PROVIDER": str(provider),
        "GO_LOG": str(tmp_path / "go.log"),
        "https_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    routes.check_download_site.cache_clear()
    return folder


@pytest.fixture
def go_log(path: Path, tmp_path: Path) -> Path:
    """A `go` that builds a stand-in; the file has a line for each command it was given."""
    write_executable(path / "go", GO)
    return tmp_path / "go.log"


def install_pulumi(folder: Path, version: str, *, language_host: bool = True) -> Path:
    write_executable(folder / "pulumi", f"#!/bin/sh\necho {version}\n")
    if language_host:
        write_executable(folder / "pulumi-language-python", "#!/bin/sh\n")
    return folder / "pulumi"


# Large enough to be cut in the middle, and no compression makes it smaller.
BALLAST = random.Random(0).randbytes(300_000)
PROVIDER = f"terraform-provider-aws_v{binary.PROVEN_VERSION}_x5"
PROVIDER_FILES = {"LICENSE.txt": b"MPL", PROVIDER: b"#!/bin/sh\n" + BALLAST}
CLI_FILES = {
    "pulumi/pulumi": b"#!/bin/sh\necho " + PINNED.encode() + b"\n" + BALLAST,
    "pulumi/pulumi-language-python": b"#!/bin/sh\n",
    "pulumi/examples/readme": b"not directly below the top",
}
DRIP_SECONDS = 0.02


def folder_hash(files: dict[str, bytes]) -> str:
    """The hash that `hashes.folder_hash` should find, computed once more."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def provider_archive(files: dict[str, bytes] = PROVIDER_FILES) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # with a date of its own, and so the same each time
    return content.getvalue()


def cli_archive(files: dict[str, bytes] = CLI_FILES) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def refusal() -> str:
    """The message of `prepare` on a machine that has not got what it takes."""
    with pytest.raises(NoEngineError) as raised:
        prepare()
    return str(raised.value)


def install_provider(folder: Path, version: str, files: dict[str, bytes] = PROVIDER_FILES) -> Path:
    """Put a provider where Terraform would, below `folder`; returns its executable."""
    place = folder / "registry.terraform.io/hashicorp/aws" / version / binary.platform_name()
    place.mkdir(parents=True)
    for name, data in files.items():
        (place / name.replace(binary.PROVEN_VERSION, version)).write_bytes(data)
    executable = place / PROVIDER.replace(binary.PROVEN_VERSION, version)
    executable.chmod(0o755)
    return executable


class Sites:
    """Stand-ins of both publishers on one port: their files by path, and the faults to make.

    A fault is "damaged", "broken off", "silent" (in the middle), "mute" (from the start), "dripping", "absent" or
    "moved" (to another address).
    """

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        platform = binary.platform_name()
        release = f"/pulumi/v{pulumi_cli.VERSION}"
        self.provider = (
            f"/hashicorp/terraform-provider-aws/{binary.PROVEN_VERSION}"
            f"/terraform-provider-aws_{binary.PROVEN_VERSION}_{platform}.zip"
        )
        self.cli = f"{release}/{pulumi_cli._release_name(platform)}"
        self.checksums = f"{release}/{pulumi_cli.CHECKSUM_FILE}"
        self.files = {self.provider: provider_archive()}
        self.publish_cli(cli_archive())
        self.faults: dict[str, str] = {}
        self.asked: list[str] = []
        self.logins: set[str | None] = set()
        self.in_the_middle = threading.Event()
        self.over = threading.Event()

    def publish_cli(self, archive: bytes) -> None:
        """Replace the release and its checksum file."""
        self.files[self.cli] = archive
        names = {name: hashlib.sha256(name.encode()).hexdigest() for name in pulumi_cli.release_names()}
        names[self.cli.rpartition("/")[2]] = hashlib.sha256(archive).hexdigest()
        self.files[self.checksums] = "".join(f"{found}  {name}\n" for name, found in names.items()).encode()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        # A proxy is asked with the whole address.
        path = "/" + request.path.split("/", 3)[3] if "://" in request.path else request.path
        self._note(request)
        fault = self.faults.get(path)
        content = self.files.get(path.removeprefix("/storage"))
        if fault == "moved":
            request.send_response(302)
            request.send_header("Location", f"{self.address}/storage{path}")
            request.end_headers()
        elif fault == "mute":
            self.over.wait(60)
        elif content is None or fault == "absent":
            request.send_error(404)
        else:
            request.send_response(200)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            self._send(request, content, fault)

    def refuse_tunnel(self, request: BaseHTTPRequestHandler) -> None:
        """A proxy's answer to a request for an https site."""
        self._note(request)
        request.send_error(502)

    def _note(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        self.logins.add(request.headers.get("Proxy-Authorization"))

    def _send(self, request: BaseHTTPRequestHandler, content: bytes, fault: str | None) -> None:
        half = len(content) // 2
        match fault:
            case "damaged":
                request.wfile.write(bytes(byte ^ 1 for byte in content))
            case "broken off":
                request.wfile.write(content[:half])
            case "silent":
                request.wfile.write(content[:half])
                self.in_the_middle.set()
                self.over.wait(60)
            case "dripping":
                while not self.over.wait(DRIP_SECONDS):
                    request.wfile.write(content[:1])
            case _:
                request.wfile.write(content)


@contextmanager
def served() -> Iterator[Sites]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):  # the client has gone
                stand_in.answer(self)

        def do_CONNECT(self) -> None:
            stand_in.refuse_tunnel(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand_in = Sites(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def machine(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of a machine with no provider, no `pulumi` and no `go`, of the proven platform.

    The proxy for https stays the one of `path`, which does not answer: no site on the internet is reached.
    """
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "shared"))
    for name in (
        "SANDBOX_TERRAFORM_AWS_PROVIDER",
        "XDG_DATA_HOME",
        "TF_PLUGIN_CACHE_DIR",
        "http_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    (path / PROVIDER.removesuffix("_x5")).unlink()
    monkeypatch.setattr(binary, "_ADD_ON_ROOTS", ())
    monkeypatch.setattr(binary, "PROVEN_PLATFORM", binary.platform_name())
    return home


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the recorded hashes of the stand-ins' provider; none of a CLI."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    (folder / "provider.toml").write_text(
        f'version = "{binary.PROVEN_VERSION}"\nfiles = {list(PROVIDER_FILES)}\n'
        f'zips = ["{hashlib.sha256(provider_archive()).hexdigest()}"]\n'
        f'[folders]\n{binary.platform_name()} = "{folder_hash(PROVIDER_FILES)}"\n'
    )
    monkeypatch.setattr(hashes, "PROVIDER_FILE", folder / "provider.toml")
    monkeypatch.setattr(hashes, "CLI_FILE", folder / "cli.toml")
    return folder


@pytest.fixture
def sites(machine: Path, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sites]:
    """Both download sites, on a machine that has nothing."""
    with served() as sites:
        monkeypatch.setenv(pulumi_cli.SITE_VARIABLE, f"{sites.address}/pulumi")
        monkeypatch.setenv(terraform_provider.SITE_VARIABLE, f"{sites.address}/hashicorp/")
        yield sites
