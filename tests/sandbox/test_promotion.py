"""The promotion of docs/runbooks/promote.md, walked step by step with the real engine and provider.

Proves what each step plans and does: the replica becomes the primary in place, names, outputs and secret follow, backups
come second, and no database is replaced or deleted. Does not prove that data survives: the databases are emulated.
"""

import json
from collections.abc import Iterator

import pytest

from tests.harness.live import LiveStack, assert_nothing_left, live_stack

WEST = "postgres-replica-west-instance"
# As the runbook has it for a primary region that does not answer.
IN_A_DISASTER = ("--target", "**::postgres-replica-west-*", "--target", "**::dr-names-*")


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory, toolchain: object) -> Iterator[LiveStack]:
    yield from live_stack("prod", tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def identities(prod: LiveStack) -> dict[str, str]:
    """Every database's resource id, before anything happens."""
    return resource_ids(prod)


def resource_ids(prod: LiveStack) -> dict[str, str]:
    found = {}
    for region in ("us-east-1", "us-west-2"):
        for instance in prod.aws("rds", region).describe_db_instances()["DBInstances"]:
            found[instance["DBInstanceIdentifier"]] = instance["DbiResourceId"]
    return found


def names(prod: LiveStack) -> dict[tuple[str, str], set[str]]:
    """Where the databases' stable names lead: by region of the zone's VPC and name. The others' do not move."""
    route53 = prod.aws("route53")
    found: dict[tuple[str, str], set[str]] = {}
    for zone in route53.list_hosted_zones()["HostedZones"]:
        [vpc] = route53.get_hosted_zone(Id=zone["Id"])["VPCs"]
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            service = record["Name"].split(".")[0]
            if service in ("writer", "readers"):
                found.setdefault((vpc["VPCRegion"], service), set()).add(
                    record["ResourceRecords"][0]["Value"]
                )
    return found


def outputs(prod: LiveStack) -> dict[str, object]:
    return dict(json.loads(prod.pulumi("stack", "output", "--json").stdout))


def test_before_it_the_names_lead_to_the_primary_and_its_replicas(
    prod: LiveStack, identities: dict[str, str]
) -> None:
    assert len(identities) == 4
    addresses = {
        name: prod.database(name, "us-west-2" if name == "west" else "us-east-1")["Endpoint"]["Address"]
        for name in ("", "b", "c", "west")
    }
    assert names(prod) == {
        ("us-east-1", "writer"): {addresses[""]},
        ("us-east-1", "readers"): {addresses["b"], addresses["c"]},
        ("us-west-2", "writer"): {addresses[""]},
        ("us-west-2", "readers"): {addresses["west"]},
    }


def test_step_one_plans_an_update_of_the_replica_and_touches_no_other_database(
    prod: LiveStack, identities: dict[str, str]
) -> None:
    prod.set_config("dr.role", "primary")
    operations = prod.planned_operations()
    databases = {name: op for name, op in operations.items() if name.endswith("-instance")}
    assert databases == {WEST: "update"}


def test_step_one_with_targets_changes_nothing_in_the_primary_region(
    prod: LiveStack, identities: dict[str, str]
) -> None:
    done = prod.pulumi("up", "--yes", "--skip-preview", *IN_A_DISASTER)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    west = prod.database("west", "us-west-2")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in west
    assert west["DeletionProtection"] is True
    assert west["BackupRetentionPeriod"] == 0
    leads = names(prod)
    address = west["Endpoint"]["Address"]
    assert leads["us-west-2", "writer"] == leads["us-west-2", "readers"] == {address}
    assert leads["us-east-1", "writer"] != {address}
    assert resource_ids(prod) == identities


def test_the_rest_of_step_one_moves_every_name_the_outputs_and_the_secret(
    prod: LiveStack, identities: dict[str, str]
) -> None:
    done = prod.sandbox("up")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    address = prod.database("west", "us-west-2")["Endpoint"]["Address"]
    assert set(map(tuple, names(prod).values())) == {(address,)}
    found = outputs(prod)
    assert found["postgres_address"] == address
    assert found["postgres_region"] == "us-west-2"
    assert found["postgres_identifier"] == "reptidex-prod-postgres-west"
    secret = prod.aws("secretsmanager").get_secret_value(SecretId=found["postgres_admin_secret_arn"])
    assert json.loads(secret["SecretString"])["host"] == address
    assert resource_ids(prod) == identities
    assert prod.planned_operations() == {}


def test_step_two_switches_backups_on_in_place(prod: LiveStack, identities: dict[str, str]) -> None:
    prod.set_config("dr.backup_retention_days", "30")
    assert prod.planned_operations() == {WEST: "update"}
    done = prod.sandbox("up")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    west = prod.database("west", "us-west-2")
    assert west["BackupRetentionPeriod"] == 30
    assert west["PreferredBackupWindow"] == "08:00-09:00"
    assert resource_ids(prod) == identities
    refresh = prod.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")
    assert refresh.returncode == 0, refresh.stdout[-3000:]


def test_the_promoted_database_is_as_protected_as_the_primary(prod: LiveStack) -> None:
    [urn] = [r["urn"] for r in prod.state()["deployment"]["resources"] if r["urn"].endswith(f"::{WEST}")]
    done = prod.pulumi("up", "--yes", "--skip-preview", "--replace", urn)
    assert done.returncode != 0
    assert "protect" in done.stdout + done.stderr


def test_down_leaves_no_process_and_no_state(prod: LiveStack) -> None:
    done = prod.sandbox("down")
    assert done.returncode == 0, done.stderr[-4000:]
    assert_nothing_left(prod)
