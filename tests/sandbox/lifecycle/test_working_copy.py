"""The working copy of a stack's configuration. Proves what is
written. Does not prove that the engine uses it; test_sandbox.py does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.errors import SandboxError
from sandbox.paths import committed_file
from sandbox.working_copy import DEFAULT_ACCOUNT_ID, WorkingCopy


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    committed = tmp_path / "Pulumi.dev.yaml"
    write(committed, {"p:size": 1, "p:nested": {"a": [1]}}, encryptedkey="x", secretsprovider="awskms://y")
    return WorkingCopy(committed, tmp_path / "state")


def write(path: Path, entries: dict[str, Any], **rest: str) -> None:
    path.write_text(yaml.safe_dump({"config": entries, **rest}))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_the_working_copy_has_a_salt_of_its_own_and_nothing_of_the_real_secrets_provider(
    copy: WorkingCopy,
) -> None:
    before = copy.committed.read_bytes()
    copy.write("salt")
    assert read(copy.file) == {
        "config": {"p:size": 1, "p:nested": {"a": [1]}},
        "encryptionsalt": "salt",
    }
    assert copy.encryption_salt == "salt"
    assert copy.committed.read_bytes() == before


def test_what_was_set_in_the_sandbox_stays_and_the_rest_follows_the_committed_file(
    copy: WorkingCopy,
) -> None:
    copy.write("salt")
    write(copy.file, {"p:size": 1, "p:nested": {"a": [2]}, "p:new": {"secure": "v1:x"}})
    write(copy.committed, {"p:size": 3, "p:nested": {"a": [1]}})
    copy.write("salt")
    assert read(copy.file)["config"] == {
        "p:size": 3,
        "p:nested": {"a": [2]},
        "p:new": {"secure": "v1:x"},
    }


@pytest.mark.parametrize("value", [{"secure": "v1:x"}, {"deep": [{"secure": "v1:x"}]}])
def test_a_value_encrypted_for_the_real_stack_is_refused(copy: WorkingCopy, value: Any) -> None:
    write(copy.committed, {"p:password": value})
    with pytest.raises(SandboxError, match=r"encrypted for the real stack.*p:password"):
        copy.write("salt")


@pytest.mark.parametrize("key", ["aws:endpoints", "aws:config:accessKey", "aws:profile", "aws:assumeRoles"])
@pytest.mark.parametrize("where", ["committed", "set in the sandbox"])
def test_configuration_that_could_lead_to_a_real_account_is_refused(
    copy: WorkingCopy, key: str, where: str
) -> None:
    copy.write("salt")
    file = copy.committed if where == "committed" else copy.file
    write(file, {"aws:region": "us-east-1", key: "x"})
    with pytest.raises(SandboxError, match=f"^{key} in .* could lead to a real account"):
        copy.write("salt")


def test_a_committed_value_is_followed_after_the_engine_has_rewritten_it(copy: WorkingCopy) -> None:
    """`pulumi config set` of one key writes every top-level number and boolean of the file as a string."""
    write(copy.committed, {"p:size": 5, "p:on": True, "p:rate": 0.5})
    copy.write("salt")
    write(copy.file, {"p:size": "5", "p:on": "true", "p:rate": "0.5", "p:new": "x"})
    write(copy.committed, {"p:size": 6, "p:on": False, "p:rate": 0.6})
    copy.write("salt")
    assert read(copy.file)["config"] == {
        "p:size": 6,
        "p:on": False,
        "p:rate": 0.6,
        "p:new": "x",
    }


def test_the_account_is_the_one_the_stack_names(copy: WorkingCopy) -> None:
    assert copy.account_id == DEFAULT_ACCOUNT_ID
    write(copy.committed, {"p:account_id": "111122223333"})
    assert copy.account_id == "111122223333"


def test_an_unknown_stack_is_told_the_known_ones(tmp_path: Path, copy: WorkingCopy) -> None:
    with pytest.raises(SandboxError, match=r"no stack 'qa'.*stacks here: dev"):
        committed_file(tmp_path, "qa")


def test_a_broken_file_is_named(copy: WorkingCopy) -> None:
    copy.committed.write_text("config: [")
    with pytest.raises(SandboxError, match=r"Pulumi\.dev\.yaml is not valid YAML"):
        copy.write("salt")
