"""Both committed stacks, declared whole under recording mocks.

Proves which resources exist, under which names and parents, with which protection, tags, keys and order. Does not
prove that the provider or AWS accepts any of it; tests/sandbox does that with the real engine and provider.
"""

import json
import re

from components.encryption import DataClass
from contract.outputs import OutputKey
from desired.program import declared_by
from desired.recording import Recording, Registration
from infra.config.reading import load_file
from infra.config.stack import StackConfig
from tests.harness.platform import (
    EXISTING_NETWORK,
    ROLE_POLICY,
    ROOT,
    STACKS,
    changed,
    committed,
    declared,
    of_type,
    only,
    stack_file,
)

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


def test_an_existing_vpc_is_used_and_none_is_made_in_that_region() -> None:
    recording = declared_by(changed("dev", "network.primary", EXISTING_NETWORK))
    assert [r.name for r in of_type(recording, "aws:ec2/vpc:Vpc")] == ["dr-network-vpc"]
    group = only(recording, "postgres-subnets", "aws:rds/subnetGroup:SubnetGroup")
    assert group.inputs["subnetIds"] == EXISTING_NETWORK["data_subnet_ids"]
    assert recording.outputs["primary_vpc_id"] == EXISTING_NETWORK["vpc_id"]


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
        text = only(recording, name, ROLE_POLICY).inputs["policy"]
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
