"""The account, the provider and the Regions of every walk under the provider."""

from typing import Any

from tests.sandbox.adapter.engine import Plugin
from tests.sandbox.emulator.conftest import Connect
from tests.sandbox.emulator.rds.databases import HERE, THERE, Region


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
        return self.here.create_source(identifier, MultiAZ=True)

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

    def create_vpc(self, region: str) -> dict[str, str]:
        vpc_id = self.connect("ec2", region).create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
        return {"vpcId": vpc_id, "vpcRegion": region}
