"""The choice of the Pulumi command line, with stand-ins for `pulumi` and `go` on a PATH of the test's own.

Proves the order of the routes, that a build happens once and is never taken half finished, and what is said when
nothing works. Does not prove that the real download or the real build succeed: bringing a stack up on a machine with
an empty cache does. The download sites are kept out of reach by a proxy that does not answer; `test_download.py` has
stand-ins of them.
"""

import http.client
import os
import subprocess
import sys
import urllib.request
from importlib import metadata
from pathlib import Path

import psutil
import pytest

from sandbox.errors import NoEngineError, SandboxError
from sandbox.paths import pulumi_home
from sandbox.toolchain import prepare, pulumi_cli, routes
from sandbox.toolchain.plugins import shim
from sandbox.toolchain.routes import RouteFailed, built_atomically, write_executable
from tests.sandbox.conftest import wait_for_start
from tests.sandbox.toolchain.conftest import PINNED, install_pulumi, refusal


@pytest.mark.usefixtures("go_log")
def test_an_installed_command_line_comes_first(path: Path) -> None:
    installed = install_pulumi(path, PINNED)
    toolchain = prepare()
    assert (toolchain.pulumi, toolchain.cli_route) == (installed, "installed")


@pytest.mark.parametrize(
    ("version", "language_host", "reason"),
    [
        ("v3.249.9", True, f"version v3.249.9, and only {pulumi_cli.VERSION} is proven"),
        ("v99.0.0", True, f"version v99.0.0, and only {pulumi_cli.VERSION} is proven"),
        (f"{PINNED}-alpha.1", True, f"version {PINNED}-alpha.1, and only {pulumi_cli.VERSION} is proven"),
        (PINNED, False, "no `pulumi-language-python` beside it"),
        ("nonsense", True, "does not tell its version"),
    ],
)
def test_an_installed_command_line_that_will_not_do_is_passed_over(
    path: Path, version: str, language_host: bool, reason: str
) -> None:
    install_pulumi(path, version, language_host=language_host)
    with pytest.raises(RouteFailed, match=reason):
        pulumi_cli.find_installed()


def test_an_installed_command_line_that_cannot_be_started_is_passed_over(path: Path) -> None:
    write_executable(path / "pulumi", "#!/no/such/interpreter\n")
    with pytest.raises(RouteFailed, match="does not tell its version"):
        pulumi_cli.find_installed()


def test_an_installed_command_line_that_hangs_is_passed_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_executable(path / "pulumi", "#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(pulumi_cli, "VERSION_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(RouteFailed, match="does not tell its version"):
        pulumi_cli.find_installed()


def test_a_download_site_that_talks_nonsense_is_one_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def open_nothing(*_: object, **__: object) -> None:
        raise http.client.BadStatusLine("nonsense")

    monkeypatch.setattr(urllib.request, "urlopen", open_nothing)
    routes.check_download_site.cache_clear()
    with pytest.raises(RouteFailed, match="cannot be reached"):
        routes.check_download_site()
    routes.check_download_site.cache_clear()


def test_the_sandboxs_own_command_line_is_not_the_users(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "cache" / "homes" / "x" / "bin"
    install_pulumi(ours, PINNED)
    monkeypatch.setenv("PATH", f"{ours}{os.pathsep}{path}")
    with pytest.raises(RouteFailed, match="no `pulumi` on PATH"):
        pulumi_cli.find_installed()


def test_a_downloaded_command_line_comes_before_a_built_one(path: Path) -> None:
    for file in (pulumi_cli.downloaded(), pulumi_cli.built()):
        install_pulumi(file.parent, PINNED)
    assert prepare().cli_route == "downloaded"


def test_a_build_is_the_last_resort_and_happens_once(go_log: Path) -> None:
    first, second = prepare(), prepare()
    assert first == second
    assert first.cli_route == "built"
    assert go_log.read_text().split() == ["list", "build"]
    # The engine looks for both beside its own file.
    assert sorted(file.name for file in first.pulumi.parent.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert first.providers == {"aws": "adapter", "random": "adapter"}


def test_two_sandboxes_that_start_together_build_once(
    go_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    monkeypatch.setenv("GO_WAITS_FOR", str(gate))
    command = [
        sys.executable,
        "-P",
        "-c",
        "from sandbox.toolchain import prepare; print(prepare().cli_route)",
    ]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    # The gate opens once the build of the first one reads from it.
    with start() as first, gate.open("w") as opened, start() as second:
        assert second.stderr
        assert "waiting for another command" in second.stderr.readline()
        opened.write("go\n")
        opened.flush()
        opened.close()
        assert [process.communicate()[0].strip() for process in (first, second)] == ["built", "built"]
    assert go_log.read_text().split().count("build") == 1


def test_a_build_ends_with_a_killed_command(
    go_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    building = tmp_path / "building"
    os.mkfifo(building)
    monkeypatch.setenv("GO_NEVER_ENDS", str(building))
    with subprocess.Popen(
        [sys.executable, "-P", "-c", "from sandbox.toolchain import prepare; prepare()"],
        stderr=subprocess.DEVNULL,
    ) as command:
        compiler = psutil.Process(int(wait_for_start(command, building)))
        command.kill()
        compiler.wait(20)
    assert "build" in go_log.read_text()


def test_nothing_is_built_where_there_would_be_no_aws_provider(machine: Path, go_log: Path) -> None:
    with pytest.raises(
        NoEngineError, match=r"(?s)there would be no AWS provider.*on this machine: .*not found"
    ):
        prepare()
    assert not go_log.exists()


def test_a_wrong_name_of_the_provider_is_a_wrong_setting_and_ends_it_at_once(
    go_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_TERRAFORM_AWS_PROVIDER", "/nowhere")
    with pytest.raises(
        SandboxError, match="SANDBOX_TERRAFORM_AWS_PROVIDER is '/nowhere', which is not an"
    ) as raised:
        prepare()
    assert not isinstance(raised.value, NoEngineError), "no offline preview"
    assert not go_log.exists()


@pytest.mark.parametrize("file", ["pulumi-resource-random", None])
def test_an_interrupted_plugin_download_is_no_hindrance(path: Path, file: str | None) -> None:
    install_pulumi(path, PINNED)
    folder = pulumi_home() / "plugins" / f"resource-random-v{metadata.version('pulumi-random')}"
    folder.mkdir(parents=True)
    partial = folder.with_name(f"{folder.name}.partial")
    partial.touch()
    if file:
        (folder / file).write_bytes(b"\x7fELF\xff\x00")
    assert prepare().providers["random"] == "adapter"
    assert not partial.exists()
    assert [found.name for found in folder.iterdir()] == ["pulumi-resource-random"]
    assert (folder / "pulumi-resource-random").read_text() == shim("sandbox.adapter.random")


def test_a_failed_build_says_why_and_leaves_nothing(
    go_log: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_FAILS", "yes")
    message = refusal()
    for reason in (
        "no `pulumi` on PATH",
        "cannot be reached",
        "some/package: does not compile",
        "install Pulumi",
    ):
        assert reason in message
    assert list(pulumi_cli.built().parents[2].glob("*")) == []


def test_what_a_killed_build_left_behind_is_neither_taken_nor_kept(go_log: Path) -> None:
    target = pulumi_cli.built().parent.parent
    half_finished = target.parent / f".{target.name}-killed" / "bin"
    install_pulumi(half_finished, PINNED)
    assert prepare().pulumi.exists()
    assert "build" in go_log.read_text()
    assert not half_finished.exists()


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail_half_way() -> None:
        with built_atomically(tmp_path / "target") as folder:
            (folder / "half").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "target" / "bin").mkdir(parents=True)
    with built_atomically(tmp_path / "target") as folder:
        (folder / "whole").touch()
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["whole"]


def test_without_the_terraform_provider_there_is_no_engine_either(machine: Path, path: Path) -> None:
    install_pulumi(path, PINNED)
    with pytest.raises(NoEngineError, match="no AWS provider for the Pulumi engine"):
        prepare()


def test_a_shim_starts_its_module_from_any_folder(tmp_path: Path) -> None:
    """A folder with a package of our name must not be mistaken for ours, and nothing of the environment is needed."""
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "__init__.py").write_text("raise ImportError('the wrong one')")
    script = tmp_path / "pulumi-language-python"
    write_executable(script, shim("sandbox.adapter.language_host"))
    with subprocess.Popen(
        [str(script), "127.0.0.1:9"],
        cwd=tmp_path,
        env={},
        stdin=subprocess.PIPE,  # what a plugin hangs on
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stdout
        assert int(host.stdout.readline()) > 0, "a plugin prints the port it listens on"
        assert psutil.Process(host.pid).cmdline()[-1] == "127.0.0.1:9", "the shim becomes the plugin"
        assert host.stdin
        host.stdin.close()  # as when the engine dies
        host.wait(20)
