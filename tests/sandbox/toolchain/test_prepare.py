"""Which Pulumi command line is taken, with stand-ins for `pulumi` and `go` on a PATH of the test's own.

Proves the order of the routes, that a build happens once and is never taken half finished, and what is said when
nothing works. Does not prove that the real download or the real build succeed: bringing a stack up on a machine with
an empty cache does. The download site is kept out of reach by a proxy that does not answer.
"""

import http.client
import os
import shutil
import subprocess
import sys
import urllib.request
from importlib import metadata
from pathlib import Path

import psutil
import pytest

from sandbox.errors import NoEngineError
from sandbox.paths import pulumi_home
from sandbox.toolchain import prepare, pulumi_cli, routes
from sandbox.toolchain.plugins import shim
from sandbox.toolchain.routes import RouteFailed, built_atomically, write_executable
from tests.sandbox.conftest import wait_for_start

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
    printf '#!/bin/sh\\necho v3.250.0\\n' > "$2"; chmod +x "$2" ;;
esac
"""


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


@pytest.mark.usefixtures("go_log")
def test_an_installed_command_line_comes_first(path: Path) -> None:
    installed = install_pulumi(path, "v3.260.1")
    toolchain = prepare()
    assert (toolchain.pulumi, toolchain.cli_route) == (installed, "installed")


@pytest.mark.parametrize(
    ("version", "language_host", "reason"),
    [
        ("v3.249.9", True, "version v3.249.9, the sandbox needs 3.250.0"),
        ("v3.260.1", False, "no `pulumi-language-python` beside it"),
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
    install_pulumi(ours, "v3.260.1")
    monkeypatch.setenv("PATH", f"{ours}{os.pathsep}{path}")
    with pytest.raises(RouteFailed, match="no `pulumi` on PATH"):
        pulumi_cli.find_installed()


def test_a_downloaded_command_line_comes_before_a_built_one(path: Path) -> None:
    for file in (pulumi_cli.downloaded(), pulumi_cli.built()):
        install_pulumi(file.parent, "v3.260.1")
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


def test_nothing_is_built_where_there_would_be_no_aws_provider(
    go_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_TERRAFORM_AWS_PROVIDER", "/nowhere")
    with pytest.raises(NoEngineError, match=r"there would be no AWS provider.*'/nowhere'"):
        prepare()
    assert not go_log.exists()


@pytest.mark.parametrize("file", ["pulumi-resource-random", None])
def test_an_interrupted_plugin_download_is_no_hindrance(path: Path, file: str | None) -> None:
    install_pulumi(path, "v3.260.1")
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
    with pytest.raises(NoEngineError) as raised:
        prepare()
    for reason in (
        "no `pulumi` on PATH",
        "cannot be reached",
        "some/package: does not compile",
        "install Pulumi",
    ):
        assert reason in str(raised.value)
    assert list(pulumi_cli.built().parents[2].glob("*")) == []


def test_what_a_killed_build_left_behind_is_neither_taken_nor_kept(go_log: Path) -> None:
    target = pulumi_cli.built().parent.parent
    half_finished = target.parent / f".{target.name}-killed" / "bin"
    install_pulumi(half_finished, "v3.250.0")
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


def test_without_the_terraform_provider_there_is_no_engine_either(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_pulumi(path, "v3.260.1")
    monkeypatch.setenv("SANDBOX_TERRAFORM_AWS_PROVIDER", "/nowhere")
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
