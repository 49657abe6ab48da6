"""Subnet groups of ElastiCache.

Source: the Amazon ElastiCache API Reference (the operations below).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from moto.core.responses import ActionResult, PaginatedResult
from moto.ec2.models import ec2_backends

from sandbox.emulator.elasticache.account import refuse
from sandbox.emulator.elasticache.calls import Calls
from sandbox.emulator.stores import Values


class SubnetGroups(Calls):
    """Calls about subnet groups."""

    def create_cache_subnet_group(self) -> ActionResult:
        name = self.params["CacheSubnetGroupName"].lower()
        group = {"CacheSubnetGroupName": name, "ARN": self._account.arn("subnetgroup", name)}
        self._add(self._account.subnet_groups, name, group, "CacheSubnetGroupAlreadyExists")
        return self._put_subnets(group)

    def modify_cache_subnet_group(self) -> ActionResult:
        return self._put_subnets(self._account.subnet_group(self.params["CacheSubnetGroupName"]))

    def describe_cache_subnet_groups(self) -> ActionResult:
        found = self._found(
            self._account.subnet_groups, "CacheSubnetGroupName", "CacheSubnetGroupNotFoundFault"
        )
        return PaginatedResult({"CacheSubnetGroups": found})

    def delete_cache_subnet_group(self) -> ActionResult:
        name = self._account.subnet_group(self.params["CacheSubnetGroupName"])["CacheSubnetGroupName"]
        if self._account.groups_with("CacheSubnetGroupName", name):
            refuse(
                "CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster."
            )
        del self._account.subnet_groups[name]
        return ActionResult({})

    def _put_subnets(self, group: Values) -> ActionResult:
        if "CacheSubnetGroupDescription" in self.params:
            group["CacheSubnetGroupDescription"] = self.params["CacheSubnetGroupDescription"]
        subnets = [
            ec2_backends[self.current_account][self.region].get_subnet(subnet_id)
            for subnet_id in self.params.get("SubnetIds", [])
        ]
        if subnets:
            group["VpcId"] = subnets[0].vpc_id
            group["Subnets"] = [
                {
                    "SubnetIdentifier": subnet.id,
                    "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                    "SupportedNetworkTypes": ["ipv4"],
                }
                for subnet in subnets
            ]
        return ActionResult({"CacheSubnetGroup": group})
