"""Wrong configurations, given to the real engine.

Proves that the engine shows one clear error and registers no resource of AWS, for each mistake that production must be safe from.
Does not prove that these are all mistakes one can make; tests/unit/config_mistakes.yaml has more of them.
"""

import json
import re
from collections.abc import Iterator

import pytest

from tests.harness.live import LiveStack, empty_account


@pytest.fixture(scope="module", params=["prod"])
def prod(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, toolchain: object
) -> Iterator[LiveStack]:
    with empty_account(request.param, tmp_path_factory.mktemp("state")) as live:
        yield live


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("postgress", "x", "postgress: unknown key"),
        ("postgres.instance_klass", "db.r7g.large", "postgres.instance_klass: unknown key"),
        ("postgres.multi_az", "often", "postgres.multi_az: 'often' is not allowed; .*boolean"),
        ("postgres.backup_retention_days", "36", "postgres.backup_retention_days: 36 is not allowed; .*35"),
        ("postgres.backup_retention_days", "0", "postgres.backup_retention_days: 0 is not allowed; .*1"),
        ("postgres.backup_window", "05:30-06:30", "postgres.backup_window: '05:30-06:30' overlaps"),
        ("postgres.storage.max_allocated_storage_gib", "439", "max_allocated_storage_gib: .*439 .*440"),
        ("postgres.instance_class", "db.r7g.huge", "postgres.instance_class: .*'db.r7g.huge' is not known"),
        (
            "postgres.parameter_group_family",
            "postgres16",
            "postgres.parameter_group_family: .*'postgres16' .*'postgres17'",
        ),
        ("postgres.parameters.work_mem", "1", "postgres.parameters.work_mem: .*1.*64"),
        (
            "postgres.parameters.maintenance_work_mem",
            "5min",
            "postgres.parameters.maintenance_work_mem: .*5min",
        ),
        ("network.primary.cidr", "10.20.0.0/26", "network.primary.cidr: '10.20.0.0/26' is too small .*/23"),
        ("regions.dr", "us-east-1", "regions.dr: 'us-east-1' is the primary region too"),
        ("durability", "disposable", "durability: 'disposable' switches the final snapshot .*'retain' only"),
        (
            "postgres.clients.cidrs[0]",
            "0.0.0.0/0",
            "postgres.clients.cidrs.0: '0.0.0.0/0' is open to the internet",
        ),
        (
            "postgres.replicas[0].region",
            "eu-west-1",
            "postgres.replicas.0.region: 'eu-west-1' has no network",
        ),
        ("postgres.replicas[1].name", "b", "postgres.replicas: names a replica twice"),
        ("network.dr", "none", "network.dr: a plain value is not allowed"),
        (
            "backups.weekly.copy_retention_days",
            "29",
            "backups.weekly.copy_retention_days: 29 is not enough; prod keeps every copy",
        ),
        (
            "backups.lock.min_retention_days",
            "36",
            "backups.lock.min_retention_days: 36 is above backups.daily.retention_days 35",
        ),
        ("cache.replicas_per_shard", "0", "cache.replicas_per_shard: 0 leaves one node"),
        (
            "cache.parameters.maxmemory_samples",
            "5",
            "cache.parameters.maxmemory_samples: .*did you mean maxmemory-samples",
        ),
        ("cache.parameter_group_family", "redis7", "cache.parameter_group_family: 'redis7' .*'valkey8'"),
        (
            "sessions.snapshot_retention_days",
            "0",
            "sessions.snapshot_retention_days: 0 switches snapshots off",
        ),
        ("sessions.transit_encryption", "false", "sessions.transit_encryption: unknown key"),
        ("admin_password", "plain-canary", "admin_password: stands in plain text"),
    ],
)
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
