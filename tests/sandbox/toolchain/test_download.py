"""Downloads of the command line and of the Terraform AWS provider, from stand-ins of the sites on this machine.

Proves that what arrives is checked, that every fault ends in one message and leaves nothing, and that the next try
succeeds. Does not prove that the real sites have these files under these names.
"""

import contextlib
import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.adapter import binary
from sandbox.errors import SandboxError
from sandbox.toolchain import hashes, pin_cli, prepare, pulumi_cli, terraform_provider
from sandbox.toolchain.download import Limits, unpack
from sandbox.toolchain.routes import RouteFailed
from tests.sandbox.toolchain.conftest import CLI_FILES, PROVIDER, PROVIDER_FILES, Sites, cli_archive, refusal

IMPATIENT = Limits(connect_seconds=5, silence_seconds=0.3, total_seconds=60)
HURRIED = Limits(connect_seconds=5, silence_seconds=5, total_seconds=0.3)
KINDS = ("provider", "cli", "checksums")
DOWNLOADS: dict[str, Any] = {
    "provider": terraform_provider.download,
    "cli": pulumi_cli.download,
    "checksums": pulumi_cli.download,
}
MESSAGES = {
    "damaged": r"is not the publisher's file: expected SHA-256 .*, found [0-9a-f]{64}; run the same command again",
    "broken off": r"broke off: \d+ %, .* had arrived",
    "silent": "sent nothing for 0.3 s",
    "mute": "sent nothing for 0.3 s",
    "dripping": "was not complete after 0.3 s",
    "absent": "answers 404",
}
PATIENCE = 4
# The proxy's login of `user` with the password `secret`.
LOGIN = "Basic dXNlcjpzZWNyZXQ="
# Nothing may ever be written there.
ABSOLUTE = "/tmp/reptidex-unpacked-outside"
OUTSIDE = ("pulumi/../escaped", "../escaped", "pulumi/deeper/file", "elsewhere/file", ABSOLUTE)
# A process of its own, as killing it takes; the folder with the hashes is its argument.
PREPARE = """\
import sys
from pathlib import Path
from sandbox.adapter import binary
from sandbox.toolchain import hashes, prepare
binary._ADD_ON_ROOTS = ()
hashes.PROVIDER_FILE, hashes.CLI_FILE = (Path(sys.argv[1]) / name for name in ("provider.toml", "cli.toml"))
prepare()
"""


def files(folder: Path) -> list[str]:
    """The files in the sandbox's cache, but for the lock."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != "toolchain.lock"
    )


def end(command: subprocess.Popen[str], ending: int) -> str:
    """Signal a command until it ends; returns what it said.

    A signal that comes right before a read from the network is seen only after it: a person presses Ctrl-C again.
    """
    for _ in range(PATIENCE):
        command.send_signal(ending)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return command.communicate(timeout=5)[1]
    command.kill()
    pytest.fail(f"did not end: {command.communicate()[1]}")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_an_empty_machine_with_a_network_gets_the_proven_versions(sites: Sites, cache: Path) -> None:
    toolchain = prepare()
    assert toolchain.cli_route == "downloaded"
    assert toolchain.providers == {"aws": "adapter", "random": "adapter"}
    assert toolchain.terraform_provider
    assert toolchain.terraform_provider.route == "downloaded"
    assert toolchain.terraform_provider.untried == ""
    assert binary.find().path == toolchain.terraform_provider.path
    assert pulumi_cli.downloaded().read_bytes() == CLI_FILES["pulumi/pulumi"]
    assert {path.name: path.read_bytes() for path in binary.cache_folder().iterdir()} == PROVIDER_FILES
    assert all(os.access(path, os.X_OK) for path in (toolchain.pulumi, binary.cache_folder() / PROVIDER))
    # The engine looks for the language host next to its own file.
    assert {path.name for path in toolchain.pulumi.parent.iterdir()} == {"pulumi", "pulumi-language-python"}
    assert "sandbox.adapter.language_host" in (toolchain.pulumi.parent / "pulumi-language-python").read_text()
    assert {path.name for path in pulumi_cli.downloaded().parent.iterdir()} == {
        "pulumi",
        "pulumi-language-python",
    }
    assert not [
        name for name in files(cache) if "/." in name or name.endswith((".zip", ".gz", "checksums.txt"))
    ]


def test_nothing_is_downloaded_twice(sites: Sites) -> None:
    first = prepare()
    asked = list(sites.asked)
    assert prepare() == first
    assert sites.asked == asked == [sites.provider, sites.checksums, sites.cli]


@pytest.mark.parametrize("fault", MESSAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_one_message_and_leaves_nothing_and_the_next_try_succeeds(
    sites: Sites, cache: Path, kind: str, fault: str
) -> None:
    sites.faults[getattr(sites, kind)] = fault
    message = "is damaged or does not name" if (kind, fault) == ("checksums", "damaged") else MESSAGES[fault]
    with pytest.raises(RouteFailed, match=message) as failed:
        DOWNLOADS[kind](HURRIED if fault == "dripping" else IMPATIENT)
    assert getattr(sites, kind) in str(failed.value), "the message names the file"
    assert files(cache) == []
    assert not list(cache.rglob(".*"))
    sites.faults.clear()
    DOWNLOADS[kind](IMPATIENT)
    assert prepare().cli_route == "downloaded"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_what_ends_in_the_middle_is_never_taken_for_complete(
    sites: Sites, cache: Path, recorded: Path, kind: str, ending: int
) -> None:
    sites.faults[getattr(sites, kind)] = "silent"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", PREPARE, str(recorded)], stderr=subprocess.PIPE, text=True
    ) as command:
        assert sites.in_the_middle.wait(60), "the download never began"
        said = end(command, ending)
    assert command.returncode, said
    if ending == signal.SIGINT:
        assert not list(cache.rglob("*.zip")) + list(cache.rglob("*.gz"))
    assert not pulumi_cli.downloaded().exists()
    sites.faults.clear()
    toolchain = prepare()
    assert toolchain.cli_route == "downloaded"
    assert pulumi_cli.downloaded().read_bytes() == CLI_FILES["pulumi/pulumi"]
    assert {path.name: path.read_bytes() for path in binary.cache_folder().iterdir()} == PROVIDER_FILES
    assert not [name for name in files(cache) if "/." in name]


def test_a_machine_without_anything_is_told_every_reason_at_once(sites: Sites) -> None:
    for kind in KINDS:
        sites.faults[getattr(sites, kind)] = "absent"
    message = refusal()
    for reason in (
        "no `pulumi` on PATH",
        f"{sites.checksums} answers 404",
        "no `go` on PATH",
        f"provider {binary.PROVEN_VERSION} was not found on this machine",
        f"{sites.provider} answers 404",
    ):
        assert reason in message
    assert message.count(f"{sites.provider} answers") == 1
    sites.faults.clear()
    assert prepare().cli_route == "downloaded"


def test_a_site_that_is_not_there_is_named(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pulumi_cli.SITE_VARIABLE, "http://127.0.0.1:9/pulumi")
    with pytest.raises(RouteFailed, match=r"http://127.0.0.1:9/pulumi/.* cannot be reached"):
        pulumi_cli.download()


def test_an_archive_of_another_platform_is_refused_by_its_content(sites: Sites, recorded: Path) -> None:
    """The zips' hashes do not say for which platform they are."""
    file = recorded / "provider.toml"
    file.write_text(file.read_text().replace("h1:", "h1:other"))
    with pytest.raises(RouteFailed, match=f"does not hold the files of {binary.platform_name()}"):
        terraform_provider.download()
    assert not binary.cache_folder().exists()


@pytest.mark.parametrize("content", [b"no archive", cli_archive({"bin/pulumi": b"elsewhere"})])
def test_an_archive_that_holds_no_command_line_is_refused(sites: Sites, content: bytes, cache: Path) -> None:
    sites.publish_cli(content)
    with pytest.raises(RouteFailed, match=r"cannot be unpacked|holds no pulumi/pulumi"):
        pulumi_cli.download()
    assert files(cache) == []


def test_a_redirect_is_followed(sites: Sites) -> None:
    sites.faults[sites.cli] = "moved"
    pulumi_cli.download()
    assert f"/storage{sites.cli}" in sites.asked


def test_the_proxy_variables_hold(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", sites.address.replace("//", "//user:secret@"))
    monkeypatch.setenv(pulumi_cli.SITE_VARIABLE, "http://publisher.invalid/pulumi")
    pulumi_cli.download()
    assert sites.asked == [f"http://publisher.invalid{name}" for name in (sites.checksums, sites.cli)]
    assert sites.logins == {LOGIN}
    monkeypatch.setenv("no_proxy", "publisher.invalid")
    with pytest.raises(RouteFailed, match="cannot be reached"):
        pulumi_cli.download()


def test_all_proxy_is_the_proxy_of_a_scheme_without_its_own(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", sites.address)
    monkeypatch.setenv(pulumi_cli.SITE_VARIABLE, "http://publisher.invalid/pulumi")
    pulumi_cli.download()
    assert sites.asked == [f"http://publisher.invalid{name}" for name in (sites.checksums, sites.cli)]
    assert sites.logins == {None}


@pytest.mark.parametrize("variable", ["https_proxy", "all_proxy"])
def test_a_proxy_is_asked_for_a_tunnel_to_an_https_site(
    sites: Sites, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("https_proxy")
    monkeypatch.setenv(variable, sites.address.replace("//", "//user:secret@"))
    monkeypatch.setenv(pulumi_cli.SITE_VARIABLE, "https://publisher.invalid/pulumi")
    with pytest.raises(RouteFailed, match=r"https://publisher\.invalid/.* cannot be reached: .*502"):
        pulumi_cli.download()
    assert sites.asked == ["publisher.invalid:443"]
    assert sites.logins == {LOGIN}


def tar_with_links_and_devices() -> bytes:
    """An archive whose members want to be more than files in its top folder."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, kind in (
            ("pulumi", tarfile.DIRTYPE),
            ("pulumi/link", tarfile.SYMTYPE),
            ("pulumi/hard-link", tarfile.LNKTYPE),
            ("pulumi/device", tarfile.CHRTYPE),
            ("pulumi/pipe", tarfile.FIFOTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        for name in (*OUTSIDE, "pulumi/link", "pulumi/pulumi"):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"new"))
    return content.getvalue()


def zip_with_a_link() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        link = zipfile.ZipInfo("pulumi/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        for name in (link, *OUTSIDE, "pulumi/pulumi"):
            archive.writestr(name, b"new")
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"), [("cli.tar.gz", tar_with_links_and_devices()), ("cli.zip", zip_with_a_link())]
)
def test_of_an_archive_only_plain_files_appear_and_nothing_outside_its_folder(
    tmp_path: Path, name: str, content: bytes
) -> None:
    archive = tmp_path / name
    archive.write_bytes(content)
    folder = tmp_path / "unpacked"
    unpack(archive, folder, top="pulumi")
    assert sorted(path.name for path in folder.iterdir()) == ["link", "pulumi"]
    assert all(
        stat.S_ISREG(path.lstat().st_mode) and path.read_bytes() == b"new" for path in folder.iterdir()
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, "unpacked"]
    assert not Path(ABSOLUTE).exists()


def test_an_archive_whose_file_is_called_like_the_folder_above_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "cli.tar.gz"
    archive.write_bytes(cli_archive({"pulumi/..": b"new"}))
    with pytest.raises(RouteFailed, match=r"cli\.tar\.gz cannot be unpacked"):
        unpack(archive, tmp_path / "unpacked", top="pulumi")
    assert list((tmp_path / "unpacked").iterdir()) == []


@pytest.mark.parametrize("value", ["nonsense", "ftp://mirror/pulumi", "https://"])
def test_a_mirror_that_is_no_address_is_refused(
    sites: Sites, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(pulumi_cli.SITE_VARIABLE, value)
    with pytest.raises(SandboxError, match=f"SANDBOX_PULUMI_SITE is '{value}'"):
        prepare()


def test_pinned_hashes_are_used_instead_of_the_checksum_file(sites: Sites) -> None:
    pinned = pin_cli.pin()
    assert set(pinned) == set(pulumi_cli.release_names())
    assert tomllib.loads(hashes.CLI_FILE.read_text()) == {"version": pulumi_cli.VERSION, "archives": pinned}
    sites.asked.clear()
    pulumi_cli.download()
    assert sites.asked == [sites.cli]


def test_a_release_that_was_replaced_together_with_its_checksum_file_fails_the_pinned_hash(
    sites: Sites, cache: Path
) -> None:
    pin_cli.pin()
    other = cli_archive({**CLI_FILES, "pulumi/pulumi": b"another"})
    sites.publish_cli(other)
    with pytest.raises(
        RouteFailed, match=r"recorded in cli.toml.*found " + hashlib.sha256(other).hexdigest()
    ):
        pulumi_cli.download()
    assert files(cache) == []


def test_hashes_of_another_version_are_not_used(sites: Sites) -> None:
    pin_cli.pin()
    hashes.CLI_FILE.write_text(hashes.CLI_FILE.read_text().replace(pulumi_cli.VERSION, "1.2.3"))
    pulumi_cli.download()
    assert sites.asked[-2:] == [sites.checksums, sites.cli]


@pytest.mark.parametrize("fault", ["damaged", "broken off", "absent"])
def test_pinning_fails_without_touching_the_file(
    sites: Sites, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pin_cli.pin()
    before = hashes.CLI_FILE.read_text()
    sites.faults[sites.checksums] = fault
    with pytest.raises(SystemExit):
        pin_cli.main()
    assert "error: " in capsys.readouterr().err
    assert hashes.CLI_FILE.read_text() == before


def test_a_failed_download_leads_to_the_build_and_is_said_once(
    sites: Sites, go_log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sites.faults[sites.cli] = "damaged"
    assert prepare().cli_route == "built"
    assert capsys.readouterr().err.count("is not the publisher's file") == 1
    assert "build" in go_log.read_text()
