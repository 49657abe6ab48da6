"""The choice among several versions of `pulumi` and of the provider, and the line that says which is taken and why.

Proves that nothing but the proven version is taken unless a setting asks for it. Does not prove that what is taken
works.
"""

import json
import os
import re
from importlib import metadata
from pathlib import Path

import pytest

from sandbox.adapter import binary
from sandbox.errors import NoEngineError, SandboxError
from sandbox.paths import pulumi_home
from sandbox.toolchain import hashes, plugins, prepare, pulumi_cli
from sandbox.toolchain.plugins import shim
from sandbox.toolchain.routes import RouteFailed, write_executable
from tests.harness.platform import ROOT
from tests.sandbox.toolchain.conftest import (
    PINNED,
    PROVIDER,
    PROVIDER_FILES,
    Sites,
    install_provider,
    install_pulumi,
    refusal,
)

# Installs a plugin as the engine would, into the PULUMI_HOME that it is given.
PULUMI = f"""\
#!/bin/sh
[ "$1" = version ] && {{ echo {PINNED}; exit; }}
[ -n "$PLUGIN_FAILS" ] && {{ mkdir -p "$PULUMI_HOME/plugins"; echo "broke off" >&2; exit 1; }}
folder="$PULUMI_HOME/plugins/resource-$4-$5"
mkdir -p "$folder"
echo official > "$folder/pulumi-resource-$4"
"""


def said(capsys: pytest.CaptureFixture[str], word: str) -> str:
    """The one line of the last command that has a word."""
    [line] = [line for line in capsys.readouterr().err.splitlines() if word in line]
    return line


@pytest.mark.parametrize("version", ["v3.260.1", "v99.0.0"])
def test_another_pulumi_on_the_path_is_not_taken_and_one_line_says_why(
    sites: Sites, path: Path, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    installed = install_pulumi(path, version)
    assert prepare().cli_route == "downloaded"
    assert said(capsys, str(installed)) == (
        f"Pulumi {pulumi_cli.VERSION}: downloaded (untried: the proven version, as its publisher built it);"
        f" not taken: {installed} is version {version}, and only {pulumi_cli.VERSION} is proven"
    )


def test_another_provider_on_the_machine_is_not_taken_and_one_line_says_why(
    sites: Sites, machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = install_provider(machine / ".terraform.d/plugins", "6.1.0")
    provider = prepare().terraform_provider
    assert provider
    assert (provider.route, provider.version) == ("downloaded", binary.PROVEN_VERSION)
    assert said(capsys, str(other)) == (
        f"Terraform AWS provider {binary.PROVEN_VERSION}: downloaded, {provider.path} (proven); not taken: 6.1.0 at"
        f" {other}, since only {binary.PROVEN_VERSION} is proven (SANDBOX_TERRAFORM_AWS_PROVIDER=<path> takes it, untried)"
    )
    prepare()
    assert said(capsys, str(other)), "every command says it"


def test_the_proven_provider_of_the_machine_is_taken_and_nothing_is_downloaded(
    sites: Sites, machine: Path, path: Path
) -> None:
    install_pulumi(path, PINNED)
    installed = install_provider(machine / ".terraform.d/plugins", binary.PROVEN_VERSION)
    toolchain = prepare()
    assert toolchain.terraform_provider
    assert (toolchain.terraform_provider.path, toolchain.terraform_provider.route) == (installed, "installed")
    assert toolchain.terraform_provider.untried == ""
    assert sites.asked == []


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {**PROVIDER_FILES, PROVIDER: b"#!/bin/sh\nchanged"},
            r"expected h1:\S+ for its folder .*, found h1:",
        ),
        ({PROVIDER: PROVIDER_FILES[PROVIDER]}, "does not hold the publisher's files and nothing else"),
    ],
)
def test_a_changed_provider_of_the_machine_is_not_taken_and_one_line_says_why(
    sites: Sites,
    machine: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, bytes],
    reason: str,
) -> None:
    changed = install_provider(machine / ".terraform.d/plugins", binary.PROVEN_VERSION, files)
    provider = prepare().terraform_provider
    assert provider
    assert provider.route == "downloaded"
    assert re.search(reason, said(capsys, f"{changed} is not taken"))
    assert binary.find().path == provider.path, "the adapter finds the same"


def test_a_download_that_was_damaged_later_is_replaced(sites: Sites) -> None:
    prepare()
    executable = binary.cache_folder() / PROVIDER
    executable.write_bytes(b"changed")
    prepare()
    assert executable.read_bytes() == PROVIDER_FILES[PROVIDER]


def test_without_a_network_the_reasons_name_what_is_on_the_machine(
    sites: Sites, machine: Path, path: Path
) -> None:
    install_pulumi(path, PINNED)
    other = install_provider(machine / ".terraform.d/plugins", "6.1.0")
    sites.faults[sites.provider] = "absent"
    message = refusal()
    for reason in (
        "no AWS provider for the Pulumi engine",
        f"6.1.0 at {other}",
        "SANDBOX_TERRAFORM_AWS_PROVIDER=<path> takes it, untried",
        "answers 404",
    ):
        assert reason in message


def test_a_named_provider_of_another_version_is_taken_as_untried(
    sites: Sites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = install_provider(tmp_path / "mine", "6.1.0")
    monkeypatch.setenv(binary.OVERRIDE, str(other))
    assert prepare().terraform_provider
    assert said(capsys, str(other)) == (
        f"Terraform AWS provider 6.1.0: named by {binary.OVERRIDE}, {other} (untried: only {binary.PROVEN_VERSION} is proven)"
    )


def test_a_named_provider_with_the_publishers_files_is_proven(
    sites: Sites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = install_provider(tmp_path / "mine", binary.PROVEN_VERSION).with_name(PROVIDER)
    monkeypatch.setenv(binary.OVERRIDE, str(named))
    provider = prepare().terraform_provider
    assert provider
    assert provider.untried == ""


def test_on_another_platform_nothing_counts_as_proven(
    sites: Sites, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(binary, "PROVEN_PLATFORM", "plan9_mips")
    provider = prepare().terraform_provider
    assert provider
    assert provider.untried == f"nothing was tried on {binary.platform_name()}"
    assert f"downloaded (untried on {binary.platform_name()})" in said(
        capsys, f"Pulumi {pulumi_cli.VERSION}:"
    )


def test_where_no_hash_of_the_files_is_recorded_the_version_decides(
    sites: Sites, machine: Path, recorded: Path
) -> None:
    file = recorded / "provider.toml"
    file.write_text(file.read_text().partition("[folders]")[0] + "[folders]\n")
    installed = install_provider(
        machine / ".terraform.d/plugins", binary.PROVEN_VERSION, {PROVIDER: b"own build"}
    )
    provider = prepare().terraform_provider
    assert provider
    assert provider.path == installed


def test_a_providers_files_are_read_again_only_after_a_change(
    sites: Sites, machine: Path, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_pulumi(path, PINNED)
    installed = install_provider(machine / ".terraform.d/plugins", binary.PROVEN_VERSION)
    read: list[Path] = []
    compute = hashes.folder_hash

    def remembering(folder: Path) -> str:
        read.append(folder)
        return compute(folder)

    monkeypatch.setattr(hashes, "folder_hash", remembering)
    prepare()
    prepare()
    assert read == [installed.parent]
    state = installed.stat()
    os.utime(installed, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    prepare()
    assert len(read) == 2
    (tmp_path / "cache" / "provider-hash.json").write_text(json.dumps([])[:1])
    prepare()
    assert len(read) == 3


def test_a_provider_is_not_read_again_after_its_download(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare()
    monkeypatch.setattr(hashes, "folder_hash", lambda _: pytest.fail("read again"))
    prepare()


@pytest.fixture
def official(sites: Sites, path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that asks for the official plugins, and whose `pulumi` can install them; returns their home."""
    write_executable(install_pulumi(path, PINNED), PULUMI)
    monkeypatch.setenv(plugins.OPTION, "official")
    monkeypatch.setattr(plugins, "check_download_site", lambda: None)
    return pulumi_home().with_name(f"{pulumi_home().name}-official")


def test_the_official_plugins_are_an_option_and_called_untried(
    official: Path, sites: Sites, capsys: pytest.CaptureFixture[str]
) -> None:
    toolchain = prepare()
    assert toolchain.home == official
    assert toolchain.providers == {"aws": "official", "random": "official"}
    assert toolchain.terraform_provider is None
    assert sites.asked == []
    lines = [line for line in capsys.readouterr().err.splitlines() if "official" in line]
    assert len(lines) == 5, "begin and end of each installation, and what is taken"
    assert all("untried" in line for line in lines)
    assert lines[-1] == "AWS and random providers: the official plugins (untried)"
    assert sorted(path.name for path in official.rglob("pulumi-resource-*")) == [
        "pulumi-resource-aws",
        "pulumi-resource-random",
    ]


def test_the_option_and_the_default_leave_each_others_plugins_alone(
    official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare()
    monkeypatch.delenv(plugins.OPTION)
    assert prepare().providers == {"aws": "adapter", "random": "adapter"}
    monkeypatch.setenv(plugins.OPTION, "official")
    monkeypatch.setenv("PLUGIN_FAILS", "yes")
    assert prepare().providers["aws"] == "official", "installed once"


def test_official_plugins_that_cannot_be_had_are_an_error_and_no_reason_for_others(
    official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUGIN_FAILS", "yes")
    with pytest.raises(NoEngineError, match="the download failed: broke off"):
        prepare()

    def unreachable() -> None:
        raise RouteFailed("cannot be reached")

    monkeypatch.setattr(plugins, "check_download_site", unreachable)
    with pytest.raises(NoEngineError, match=r"(?s)no AWS provider for the Pulumi engine.*cannot be reached"):
        prepare()


def test_an_official_plugin_of_an_earlier_sandbox_gives_way_to_the_adapter(sites: Sites) -> None:
    folder = pulumi_home() / "plugins" / f"resource-aws-v{metadata.version('pulumi-aws')}"
    folder.mkdir(parents=True)
    (folder / "pulumi-resource-aws").write_bytes(b"\x7fELF\xff\x00")
    (folder / "PulumiPlugin.yaml").touch()
    assert prepare().providers["aws"] == "adapter"
    assert [file.name for file in folder.iterdir()] == ["pulumi-resource-aws"]
    assert (folder / "pulumi-resource-aws").read_text() == shim("sandbox.adapter.aws")


def test_any_other_provider_is_refused_with_the_allowed_ones(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(plugins.OPTION, "oficial")
    with pytest.raises(SandboxError, match=r"'oficial'; it may be 'adapter' .* or 'official' \(untried\)"):
        prepare()


def test_every_place_states_the_same_versions() -> None:
    recorded = hashes.provider_hashes()
    assert recorded.version == binary.PROVEN_VERSION
    assert len(set(recorded.zips)) == 14
    assert not any(found.startswith("9b12af85") for found in recorded.zips), (
        "the manifest's hash: that is no zip"
    )
    assert (
        f"\tgithub.com/pulumi/pulumi/pkg/v3 v{pulumi_cli.VERSION} "
        in (pulumi_cli.GO_MODULE / "go.mod").read_text()
    )
    document = (ROOT / "docs" / "sandbox.md").read_text()
    for tool in (f"Pulumi {pulumi_cli.VERSION}", f"Terraform AWS provider {binary.PROVEN_VERSION}"):
        stated = re.findall(re.escape(tool.rpartition(" ")[0]) + r" \d+\.\d+\.\d+", document)
        assert len(stated) == document.count(tool) > 0
    if hashes.CLI_FILE.is_file():
        assert set(hashes.cli_hashes(pulumi_cli.VERSION)) == set(pulumi_cli.release_names())
