"""Users and user groups of ElastiCache.

Sources: the Amazon ElastiCache API Reference (the operations below) and user guide ("Role-Based Access Control (RBAC)").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from moto.core.responses import ActionResult, PaginatedResult
from moto.elasticache.exceptions import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
)

from sandbox.emulator.elasticache.account import refuse
from sandbox.emulator.elasticache.calls import Calls
from sandbox.emulator.stores import Values, members_after

SHORTEST_PASSWORD, LONGEST_PASSWORD = 16, 128


class Users(Calls):
    """Calls about users."""

    def create_user(self) -> ActionResult:
        identifier = self.params["UserId"].lower()
        user = {
            "UserId": identifier,
            "UserName": self.params["UserName"],
            "Status": "active",
            "MinimumEngineVersion": "6.0",
            "ARN": self._account.arn("user", identifier),
        }
        self._set_user(user)
        self._add(self._account.users, identifier, user, "UserAlreadyExists")
        return ActionResult(self._described_user(user))

    def describe_users(self) -> ActionResult:
        found = self._found(self._account.users, "UserId", "UserNotFound")
        return PaginatedResult({"Users": [self._described_user(user) for user in found]})

    def modify_user(self) -> ActionResult:
        user = self._account.user(self.params["UserId"])
        self._set_user(user)
        return ActionResult(self._described_user(user))

    def delete_user(self) -> ActionResult:
        user = self._account.user(self.params["UserId"])
        for group in self._account.user_groups.values():
            if user["UserId"] in group["UserIds"] and user["UserName"] == "default":
                refuse(
                    "DefaultUserAssociatedToUserGroup",
                    "Default user cannot be deleted while it is in a user group.",
                )
        for group in self._account.user_groups.values():
            group["UserIds"] = [each for each in group["UserIds"] if each != user["UserId"]]
        del self._account.users[user["UserId"]]
        return ActionResult({**user, "Status": "deleting"})

    def _set_user(self, user: Values) -> None:
        mode = self.params.get("AuthenticationMode", {})
        passwords = self.params.get("Passwords") or mode.get("Passwords") or []
        if any(not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD for password in passwords):
            raise InvalidParameterValueException(
                f"Passwords length must be between {SHORTEST_PASSWORD}-{LONGEST_PASSWORD} characters."
            )
        user |= {key: self.params[key] for key in ("AccessString", "Engine") if key in self.params}
        user["Engine"] = user["Engine"].lower()
        if passwords:
            user["Authentication"] = {"Type": "password", "PasswordCount": len(passwords)}
        elif self.params.get("NoPasswordRequired") or mode.get("Type") == "no-password-required":
            user["Authentication"] = {"Type": "no-password"}
        elif mode.get("Type") == "iam":
            user["Authentication"] = {"Type": "iam"}
        elif "Authentication" not in user:
            raise InvalidParameterValueException(
                "No password was provided. If you want to create/update the user without password, please use the"
                " NoPasswordRequired flag."
            )

    def _described_user(self, user: Values) -> Values:
        groups = [
            name for name, group in self._account.user_groups.items() if user["UserId"] in group["UserIds"]
        ]
        return {**user, "UserGroupIds": groups}


class UserGroups(Calls):
    """Calls about user groups."""

    def create_user_group(self) -> ActionResult:
        identifier = self.params["UserGroupId"].lower()
        group = {
            "UserGroupId": identifier,
            "Status": "active",
            "Engine": self.params["Engine"].lower(),
            "UserIds": list(self.params.get("UserIds", [])),
            "MinimumEngineVersion": "6.0",
            "ARN": self._account.arn("usergroup", identifier),
        }
        self._check_members(group)
        self._add(self._account.user_groups, identifier, group, "UserGroupAlreadyExists")
        return ActionResult(self._described_user_group(group))

    def describe_user_groups(self) -> ActionResult:
        found = self._found(self._account.user_groups, "UserGroupId", "UserGroupNotFound")
        return PaginatedResult({"UserGroups": [self._described_user_group(group) for group in found]})

    def modify_user_group(self) -> ActionResult:
        group = self._account.user_group(self.params["UserGroupId"])
        removed = self.params.get("UserIdsToRemove", [])
        wanted = {
            **group,
            "Engine": self.params.get("Engine", group["Engine"]).lower(),
            "UserIds": members_after(group["UserIds"], self.params.get("UserIdsToAdd", []), removed),
        }
        self._check_members(wanted)
        group |= wanted
        return ActionResult(self._described_user_group(group))

    def delete_user_group(self) -> ActionResult:
        group = self._account.user_group(self.params["UserGroupId"])
        if self._account.groups_with("UserGroupIds", group["UserGroupId"]):
            refuse("InvalidUserGroupState", "User group is associated to one or more replication groups.")
        del self._account.user_groups[group["UserGroupId"]]
        return ActionResult({**self._described_user_group(group), "Status": "deleting"})

    def _check_members(self, group: Values) -> None:
        """A group holds no name twice, a Redis group has a default user, a Valkey group nobody without a password."""
        users = [self._account.user(identifier) for identifier in group["UserIds"]]
        names = [user["UserName"] for user in users]
        if len(set(names)) < len(names):
            refuse("DuplicateUserName", "A user with this user name already exists in the user group.")
        if group["Engine"] == "redis" and "default" not in names:
            refuse("DefaultUserRequired", "User group needs to contain a user with the user name default.")
        if group["Engine"] == "valkey" and any(
            user["Authentication"]["Type"] == "no-password" for user in users
        ):
            raise InvalidParameterCombinationException(
                "A Valkey user group cannot hold a user without authentication."
            )

    def _described_user_group(self, group: Values) -> Values:
        members = self._account.groups_with("UserGroupIds", group["UserGroupId"])
        return {**group, "ReplicationGroups": members, "PendingChanges": {}}
