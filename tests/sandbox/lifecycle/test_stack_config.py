"""The working copy of a stack's configuration. Proves what is
written. Does not prove that the engine uses it; test_sandbox.py does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.errors import SandboxError
from sandbox.stack_config import DEFAULT_ACCOUNT_ID, StackConfig, committed_file


@pytest.fixture
def config(tmp_path: Path) -> StackConfig:
    committed = tmp_path / "Pulumi.dev.yaml"
    write(committed, {"p:size": 1, "p:nested": {"a": [1]}}, encryptedkey="x", secretsprovider="awskms://y")
    return StackConfig(committed, tmp_path / "state")


def write(path: Path, entries: dict[str, Any], **rest: str) -> None:
    path.write_text(yaml.safe_dump({"config": entries, **rest}))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_the_working_copy_has_a_salt_of_its_own_and_nothing_of_the_real_secrets_provider(
    config: StackConfig,
) -> None:
    before = config.committed.read_bytes()
    config.write("salt")
    assert read(config.working_file) == {
        "config": {"p:size": 1, "p:nested": {"a": [1]}},
        "encryptionsalt": "salt",
    }
    assert config.encryption_salt == "salt"
    assert config.committed.read_bytes() == before


def test_what_was_set_in_the_sandbox_stays_and_the_rest_follows_the_committed_file(
    config: StackConfig,
) -> None:
    config.write("salt")
    write(config.working_file, {"p:size": 1, "p:nested": {"a": [2]}, "p:new": {"secure": "v1:x"}})
    write(config.committed, {"p:size": 3, "p:nested": {"a": [1]}})
    config.write("salt")
    assert read(config.working_file)["config"] == {
        "p:size": 3,
        "p:nested": {"a": [2]},
        "p:new": {"secure": "v1:x"},
    }


@pytest.mark.parametrize("value", [{"secure": "v1:x"}, {"deep": [{"secure": "v1:x"}]}])
def test_a_value_encrypted_for_the_real_stack_is_refused(config: StackConfig, value: Any) -> None:
    write(config.committed, {"p:password": value})
    with pytest.raises(SandboxError, match=r"encrypted for the real stack.*p:password"):
        config.write("salt")


@pytest.mark.parametrize("key", ["aws:endpoints", "aws:config:accessKey", "aws:profile", "aws:assumeRoles"])
@pytest.mark.parametrize("where", ["committed", "set in the sandbox"])
def test_configuration_that_could_lead_to_a_real_account_is_refused(
    config: StackConfig, key: str, where: str
) -> None:
    config.write("salt")
    file = config.committed if where == "committed" else config.working_file
    write(file, {"aws:region": "us-east-1", key: "x"})
    with pytest.raises(SandboxError, match=f"^{key} in .* could lead to a real account"):
        config.write("salt")


def test_a_committed_value_is_followed_after_the_engine_has_rewritten_it(config: StackConfig) -> None:
    """`pulumi config set` of one key writes every top-level number and boolean of the file as a string."""
    write(config.committed, {"p:size": 5, "p:on": True, "p:rate": 0.5})
    config.write("salt")
    write(config.working_file, {"p:size": "5", "p:on": "true", "p:rate": "0.5", "p:new": "x"})
    write(config.committed, {"p:size": 6, "p:on": False, "p:rate": 0.6})
    config.write("salt")
    assert read(config.working_file)["config"] == {
        "p:size": 6,
        "p:on": False,
        "p:rate": 0.6,
        "p:new": "x",
    }


def test_the_account_is_the_one_the_stack_names(config: StackConfig) -> None:
    assert config.account_id == DEFAULT_ACCOUNT_ID
    write(config.committed, {"p:account_id": "111122223333"})
    assert config.account_id == "111122223333"


def test_an_unknown_stack_is_told_the_known_ones(tmp_path: Path, config: StackConfig) -> None:
    with pytest.raises(SandboxError, match=r"no stack 'qa'.*stacks here: dev"):
        committed_file(tmp_path, "qa")


def test_a_broken_file_is_named(config: StackConfig) -> None:
    config.committed.write_text("config: [")
    with pytest.raises(SandboxError, match=r"Pulumi\.dev\.yaml is not valid YAML"):
        config.write("salt")
