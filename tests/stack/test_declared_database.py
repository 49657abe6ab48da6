"""The database of both committed stacks, declared under recording mocks.

Proves its settings, its protection, its place in the network, its order, and where a restored one comes from. Does
not prove that the provider or AWS accepts any of it; tests/sandbox does that with the real engine and provider.
"""

from typing import Any

from components.postgres.instance import CREATE_ONLY_PROPERTIES
from desired.program import declared_by
from desired.recording import Recording, Registration
from infra.config.reading import load_file
from tests.harness.platform import (
    SECRET_KEY,
    SECRET_KIND,
    changed,
    declared,
    of_type,
    only,
    stack_file,
)

INSTANCE = "aws:rds/instance:Instance"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
SUBNET = "aws:ec2/subnet:Subnet"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


def instance(stack: str) -> Registration:
    return only(declared(stack), "postgres-instance", INSTANCE)


def test_the_production_database_survives_mistakes_in_aws_too() -> None:
    inputs = instance("prod").inputs
    assert inputs["deletionProtection"] is True
    assert inputs["skipFinalSnapshot"] is False
    assert inputs["finalSnapshotIdentifier"] == "reptidex-prod-postgres-final-00000000"
    assert inputs["deleteAutomatedBackups"] is False


def test_the_database_has_what_the_requirements_and_controls_ask_for(stack: str) -> None:
    config = load_file(stack_file(stack)).postgres
    inputs = instance(stack).inputs
    wanted = {
        "engine": "postgres",
        "engineVersion": config.engine_version,
        "instanceClass": config.instance_class,
        "multiAz": stack == "prod",
        "storageType": "gp3",
        "allocatedStorage": config.storage.allocated_storage_gib,
        "maxAllocatedStorage": config.storage.max_allocated_storage_gib,
        "storageEncrypted": True,
        "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:keys-database",
        "publiclyAccessible": False,
        "port": 5433,
        "username": "reptidex_admin",
        "dbName": "reptidex",
        "iamDatabaseAuthenticationEnabled": True,
        "backupRetentionPeriod": 30 if stack == "prod" else 7,
        "backupWindow": "08:00-09:00",
        "maintenanceWindow": "sun:10:00-sun:11:00",
        "copyTagsToSnapshot": True,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": "arn:aws:kms:us-east-1:123456789012:keys-database",
        "monitoringInterval": config.monitoring.enhanced_interval_seconds,
        "autoMinorVersionUpgrade": True,
        "allowMajorVersionUpgrade": False,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
    }
    assert {key: inputs.get(key) for key in wanted} == wanted


def test_iops_and_throughput_are_declared_only_where_rds_takes_them() -> None:
    assert instance("prod").inputs["iops"] == 12000
    assert instance("prod").inputs["storageThroughput"] == 500
    assert "iops" not in instance("dev").inputs
    assert "storageThroughput" not in instance("dev").inputs


def test_the_database_is_in_isolated_subnets_of_every_zone(stack: str, recording: Recording) -> None:
    group = only(recording, "postgres-subnets", "aws:rds/subnetGroup:SubnetGroup")
    data = [r for r in of_type(recording, SUBNET) if r.name.startswith("network-data-")]
    assert group.inputs["subnetIds"] == [f"{r.name}-id" for r in data]
    zones = {r.inputs["availabilityZone"] for r in data}
    assert zones == {"us-east-1a", "us-east-1b", "us-east-1c"}
    assert of_type(recording, "aws:ec2/internetGateway:InternetGateway") == []
    assert of_type(recording, "aws:ec2/route:Route") == []
    for table in of_type(recording, "aws:ec2/routeTable:RouteTable"):
        assert "routes" not in table.inputs
    for endpoint in of_type(recording, ENDPOINT):
        assert not any("data" in table for table in endpoint.inputs.get("routeTableIds", []))


def test_log_groups_exist_before_the_database_that_writes_to_them(stack: str, recording: Recording) -> None:
    groups = [r for r in of_type(recording, LOG_GROUP) if r.name.startswith("postgres-log-")]
    assert {r.inputs["name"] for r in groups} == {
        f"/aws/rds/instance/reptidex-{stack}-postgres/postgresql",
        f"/aws/rds/instance/reptidex-{stack}-postgres/upgrade",
    }
    assert {r.urn for r in groups} <= instance(stack).dependencies


def test_the_monitoring_role_may_publish_before_the_database_uses_it(
    stack: str, recording: Recording
) -> None:
    attachment = only(
        recording, "postgres-monitoring-permission", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    )
    assert attachment.urn in instance(stack).dependencies


def test_the_admin_secret_is_copied_to_the_dr_region_under_a_key_of_that_region(recording: Recording) -> None:
    secret = only(recording, "postgres-admin-secret", "aws:secretsmanager/secret:Secret")
    assert secret.inputs["kmsKeyId"].endswith(":keys-secrets")
    assert secret.inputs["replicas"] == [
        {"region": "us-west-2", "kmsKeyId": "arn:aws:kms:us-west-2:123456789012:dr-keys-secrets"}
    ]


def test_every_event_source_the_controls_name_is_subscribed(stack: str, recording: Recording) -> None:
    subscriptions = {
        r.inputs["sourceType"]: r
        for r in of_type(recording, "aws:rds/eventSubscription:EventSubscription")
        if r.name.startswith("postgres-events-")
    }
    assert set(subscriptions) == {"db-instance", "db-parameter-group", "db-security-group"}
    assert {"failover", "failure", "maintenance", "configuration change"} <= set(
        subscriptions["db-instance"].inputs["eventCategories"]
    )
    assert subscriptions["db-instance"].inputs["sourceIds"] == [f"reptidex-{stack}-postgres"]


def test_restore_is_declared_and_never_decides_about_an_existing_database(stack: str) -> None:
    assert set(instance(stack).ignore_changes) == set(CREATE_ONLY_PROPERTIES)


def restored(**restore: Any) -> dict[str, Any]:
    recording = declared_by(changed("dev", "postgres.restore", restore))
    return dict(only(recording, "postgres-instance", INSTANCE).inputs)


def test_a_database_can_come_from_a_snapshot() -> None:
    inputs = restored(snapshot_identifier="reptidex-dev-2026-11-01")
    assert inputs["snapshotIdentifier"] == "reptidex-dev-2026-11-01"
    assert not {"username", "dbName", "kmsKeyId", "restoreToPointInTime"} & set(inputs)
    assert inputs["storageEncrypted"] is True


def test_a_database_can_come_from_a_moment_in_the_life_of_another() -> None:
    inputs = restored(
        source_db_instance_identifier="reptidex-dev-postgres", restore_time="2026-11-01T03:15:00-05:00"
    )
    assert inputs["restoreToPointInTime"] == {
        "sourceDbInstanceIdentifier": "reptidex-dev-postgres",
        "restoreTime": "2026-11-01T08:15:00Z",
    }


def test_a_database_can_come_from_the_latest_moment_of_a_replicated_backup() -> None:
    arn = "arn:aws:rds:us-east-1:111111111111:auto-backup:ab-0123456789abcdef"
    assert restored(source_automated_backups_arn=arn)["restoreToPointInTime"] == {
        "sourceDbInstanceAutomatedBackupsArn": arn,
        "useLatestRestorableTime": True,
    }


def test_clients_are_let_in_one_rule_each() -> None:
    clients = {"security_group_ids": ["sg-0123456789abcdef0"], "cidrs": ["10.60.0.0/16"]}
    recording = declared_by(changed("dev", "postgres.clients", clients))
    rules = [
        r
        for r in of_type(recording, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if r.name.startswith("postgres-from-") and r.name != "postgres-from-pooler"
    ]
    assert [(r.inputs.get("referencedSecurityGroupId"), r.inputs.get("cidrIpv4")) for r in rules] == [
        (None, "10.60.0.0/16"),
        ("sg-0123456789abcdef0", None),
    ]
    assert {r.inputs["fromPort"] for r in rules} == {5433}


def test_a_configured_password_replaces_the_generated_one_and_reaches_no_output() -> None:
    canary = "canary-" + "x" * 12
    recording = declared_by(load_file(stack_file("dev")), admin_password=canary)
    passwords = of_type(recording, "random:index/randomPassword:RandomPassword")
    assert [p.name for p in passwords if p.name.startswith("postgres-admin")] == []
    assert only(recording, "postgres-instance", INSTANCE).inputs["password"] == {
        SECRET_KEY: SECRET_KIND,
        "value": canary,
    }
    assert canary not in repr(recording.outputs)
