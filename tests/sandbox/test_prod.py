"""The prod stack, for real: `up`, no change after it, and what its protection refuses, until `down`.

Proves that production converges and that neither a replacement nor a destroy gets to its database. Does not prove AWS's own
deletion protection: the emulator's stands in for it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.harness.live import LiveStack, assert_nothing_left, live_stack


def instances(operations: dict[str, str]) -> dict[str, str]:
    """What would happen to databases; their subscriptions to events have a like name."""
    return {
        name: operation
        for name, operation in operations.items()
        if name.endswith("-instance") and not name.endswith("-events-instance")
    }


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


def stores(prod: LiveStack) -> list[dict[str, Any]]:
    """The cache and the sessions as the emulated account describes them."""
    [cache] = prod.aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    [sessions] = prod.aws("memorydb").describe_clusters()["Clusters"]
    return [cache, sessions]


def test_the_emulated_stores_have_productions_promises(prod: LiveStack) -> None:
    cache, sessions = stores(prod)
    wanted = {
        "ReplicationGroupId": "reptidex-prod-cache",
        "AutomaticFailover": "enabled",
        "MultiAZ": "enabled",
        "ClusterMode": "enabled",
        "SnapshotRetentionLimit": 30,
        "SnapshotWindow": "08:00-09:00",
        "TransitEncryptionMode": "required",
        "AtRestEncryptionEnabled": True,
        "UserGroupIds": ["reptidex-prod-cache"],
    }
    assert {key: cache.get(key) for key in wanted} == wanted
    assert len(cache["MemberClusters"]) == 4
    wanted = {
        "Name": "reptidex-prod-sessions",
        "Engine": "valkey",
        "AvailabilityMode": "MultiAZ",
        "SnapshotRetentionLimit": 30,
        "TLSEnabled": True,
        "ACLName": "reptidex-prod-sessions",
    }
    assert {key: sessions.get(key) for key in wanted} == wanted


def test_a_larger_node_of_a_store_is_an_update_in_place(prod: LiveStack) -> None:
    prod.set_config("cache.node_type", "cache.r7g.xlarge")
    prod.set_config("sessions.node_type", "db.r7g.xlarge")
    operations = prod.planned_operations()
    prod.set_config("cache.node_type", "cache.r7g.large")
    prod.set_config("sessions.node_type", "db.r7g.large")
    # From four vCPUs on, it is the engine's own CPU that is watched; the function's ladder begins with what is declared.
    stores, alarms = (
        ("cache-replication-group", "sessions-cluster"),
        ("alarms-cache-cpu", "alarms-sessions-cpu"),
    )
    assert operations == dict.fromkeys((*stores, *alarms, "scale-up-function"), "update")


def test_every_replica_is_where_it_should_be_and_follows_the_primary(prod: LiveStack) -> None:
    primary = prod.database()
    assert sorted(primary["ReadReplicaDBInstanceIdentifiers"])[1:] == [
        "reptidex-prod-postgres-b",
        "reptidex-prod-postgres-c",
    ]
    for name in ("b", "c"):
        replica = prod.database(name)
        assert replica["ReadReplicaSourceDBInstanceIdentifier"] == "reptidex-prod-postgres"
        assert replica["AvailabilityZone"] == f"us-east-1{name}"
        assert replica["KmsKeyId"] == primary["KmsKeyId"]
    west = prod.database("west", "us-west-2")
    assert west["ReadReplicaSourceDBInstanceIdentifier"] == primary["DBInstanceArn"]
    assert west["KmsKeyId"].startswith("arn:aws:kms:us-west-2:")
    assert west["MultiAZ"] is True
    assert west["MaxAllocatedStorage"] == 1000


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "postgres.instance_class",
            "db.r7g.2xlarge",
            # The replicas are of the primary's class, unless the file says otherwise.
            {"postgres-replica-b-instance", "postgres-replica-c-instance", "postgres-replica-west-instance"},
        ),
        ("postgres.backup_window", "04:00-05:00", set()),
        ("postgres.backup_retention_days", "35", set()),
        # Replicas at home have windows of their own, or all readers would be gone at once.
        ("postgres.maintenance_window", "sat:05:00-sat:06:00", {"postgres-replica-west-instance"}),
        ("postgres.restore.snapshot_identifier", "some-snapshot", None),
    ],
)
def test_what_may_change_updates_databases_in_place_and_replaces_none(
    prod: LiveStack, path: str, value: str, expected: set[str] | None
) -> None:
    with prod.config_restored_afterwards():
        prod.set_config(path, value)
        operations = instances(prod.planned_operations())
    assert set(operations.values()) <= {"update"}
    assert operations.keys() >= ({"postgres-instance"} | expected if expected is not None else set())
    if expected is None:
        assert operations == {}


def test_removing_a_replica_from_the_middle_of_the_list_deletes_that_one_only(prod: LiveStack) -> None:
    with prod.config_restored_afterwards():
        done = prod.pulumi("config", "rm", "--path", "dataplatform:postgres.replicas[1]")
        assert done.returncode == 0, done.stderr
        operations = prod.planned_operations()
    assert instances(operations) == {"postgres-replica-c-instance": "delete"}
    # The pool forgets the replica: its rule, and its configuration, which is in the task's definition. So do the alarms.
    assert {name for name in operations if not re.search(r"postgres-replica-c|alarms-postgres-c", name)} == {
        "alarms-dashboard",
        "alarms-maintenance-replicas",
        "alarms-replication-failing",
        "names-readers-c",
        "pooler-tasks-to-c",
        "pooler-task",
        "pooler-service",
    }
    assert operations["names-readers-c"] == operations["pooler-tasks-to-c"] == "delete"


def test_one_more_replica_creates_that_one_only(prod: LiveStack) -> None:
    with prod.config_restored_afterwards():
        prod.set_config("postgres.replicas[3].name", "a")
        prod.set_config("postgres.replicas[3].region", "us-east-1")
        prod.set_config("postgres.replicas[3].availability_zone", "us-east-1a")
        operations = prod.planned_operations()
    assert instances(operations) == {"postgres-replica-a-instance": "create"}
    # Of the pool, and of the alarms that know all replicas.
    updated = {
        "pooler-task",
        "pooler-service",
        "alarms-dashboard",
        "alarms-maintenance-replicas",
        "alarms-replication-failing",
    }
    assert {operation for name, operation in operations.items() if name not in updated} == {"create"}


@pytest.mark.parametrize(
    ("key", "value"), [("admin_username", "somebody_else"), ("database_name", "another")]
)
def test_what_the_database_was_born_with_is_not_changed_by_replacing_it(
    prod: LiveStack, key: str, value: str
) -> None:
    with prod.config_restored_afterwards():
        prod.set_config(f"postgres.{key}", value)
        operations = prod.planned_operations()
    assert not {name for name in operations if not name.endswith("-parameters")}, operations


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
    assert [each["Status"] for each in stores(prod)] == ["available", "available"]
    for region, count in (("us-east-1", 9), ("us-west-2", 1)):
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
