"""Databases of the emulated account, and Regions that have what they need."""

from typing import Any

from tests.sandbox.emulator.calls import create_subnets
from tests.sandbox.emulator.conftest import Connect

HERE, THERE = "us-east-1", "us-west-2"
# The request for an instance, without what names and places it.
INSTANCE: dict[str, Any] = {
    "DBInstanceClass": "db.m7g.large",
    "Engine": "postgres",
    "EngineVersion": "17.5",
    "AllocatedStorage": 50,
    "StorageType": "gp3",
    "MasterUsername": "repti_admin",
    "MasterUserPassword": "not-a-secret",
}


class Region:
    """One Region with what a replica needs there: a key, a subnet group and a security group of the same VPC."""

    def __init__(self, connect: Connect, region: str) -> None:
        self.name = region
        self.rds = connect("rds", region)
        self.key_arn: str = connect("kms", region).create_key()["KeyMetadata"]["Arn"]
        vpc, subnets = create_subnets(connect, "10.8", region, "ab")
        self.rds.create_db_subnet_group(
            DBSubnetGroupName="replicas", DBSubnetGroupDescription="replicas", SubnetIds=subnets
        )
        self.security_group: str = connect("ec2", region).create_security_group(
            GroupName="db", Description="db", VpcId=vpc
        )["GroupId"]

    def describe(self, identifier: str) -> Any:
        return self.rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]

    def create_source(self, identifier: str, **values: Any) -> Any:
        """Create a database that can be replicated; returns what DescribeDBInstances says of it."""
        request = {
            **INSTANCE,
            "DBInstanceIdentifier": identifier,
            "StorageEncrypted": True,
            "KmsKeyId": self.key_arn,
            "DBSubnetGroupName": "replicas",
            "BackupRetentionPeriod": 7,
            "PreferredBackupWindow": "08:00-09:00",
            **values,
        }
        self.rds.create_db_instance(**request)
        return self.describe(identifier)


def describe(rds: Any, instance: Any) -> Any:
    return rds.describe_db_instances(DBInstanceIdentifier=instance["DBInstanceIdentifier"])["DBInstances"][0]
