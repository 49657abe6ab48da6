"""Resources of the emulated account through the real Terraform AWS provider.

Proves, for every type that the platform declares for replicas, backups, their buckets, private names and scaling up: it is created,
reads back and refreshes without a difference, changes in place and is deleted, by calls that are all emulated. Does not
prove the engine's part, nor a replica created with its own parameter group, maintenance window or storage ceiling: the
provider sets those afterwards, waits more than a minute for each step, and here they are changes to a replica.

The provider looks at a DB instance and at some other things after a minute at the earliest, so all the walks go side by
side, and each test waits for its own.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.adapter import binary
from sandbox.emulated_account import EmulatedAccount
from sandbox.environment import aws_environment
from tests.sandbox.adapter.engine import Plugin, RequestFailedError, Resource, start_plugin
from tests.sandbox.emulator.conftest import ACCOUNT_ID, Connect, clients_of
from tests.sandbox.emulator.test_rds_replicas import Region
from tests.sandbox.emulator.walk import assert_settled, life, update

HERE, THERE = "us-east-1", "us-west-2"

BACKUP = "aws:backup"
BUCKET = "aws:s3/bucket:Bucket"
INSTANCE = "aws:rds/instance:Instance"
RECORD = "aws:route53/record:Record"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ZONE = "aws:route53/zone:Zone"


class Lab:
    """The account, the provider in front of it, and two Regions that have what databases need."""

    def __init__(self, aws: Plugin, connect: Connect) -> None:
        self.aws = aws
        self.connect = connect
        self.here, self.there = Region(connect, HERE), Region(connect, THERE)
        self.role_arn: str = connect("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")[
            "Role"
        ]["Arn"]
        for region in (self.here, self.there):
            region.rds.create_db_parameter_group(
                DBParameterGroupName="own", DBParameterGroupFamily="postgres17", Description="own"
            )

    def create_source(self, identifier: str) -> Any:
        """A database to replicate, without the provider, which would wait for it."""
        self.here.rds.create_db_instance(
            DBInstanceIdentifier=identifier,
            DBInstanceClass="db.m7g.large",
            Engine="postgres",
            EngineVersion="17.5",
            AllocatedStorage=50,
            StorageType="gp3",
            StorageEncrypted=True,
            KmsKeyId=self.here.key_arn,
            MasterUsername="repti_admin",
            MasterUserPassword="not-a-secret",
            DBSubnetGroupName="replicas",
            BackupRetentionPeriod=7,
            PreferredBackupWindow="08:00-09:00",
            MultiAZ=True,
        )
        return self.here.describe(identifier)

    def create_replica(self, source: Any, identifier: str) -> Any:
        """A replica in the other Region, likewise."""
        self.there.rds.create_db_instance_read_replica(
            DBInstanceIdentifier=identifier,
            SourceDBInstanceIdentifier=source["DBInstanceArn"],
            KmsKeyId=self.there.key_arn,
            DBSubnetGroupName="replicas",
            VpcSecurityGroupIds=[self.there.security_group],
        )
        return self.there.describe(identifier)

    def import_instance(self, identifier: str) -> Resource:
        """An instance of the other Region as the engine's state would have it."""
        found = self.aws.read(Resource(INSTANCE, identifier, identifier, {"region": THERE}, {}))
        assert found is not None
        return found

    def create_vpc(self, region: str) -> dict[str, str]:
        vpc_id = self.connect("ec2", region).create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
        return {"vpcId": vpc_id, "vpcRegion": region}


def instance(region: Region, **values: Any) -> dict[str, Any]:
    """What a program says of an instance, replica or not."""
    return {
        "instanceClass": "db.m7g.large",
        "storageType": "gp3",
        "storageEncrypted": True,
        "vpcSecurityGroupIds": [region.security_group],
        "publiclyAccessible": False,
        "iamDatabaseAuthenticationEnabled": True,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "copyTagsToSnapshot": True,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": region.key_arn,
        "performanceInsightsRetentionPeriod": 31,
        "applyImmediately": True,
        "skipFinalSnapshot": True,
        **({"region": THERE} if region.name == THERE else {}),
        **values,
    }


def without_insights(region: Region, **values: Any) -> dict[str, Any]:
    described = instance(region, **values)
    return {name: value for name, value in described.items() if not name.startswith("performanceInsights")}


# ---- databases


def walk_a_replica_beside_its_source(lab: Lab) -> None:
    lab.create_source("beside")
    inputs = instance(
        lab.here,
        identifier="beside-1",
        replicateSourceDb="beside",
        availabilityZone=f"{HERE}b",
        monitoringInterval=15,
        monitoringRoleArn=lab.role_arn,
    )
    with life(lab.aws, INSTANCE, "beside", inputs) as made:
        assert made.outputs["backupRetentionPeriod"] == 0
        assert lab.here.describe("beside")["ReadReplicaDBInstanceIdentifiers"] == ["beside-1"]
    assert lab.here.describe("beside")["ReadReplicaDBInstanceIdentifiers"] == []


def walk_a_replica_in_another_region(lab: Lab) -> None:
    source = lab.create_source("apart")
    inputs = instance(
        lab.there,
        identifier="apart-1",
        replicateSourceDb=source["DBInstanceArn"],
        kmsKeyId=lab.there.key_arn,
        dbSubnetGroupName="replicas",
        multiAz=True,
    )
    with life(lab.aws, INSTANCE, "apart", inputs) as made:
        assert made.outputs["replicateSourceDb"] == source["DBInstanceArn"]
        assert lab.here.describe("apart")["ReadReplicaDBInstanceIdentifiers"] == [made.outputs["arn"]]


def imported(lab: Lab, name: str) -> tuple[Resource, dict[str, Any]]:
    """A replica that is there already, and the inputs that describe it."""
    source = lab.create_source(name)
    lab.create_replica(source, f"{name}-1")
    inputs = {
        "identifier": f"{name}-1",
        "region": THERE,
        "replicateSourceDb": source["DBInstanceArn"],
        "instanceClass": "db.m7g.large",
        "kmsKeyId": lab.there.key_arn,
        "storageEncrypted": True,
        "storageType": "gp3",
        "dbSubnetGroupName": "replicas",
        "vpcSecurityGroupIds": [lab.there.security_group],
        "applyImmediately": True,
        "skipFinalSnapshot": True,
    }
    return lab.aws.update(lab.import_instance(f"{name}-1"), inputs), inputs


def walk_a_replica_that_gets_a_parameter_group(lab: Lab) -> None:
    replica, inputs = imported(lab, "tuned")
    assert_settled(lab.aws, replica, inputs)
    changes = {"parameterGroupName": "own", "maxAllocatedStorage": 300}
    update(lab.aws, replica, {**inputs, **changes}, changes)
    found = lab.there.describe("tuned-1")
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == "own"
    assert "ReadReplicaSourceDBInstanceIdentifier" in found


def walk_a_promotion(lab: Lab) -> None:
    replica, inputs = imported(lab, "promoted")
    source = inputs.pop("replicateSourceDb")
    changes = {"backupRetentionPeriod": 30, "backupWindow": "05:00-05:30"}
    promoted = update(lab.aws, replica, {**inputs, **changes}, {**changes, "replicateSourceDb": None})
    found = lab.there.describe("promoted-1")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in found
    assert (found["BackupRetentionPeriod"], found["PreferredBackupWindow"]) == (30, "05:00-05:30")
    assert lab.here.describe("promoted")["ReadReplicaDBInstanceIdentifiers"] == []
    with pytest.raises(RequestFailedError, match="cannot elect new source database for replication"):
        lab.aws.update(promoted, {**inputs, **changes, "replicateSourceDb": source})


def walk_backups_after_a_promotion(lab: Lab) -> None:
    replica, inputs = imported(lab, "later")
    lab.there.rds.promote_read_replica(DBInstanceIdentifier="later-1", BackupRetentionPeriod=0)
    del inputs["replicateSourceDb"]
    found = lab.aws.read(replica)
    assert found is not None
    update(lab.aws, found, {**inputs, "backupRetentionPeriod": 30}, {"backupRetentionPeriod": 30})
    assert lab.there.describe("later-1")["BackupRetentionPeriod"] == 30


def walk_backups_in_another_region(lab: Lab) -> None:
    source = lab.create_source("copied")
    inputs = {
        "region": THERE,
        "sourceDbInstanceArn": source["DBInstanceArn"],
        "kmsKeyId": lab.there.key_arn,
        "retentionPeriod": 14,
    }
    type_ = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    with life(lab.aws, type_, "copied", inputs) as made:
        # Performance Insights, which the provider leaves out of a restore to a point in time, would be a difference.
        restored = without_insights(
            lab.there,
            identifier="restored-there",
            dbSubnetGroupName="replicas",
            restoreToPointInTime={
                "sourceDbInstanceAutomatedBackupsArn": made.id,
                "useLatestRestorableTime": True,
            },
        )
        with life(lab.aws, INSTANCE, "restored", restored):
            assert lab.there.describe("restored-there")["KmsKeyId"] == lab.there.key_arn


# ---- AWS Backup


def walk_vaults_and_plans(lab: Lab) -> None:
    aws, kind = lab.aws, BACKUP
    vault = {"name": "daily", "kmsKeyArn": lab.here.key_arn, "forceDestroy": True, "tags": {"a": "b"}}
    away = {"name": "away", "kmsKeyArn": lab.there.key_arn, "region": THERE}
    topic = lab.connect("sns").create_topic(Name="backups")["TopicArn"]

    def policy(action: str) -> str:
        statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    with (
        life(aws, f"{kind}/vault:Vault", "daily", vault, {"tags": {"a": "c"}}),
        life(aws, f"{kind}/vault:Vault", "away", away) as copies,
        life(
            aws,
            f"{kind}/vaultLockConfiguration:VaultLockConfiguration",
            "lock",
            {"backupVaultName": "daily", "minRetentionDays": 7, "maxRetentionDays": 400},
            vanishes=False,
        ),
        life(
            aws,
            f"{kind}/vaultNotifications:VaultNotifications",
            "events",
            {
                "backupVaultName": "daily",
                "snsTopicArn": topic,
                "backupVaultEvents": ["BACKUP_JOB_FAILED", "COPY_JOB_FAILED"],
            },
        ),
        life(
            aws,
            f"{kind}/vaultPolicy:VaultPolicy",
            "policy",
            {"backupVaultName": "daily", "policy": policy("backup:DeleteRecoveryPoint")},
            {"policy": policy("backup:UpdateRecoveryPointLifecycle")},
        ),
    ):
        walk_a_plan(lab, copies.outputs["arn"])
    assert lab.connect("backup").list_backup_vaults()["BackupVaultList"] == []


def walk_a_plan(lab: Lab, destination_arn: str) -> None:
    daily = {
        "ruleName": "daily",
        "targetVaultName": "daily",
        "schedule": "cron(0 5 * * ? *)",
        "scheduleExpressionTimezone": "America/New_York",
        "startWindow": 60,
        "completionWindow": 300,
        "recoveryPointTags": {"made": "by-plan"},
        "lifecycle": {"deleteAfter": 35},
        "copyActions": [{"destinationVaultArn": destination_arn, "lifecycle": {"deleteAfter": 40}}],
    }
    monthly = {
        "ruleName": "monthly",
        "targetVaultName": "daily",
        "schedule": "cron(0 6 1 * ? *)",
        "lifecycle": {"coldStorageAfter": 30, "deleteAfter": 365},
    }
    plan = {"name": "plan", "rules": [daily, monthly]}
    changes = {"rules": [{**daily, "lifecycle": {"deleteAfter": 36}}, monthly]}
    by_tag = {"type": "STRINGEQUALS", "key": "Backup", "value": "daily"}
    condition = {"stringEquals": [{"key": "aws:ResourceTag/Backup", "value": "daily"}]}
    selections: dict[str, dict[str, Any]] = {
        "tagged": {"selectionTags": [by_tag]},
        "conditions": {"resources": ["arn:aws:rds:*:*:db:*"], "conditions": [condition]},
        "named": {"resources": [f"arn:aws:rds:{HERE}:{ACCOUNT_ID}:db:primary"]},
    }
    with life(lab.aws, f"{BACKUP}/plan:Plan", "plan", plan, changes) as made:
        for name, selected in selections.items():
            inputs = {"name": name, "planId": made.id, "iamRoleArn": lab.role_arn, **selected}
            with life(lab.aws, f"{BACKUP}/selection:Selection", name, inputs):
                pass


def walk_restore_testing(lab: Lab) -> None:
    plan = {
        "name": "weekly",
        "scheduleExpression": "cron(0 6 ? * SUN *)",
        "scheduleExpressionTimezone": "America/New_York",
        "startWindowHours": 4,
        "recoveryPointSelection": {
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": [f"arn:aws:backup:{HERE}:{ACCOUNT_ID}:backup-vault:daily"],
            "recoveryPointTypes": ["SNAPSHOT"],
            "selectionWindowDays": 7,
        },
    }
    selection = {
        "name": "databases",
        "restoreTestingPlanName": "weekly",
        "protectedResourceType": "RDS",
        "iamRoleArn": lab.role_arn,
        "protectedResourceConditions": {
            "stringEquals": [{"key": "aws:ResourceTag/Backup", "value": "daily"}]
        },
        "restoreMetadataOverrides": {"dbSubnetGroupName": "data", "vpcSecurityGroupIds": '["sg-1"]'},
        "validationWindowHours": 2,
    }
    plans, selections = (
        f"{BACKUP}/restoreTestingPlan:RestoreTestingPlan",
        f"{BACKUP}/restoreTestingSelection:RestoreTestingSelection",
    )
    with (
        life(lab.aws, plans, "weekly", plan, {"startWindowHours": 5}),
        life(lab.aws, selections, "databases", selection, {"validationWindowHours": 3}),
    ):
        pass


# ---- buckets


def walk_a_bucket_and_its_settings(lab: Lab) -> None:
    bucket: dict[str, Any] = {"bucket": "settings", "region": THERE}

    def setting(name: str, inputs: dict[str, Any], changes: dict[str, Any] | None = None) -> Any:
        type_ = f"aws:s3/{name[0].lower()}{name[1:]}:{name}"
        return life(lab.aws, type_, name, {**bucket, **inputs}, changes)

    def policy(sid: str) -> str:
        statement = {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::settings", "arn:aws:s3:::settings/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def retention(days: int) -> dict[str, Any]:
        return {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": days}}}

    encryption = {
        "bucketKeyEnabled": True,
        "applyServerSideEncryptionByDefault": {
            "sseAlgorithm": "aws:kms",
            "kmsMasterKeyId": lab.there.key_arn,
        },
    }
    closed = dict.fromkeys(
        ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
    )
    with (
        life(lab.aws, BUCKET, "settings", {**bucket, "objectLockEnabled": True, "forceDestroy": True}),
        setting("BucketServerSideEncryptionConfiguration", {"rules": [encryption]}),
        setting("BucketPublicAccessBlock", closed),
        setting("BucketOwnershipControls", {"rule": {"objectOwnership": "BucketOwnerEnforced"}}),
        setting("BucketPolicy", {"policy": policy("a")}, {"policy": policy("b")}),
    ):
        made = lab.aws.create(VERSIONING, "v", {**bucket, "versioningConfiguration": {"status": "Enabled"}})
        assert_settled(lab.aws, made, made.inputs)
        with life(
            lab.aws,
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
            "lock",
            {**bucket, **retention(30)},
            retention(31),
            vanishes=False,
        ):
            s3 = lab.connect("s3", THERE)
            s3.put_object(Bucket="settings", Key="kept", Body=b"x")
            assert s3.get_object(Bucket="settings", Key="kept")["Body"].read() == b"x"


def walk_a_lifecycle(lab: Lab) -> None:
    """A walk of its own: the provider watches new rules for almost a minute."""

    def rules(days: int) -> dict[str, Any]:
        expiry = {
            "id": "expire",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"days": days},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
        transition = {"days": 30, "storageClass": "GLACIER_IR"}
        cold = {
            "id": "cold",
            "status": "Enabled",
            "filter": {"prefix": "dumps/"},
            "transitions": [transition],
        }
        return {"rules": [expiry, cold]}

    type_ = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    inputs = {"bucket": "lifecycle", **rules(90)}
    lab.connect("s3").create_bucket(Bucket="lifecycle")
    with life(lab.aws, type_, "lifecycle", inputs, rules(91)):
        pass


def walk_replicated_buckets(lab: Lab) -> None:
    def replication(status: str) -> dict[str, Any]:
        rule = {
            "id": "all",
            "status": status,
            "priority": 0,
            "filter": {"prefix": ""},
            "deleteMarkerReplication": {"status": "Enabled"},
            "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
            "destination": {
                "bucket": "arn:aws:s3:::replicated-away",
                "storageClass": "STANDARD_IA",
                "encryptionConfiguration": {"replicaKmsKeyId": lab.there.key_arn},
            },
        }
        return {"rules": [rule]}

    enabled = {"versioningConfiguration": {"status": "Enabled"}}
    inputs = {"bucket": "replicated", "role": lab.role_arn, **replication("Enabled")}
    away = {"bucket": "replicated-away", "region": THERE}
    with (
        life(lab.aws, BUCKET, "from", {"bucket": "replicated"}),
        life(lab.aws, BUCKET, "to", away),
        life(lab.aws, VERSIONING, "from", {"bucket": "replicated", **enabled}, vanishes=False),
        life(lab.aws, VERSIONING, "to", {**away, **enabled}, vanishes=False),
        life(lab.aws, REPLICATION, "rule", inputs, replication("Disabled")),
    ):
        pass


# ---- names


def zone(lab: Lab, region: str) -> dict[str, Any]:
    """A zone of the one name that both Regions have, for a VPC of its own."""
    return {"name": "data.internal", "forceDestroy": True, "vpcs": [lab.create_vpc(region)]}


def cname(zone_id: str, name: str, target: str, **values: Any) -> dict[str, Any]:
    return {"zoneId": zone_id, "name": name, "type": "CNAME", "ttl": 5, "records": [target], **values}


def walk_a_name(lab: Lab) -> None:
    with life(lab.aws, ZONE, HERE, zone(lab, HERE), {"comment": "names"}) as made:
        writer = cname(made.id, "writer", "a.example.com")
        with life(lab.aws, RECORD, "writer", writer, {"records": ["b.example.com"]}):
            pass


def walk_weighted_names(lab: Lab) -> None:
    def weighted(zone_id: str, weight: int) -> dict[str, Any]:
        policies = [{"weight": weight}]
        return cname(
            zone_id, "reader", "a.example.com", setIdentifier="one", weightedRoutingPolicies=policies
        )

    with life(lab.aws, ZONE, THERE, zone(lab, THERE)) as made:
        # Left behind for `forceDestroy`.
        batch = [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": "reader.data.internal",
                    "Type": "CNAME",
                    "TTL": 5,
                    "ResourceRecords": [{"Value": "b.example.com"}],
                    "SetIdentifier": "two",
                    "Weight": 20,
                },
            }
        ]
        lab.connect("route53").change_resource_record_sets(
            HostedZoneId=made.id, ChangeBatch={"Changes": batch}
        )
        changes = {"weightedRoutingPolicies": [{"weight": 0}]}
        with life(lab.aws, RECORD, "reader", weighted(made.id, 10), changes):
            pass


# ---- scaling up


def walk_what_scaling_up_keeps_and_reports(lab: Lab) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("f.py", "")
    lab.connect("lambda").create_function(
        FunctionName="scale-up",
        Runtime="python3.13",
        Role=lab.role_arn,
        Handler="f.handler",
        Code={"ZipFile": package.getvalue()},
    )
    topic = lab.connect("sns").create_topic(Name="failures")["TopicArn"]
    failures = {
        "functionName": "scale-up",
        "maximumEventAgeInSeconds": 900,
        "maximumRetryAttempts": 2,
        "destinationConfig": {"onFailure": {"destination": topic}},
    }
    table = {
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "target",
        "attributes": [{"name": "target", "type": "S"}],
        "tags": {"Name": "steps"},
    }
    with (
        life(lab.aws, "aws:dynamodb/table:Table", "steps", table, {"tags": {"Name": "steps of targets"}}),
        life(
            lab.aws,
            "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
            "failures",
            failures,
            {"maximumEventAgeInSeconds": 600},
        ),
    ):
        pass


WALKS: tuple[Callable[[Lab], None], ...] = (
    walk_a_promotion,
    walk_a_replica_that_gets_a_parameter_group,
    walk_backups_in_another_region,
    walk_a_replica_beside_its_source,
    walk_a_replica_in_another_region,
    walk_backups_after_a_promotion,
    walk_a_lifecycle,
    walk_a_name,
    walk_weighted_names,
    walk_a_bucket_and_its_settings,
    walk_replicated_buckets,
    walk_vaults_and_plans,
    walk_restore_testing,
    walk_what_scaling_up_keeps_and_reports,
)


@pytest.fixture(scope="module")
def own_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAccount]:
    """An account that only the provider and these walks speak to."""
    account = EmulatedAccount(tmp_path_factory.mktemp("account"))
    with account.start(ACCOUNT_ID, stays=False):
        yield account


@pytest.fixture(scope="module")
def aws(own_account: EmulatedAccount) -> Iterator[Plugin]:
    try:
        binary.find()
    except binary.ProviderBinaryNotFound as missing:
        pytest.skip(str(missing).splitlines()[0])
    plugin = start_plugin("sandbox.adapter.aws", aws_environment(own_account.port or 0))
    try:
        plugin.configure(region=HERE, maxRetries="3", defaultTags='{"tags":{"project":"dataplatform"}}')
        yield plugin
    finally:
        plugin.close()


@pytest.fixture(scope="module")
def walks(aws: Plugin, own_account: EmulatedAccount) -> Iterator[dict[str, Future[None]]]:
    """All walks, under way."""
    lab = Lab(aws, clients_of(own_account))
    with ThreadPoolExecutor(len(WALKS)) as pool:
        yield {walk.__name__: pool.submit(walk, lab) for walk in WALKS}


@pytest.mark.parametrize("walk", [walk.__name__ for walk in WALKS])
def test_a_walk_ends_without_a_difference(walks: dict[str, Future[None]], walk: str) -> None:
    walks[walk].result()


def test_every_call_of_the_provider_was_emulated(
    walks: dict[str, Future[None]], own_account: EmulatedAccount
) -> None:
    for walk in walks.values():
        walk.exception()  # waits; whether it went well is the other test's matter
    assert own_account.unknown_calls() == []
