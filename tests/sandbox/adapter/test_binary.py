"""The places where the Terraform AWS provider's binary is looked for, with empty files in place of the 700 MB one.

Proves the order of the places and that only the proven version is taken. Does not prove that what is found can be run.
"""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from sandbox.adapter import binary

PLATFORM = binary.platform_name()
PROVEN = binary.PROVEN_VERSION
OTHER = "plan9_mips"
# Any user but root, who may look into every folder; it need not exist.
ORDINARY_USER = 65533


def install(folder: Path, version: str, platform: str = PLATFORM, mode: int = 0o755) -> Path:
    file = (
        folder
        / "registry.terraform.io/hashicorp/aws"
        / version
        / platform
        / f"terraform-provider-aws_v{version}_x5"
    )
    file.parent.mkdir(parents=True)
    file.touch(mode)
    return file


def find(home: Path, *add_on_roots: Path, **environ: str) -> binary.ProviderBinary:
    return binary.find({"HOME": str(home), "XDG_DATA_DIRS": str(home / "shared"), **environ}, add_on_roots)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the sandbox, which is the first place that is looked into."""
    folder = tmp_path / "cache-of-the-sandbox"
    monkeypatch.setenv("SANDBOX_CACHE_DIR", str(folder))
    return folder


def test_the_override_wins(tmp_path: Path) -> None:
    install(tmp_path / ".terraform.d/plugins", "5.100.0")
    mine = tmp_path / "terraform-provider-aws_v5.99.1_x5"
    mine.touch(0o755)
    assert find(tmp_path, SANDBOX_TERRAFORM_AWS_PROVIDER=str(mine)) == binary.ProviderBinary(mine, "5.99.1")


def test_an_override_that_is_no_executable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(binary.ProviderBinaryNotFound, match="which is not an executable file"):
        find(tmp_path, SANDBOX_TERRAFORM_AWS_PROVIDER=str(tmp_path / "missing"))


def test_other_versions_are_listed_oldest_first_and_a_pre_release_is_older_than_its_release(
    tmp_path: Path,
) -> None:
    """They are listed only: the proven version is taken, however old."""
    folder = tmp_path / ".terraform.d/plugins"
    versions = ["6.0.0", "5.9.0", "6.0.0-beta1", "5.101.0"]
    others = {version: install(folder, version) for version in versions}
    proven = install(folder, PROVEN)
    assert find(tmp_path).path == proven
    found = binary.other_versions({"HOME": str(tmp_path), "XDG_DATA_DIRS": str(tmp_path / "shared")}, ())
    assert [other.path for other in found] == [
        others[v] for v in ("5.9.0", "5.101.0", "6.0.0-beta1", "6.0.0")
    ]


def test_no_other_version_is_taken(tmp_path: Path) -> None:
    install(tmp_path / ".terraform.d/plugins", "99.0.0")
    with pytest.raises(binary.ProviderBinaryNotFound, match=f"provider {PROVEN} was not found"):
        find(tmp_path)


def test_the_sandboxs_own_download_comes_first(tmp_path: Path, cache: Path) -> None:
    install(tmp_path / ".terraform.d/plugins", PROVEN)
    downloaded = install(cache / "terraform-plugins", PROVEN)
    assert find(tmp_path).path == downloaded
    assert downloaded.parent == binary.cache_folder()


def test_terraforms_own_folders_come_before_add_on_software(tmp_path: Path) -> None:
    install(tmp_path / "opt/aws-tools", PROVEN)
    own = install(tmp_path / ".local/share/terraform/plugins", PROVEN)
    assert find(tmp_path, tmp_path / "opt").path == own


@pytest.mark.parametrize("place", ["opt/terraform", "opt"])
def test_add_on_software_is_found(tmp_path: Path, place: str) -> None:
    file = install(tmp_path / place, PROVEN)
    assert find(tmp_path / "home", tmp_path / "opt").path == file


def test_the_plugin_cache_is_found(tmp_path: Path) -> None:
    file = install(tmp_path / "cache", PROVEN)
    assert find(tmp_path, TF_PLUGIN_CACHE_DIR=str(tmp_path / "cache")).path == file


def test_a_folder_that_only_another_user_may_look_into_is_passed_over() -> None:
    # Not below `tmp_path`, whose parents are closed to the user that root becomes here.
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        file = install(root / "opt/terraform", PROVEN)
        install(root / "opt/closed", PROVEN)
        install(root / "locked/terraform", PROVEN)
        closed = [root / "opt/closed", root / "locked"]
        root.chmod(0o755)
        for folder in closed:
            folder.chmod(0)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(ORDINARY_USER)
            assert find(root / "home", root / "locked", root / "opt").path == file
        finally:
            os.seteuid(user)
            for folder in closed:
                folder.chmod(0o700)


def test_another_platforms_binary_and_one_that_cannot_run_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / ".terraform.d/plugins"
    install(folder, PROVEN, OTHER)
    install(folder, PROVEN, mode=0o644)
    with pytest.raises(binary.ProviderBinaryNotFound) as missing:
        find(tmp_path)
    assert folder in missing.value.searched
    assert str(folder) in str(missing.value)
    assert sys.platform in str(missing.value)
