"""The text around `up`: the plan before it, and the summary after it.

Proves that the plan names each tool with its origin and its cost, that a machine that cannot do it is told before anything
starts, and that the summary leads to every address. Does not prove the minutes; docs/sandbox.md says how they were measured.
"""

from pathlib import Path

import pytest

from contract.outputs import OutputKey
from sandbox import briefing
from sandbox.errors import SandboxError
from sandbox.sandbox import Status
from sandbox.toolchain import needs, pulumi_cli
from sandbox.toolchain.needs import Need

OUTPUTS: dict[str, object] = {
    OutputKey.POSTGRES_WRITER_NAME: "writer.dev.reptidex.internal",
    OutputKey.POSTGRES_READERS_NAME: "readers.dev.reptidex.internal",
    OutputKey.POSTGRES_PORT: 5433.0,
    OutputKey.POOLER_NAME: "pooler.dev.reptidex.internal",
    OutputKey.POOLER_PORT: 6432.0,
}


def status(state: str = "down", stack: str = "dev") -> Status:
    return Status(
        stack=stack,
        state=state,
        directory=f"/project/.sandbox/{stack}",
        endpoint="http://127.0.0.1:4566",
        emulator_pid=None,
        resources=312,
        unknown_calls=[],
    )


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with an empty cache and without Pulumi and Go."""
    monkeypatch.setenv("SANDBOX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_the_plan_says_what_is_made_how_long_it_takes_and_where_things_are(tmp_path: Path) -> None:
    text = "\n".join(briefing.plan(status()))
    assert "nothing here reaches a real one" in text
    assert "about 3 minutes" in text
    assert "/project/.sandbox/dev" in text
    assert str(tmp_path / "cache") in text


def test_the_plan_of_a_stack_that_is_up_is_an_update() -> None:
    first, *_ = briefing.plan(status(state="up"))
    assert first == "dev is up: this brings it up to date (about 10 s where nothing changed)"


def test_a_missing_command_line_is_named_with_its_cost_and_with_the_route_that_is_closed() -> None:
    cli, _ = needs.needs()
    assert cli.text.startswith(f"Pulumi {pulumi_cli.VERSION}: to be downloaded, once (about 100 MB)")
    assert cli.text.endswith("there is no Go here to build it with instead")


def test_with_go_the_build_is_named_with_its_minutes(tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\n")
    go.chmod(0o755)
    cli, _ = needs.needs()
    assert cli.text.endswith("or built with Go where it cannot be (4 to 10 minutes)")


def test_a_command_line_in_the_cache_needs_nothing(tmp_path: Path) -> None:
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
        list(briefing.plan(status()))


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
