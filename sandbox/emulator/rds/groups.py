"""Parameter groups and subnet groups of RDS: what moto lacks, and which deletions AWS refuses.

Source: the Amazon RDS API Reference (DeleteDBParameterGroup, DescribeDBParameters, ResetDBParameterGroup,
DeleteDBSubnetGroup, ModifyDBSubnetGroup).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any, cast

from moto.core.responses import ActionResult, PaginatedResult
from moto.ec2.models import ec2_backends
from moto.rds.exceptions import DBSubnetGroupNotFoundError, RDSClientError
from moto.rds.models import DBParameterGroup, DBSubnetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.emulator.extending import original
from sandbox.emulator.rds.instance import Instance, parameter_group


class Backend(RDSBackend):
    """Methods of RDSBackend about groups."""

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> DBParameterGroup:
        for instance in self.databases.values():
            if instance.db_parameter_group_name == db_parameter_group_name:
                raise RDSClientError(
                    "InvalidDBParameterGroupState",
                    "One or more database instances are still members of this parameter group"
                    f" {db_parameter_group_name}, so the group cannot be deleted",
                )
        return original(RDSBackend.delete_db_parameter_group)(self, db_parameter_group_name)

    def delete_subnet_group(self, subnet_name: str) -> DBSubnetGroup:
        for instance in self.databases.values():
            if cast("Instance", instance).subnet_group_name == subnet_name:
                raise RDSClientError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{subnet_name}' because at least one database instance:"
                    f" {instance.db_instance_identifier} is still using it.",
                )
        return original(RDSBackend.delete_subnet_group)(self, subnet_name)

    def modify_db_subnet_group(self, subnet_name: str, description: str, subnets: Any) -> DBSubnetGroup:
        if subnet_name not in self.subnet_groups:
            raise DBSubnetGroupNotFoundError(subnet_name)
        group = self.subnet_groups[subnet_name]
        group._subnets = subnets  # noqa: SLF001 - its own setter and getter differ in type
        if description is not None:
            group.description = description
        return group


class Response(RDSResponse):
    """Calls about groups that moto does not know, or reads wrongly."""

    def describe_db_parameters(self) -> ActionResult:
        """Only what was set in the group: the engine's own hundreds of defaults are not emulated."""
        source = self.params.get("Source", "user")
        group = parameter_group(self.backend, self.params["DBParameterGroupName"])
        parameters = group.parameters if source == "user" else {}
        return PaginatedResult(
            {
                "Parameters": [
                    {**value, "Source": "user", "IsModifiable": True} for value in parameters.values()
                ]
            }
        )

    def reset_db_parameter_group(self) -> ActionResult:
        group = parameter_group(self.backend, self.params["DBParameterGroupName"])
        if self.params.get("ResetAllParameters"):
            group.parameters.clear()
        for parameter in self.params.get("Parameters", []):
            group.parameters.pop(parameter["ParameterName"], None)
        return ActionResult({"DBParameterGroupName": group.name})

    def modify_db_subnet_group(self) -> ActionResult:
        subnets = ec2_backends[self.current_account][self.region]
        group = self.backend.modify_db_subnet_group(
            self.params["DBSubnetGroupName"],
            self.params.get("DBSubnetGroupDescription"),
            [subnets.get_subnet(subnet_id) for subnet_id in self.params["SubnetIds"]],
        )
        return ActionResult({"DBSubnetGroup": group})
