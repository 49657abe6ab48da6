"""The prod stack, for real: `up`, no change after it, and what its protection refuses, until `down`.

Proves that production converges and that neither a replacement nor a destroy gets to its database. Does not prove AWS's own
deletion protection: the emulator's stands in for it.
"""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.harness.live import LiveStack, assert_nothing_left, live_stack


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory, toolchain: object) -> Iterator[LiveStack]:
    yield from live_stack("prod", tmp_path_factory.mktemp("state"))


def test_a_preview_after_up_has_no_changes(prod: LiveStack) -> None:
    done = prod.pulumi("preview", "--expect-no-changes", "--diff")
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_refresh_finds_nothing_different(prod: LiveStack) -> None:
    done = prod.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")
    assert done.returncode == 0, done.stdout[-3000:]


def test_nothing_was_called_that_nobody_emulates(prod: LiveStack) -> None:
    assert prod.unknown_calls() == []


def test_the_emulated_database_has_productions_promises(prod: LiveStack) -> None:
    database = prod.database()
    wanted = {
        "MultiAZ": True,
        "DeletionProtection": True,
        "BackupRetentionPeriod": 30,
        "PreferredBackupWindow": "08:00-09:00",
        "AllocatedStorage": 400,
        "MaxAllocatedStorage": 1000,
        "Iops": 12000,
        "StorageThroughput": 500,
        "StorageType": "gp3",
    }
    assert {key: database.get(key) for key in wanted} == wanted


def test_a_larger_class_is_an_update_in_place(prod: LiveStack) -> None:
    prod.set_config("postgres.instance_class", "db.r7g.2xlarge")
    operations = prod.planned_operations()
    prod.set_config("postgres.instance_class", "db.r7g.xlarge")
    assert operations == {"postgres-instance": "update", "postgres-parameters": "update"}


@pytest.mark.parametrize(
    ("key", "value"), [("admin_username", "somebody_else"), ("database_name", "another")]
)
def test_what_the_database_was_born_with_is_not_changed_by_replacing_it(
    prod: LiveStack, key: str, value: str
) -> None:
    before = prod.pulumi("config", "get", "--path", f"dataplatform:postgres.{key}").stdout.strip()
    prod.set_config(f"postgres.{key}", value)
    operations = prod.planned_operations()
    prod.set_config(f"postgres.{key}", before)
    assert not {name for name in operations if name != "postgres-parameters"}, operations


def test_a_replacement_of_the_database_is_refused(prod: LiveStack) -> None:
    before = prod.database()
    [urn] = [
        r["urn"] for r in prod.state()["deployment"]["resources"] if r["urn"].endswith("::postgres-instance")
    ]
    done = prod.pulumi("up", "--yes", "--skip-preview", "--replace", urn)
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert "postgres-instance" in printed
    assert "protect" in printed, printed[-3000:]
    assert prod.database()["DbiResourceId"] == before["DbiResourceId"]
    assert prod.planned_operations() == {}


def test_what_destroy_takes_of_production_comes_back_and_data_is_never_taken(prod: LiveStack) -> None:
    """The engine refuses to delete what is protected, and deletes the rest before it says so."""
    before = prod.database()
    secret = prod.pulumi("stack", "output", "postgres_admin_secret_arn").stdout.strip()
    done = prod.pulumi("destroy", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "protect" in done.stdout + done.stderr
    assert prod.database()["DbiResourceId"] == before["DbiResourceId"]
    assert prod.database()["DBInstanceStatus"] == "available"
    for region, count in (("us-east-1", 3), ("us-west-2", 1)):
        assert len(prod.aws("logs", region).describe_log_groups()["logGroups"]) == count
    assert prod.aws("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    up = prod.sandbox("up")
    assert up.returncode == 0, up.stdout[-3000:] + up.stderr[-3000:]
    assert prod.database()["DbiResourceId"] == before["DbiResourceId"]
    assert prod.planned_operations() == {}


def test_the_account_refuses_to_delete_the_database_too(prod: LiveStack) -> None:
    with pytest.raises(ClientError, match=r"(?i)deletion protection"):
        prod.aws("rds").delete_db_instance(
            DBInstanceIdentifier="reptidex-prod-postgres", SkipFinalSnapshot=True
        )


def test_down_leaves_no_process_and_no_state(prod: LiveStack) -> None:
    done = prod.sandbox("down")
    assert done.returncode == 0, done.stderr[-4000:]
    assert_nothing_left(prod)
