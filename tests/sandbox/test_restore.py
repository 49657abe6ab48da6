"""A dev stack whose database comes from a snapshot, for real.

Proves that the declared restore is accepted by the real provider and that the database is the snapshot's, with the settings that
the stack declares, and that the stack then stays as it is. Does not prove that data is restored: nothing but the control plane is emulated.
"""

import json
from collections.abc import Iterator

import pytest

from tests.harness.live import LiveStack, assert_nothing_left, empty_account

SOURCE, SNAPSHOT = "yesterdays-database", "yesterdays-snapshot"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, toolchain: object) -> Iterator[LiveStack]:
    """An emulated account that holds a snapshot, and no stack yet."""
    with empty_account("dev", tmp_path_factory.mktemp("state")) as live:
        rds = live.aws("rds")
        rds.create_db_instance(
            DBInstanceIdentifier=SOURCE,
            Engine="postgres",
            EngineVersion="17.6",
            DBInstanceClass="db.t4g.medium",
            AllocatedStorage=50,
            DBName="yesterdays_name",
            MasterUsername="the_old_admin",
            MasterUserPassword="x" * 16,
            StorageEncrypted=True,
            KmsKeyId=live.aws("kms").create_key()["KeyMetadata"]["Arn"],
        )
        rds.create_db_snapshot(DBInstanceIdentifier=SOURCE, DBSnapshotIdentifier=SNAPSHOT)
        rds.delete_db_instance(DBInstanceIdentifier=SOURCE, SkipFinalSnapshot=True)
        yield live


def test_the_database_is_made_from_the_snapshot_and_then_stays(account: LiveStack) -> None:
    [snapshot] = account.aws("rds").describe_db_snapshots(DBSnapshotIdentifier=SNAPSHOT)["DBSnapshots"]
    account.set_config("postgres.restore.snapshot_identifier", SNAPSHOT)
    up = account.sandbox("up", "--json")
    assert up.returncode == 0, up.stderr[-4000:]
    database = account.database()
    assert database["DBInstanceIdentifier"] == "reptidex-dev-postgres"
    assert database["MasterUsername"] == "the_old_admin"
    assert database["DBName"] == "yesterdays_name"
    assert database["KmsKeyId"] == snapshot["KmsKeyId"]
    assert database["BackupRetentionPeriod"] == 7
    assert database["Endpoint"]["Port"] == 5433
    assert account.planned_operations() == {}
    outputs = json.loads(account.pulumi("stack", "output", "--json").stdout)
    assert outputs["postgres_database_name"] == "yesterdays_name"
    secret = account.aws("secretsmanager").get_secret_value(SecretId=outputs["postgres_admin_secret_arn"])
    assert json.loads(secret["SecretString"])["username"] == "the_old_admin"
    account.unset_config("postgres.restore")
    assert account.planned_operations() == {}


def test_down_by_force_leaves_no_process_and_no_state_either(account: LiveStack) -> None:
    assert account.sandbox("down", "--force").returncode == 0
    assert_nothing_left(account)
