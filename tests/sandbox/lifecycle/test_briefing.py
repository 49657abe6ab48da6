"""The text around `up`: the plan before it, and the summary after it.

Proves that the plan names each tool with its origin and its cost, that nothing starts on a machine that cannot do it,
and that the summary leads to every address. Does not prove the minutes; docs/sandbox.md says how they were measured.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from contract.outputs import OutputKey
from sandbox import briefing
from sandbox.adapter import binary
from sandbox.errors import SandboxError
from sandbox.sandbox import Status
from sandbox.systems import require_system
from sandbox.toolchain import needs, plugins, pulumi_cli
from sandbox.toolchain.needs import CLI_GB, OFFICIAL_GB, PROVIDER_GB, Need
from sandbox.toolchain.routes import write_executable
from tests.sandbox.toolchain.conftest import (
    PINNED,
    PROVIDER,
    PROVIDER_FILES,
    install_provider,
    install_pulumi,
    machine,
    path,
    recorded,
)

# Every test here runs on a machine of its own, without any tool.
pytestmark = pytest.mark.usefixtures(machine.__name__, path.__name__, recorded.__name__)
NAME = f"Terraform AWS provider {binary.PROVEN_VERSION}"
OFFICIAL = "AWS and random providers: Pulumi's own plugins (untried)"

OUTPUTS: dict[str, object] = {
    OutputKey.POSTGRES_WRITER_NAME: "writer.dev.reptidex.internal",
    OutputKey.POSTGRES_READERS_NAME: "readers.dev.reptidex.internal",
    OutputKey.POSTGRES_PORT: 5433.0,
    OutputKey.POOLER_NAME: "pooler.dev.reptidex.internal",
    OutputKey.POOLER_PORT: 6432.0,
}


def status(state: str = "down", stack: str = "dev", resources: int = 312) -> Status:
    return Status(
        stack=stack,
        state=state,
        directory=f"/project/.sandbox/{stack}",
        endpoint="http://127.0.0.1:4566",
        emulator_pid=None,
        resources=resources,
        unknown_calls=[],
    )


def install_go(tmp_path: Path) -> None:
    write_executable(tmp_path / "path" / "go", "#!/bin/sh\n")


def test_the_plan_says_what_is_made_how_long_it_takes_and_where_things_are(tmp_path: Path) -> None:
    text = "\n".join(briefing.plan(status()))
    assert "nothing here reaches a real one" in text
    assert "about 3 minutes" in text
    assert "/project/.sandbox/dev" in text
    assert str(tmp_path / "cache") in text


def test_the_plan_of_a_stack_that_is_up_is_an_update() -> None:
    first, *_ = briefing.plan(status(state="up"))
    assert first == "dev is up: this brings it up to date (about 10 s where nothing changed)"


def test_the_plan_of_an_account_with_nothing_in_it_goes_on_from_there() -> None:
    first, second, *_ = briefing.plan(status(state="up", resources=0))
    assert first == "dev: its emulated account runs, with nothing in it yet; this goes on from there"
    assert "about 3 minutes" in second


def test_a_missing_command_line_is_named_with_its_cost_and_with_the_route_that_is_closed() -> None:
    cli, _ = needs.needs()
    assert cli.text.startswith(f"Pulumi {pulumi_cli.VERSION}: to be downloaded, once (about 100 MB)")
    assert cli.text.endswith("there is no Go here to build it with instead")
    assert cli.disk_gb == CLI_GB


def test_with_go_the_build_is_named_with_its_minutes(tmp_path: Path) -> None:
    install_go(tmp_path)
    cli, _ = needs.needs()
    assert cli.text.endswith(
        "or built with Go where it cannot be (4 to 10 minutes, and 4 GB, most of it in Go's own caches)"
    )
    assert cli.disk_gb == CLI_GB, "the build is only another way, and Go's caches may be on another disk"


def test_a_platform_without_a_release_is_named_and_nothing_is_said_to_be_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "platform_name", lambda: "linux_riscv64")
    missing = f"Pulumi {pulumi_cli.VERSION}: no release for linux_riscv64"
    assert needs.needs() == [
        Need(text=f"{missing}, and no Go here to build it with"),
        Need(text=f"{NAME}: no release for linux_riscv64"),
    ]
    install_go(tmp_path)
    cli, _ = needs.needs()
    assert cli.text.startswith(f"{missing}; to be built with Go, once (4 to 10 minutes")


def test_an_installed_command_line_comes_before_one_in_the_cache(tmp_path: Path) -> None:
    install_pulumi(pulumi_cli.downloaded().parent, PINNED)
    installed = install_pulumi(tmp_path / "path", PINNED)
    cli, _ = needs.needs()
    assert cli == Need(text=f"Pulumi {pulumi_cli.VERSION}: {installed}")


def test_a_missing_provider_is_to_be_downloaded() -> None:
    _, provider = needs.needs()
    assert provider == Need(text=f"{NAME}: to be downloaded, once (about 150 MB)", disk_gb=PROVIDER_GB)


def test_an_installed_provider_is_named_with_its_place(tmp_path: Path) -> None:
    installed = install_provider(tmp_path / "home/.terraform.d/plugins", binary.PROVEN_VERSION)
    _, provider = needs.needs()
    assert provider == Need(text=f"{NAME}: {installed}")


def test_a_downloaded_provider_is_named_with_its_place(tmp_path: Path) -> None:
    downloaded = install_provider(tmp_path / "cache/terraform-plugins", binary.PROVEN_VERSION)
    _, provider = needs.needs()
    assert provider == Need(text=f"{NAME}: {downloaded}")


def test_a_changed_provider_is_to_be_replaced_by_a_download(tmp_path: Path) -> None:
    changed = install_provider(
        tmp_path / "home/.terraform.d/plugins",
        binary.PROVEN_VERSION,
        {**PROVIDER_FILES, PROVIDER: b"#!/bin/sh\nchanged"},
    )
    _, provider = needs.needs()
    assert provider == Need(
        text=f"{NAME}: to be downloaded, once (about 150 MB); the copy at {changed} is not the publisher's",
        disk_gb=PROVIDER_GB,
    )


@pytest.mark.parametrize("version", ["6.1.0", binary.PROVEN_VERSION])
def test_a_named_provider_is_named_with_its_own_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    file = tmp_path / f"terraform-provider-aws_v{version}_x5"
    write_executable(file, "#!/bin/sh\n")
    monkeypatch.setenv(binary.OVERRIDE, str(file))
    _, provider = needs.needs()
    assert provider == Need(text=f"Terraform AWS provider {version}: named by {binary.OVERRIDE}: {file}")


def test_a_named_provider_that_is_not_there_ends_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(binary.OVERRIDE, "/nowhere")
    with pytest.raises(
        SandboxError, match=f"{binary.OVERRIDE} is '/nowhere', which is not an executable file"
    ):
        list(briefing.plan(status()))


def test_official_plugins_need_space_until_they_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(plugins.OPTION, plugins.OFFICIAL)
    _, provider = needs.needs()
    assert provider == Need(text=f"{OFFICIAL}, to be downloaded, once (about 200 MB)", disk_gb=OFFICIAL_GB)
    for name in plugins.PROVIDERS:
        write_executable(plugins._plugin(name, official=True), "#!/bin/sh\n")
    _, provider = needs.needs()
    assert provider == Need(text=OFFICIAL)


def test_a_command_line_in_the_cache_needs_nothing() -> None:
    pulumi_cli.built().parent.mkdir(parents=True)
    pulumi_cli.built().touch()
    cli, _ = needs.needs()
    assert cli == Need(text=f"Pulumi {pulumi_cli.VERSION}: in the cache")


def test_a_full_disk_ends_it_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(briefing, "missing_disk_gb", lambda _: 1.5)
    with pytest.raises(
        SandboxError, match=r"lacks 1\.5 GB for the tools: free some space, or .*SANDBOX_CACHE_DIR"
    ):
        list(briefing.plan(status()))


def test_the_space_that_is_missing_is_what_the_tools_take_beyond_what_is_free() -> None:
    assert needs.missing_disk_gb([Need(text="a tool")]) == 0
    assert needs.missing_disk_gb([Need(text="a tool", disk_gb=10**9)]) > 10**8


def test_another_system_is_refused_with_those_that_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(SandboxError, match="this system is win32, and the sandbox runs on Linux and macOS"):
        require_system()


def test_another_system_is_refused_before_anything_that_it_lacks_is_imported() -> None:
    windows = "import runpy, sys; sys.platform = 'win32'; sys.modules['fcntl'] = None"
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{windows}; runpy.run_module('sandbox', run_name='__main__')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: this system is win32")
    assert "Traceback" not in done.stderr


def test_the_summary_has_every_address_and_the_way_to_look_at_it_and_to_take_it_down() -> None:
    text = "\n".join(briefing.summary(OUTPUTS, status(), 171.6))
    assert "dev is up after 172 s: 312 resources in the emulated account at http://127.0.0.1:4566" in text
    assert "writer.dev.reptidex.internal:5433" in text
    assert "pooler.dev.reptidex.internal:6432" in text
    assert "no server answers at them" in text
    for command in ("make up STACK=dev ARGS=--all", "make shell STACK=dev", "make down STACK=dev"):
        assert command in text


def test_the_summary_of_another_program_has_its_outputs() -> None:
    text = "\n".join(briefing.summary({"word": "hello", "password": "[secret]"}, status(stack="tiny"), 3))
    assert "  word: hello\n  password: [secret]" in text
