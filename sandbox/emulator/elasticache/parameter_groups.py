"""Parameter groups of ElastiCache.

Source: the Amazon ElastiCache API Reference (the operations below).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from collections.abc import Sequence

from moto.core.responses import ActionResult, PaginatedResult
from moto.elasticache.exceptions import InvalidParameterValueException

from sandbox.emulator.elasticache.account import refuse
from sandbox.emulator.elasticache.calls import Calls
from sandbox.emulator.elasticache.replication_group import FAMILIES
from sandbox.emulator.stores import Values, at_most_twenty


class ParameterGroups(Calls):
    """Calls about parameter groups."""

    def create_cache_parameter_group(self) -> ActionResult:
        name = self.params["CacheParameterGroupName"].lower()
        family = self.params["CacheParameterGroupFamily"]
        if family not in FAMILIES.values():
            raise InvalidParameterValueException(
                f"CacheParameterGroupFamily {family} is not a valid parameter group family."
            )
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": family,
            "Description": self.params["Description"],
            "IsGlobal": False,
            "ARN": self._account.arn("parametergroup", name),
            "parameters": {},
        }
        self._add(self._account.parameter_groups, name, group, "CacheParameterGroupAlreadyExists")
        return ActionResult({"CacheParameterGroup": group})

    def describe_cache_parameter_groups(self) -> ActionResult:
        found = self._found(
            self._account.parameter_groups, "CacheParameterGroupName", "CacheParameterGroupNotFound"
        )
        return PaginatedResult({"CacheParameterGroups": found})

    def modify_cache_parameter_group(self) -> ActionResult:
        group = self._account.parameter_group(self.params["CacheParameterGroupName"])
        for parameter in self._named_parameters():
            group["parameters"][parameter["ParameterName"]] = parameter["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def reset_cache_parameter_group(self) -> ActionResult:
        group = self._account.parameter_group(self.params["CacheParameterGroupName"])
        if self.params.get("ResetAllParameters"):
            group["parameters"].clear()
        else:
            for parameter in self._named_parameters():
                group["parameters"].pop(parameter["ParameterName"], None)
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def describe_cache_parameters(self) -> ActionResult:
        """Only what was set in the group: the engine's own hundreds of defaults are not emulated."""
        group = self._account.parameter_group(self.params["CacheParameterGroupName"])
        asked = self.params.get("Source", "user")
        parameters = group["parameters"].items() if asked == "user" else ()
        return PaginatedResult(
            {
                "Parameters": [
                    {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
                    for name, value in parameters
                ]
            }
        )

    def delete_cache_parameter_group(self) -> ActionResult:
        name = self._account.parameter_group(self.params["CacheParameterGroupName"])[
            "CacheParameterGroupName"
        ]
        if self._account.groups_with("CacheParameterGroupName", name):
            refuse(
                "InvalidCacheParameterGroupState",
                f"One or more cache clusters are still members of this parameter group {name}, so the group cannot be deleted.",
            )
        del self._account.parameter_groups[name]
        return ActionResult({})

    def _named_parameters(self) -> Sequence[Values]:
        return at_most_twenty(self.params.get("ParameterNameValues", []), InvalidParameterValueException)
