"""Both committed stacks, declared whole under recording mocks.

Proves which resources exist, under which names and parents, with which protection, tags, keys and order. Does not
prove that the provider or AWS accepts any of it; tests/sandbox does that with the real engine and provider.
"""

import json
import re
from typing import Any

import pytest
from pulumi.runtime import rpc

from components.encryption import DataClass
from components.postgres.instance import CREATE_ONLY_PROPERTIES
from contract.outputs import OutputKey
from desired.program import declared_by
from desired.recording import Recording, Registration
from infra.config.reading import load_file
from infra.config.stack import StackConfig
from tests.harness.platform import (
    ROOT,
    STACKS,
    changed,
    committed,
    declared,
    of_type,
    only,
    stack_file,
)

# How the SDK marks a secret in what it sends to the engine.
SECRET, SECRET_KIND = rpc._special_sig_key, rpc._special_secret_sig
INSTANCE = "aws:rds/instance:Instance"
KEY = "aws:kms/key:Key"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
SUBNET = "aws:ec2/subnet:Subnet"
STATEFUL = {
    INSTANCE,
    KEY,
    LOG_GROUP,
    "aws:backup/vault:Vault",
    "aws:s3/bucket:Bucket",
    "aws:secretsmanager/secret:Secret",
}
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def recording(stack: str) -> Recording:
    return declared(stack)


def instance(stack: str) -> Registration:
    return only(declared(stack), "postgres-instance", INSTANCE)


def test_urns_are_the_golden_ones_so_that_a_rename_is_a_decision(
    stack: str, recording: Recording, update_golden: bool
) -> None:
    golden = ROOT / "tests" / "golden" / f"{stack}.urns"
    urns = "".join(f"{urn}\n" for urn in sorted(r.urn for r in recording.registrations))
    if update_golden:
        golden.write_text(urns)
    assert urns == golden.read_text(), (
        "a changed URN deletes and creates its resource: add an alias, or explain why not, "
        "then run: pytest tests/stack --update-golden"
    )


def test_no_resource_is_outside_a_component(recording: Recording) -> None:
    orphans = [
        r.urn
        for r in recording.registrations
        if "pulumi:pulumi:Stack$aws:" in r.urn or "Stack$random:" in r.urn
    ]
    assert orphans == []


def test_every_component_registers_its_outputs(recording: Recording) -> None:
    components = {r.urn for r in recording.registrations if not r.custom}
    assert components
    assert components <= recording.registered_outputs


def test_children_are_named_after_their_component(recording: Recording) -> None:
    names = {r.urn: r.name for r in recording.registrations}
    for registration in recording.registrations:
        if registration.parent in names:
            assert registration.name.startswith(f"{names[registration.parent]}-"), registration.urn


def test_no_logical_name_holds_a_stage_a_region_or_an_account(stack: str, recording: Recording) -> None:
    config = load_file(stack_file(stack))
    telling = {config.environment, config.regions.primary, config.regions.dr, config.account_id}
    for registration in recording.registrations:
        assert not telling & set(registration.name.split("-")), registration.name
        assert config.regions.primary not in registration.name


def is_compared_elsewhere(registration: Registration) -> bool:
    """Production's sessions are on another service, and its cache scales: tests/stack/test_stores.py compares them.

    The alarms of both are compared in tests/stack/test_alarms.py.
    """
    return registration.name.startswith(("cache", "sessions", "alarms-", "dr-alarms"))


def test_dev_is_production_without_copies_of_its_data() -> None:
    """What dev lacks: the replicas with their names, the copies of backups, and what protects production's data."""
    names = {
        stack: {(r.type, r.name) for r in declared(stack).registrations if not is_compared_elsewhere(r)}
        for stack in STACKS
    }
    assert {name for _, name in names["dev"] - names["prod"]} == {
        "names-readers-writer",
        "dr-names-readers-writer",
    }
    lacking = {name for _, name in names["prod"] - names["dev"]}
    copies = {
        name
        for name in lacking
        if re.search(r"postgres-replica-|names-readers-|dr-automated-backups|pooler-tasks-to-", name)
    }
    assert lacking - copies == {"postgres-final-snapshot", "backups-lock", "dr-backups-lock"}


def test_every_aws_resource_has_one_of_the_two_explicit_providers(recording: Recording) -> None:
    aws = [r for r in recording.registrations if r.type.startswith("aws:")]
    assert aws
    for registration in aws:
        assert registration.provider.split("::")[-2] in {"primary", "dr"}, registration.urn
        is_in_dr = registration.name.startswith(("dr-", "postgres-replica-west"))
        assert (registration.provider.split("::")[-2] == "dr") == is_in_dr, registration.urn


def test_both_providers_tag_everything_and_refuse_other_accounts(stack: str, recording: Recording) -> None:
    config = load_file(stack_file(stack))
    providers = of_type(recording, "pulumi:providers:aws")
    assert [p.name for p in providers] == ["dr", "primary"]
    for provider in providers:
        tags = json.loads(provider.inputs["defaultTags"])["tags"]
        assert tags == {
            "Project": "reptidex",
            "Stack": stack,
            "Environment": stack,
            "Owner": config.tags.owner,
            "CostCenter": config.tags.cost_center,
            "DataClass": config.tags.data_class,
            "ManagedBy": "pulumi",
        }
        assert json.loads(provider.inputs["allowedAccountIds"]) == [config.account_id]


def test_no_resource_switches_a_default_tag_off(recording: Recording) -> None:
    for registration in recording.registrations:
        own = set(registration.inputs.get("tags", {})) if registration.type.startswith("aws:") else set()
        assert own <= {"Name", "BackupPlan"}, registration.urn


def test_production_protects_every_stateful_resource_and_dev_none() -> None:
    for stack, protected in (("prod", True), ("dev", False)):
        stateful = [
            r for r in declared(stack).registrations if r.type in STATEFUL and "replica" not in r.name
        ]
        assert {r.type for r in stateful} == STATEFUL
        for registration in stateful:
            assert registration.protect is protected, registration.urn
            assert registration.retain_on_delete is protected, registration.urn


def test_production_leaves_the_last_version_of_its_secrets_behind() -> None:
    for stack, left in (("prod", True), ("dev", False)):
        versions = of_type(declared(stack), "aws:secretsmanager/secretVersion:SecretVersion")
        assert "postgres-admin-connection-version" in {version.name for version in versions}
        for version in versions:
            assert version.retain_on_delete is left
            assert version.protect is False, "every change of the password replaces it"


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


def test_no_subnet_gives_its_machines_public_addresses(recording: Recording) -> None:
    for subnet in of_type(recording, SUBNET):
        assert subnet.inputs["mapPublicIpOnLaunch"] is False


def test_default_security_groups_are_empty(recording: Recording) -> None:
    groups = of_type(recording, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert [g.name for g in groups] == ["dr-network-default-security-group", "network-default-security-group"]
    for group in groups:
        assert group.inputs["ingress"] == []
        assert group.inputs["egress"] == []


def test_tasks_reach_each_service_they_call_without_the_internet(recording: Recording) -> None:
    services = {
        r.inputs["serviceName"].removeprefix("com.amazonaws.us-east-1."): r
        for r in of_type(recording, ENDPOINT)
    }
    assert {"s3", "ecr.api", "ecr.dkr", "ecs", "kms", "logs", "monitoring", "secretsmanager", "sts"} <= set(
        services
    )
    assert services["s3"].inputs["vpcEndpointType"] == "Gateway"
    assert services["logs"].inputs["privateDnsEnabled"] is True


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


def test_every_log_group_is_encrypted_with_its_own_regions_key_and_kept_as_configured(
    stack: str, recording: Recording
) -> None:
    groups = of_type(recording, LOG_GROUP)
    instances = len(of_type(recording, INSTANCE))
    stores = len(of_type(recording, "aws:elasticache/replicationGroup:ReplicationGroup"))
    of_the_pool = 3  # its tasks, Container Insights, password rotation
    of_scaling_up = 1
    assert len(groups) == 2 + 2 * instances + 2 * stores + of_the_pool + of_scaling_up
    for group in groups:
        keys = "dr-keys" if group.provider.split("::")[-2] == "dr" else "keys"
        assert group.inputs["kmsKeyId"].endswith(f":{keys}-logs")
        assert group.inputs["retentionInDays"] == (365 if stack == "prod" else 30)


def test_there_is_a_rotating_key_for_each_class_of_data_in_each_region(recording: Recording) -> None:
    keys = of_type(recording, KEY)
    at_home = {f"keys-{c}" for c in DataClass}
    abroad = {f"dr-keys-{c}" for c in DataClass if c not in (DataClass.CACHE, DataClass.IMAGES)}
    assert {k.name for k in keys} == at_home | abroad
    for key in keys:
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["tags"]["Name"].startswith("reptidex-")


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


def test_an_existing_vpc_is_used_and_none_is_made_in_that_region() -> None:
    existing = {
        "vpc_id": "vpc-0123456789abcdef0",
        "app_subnet_ids": ["subnet-a1", "subnet-b1"],
        "data_subnet_ids": ["subnet-a2", "subnet-b2"],
    }
    recording = declared_by(changed("dev", "network.primary", existing))
    assert [r.name for r in of_type(recording, "aws:ec2/vpc:Vpc")] == ["dr-network-vpc"]
    group = only(recording, "postgres-subnets", "aws:rds/subnetGroup:SubnetGroup")
    assert group.inputs["subnetIds"] == ["subnet-a2", "subnet-b2"]
    assert recording.outputs["primary_vpc_id"] == "vpc-0123456789abcdef0"


def test_a_configured_password_replaces_the_generated_one_and_reaches_no_output() -> None:
    canary = "canary-" + "x" * 12
    recording = declared_by(load_file(stack_file("dev")), admin_password=canary)
    passwords = of_type(recording, "random:index/randomPassword:RandomPassword")
    assert [p.name for p in passwords if p.name.startswith("postgres-admin")] == []
    assert only(recording, "postgres-instance", INSTANCE).inputs["password"] == {
        SECRET: SECRET_KIND,
        "value": canary,
    }
    assert canary not in repr(recording.outputs)


def test_a_second_stack_of_an_environment_stands_beside_the_first_in_one_account() -> None:
    """A restore needs it: no name that AWS wants to be unique may be the same in both."""
    beside = declared_by(StackConfig.parse("prod-restore", committed("prod")))
    for registration in beside.registrations:
        # The same domain name may be there twice: each VPC has a zone of its own.
        if not registration.type.startswith("aws:") or registration.type.startswith("aws:route53/"):
            continue
        twin = only(declared("prod"), registration.name, registration.type)
        for key in ("name", "identifier", "finalSnapshotIdentifier", "namePrefix"):
            assert key not in registration.inputs or registration.inputs[key] != twin.inputs[key], (
                registration.urn
            )


def test_the_flow_log_may_do_the_five_things_that_it_must(recording: Recording) -> None:
    for prefix in ("", "dr-"):
        name = f"{prefix}network-flow-log-permission"
        text = only(recording, name, "aws:iam/rolePolicy:RolePolicy").inputs["policy"]
        for action in (
            "CreateLogGroup",
            "CreateLogStream",
            "PutLogEvents",
            "DescribeLogGroups",
            "DescribeLogStreams",
        ):
            assert f"logs:{action}" in text


def test_every_output_has_a_value(recording: Recording) -> None:
    assert set(recording.outputs) == set(OutputKey)
    assert [key for key, value in recording.outputs.items() if value in (None, "", [])] == []


def test_nothing_is_looked_up_in_a_cloud_but_what_may_have_grown(recording: Recording) -> None:
    assert sorted(recording.invokes) == [
        "aws:elasticache/getReplicationGroup:getReplicationGroup",
        "aws:rds/getInstances:getInstances",
    ]
