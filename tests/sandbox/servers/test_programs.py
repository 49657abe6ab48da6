"""Where server programs come from: the order of places, and the answer when none will do.

Programs are played by scripts that tell a version. Proves the choice; does not build a Debian tree, which takes minutes:
every other test of this folder runs servers from one where the machine has none.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.servers import debian, programs
from sandbox.servers.programs import PGBOUNCER, POSTGRES, find
from sandbox.toolchain.routes import RouteFailed, write_executable


def installation(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    write_executable(folder / "pgbouncer", f"#!/bin/sh\necho PgBouncer {version}\n")
    return folder


@pytest.fixture(autouse=True)
def no_debian_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable() -> Path:
        raise RouteFailed("not on this machine")

    monkeypatch.setattr(debian, "tree", unavailable)
    monkeypatch.delenv(PGBOUNCER.variable, raising=False)


def usual_folders(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> programs.ServerKind:
    monkeypatch.setenv("PATH", "")
    return replace(PGBOUNCER, folders=tuple(map(str, folders)))


def test_the_named_folder_comes_before_path_and_no_other_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = installation(tmp_path / "on-path", "1.25.2")
    named = installation(tmp_path / "named", "1.24.1")
    monkeypatch.setenv("PATH", str(on_path), prepend=":")
    assert find(PGBOUNCER).folder == on_path
    monkeypatch.setenv(PGBOUNCER.variable, str(named))
    assert find(PGBOUNCER).version == (1, 24, 1)
    monkeypatch.setenv(PGBOUNCER.variable, str(tmp_path / "nowhere"))
    with pytest.raises(SandboxError, match=r"SANDBOX_PGBOUNCER_BIN: it names .*nowhere"):
        find(PGBOUNCER)


def test_a_version_that_will_not_do_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, good = installation(tmp_path / "old", "1.18.0"), installation(tmp_path / "good", "1.25.2")
    found = find(usual_folders(monkeypatch, old, good))
    assert (found.folder, found.version_text, found.route) == (good, "1.25.2", "installed")


def test_an_installation_that_lacks_something_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, full = installation(tmp_path / "bare", "1.25.2"), installation(tmp_path / "full", "1.25.2")
    kind = usual_folders(monkeypatch, bare, full)
    assert find(kind, lacks=lambda folder: "it is bare" if folder == bare else None).folder == full


def test_the_debian_tree_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation(tmp_path / "tree" / PGBOUNCER.debian_folder, "1.24.1")
    monkeypatch.setattr(debian, "tree", lambda: tmp_path / "tree")
    assert find(usual_folders(monkeypatch)).route == "debian"
    good = installation(tmp_path / "good", "1.25.2")
    assert find(usual_folders(monkeypatch, good)).folder == good


def test_one_error_lists_every_place_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = installation(tmp_path / "old", "1.18.0")
    silent = tmp_path / "silent"
    silent.mkdir()
    write_executable(silent / "pgbouncer", "#!/bin/sh\nexit 1\n")
    with pytest.raises(SandboxError) as error:
        find(usual_folders(monkeypatch, old, silent))
    assert str(error.value).splitlines() == [
        "no PgBouncer 1.24.1 or newer, below 2, on this machine",
        "  PATH: no `pgbouncer`",
        f"  {old}: it has version 1.18.0",
        f"  {silent}: `pgbouncer` does not tell its version: exit status 1",
        "  Debian tree: not on this machine",
        "install it, or name the folder that has `pgbouncer` in SANDBOX_PGBOUNCER_BIN",
    ]


def test_every_kind_of_server_has_a_major_version_of_production() -> None:
    assert (POSTGRES.minimum, programs.VALKEY.minimum) == ((17,), (8,))
