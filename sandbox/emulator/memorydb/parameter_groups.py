"""Parameter groups of MemoryDB, which moto does not know.

Source: the Amazon MemoryDB API Reference (the operations below).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from moto.core.responses import ActionResult

from sandbox.emulator.memorydb.calls import Calls
from sandbox.emulator.memorydb.model import VERSIONS, invalid_value, refuse
from sandbox.emulator.stores import at_most_twenty


class ParameterGroups(Calls):
    """Calls about parameter groups."""

    def create_parameter_group(self) -> ActionResult:
        request = self._request
        name, family = request["ParameterGroupName"], request["Family"]
        if family not in {known for _, known in VERSIONS.values()}:
            refuse("InvalidParameterValueException", f"Invalid parameter group family {family}.")
        if name in self._backend.parameter_groups:
            refuse("ParameterGroupAlreadyExistsFault", f"Parameter group {name} already exists.")
        group = {
            "Name": name,
            "Family": family,
            "Description": request.get("Description", ""),
            "ARN": self._backend.arn("parametergroup", name),
            "parameters": {},
        }
        self._backend.parameter_groups[name] = group
        self._backend.tag_resource(group["ARN"], request.get("Tags") or [])
        return ActionResult({"ParameterGroup": group})

    def describe_parameter_groups(self) -> ActionResult:
        name = self._request.get("ParameterGroupName")
        groups = self._backend.parameter_groups
        found = list(groups.values()) if name is None else [self._backend.parameter_group(name)]
        return ActionResult({"ParameterGroups": found})

    def describe_parameters(self) -> ActionResult:
        """Only what was set in the group: the engine's own hundreds of defaults are not emulated."""
        group = self._backend.parameter_group(self._request["ParameterGroupName"])
        return ActionResult(
            {"Parameters": [{"Name": name, "Value": value} for name, value in group["parameters"].items()]}
        )

    def update_parameter_group(self) -> ActionResult:
        request = self._request
        group = self._backend.parameter_group(request["ParameterGroupName"])
        for parameter in at_most_twenty(request["ParameterNameValues"], invalid_value):
            group["parameters"][parameter["ParameterName"]] = parameter["ParameterValue"]
        return ActionResult({"ParameterGroup": group})

    def reset_parameter_group(self) -> ActionResult:
        request = self._request
        group = self._backend.parameter_group(request["ParameterGroupName"])
        if request.get("AllParameters"):
            group["parameters"].clear()
        for name in at_most_twenty(request.get("ParameterNames") or [], invalid_value):
            group["parameters"].pop(name, None)
        return ActionResult({"ParameterGroup": group})

    def delete_parameter_group(self) -> ActionResult:
        group = self._backend.parameter_group(self._request["ParameterGroupName"])
        if self._backend.clusters_with("parameter_group_name", group["Name"]):
            refuse(
                "InvalidParameterGroupStateFault", f"Parameter group {group['Name']} is in use by a cluster."
            )
        return ActionResult({"ParameterGroup": self._backend.parameter_groups.pop(group["Name"])})
