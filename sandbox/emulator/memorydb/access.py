"""Access control lists and users of MemoryDB.

Sources: the Amazon MemoryDB API Reference (the operations below) and developer guide ("Authenticating users with Access
Control Lists").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any

from moto.core.responses import ActionResult
from moto.memorydb.responses import MemoryDBResponse

from sandbox.emulator.extending import original
from sandbox.emulator.memorydb.calls import Calls
from sandbox.emulator.memorydb.model import refuse
from sandbox.emulator.stores import Values, members_after


class AccessControlLists(Calls):
    """Calls about access control lists, which moto does not know."""

    def create_acl(self) -> ActionResult:
        request = self._request
        name = request["ACLName"]
        if name in self._backend.acls:
            refuse("ACLAlreadyExistsFault", f"ACL {name} already exists.")
        acl = {
            "Name": name,
            "Status": "active",
            "UserNames": self._known_users(request.get("UserNames", [])),
            "MinimumEngineVersion": "6.2",
            "ARN": self._backend.arn("acl", name),
        }
        self._backend.acls[name] = acl
        self._backend.tag_resource(acl["ARN"], request.get("Tags") or [])
        return ActionResult({"ACL": self._described_acl(acl)})

    def describe_ac_ls(self) -> ActionResult:
        """DescribeACLs, as moto spells it."""
        name = self._request.get("ACLName")
        found = list(self._backend.acls.values()) if name is None else [self._backend.acl(name)]
        return ActionResult({"ACLs": [self._described_acl(acl) for acl in found]})

    def update_acl(self) -> ActionResult:
        request = self._request
        acl = self._backend.acl(request["ACLName"])
        removed = request.get("UserNamesToRemove") or []
        added = self._known_users(request.get("UserNamesToAdd") or [])
        acl["UserNames"] = members_after(acl["UserNames"], added, removed)
        return ActionResult({"ACL": self._described_acl(acl)})

    def delete_acl(self) -> ActionResult:
        acl = self._backend.acl(self._request["ACLName"])
        if self._backend.clusters_with("acl_name", acl["Name"]):
            refuse("InvalidACLStateFault", f"ACL {acl['Name']} is in use by a cluster.")
        del self._backend.acls[acl["Name"]]
        return ActionResult({"ACL": {**self._described_acl(acl), "Status": "deleting"}})

    def _known_users(self, names: list[str]) -> list[str]:
        for name in names:
            self._backend.describe_users(name)
        return list(names)

    def _described_acl(self, acl: Values) -> Values:
        return {**acl, "Clusters": self._backend.clusters_with("acl_name", acl["Name"])}


class Users(Calls):
    """Calls about users; moto's users are in no list."""

    def create_user(self) -> ActionResult:
        """moto's, whose users are in no list."""
        original(MemoryDBResponse.create_user)(self)
        return self._described_user(self._request["UserName"])

    def describe_users(self) -> ActionResult:
        request = self._request
        users = self._backend.describe_users(request.get("UserName"), request.get("Filters"))
        return ActionResult({"Users": [self._user(user) for user in users]})

    def update_user(self) -> ActionResult:
        request = self._request
        self._backend.update_user(
            request["UserName"], request.get("AuthenticationMode"), request.get("AccessString")
        )
        return self._described_user(request["UserName"])

    def _described_user(self, name: str) -> ActionResult:
        [user] = self._backend.describe_users(name)
        return ActionResult({"User": self._user(user)})

    def _user(self, user: Any) -> Values:
        lists = [name for name, acl in self._backend.acls.items() if user.user_name in acl["UserNames"]]
        described: Values = user.to_dict()
        return {**described, "ACLNames": lists or described["ACLNames"]}
