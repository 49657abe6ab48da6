"""The policy pack, run by the real engine.

Proves that it judges previews of our own program and of one that is not ours, that a violation fails a preview with its rule's
sentence, and that its configuration arrives. Does not prove what each rule says: tests/policies does. What exists already is
analyzed in test_dev.py. Nothing is published: that needs Pulumi's cloud.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.toolchain import Toolchain
from tests.harness.live import LiveStack, empty_account
from tests.harness.platform import ROOT
from tests.sandbox.conftest import Project

PACK = ROOT / "policies"
# Nobody answers on the engine's port for AWS here: a preview of what is new asks nobody.
FOREIGN_PROGRAM = """\
import pulumi_random
from pulumi_aws import Provider, rds
import pulumi

aws = Provider("aws", region="eu-west-1", skip_credentials_validation=True, skip_requesting_account_id=True)
late = pulumi_random.RandomId("late", byte_length=1)
rds.Instance(
    "database",
    instance_class="db.t4g.medium",
    engine="postgres",
    allocated_storage=20,
    username="reptidex",
    password="canary-4d1b",
    publicly_accessible=True,
    backup_retention_period=late.dec.apply(int),
    opts=pulumi.ResourceOptions(provider=aws),
)
"""


@pytest.fixture(scope="module", params=["dev"])
def dev(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, toolchain: object
) -> Iterator[LiveStack]:
    with empty_account(request.param, tmp_path_factory.mktemp("state")) as live:
        yield live


def test_our_own_stack_passes_as_the_readmes_say(dev: LiveStack) -> None:
    for document in (ROOT / "README.md", PACK / "README.md"):
        assert "pulumi preview --policy-pack policies" in document.read_text()
    done = dev.pulumi("preview", "--policy-pack", "policies")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Policies:\s+✅ reptidex-data-platform", done.stdout), done.stdout[-3000:]
    assert "can't run policy" not in done.stdout + done.stderr


def test_a_configuration_that_breaks_a_rule_fails_with_its_sentence(dev: LiveStack) -> None:
    with dev.config_restored_afterwards():
        dev.set_config("postgres.backup_retention_days", "6", "--plaintext")
        done = dev.sandbox("preview")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "databases-keep-backups-long-enough" in said
    assert "`backupRetentionPeriod` is 6; it must be 7 to 35 days" in said
    assert "set backupRetentionPeriod" in said


def preview(project: Project, toolchain: Toolchain, config: dict[str, Any], folder: Path) -> str:
    """Preview with the pack, which must fail; returns what is said."""
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    _, environment = project.engine(toolchain)
    done = subprocess.run(
        [
            str(toolchain.pulumi),
            "preview",
            "--non-interactive",
            *("--policy-pack", str(PACK)),
            *("--policy-pack-config", str(file)),
        ],
        cwd=project.directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    return done.stdout + done.stderr


def test_a_program_that_is_not_ours_is_judged_whatever_is_unknown(
    project: Project, toolchain: Toolchain, tmp_path: Path
) -> None:
    project.write_program(FOREIGN_PROGRAM)
    said = preview(project, toolchain, {}, tmp_path)
    assert "`backupRetentionPeriod` is not known before the deployment" in said
    assert "`publiclyAccessible` is true; it must be false" in said
    assert "databases-survive-the-loss-of-a-zone" not in said, "the stack's name says dev"
    assert "can't run policy" not in said
    assert "canary" not in said


def test_the_packs_configuration_arrives(project: Project, toolchain: Toolchain, tmp_path: Path) -> None:
    project.write_program(FOREIGN_PROGRAM)
    config = {
        "stacks-say-their-environment": {"environment": "prod"},
        "databases-are-not-public": "remediate",
        "databases-avoid-the-default-port": "disabled",
    }
    said = preview(project, toolchain, config, tmp_path)
    assert "`multiAz` is not set; it must be true (judged for prod)" in said
    assert "databases-avoid-the-default-port" not in said
    assert re.search(r"\[remediate\]\s+databases-are-not-public", said), said
    assert "`publiclyAccessible` is true" not in said
