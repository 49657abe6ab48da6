"""Wrong configurations, given to the real engine.

Proves that the engine shows one clear error and registers no resource of AWS, for each mistake that production must be safe from.
Does not prove that these are all mistakes one can make; tests/unit/config_mistakes.yaml has more of them.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.harness.live import LiveStack, empty_account


@pytest.fixture(scope="module", params=["prod"])
def prod(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, toolchain: object
) -> Iterator[LiveStack]:
    with empty_account(request.param, tmp_path_factory.mktemp("state")) as live:
        yield live


def mistakes() -> list[tuple[str, str, str]]:
    """The rows of wrong_config.yaml: path of the key, value, what the message says."""
    rows = yaml.safe_load((Path(__file__).parent / "wrong_config.yaml").read_text())
    return [(row["path"], row["value"], row["said"]) for row in rows]


@pytest.mark.parametrize(("path", "value", "said"), mistakes())
def test_a_mistake_stops_the_engine_with_one_clear_error_before_any_resource(
    prod: LiveStack, path: str, value: str, said: str
) -> None:
    with prod.config_restored_afterwards():
        prod.set_config(path, value, "--plaintext")
        done = prod.pulumi("preview", "--json")
    digest = json.loads(done.stdout)
    errors = [d["message"] for d in digest["diagnostics"] if d["severity"] == "error"]
    assert done.returncode != 0
    [shown] = [message for message in errors if re.search(said, message)]
    assert len([line for line in shown.strip().splitlines() if "cannot be used" not in line]) == 1, shown
    assert not any("Traceback" in message or "plain-canary" in message for message in errors)
    assert [step["urn"] for step in digest.get("steps", []) if "aws:" in step["urn"]] == []


def test_a_password_that_rds_would_refuse_is_refused_without_being_shown(prod: LiveStack) -> None:
    prod.set_secret("admin_password", "c@nary")
    done = prod.pulumi("preview")
    prod.unset_config("admin_password")
    assert done.returncode != 0
    assert "admin_password: RDS would refuse it" in done.stdout + done.stderr
    assert "c@nary" not in done.stdout + done.stderr
