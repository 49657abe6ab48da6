"""The dev stack, for real: `up`, and everything a platform engineer then does, until `down`.

Proves with the real engine and the real provider code that the program is accepted, converges, changes in place, and keeps
secrets. Does not prove what AWS itself would say: the account is emulated.
"""

import base64
import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.outputs import OutputKey
from tests.harness.live import LiveStack, assert_nothing_left, live_stack
from tests.harness.platform import ROOT, declared, of_type

INSTANCE = "aws:rds/instance:Instance"
CANARY = f"Canary{secrets.token_hex(12)}"
# What AWS has no tags for.
UNTAGGABLE = {
    "aws:appautoscaling/policy:Policy",
    "aws:backup/restoreTestingSelection:RestoreTestingSelection",
    "aws:backup/selection:Selection",
    "aws:backup/vaultNotifications:VaultNotifications",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:kms/alias:Alias",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:lambda/permission:Permission",
    "aws:route53/record:Record",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:secretsmanager/secretRotation:SecretRotation",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:sns/topicPolicy:TopicPolicy",
}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, toolchain: object) -> Iterator[LiveStack]:
    yield from live_stack("dev", tmp_path_factory.mktemp("state"))


def test_up_ends_with_every_output(dev: LiveStack) -> None:
    outputs = json.loads(dev.pulumi("stack", "output", "--json").stdout)
    assert set(outputs) == set(OutputKey)
    assert outputs["postgres_port"] == 5433
    assert outputs["postgres_identifier"] == "reptidex-dev-postgres"
    assert len(outputs["primary_data_subnet_ids"]) == 3
    assert outputs["dr_database_key_arn"].startswith("arn:aws:kms:us-west-2:111111111111:key/")


def test_the_state_holds_exactly_the_golden_resources(dev: LiveStack) -> None:
    """The mocks leave the stack out of a URN's type, and the engine adds its default provider."""
    in_state = {
        urn
        for r in dev.state()["deployment"]["resources"]
        if "pulumi:providers:random" not in (urn := r["urn"])
    }
    golden = {
        line.replace("pulumi:pulumi:Stack$", "")
        for line in (ROOT / "tests" / "golden" / "dev.urns").read_text().splitlines()
    }
    assert {urn for urn in in_state if "pulumi:pulumi:Stack::" not in urn} == golden


def test_nothing_was_called_that_nobody_emulates(dev: LiveStack) -> None:
    assert dev.unknown_calls() == []


def test_what_exists_passes_the_policy_pack_offline(dev: LiveStack, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    assert dev.pulumi("stack", "export", "--file", str(state)).returncode == 0
    analyze = ("policy", "analyze", "--file", str(state), "--policy-pack", "policies")
    done = dev.pulumi(*analyze)
    assert done.returncode == 0, done.stdout + done.stderr

    exported = json.loads(state.read_text())
    [database] = [each for each in exported["deployment"]["resources"] if each["type"] == INSTANCE]
    database["inputs"]["backupRetentionPeriod"] = 6
    state.write_text(json.dumps(exported))
    done = dev.pulumi(*analyze)
    assert done.returncode != 0
    assert "`backupRetentionPeriod` is 6; it must be 7 to 35 days" in done.stdout + done.stderr


def test_a_preview_after_up_has_no_changes(dev: LiveStack) -> None:
    done = dev.pulumi("preview", "--expect-no-changes", "--diff")
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_second_up_changes_nothing(dev: LiveStack) -> None:
    before = dev.state()["deployment"]["resources"]
    done = dev.sandbox("up", "--json")
    assert done.returncode == 0
    assert re.search(r"\d+ unchanged", done.stderr), done.stderr[-2000:]
    assert not re.search(r"\d+ (created|updated|deleted|replaced)", done.stderr)
    assert {r["urn"]: r.get("modified") for r in dev.state()["deployment"]["resources"]} == {
        r["urn"]: r.get("modified") for r in before
    }


def test_a_refresh_finds_nothing_different(dev: LiveStack) -> None:
    done = dev.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_emulated_database_is_what_the_configuration_says(dev: LiveStack) -> None:
    database = dev.database()
    wanted = {
        "DBInstanceIdentifier": "reptidex-dev-postgres",
        "DBInstanceClass": "db.t4g.medium",
        "AllocatedStorage": 50,
        "MaxAllocatedStorage": 100,
        "StorageEncrypted": True,
        "PubliclyAccessible": False,
        "PreferredBackupWindow": "08:00-09:00",
        "PreferredMaintenanceWindow": "sun:10:00-sun:11:00",
        "BackupRetentionPeriod": 7,
        "IAMDatabaseAuthenticationEnabled": True,
        "MonitoringInterval": 60,
        "PerformanceInsightsEnabled": True,
        "DeletionProtection": False,
        "EnabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
    }
    assert {key: database.get(key) for key in wanted} == wanted
    assert database["Endpoint"]["Port"] == 5433


def test_the_emulated_parameter_group_is_what_was_computed(dev: LiveStack) -> None:
    [group] = dev.database()["DBParameterGroups"]
    pages = dev.aws("rds").get_paginator("describe_db_parameters")
    found = {
        parameter["ParameterName"]: (parameter["ParameterValue"], parameter["ApplyMethod"])
        for page in pages.paginate(DBParameterGroupName=group["DBParameterGroupName"], Source="user")
        for parameter in page["Parameters"]
    }
    [group_declared] = of_type(declared("dev"), "aws:rds/parameterGroup:ParameterGroup")
    assert found == {p["name"]: (p["value"], p["applyMethod"]) for p in group_declared.inputs["parameters"]}


def test_every_taggable_resource_carries_every_tag(dev: LiveStack) -> None:
    aws = [r for r in dev.state()["deployment"]["resources"] if r["type"].startswith("aws:")]
    for resource in aws:
        if resource["type"] in UNTAGGABLE:
            continue
        tags = resource["outputs"]["tagsAll"]
        assert {"Project", "Stack", "Environment", "Owner", "CostCenter", "DataClass", "ManagedBy"} <= set(
            tags
        ), resource["urn"]


def test_default_tags_reach_the_database_and_its_network(dev: LiveStack) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in dev.database()["TagList"]}
    assert tags["Environment"] == "dev"
    assert tags["ManagedBy"] == "pulumi"
    assert tags["Name"] == "reptidex-dev-postgres"
    for region in ("us-east-1", "us-west-2"):
        vpcs = dev.aws("ec2", region).describe_vpcs(Filters=[{"Name": "tag:Project", "Values": ["reptidex"]}])
        assert len(vpcs["Vpcs"]) == 1


def test_the_secret_holds_what_connects_to_the_database(dev: LiveStack) -> None:
    arn = dev.pulumi("stack", "output", "postgres_admin_secret_arn").stdout.strip()
    secret = json.loads(dev.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert set(secret) == {"engine", "host", "port", "dbname", "username", "password"}
    assert secret["host"] == dev.database()["Endpoint"]["Address"]
    assert len(secret["password"]) == 32


def test_each_users_secret_holds_what_connects_to_its_store(dev: LiveStack) -> None:
    outputs = json.loads(dev.pulumi("stack", "output", "--json").stdout)
    groups = {
        group["ReplicationGroupId"]: group
        for group in dev.aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    }
    assert set(groups) == {"reptidex-dev-cache", "reptidex-dev-sessions"}
    for store in ("cache", "sessions"):
        address = groups[f"reptidex-dev-{store}"]["ConfigurationEndpoint"]["Address"]
        assert outputs[f"{store}_address"] == address
        for user, arn in outputs[f"{store}_secret_arns"].items():
            secret = json.loads(dev.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
            assert (secret["host"], secret["port"], secret["username"]) == (address, 6380, user)
            assert len(secret["password"]) == 32
            assert secret["password"] not in json.dumps(dev.state())


def test_the_emulated_users_may_do_what_was_declared(dev: LiveStack) -> None:
    shown = {user["UserId"]: user for user in dev.aws("elasticache").describe_users()["Users"]}
    declared_users = of_type(declared("dev"), "aws:elasticache/user:User")
    assert {user.inputs["userId"] for user in declared_users} == set(shown)
    for user in declared_users:
        assert shown[user.inputs["userId"]]["AccessString"] == user.inputs["accessString"]
        assert shown[user.inputs["userId"]]["Authentication"]["Type"] == "password"


def test_a_larger_node_of_a_store_is_an_update_in_place(dev: LiveStack) -> None:
    """And it reserves less of its memory."""
    dev.set_config("sessions.node_type", "cache.t4g.small")
    operations = dev.planned_operations()
    dev.set_config("sessions.node_type", "cache.t4g.micro")
    assert operations == {"sessions-replication-group": "update", "sessions-parameters": "update"}


def test_credentials_of_another_account_are_refused(dev: LiveStack) -> None:
    """The providers accept the stack's own account only, so that wrong credentials cannot build a second platform."""
    dev.set_config("account_id", "999999999999")
    done = dev.pulumi("preview")
    dev.set_config("account_id", "111111111111")
    assert done.returncode != 0
    assert "111111111111" in done.stdout + done.stderr


def test_a_longer_retention_is_an_update_in_place(dev: LiveStack) -> None:
    identity = dev.database()["DbiResourceId"]
    dev.set_config("postgres.backup_retention_days", "8")
    assert dev.planned_operations() == {"postgres-instance": "update"}
    done = dev.sandbox("up", "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    assert dev.database()["BackupRetentionPeriod"] == 8
    assert dev.database()["DbiResourceId"] == identity
    assert dev.planned_operations() == {}


def test_the_restore_input_never_touches_an_existing_database(dev: LiveStack) -> None:
    dev.set_config("postgres.restore.snapshot_identifier", "some-snapshot")
    assert dev.planned_operations() == {}
    dev.set_config("postgres.restore.snapshot_identifier", "another-snapshot")
    assert dev.planned_operations() == {}
    dev.unset_config("postgres.restore")
    dev.set_config("postgres.restore.source_db_instance_identifier", "another-database")
    assert dev.planned_operations() == {}
    dev.unset_config("postgres.restore")
    assert dev.planned_operations() == {}


def test_what_changed_behind_the_engines_back_is_seen_and_mended(dev: LiveStack) -> None:
    dev.aws("rds").modify_db_instance(
        DBInstanceIdentifier="reptidex-dev-postgres", BackupRetentionPeriod=3, ApplyImmediately=True
    )
    refresh = dev.sandbox("refresh")
    assert refresh.returncode == 0, refresh.stderr[-3000:]
    assert dev.planned_operations() == {"postgres-instance": "update"}
    assert dev.sandbox("up", "--json").returncode == 0
    assert dev.database()["BackupRetentionPeriod"] == 8


def alarm(dev: LiveStack, row: str) -> str:
    """What the function answers to an alarm: in a process of its own, with the environment that it was declared with."""
    function = "reptidex-dev-scale-up"
    configuration = dev.aws("lambda").get_function_configuration(FunctionName=function)
    event = {
        "alarmArn": f"arn:aws:cloudwatch:us-east-1:111111111111:alarm:reptidex-dev-{row}",
        "time": "2026-11-24T12:00:00.000+0000",
        "alarmData": {"alarmName": f"reptidex-dev-{row}", "state": {"value": "ALARM", "reason": "a test"}},
    }
    program = (
        "import json, sys; from functions.scale_up.handler import handler; "
        "print(handler(json.load(sys.stdin), None))"
    )
    variables = {
        **dev.shell_variables,
        **configuration["Environment"]["Variables"],
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=variables,
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_what_has_grown_on_alarm_is_not_planned_back(dev: LiveStack) -> None:
    assert alarm(dev, "postgres-cpu").startswith(
        "accepted: postgres-class from db.t4g.medium to db.t4g.large"
    )
    assert alarm(dev, "cache-memory").startswith(
        "accepted: cache-node from cache.t4g.micro to cache.t4g.small"
    )
    assert "less than 60 minutes ago" in alarm(dev, "postgres-memory")
    assert dev.database()["DBInstanceClass"] == "db.t4g.large"

    refresh = dev.sandbox("refresh")
    assert refresh.returncode == 0, refresh.stderr[-3000:]
    computed = (
        "postgres-parameters",
        "cache-parameters",
        "alarms-postgres-memory",
        "alarms-postgres-connections",
    )
    assert dev.planned_operations() == dict.fromkeys(computed, "update"), (
        "what is computed from a size follows it"
    )
    with dev.config_restored_afterwards():
        dev.set_config("scale_up.max_instance_class", "db.t4g.xlarge")
        dev.set_config("postgres.instance_class", "db.t4g.xlarge")
        assert dev.planned_operations()["postgres-instance"] == "update", "a declared class above it works"

    dev.aws("rds").modify_db_instance(
        DBInstanceIdentifier="reptidex-dev-postgres", DBInstanceClass="db.t4g.medium", ApplyImmediately=True
    )
    dev.aws("elasticache").modify_replication_group(
        ReplicationGroupId="reptidex-dev-cache", CacheNodeType="cache.t4g.micro", ApplyImmediately=True
    )
    assert dev.sandbox("refresh").returncode == 0
    assert dev.planned_operations() == {}


def test_a_configured_password_is_nowhere_to_be_read(dev: LiveStack) -> None:
    dev.set_secret("admin_password", CANARY)
    before = dev.pulumi("preview", "--diff")
    assert before.returncode == 0, before.stdout[-3000:]
    assert "postgres-instance" in before.stdout
    done = dev.sandbox("up")
    assert done.returncode == 0, done.stderr[-3000:]
    for arguments in (
        ["stack", "output", "--json"],
        ["stack", "export"],
        ["stack", "history"],
        ["preview", "--diff"],
        ["preview", "--json"],
    ):
        assert dev.pulumi(*arguments).returncode == 0, arguments
    arn = dev.pulumi("stack", "output", "postgres_admin_secret_arn").stdout.strip()
    assert CANARY in dev.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    shapes = [
        CANARY.encode(),
        *(base64.b64encode(b"x" * shift + CANARY.encode())[4:-4] for shift in range(3)),
    ]
    printed = "\n".join(dev.transcript.texts).encode()
    for shape in shapes:
        assert shape not in printed
        for path, content in dev.written():
            assert shape not in content, path


def test_down_leaves_no_process_and_no_state(dev: LiveStack) -> None:
    done = dev.sandbox("down")
    assert done.returncode == 0, done.stderr[-4000:]
    assert_nothing_left(dev)
