"""Replicas and automated backups under the provider."""

from typing import Any

import pytest

from tests.sandbox.adapter.engine import RequestFailedError, Resource
from tests.sandbox.emulator.provider_walks.lab import Lab
from tests.sandbox.emulator.rds.databases import HERE, THERE, Region
from tests.sandbox.emulator.walk import assert_settled, life, update

INSTANCE = "aws:rds/instance:Instance"


def instance(region: Region, **values: Any) -> dict[str, Any]:
    """The inputs that a program gives an instance, replica or not."""
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
    found = lab.aws.read(Resource(INSTANCE, f"{name}-1", f"{name}-1", {"region": THERE}, {}))
    assert found is not None
    return lab.aws.update(found, inputs), inputs


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
