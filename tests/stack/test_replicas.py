"""Replicas, their promotion and the stable names, declared under recording mocks.

Proves what is asked for in each state, and that no state touches another database. Does not prove what the provider plans
from it; tests/sandbox/test_prod.py does, with the real engine.
"""

import re

import pytest

from components.dns import TTL_SECONDS
from components.postgres.instance import CREATE_ONLY_PROPERTIES
from desired.program import declared_by
from desired.recording import Recording, Registration
from infra.config.stack import StackConfig
from tests.harness.platform import changed, committed, declared, of_type, only, promoted

INSTANCE = "aws:rds/instance:Instance"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
RECORD = "aws:route53/record:Record"
REPLICAS = ("b", "c", "west")
# What RDS takes from a replica's source, and refuses to be told.
REFUSED = {
    "engine",
    "engineVersion",
    "username",
    "password",
    "dbName",
    "finalSnapshotIdentifier",
    "backupWindow",
}


def replica(name: str, recording: Recording | None = None) -> Registration:
    return only(recording or declared("prod"), f"postgres-replica-{name}-instance", INSTANCE)


def records(recording: Recording) -> dict[str, str]:
    """Where each record of the database leads, by its logical name."""
    stores = ("names-cache", "names-sessions")
    return {r.name: r.inputs["records"][0] for r in of_type(recording, RECORD) if not r.name.endswith(stores)}


def test_every_replica_of_the_file_is_declared_and_no_other() -> None:
    names = {r.name for r in of_type(declared("prod"), INSTANCE)}
    assert names == {"postgres-instance", *(f"postgres-replica-{name}-instance" for name in REPLICAS)}


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_is_told_nothing_that_it_takes_from_its_source(name: str) -> None:
    assert not REFUSED & set(replica(name).inputs)
    assert replica(name).inputs["backupRetentionPeriod"] == 0


@pytest.mark.parametrize("name", ["b", "c"])
def test_a_replica_at_home_names_its_source_and_zone_and_takes_key_and_subnets_from_it(name: str) -> None:
    inputs = replica(name).inputs
    assert inputs["replicateSourceDb"] == "reptidex-prod-postgres"
    assert inputs["availabilityZone"] == f"us-east-1{name}"
    assert not {"kmsKeyId", "dbSubnetGroupName"} & set(inputs)


def test_a_replica_abroad_names_its_source_by_arn_and_has_a_key_and_subnets_of_its_own() -> None:
    inputs = replica("west").inputs
    assert inputs["replicateSourceDb"].startswith("arn:aws:rds:us-east-1:")
    assert inputs["kmsKeyId"].endswith(":dr-keys-database")
    assert inputs["performanceInsightsKmsKeyId"].endswith(":dr-keys-database")
    group = only(declared("prod"), "postgres-replica-west-subnets", "aws:rds/subnetGroup:SubnetGroup")
    assert all(subnet.startswith("dr-network-data-") for subnet in group.inputs["subnetIds"])
    assert inputs["multiAz"] is True
    assert "availabilityZone" not in inputs


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_is_as_closed_encrypted_and_watched_as_the_primary(name: str) -> None:
    primary, own = only(declared("prod"), "postgres-instance", INSTANCE).inputs, replica(name).inputs
    for key in (
        "storageEncrypted",
        "publiclyAccessible",
        "port",
        "maxAllocatedStorage",
        "allocatedStorage",
        "iops",
        "storageThroughput",
        "iamDatabaseAuthenticationEnabled",
        "enabledCloudwatchLogsExports",
        "monitoringInterval",
        "performanceInsightsEnabled",
        "caCertIdentifier",
        "copyTagsToSnapshot",
    ):
        assert own[key] == primary[key], key


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_has_a_parameter_group_of_its_own_with_the_primarys_overrides(name: str) -> None:
    values = committed("prod")
    values["postgres"]["parameters"] = {"log_min_duration_statement": "2s"}
    values["postgres"]["replicas"][0]["parameters"] = {"log_min_duration_statement": "500ms"}
    recording = declared_by(StackConfig.parse("prod", values))
    group = only(recording, f"postgres-replica-{name}-parameters", PARAMETER_GROUP)
    found = {each["name"]: each["value"] for each in group.inputs["parameters"]}
    assert found["log_min_duration_statement"] == ("500" if name == "b" else "2000")
    assert replica(name, recording).inputs["parameterGroupName"] == group.name


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_can_be_removed_since_what_it_holds_is_a_copy(name: str) -> None:
    own = replica(name)
    assert own.protect is False
    assert own.retain_on_delete is False
    assert own.inputs["deletionProtection"] is False
    assert own.inputs["skipFinalSnapshot"] is True


def test_a_replicas_logs_go_with_it_so_that_its_name_can_be_used_again_until_it_is_promoted() -> None:
    for recording, kept in ((declared("prod"), False), (promoted(), True)):
        for log in ("postgresql", "upgrade"):
            group = only(recording, f"postgres-replica-west-log-{log}", "aws:cloudwatch/logGroup:LogGroup")
            assert group.retain_on_delete is kept
            assert group.protect is kept


def test_replicas_of_a_region_are_not_maintained_at_the_same_time() -> None:
    windows = {name: replica(name).inputs["maintenanceWindow"] for name in REPLICAS}
    assert windows == {
        "b": "mon:10:00-mon:11:00",
        "c": "tue:10:00-tue:11:00",
        "west": "sun:10:00-sun:11:00",
    }


def test_a_rule_never_names_a_security_group_of_another_region() -> None:
    values = committed("prod")
    values["postgres"]["clients"] = {"security_group_ids": ["sg-0a"], "cidrs": ["10.50.0.0/16"]}
    values["postgres"]["replicas"][2]["clients"] = {"security_group_ids": ["sg-0b"]}
    recording = declared_by(StackConfig.parse("prod", values))
    rules = of_type(recording, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    let_in = {
        name: {
            rule.inputs.get("referencedSecurityGroupId") or rule.inputs["cidrIpv4"]
            for rule in rules
            if rule.name.startswith(f"{name}-from-") and not rule.name.endswith("-pooler")
        }
        for name in ("postgres", "postgres-replica-b", "postgres-replica-west")
    }
    assert let_in == {
        "postgres": {"sg-0a", "10.50.0.0/16"},
        "postgres-replica-b": {"sg-0a", "10.50.0.0/16"},
        "postgres-replica-west": {"sg-0b", "10.50.0.0/16"},
    }


def test_a_promoted_instance_is_changed_at_once_or_its_first_backup_would_wait_for_a_week() -> None:
    assert replica("west").inputs["applyImmediately"] is False
    assert replica("west", promoted(backup_retention_days=30)).inputs["applyImmediately"] is True
    assert only(promoted(), "postgres-instance", INSTANCE).inputs["applyImmediately"] is False


def test_removing_a_replica_from_the_middle_of_the_list_removes_that_one_only() -> None:
    values = committed("prod")
    values["postgres"]["replicas"] = [each for each in values["postgres"]["replicas"] if each["name"] != "c"]
    fewer = {r.urn for r in declared_by(StackConfig.parse("prod", values)).registrations}
    all_of_them = {r.urn for r in declared("prod").registrations}
    assert fewer < all_of_them
    for urn in all_of_them - fewer:
        assert re.search(
            r"::postgres-replica-c(-|$)|::(names-readers|pooler-tasks-to)-c$|::alarms-postgres-c-", urn
        ), urn


def test_the_promotion_ends_the_replication_and_protects_what_is_now_the_data() -> None:
    west = replica("west", promoted())
    assert "replicateSourceDb" not in west.inputs
    assert west.protect is True
    assert west.retain_on_delete is True
    assert west.inputs["deletionProtection"] is True
    assert west.inputs["skipFinalSnapshot"] is False
    assert west.inputs["finalSnapshotIdentifier"].startswith("reptidex-prod-postgres-west-final-")
    assert west.inputs["backupRetentionPeriod"] == 0
    assert "password" in west.inputs


def test_backups_are_switched_on_in_the_second_step() -> None:
    west = replica("west", promoted(backup_retention_days=30))
    assert west.inputs["backupRetentionPeriod"] == 30
    assert west.inputs["backupWindow"] == "08:00-09:00"


def test_the_promotion_changes_no_other_instance_and_nobodys_name() -> None:
    before, after = declared("prod"), promoted(backup_retention_days=30)
    for name in ("postgres-instance", "postgres-replica-b-instance", "postgres-replica-c-instance"):
        assert only(after, name, INSTANCE).inputs == only(before, name, INSTANCE).inputs
    databases = [{r.urn for r in of_type(recording, INSTANCE)} for recording in (before, after)]
    assert databases[0] == databases[1]


def test_every_state_ignores_what_an_instance_was_born_with() -> None:
    for recording in (declared("prod"), promoted(), promoted(backup_retention_days=30)):
        for instance in of_type(recording, INSTANCE):
            assert set(instance.ignore_changes) == set(CREATE_ONLY_PROPERTIES)


def test_names_are_the_same_in_both_regions_and_live_in_each_regions_own_vpc() -> None:
    zones = of_type(declared("prod"), "aws:route53/zone:Zone")
    assert [zone.inputs["name"] for zone in zones] == ["prod.reptidex.internal"] * 2
    assert [zone.inputs["vpcs"] for zone in zones] == [
        [{"vpcId": "dr-network-vpc-id", "vpcRegion": "us-west-2"}],
        [{"vpcId": "network-vpc-id", "vpcRegion": "us-east-1"}],
    ]


def test_names_lead_to_the_writer_and_to_the_replicas_of_their_region() -> None:
    found = records(declared("prod"))
    primary, west = found["names-writer"], found["dr-names-readers-west"]
    assert found["dr-names-writer"] == primary
    assert set(found) == {
        "names-writer",
        "names-readers-b",
        "names-readers-c",
        "names-pooler",
        "dr-names-writer",
        "dr-names-readers-west",
    }
    assert len({primary, west, found["names-readers-b"], found["names-readers-c"]}) == 4


def test_readers_share_their_name_evenly_and_every_name_is_soon_looked_up_again() -> None:
    for record in of_type(declared("prod"), RECORD):
        assert record.inputs["ttl"] == TTL_SECONDS
        if "readers" in record.name:
            assert record.inputs["weightedRoutingPolicies"] == [{"weight": 1}]
            assert record.inputs["setIdentifier"] == record.name.rpartition("-")[2]


def test_reads_go_to_the_primary_where_a_region_has_no_replica() -> None:
    found = records(declared("dev"))
    assert found["dr-names-readers-writer"] == found["dr-names-writer"]


def test_after_the_promotion_every_name_leads_to_the_promoted_instance() -> None:
    west = records(declared("prod"))["dr-names-readers-west"]
    found = records(promoted())
    assert {address for name, address in found.items() if name != "names-pooler"} == {west}


def test_outputs_and_the_secret_follow_the_promotion() -> None:
    before, after = declared("prod").outputs, promoted().outputs
    assert (before["postgres_region"], after["postgres_region"]) == ("us-east-1", "us-west-2")
    assert after["postgres_identifier"] == "reptidex-prod-postgres-west"
    assert after["postgres_address"] == before["postgres_replica_addresses"]["west"]
    assert after["postgres_kms_key_arn"].endswith(":dr-keys-database")
    for key in ("postgres_admin_secret_arn", "postgres_writer_name", "postgres_readers_name"):
        assert after[key] == before[key], "what applications hold on to does not change"


def test_a_larger_class_of_one_replica_changes_that_one_only() -> None:
    recording = declared_by(changed("prod", "postgres.replicas.0.instance_class", "db.r7g.2xlarge"))
    classes = {r.name: r.inputs["instanceClass"] for r in of_type(recording, INSTANCE)}
    assert classes.pop("postgres-replica-b-instance") == "db.r7g.2xlarge"
    assert set(classes.values()) == {"db.r7g.xlarge"}
