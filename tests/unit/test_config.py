"""The typed configuration, without an engine.

Proves that both committed files load, and that each mistake is reported once, with its key path, the value and what is
allowed. Does not prove that the engine shows it before any resource is registered; tests/sandbox does.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.config import reading
from infra.config.network import ExistingNetwork
from infra.config.reading import load_file
from infra.config.stack import ConfigError, StackConfig
from tests.harness.platform import EXISTING_NETWORK, STACKS, changed, committed, stack_file


@pytest.mark.parametrize("stack", STACKS)
def test_committed_stack_files_load(stack: str) -> None:
    config = load_file(stack_file(stack))
    assert config.stack == stack
    assert config.environment == stack


def test_windows_are_local_time_and_become_utc() -> None:
    config = load_file(stack_file("prod"))
    assert str(config.postgres.backup_window.to_utc(config.time_zone)) == "08:00-09:00"


def test_an_existing_vpc_is_told_from_a_new_one_by_its_id() -> None:
    config = changed("dev", "network.primary", EXISTING_NETWORK)
    assert isinstance(config.network.primary, ExistingNetwork)


def mistakes() -> list[tuple[str, str, Any, str, str]]:
    """The rows of config_mistakes.yaml: stack, path of the key, value, path that is reported, what the message says."""
    rows = yaml.safe_load((Path(__file__).parent / "config_mistakes.yaml").read_text())
    return [
        (row["stack"], row["key"], row["value"], row.get("reported", row["key"]), row["said"]) for row in rows
    ]


@pytest.mark.parametrize(
    ("stack", "path", "value", "reported", "said"), mistakes(), ids=lambda v: str(v)[:40]
)
def test_a_mistake_gives_one_clear_error(stack: str, path: str, value: Any, reported: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        changed(stack, path, value)
    headline, *problems = str(raised.value).splitlines()
    assert headline == f"the configuration of stack {stack} cannot be used"
    [problem] = problems
    assert problem.startswith(f"  {reported}: ")
    assert re.search(said, problem), problem


def test_a_missing_key_is_named() -> None:
    values = committed("dev")
    del values["postgres"]["instance_class"]
    with pytest.raises(ConfigError, match=r"postgres\.instance_class: is missing"):
        StackConfig.parse("dev", values)


@pytest.mark.parametrize("text", ["", "config: [", "just text"])
def test_a_file_that_is_no_configuration_gives_an_error_and_no_trace(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        load_file(file)


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "with space in it", "with/slash", "with@at", 'with"quote', "umläuteäöü"]
)
def test_a_password_that_rds_refuses_is_refused_here(password: str) -> None:
    assert not reading._is_acceptable(password)
    assert reading._is_acceptable("Good-Enough_1!")


def test_several_mistakes_are_reported_together() -> None:
    values = committed("dev")
    values["postgres"]["port"] = 80
    values["postgres"]["backup_retention_days"] = 99
    with pytest.raises(ConfigError) as raised:
        StackConfig.parse("dev", values)
    assert len(str(raised.value).splitlines()) == 3


def test_a_password_in_the_wrong_place_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError) as raised:
        changed("dev", "postgres.password", "canary-in-the-wrong-place")
    assert "postgres.password" in str(raised.value)
    assert "canary" not in str(raised.value)
