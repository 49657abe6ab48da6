"""AWS Backup: what moto lacks of vaults, plans and selections, and what it answers differently from AWS.

Sources: the AWS Backup API Reference (CreateBackupPlan, BackupRuleInput, Lifecycle, CreateBackupSelection,
DeleteBackupVault, DeleteBackupPlan, PutBackupVaultNotifications, PutBackupVaultAccessPolicy) and the AWS Backup
Developer Guide ("Continuous backups and point-in-time recovery"). No job runs here: there are no recovery points, and
whether a rule's retention fits the vault's lock, which AWS finds out when a job runs, is never asked.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import re
import uuid
from collections.abc import Sequence
from typing import Any, cast

from botocore.session import get_session
from moto.backup import models, urls
from moto.backup.exceptions import (
    AlreadyExistsException,
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend, Plan, Vault
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import camelcase_to_underscores, utcnow

from sandbox.emulator import backup_restore_testing
from sandbox.emulator.extending import extend

Values = dict[str, Any]

VAULT_NAME = r"[a-zA-Z0-9\-_]{2,50}"
PLAN_NAME = r"[a-zA-Z0-9\-_.]{1,50}"
SMALLEST_WINDOW_MINUTES = 60
SHORTEST_COLD_STORAGE_DAYS = 90
LONGEST_CONTINUOUS_RETENTION_DAYS = 35


class BackupVault(Vault):
    """A vault with everything that can be attached to one."""

    vault_type = "BACKUP_VAULT"
    vault_state = "AVAILABLE"

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.policy: str | None = None
        self.notifications: Values | None = None
        # Nothing can be added yet: jobs are not emulated.
        self.recovery_points: dict[str, Values] = {}

    @property
    def number_of_recovery_points(self) -> int:
        return len(self.recovery_points)


class BackupPlan(Plan):
    """A plan with its selections of resources."""

    def __init__(self, backup_plan: Values, creator_request_id: str, backend: BackupBackend) -> None:
        for rule in backup_plan["Rules"]:
            rule.setdefault("EnableContinuousBackup", False)
        super().__init__(backup_plan, creator_request_id, backend)
        self.selections: dict[str, Values] = {}


class Backend(BackupBackend):
    """Methods of BackupBackend that are missing, or that answer differently from AWS."""

    def create_backup_vault(
        self,
        backup_vault_name: str,
        backup_vault_tags: dict[str, str],
        encryption_key_arn: str,
        creator_request_id: str,
    ) -> Vault:
        if not re.fullmatch(VAULT_NAME, backup_vault_name):
            raise InvalidParameterValueException(f"Backup vault name {backup_vault_name} is not valid")
        return _create_backup_vault(
            self, backup_vault_name, backup_vault_tags, encryption_key_arn, creator_request_id
        )

    def describe_backup_vault(self, backup_vault_name: str) -> Vault:
        if backup_vault_name not in self.vaults:
            raise ResourceNotFoundException(f"Backup vault {backup_vault_name} not found")
        return self.vaults[backup_vault_name]

    def delete_backup_vault(self, backup_vault_name: str) -> None:
        vault = cast("BackupVault", self.describe_backup_vault(backup_vault_name))
        if vault.recovery_points:
            raise InvalidRequestException(
                "Backup vault cannot be deleted because it contains recovery points."
            )
        self.tagger.delete_all_tags_for_resource(vault.backup_vault_arn)
        del self.vaults[backup_vault_name]

    def create_backup_plan(
        self, backup_plan: Values, backup_plan_tags: dict[str, str], creator_request_id: str
    ) -> Plan:
        self._check_plan(backup_plan)
        if any(
            p.backup_plan["BackupPlanName"] == backup_plan["BackupPlanName"]
            for p in self.list_backup_plans(False)
        ):
            raise AlreadyExistsException("Backup plan with the same plan document already exists")
        plan = BackupPlan(backup_plan, creator_request_id, self)
        self.plans[plan.backup_plan_id] = plan
        self.tag_resource(plan.backup_plan_arn, backup_plan_tags)
        return plan

    def update_backup_plan(self, backup_plan_id: str, backup_plan: Values) -> Plan:
        plan = self.get_backup_plan(backup_plan_id, None)
        self._check_plan(backup_plan)
        new = BackupPlan(backup_plan, plan.creator_request_id, self)
        plan.backup_plan, plan.version_id = new.backup_plan, new.version_id
        plan.advanced_backup_settings = new.advanced_backup_settings
        return plan

    def get_backup_plan(self, backup_plan_id: str, version_id: Any | None) -> Plan:
        """Of a plan, only the current version is kept."""
        plan = self.plans.get(backup_plan_id)
        if plan is None or plan.deletion_date is not None or version_id not in (None, plan.version_id):
            raise ResourceNotFoundException("Failed reading Backup plan with provided version")
        return plan

    def delete_backup_plan(self, backup_plan_id: str) -> tuple[str, str, float, str]:
        plan = cast("BackupPlan", self.get_backup_plan(backup_plan_id, None))
        if plan.selections:
            raise InvalidRequestException(
                "Related backup plan selections must be deleted prior to backup plan deletion"
            )
        self.tagger.delete_all_tags_for_resource(plan.backup_plan_arn)
        return _delete_backup_plan(self, backup_plan_id)

    def _check_plan(self, backup_plan: Values) -> None:
        if not re.fullmatch(PLAN_NAME, backup_plan["BackupPlanName"]):
            raise InvalidParameterValueException(
                f"Backup plan name {backup_plan['BackupPlanName']} is not valid"
            )
        for rule in backup_plan["Rules"]:
            for reason in _mistakes(rule, self.vaults.keys()):
                raise InvalidParameterValueException(f"Error in rule {rule['RuleName']} : {reason}")


_create_backup_vault = BackupBackend.create_backup_vault
_delete_backup_plan = BackupBackend.delete_backup_plan


def _mistakes(rule: Values, vaults: Any) -> Sequence[str]:
    """Why AWS would not have this rule of a plan."""
    lifecycles = [
        rule.get("Lifecycle", {}),
        *(copy.get("Lifecycle", {}) for copy in rule.get("CopyActions", [])),
    ]
    start_minutes = rule.get("StartWindowMinutes", SMALLEST_WINDOW_MINUTES)
    mistakes = {
        "Rule name is not valid": not re.fullmatch(PLAN_NAME, rule["RuleName"]),
        f"Backup vault {rule['TargetBackupVaultName']} does not exist": rule["TargetBackupVaultName"]
        not in vaults,
        f"Start window must be at least {SMALLEST_WINDOW_MINUTES} minutes": start_minutes
        < SMALLEST_WINDOW_MINUTES,
        "Completion window must be longer than start window": (
            rule.get("CompletionWindowMinutes", start_minutes + 1) <= start_minutes
        ),
        f"DeleteAfterDays cannot be less than {SHORTEST_COLD_STORAGE_DAYS} days apart from MoveToColdStorageAfterDays": any(
            _leaves_cold_storage_early(lifecycle) for lifecycle in lifecycles
        ),
        f"Continuous backups are kept for 1 to {LONGEST_CONTINUOUS_RETENTION_DAYS} days": bool(
            rule.get("EnableContinuousBackup")
        )
        and not 1 <= lifecycles[0].get("DeleteAfterDays", 0) <= LONGEST_CONTINUOUS_RETENTION_DAYS,
    }
    return [reason for reason, is_made in mistakes.items() if is_made]


def _leaves_cold_storage_early(lifecycle: Values) -> bool:
    cold_after, delete_after = lifecycle.get("MoveToColdStorageAfterDays"), lifecycle.get("DeleteAfterDays")
    if cold_after is None or delete_after is None:
        return False
    return bool(delete_after < cold_after + SHORTEST_COLD_STORAGE_DAYS)


class Response(BackupResponse):
    """Calls that moto does not know, or reads wrongly."""

    def __init__(self) -> None:
        BaseResponse.__init__(self, service_name="backup")  # in moto's class, `super()` would not find it
        self.automated_parameter_parsing = True

    def list_tags(self) -> ActionResult:  # type: ignore[override]
        return ActionResult({"Tags": self.backup_backend.list_tags(self.params["ResourceArn"])})

    def tag_resource(self) -> ActionResult:  # type: ignore[override]
        self.backup_backend.tag_resource(self.params["ResourceArn"], self.params["Tags"])
        return EmptyResult()

    def untag_resource(self) -> ActionResult:  # type: ignore[override]
        self.backup_backend.untag_resource(self.params["ResourceArn"], self.params["TagKeyList"])
        return EmptyResult()

    def _vault(self) -> BackupVault:
        return cast("BackupVault", self.backup_backend.describe_backup_vault(self.params["BackupVaultName"]))

    def describe_backup_vault(self) -> ActionResult:
        return ActionResult(self._vault())

    def delete_backup_vault(self) -> EmptyResult:
        self.backup_backend.delete_backup_vault(self.params["BackupVaultName"])
        return EmptyResult()

    def list_recovery_points_by_backup_vault(self) -> ActionResult:
        return ActionResult({"RecoveryPoints": list(self._vault().recovery_points.values())})

    def put_backup_vault_notifications(self) -> ActionResult:
        events = _shape("BackupVaultEvent").enum
        unknown = sorted(set(self.params["BackupVaultEvents"]) - set(events))
        if unknown:
            raise InvalidParameterValueException(
                f"Please select from the following list of notifications {', '.join(events)}: {', '.join(unknown)}"
            )
        vault = self._vault()
        vault.notifications = {
            name: self.params[name] for name in ("BackupVaultName", "SNSTopicArn", "BackupVaultEvents")
        }
        return EmptyResult()

    def get_backup_vault_notifications(self) -> ActionResult:
        vault = self._vault()
        if vault.notifications is None:
            raise ResourceNotFoundException(
                f"Failed reading notifications from database for Backup vault {vault.backup_vault_name}"
            )
        return ActionResult({**vault.notifications, "BackupVaultArn": vault.backup_vault_arn})

    def delete_backup_vault_notifications(self) -> ActionResult:
        self._vault().notifications = None
        return EmptyResult()

    def put_backup_vault_access_policy(self) -> ActionResult:
        self._vault().policy = self.params["Policy"]
        return EmptyResult()

    def get_backup_vault_access_policy(self) -> ActionResult:
        vault = self._vault()
        if vault.policy is None:
            raise ResourceNotFoundException(
                f"Backup vault {vault.backup_vault_name} has no associated policy"
            )
        return ActionResult(
            {
                "BackupVaultName": vault.backup_vault_name,
                "BackupVaultArn": vault.backup_vault_arn,
                "Policy": vault.policy,
            }
        )

    def delete_backup_vault_access_policy(self) -> ActionResult:
        self._vault().policy = None
        return EmptyResult()

    def _plan(self) -> BackupPlan:
        return cast("BackupPlan", self.backup_backend.get_backup_plan(self.params["BackupPlanId"], None))

    def get_backup_plan(self) -> ActionResult:  # type: ignore[override]
        plan = self.backup_backend.get_backup_plan(self.params["BackupPlanId"], self.params.get("VersionId"))
        return ActionResult(plan.to_get_dict())

    def update_backup_plan(self) -> ActionResult:
        plan = self.backup_backend.update_backup_plan(  # type: ignore[attr-defined]
            self.params["BackupPlanId"], self.params["BackupPlan"]
        )
        return ActionResult(plan.to_dict())

    def list_backup_plans(self) -> ActionResult:  # type: ignore[override]
        plans = self.backup_backend.list_backup_plans(self.params.get("IncludeDeleted", False))
        return ActionResult({"BackupPlansList": [plan.to_list_dict() for plan in plans]})

    def create_backup_selection(self) -> ActionResult:
        selection = self.params["BackupSelection"]
        name = selection["SelectionName"]
        try:
            plan = self._plan()
        except ResourceNotFoundException:  # which this one operation does not know
            raise InvalidParameterValueException(
                f"Cannot find Backup plan with ID {self.params['BackupPlanId']}"
            ) from None
        if not re.fullmatch(PLAN_NAME, name):
            raise InvalidParameterValueException(f"Backup selection name {name} is not valid")
        if any(other["BackupSelection"]["SelectionName"] == name for other in plan.selections.values()):
            raise AlreadyExistsException("Backup selection with the same selection document already exists")
        created = {
            "BackupSelection": selection,
            "SelectionId": str(uuid.uuid4()),
            "BackupPlanId": plan.backup_plan_id,
            "CreationDate": utcnow(),
            "CreatorRequestId": self.params.get("CreatorRequestId"),
        }
        plan.selections[created["SelectionId"]] = created
        return ActionResult(created)

    def _selection(self) -> Values:
        selections = self._plan().selections
        if self.params["SelectionId"] not in selections:
            raise ResourceNotFoundException(
                f"Cannot find Backup selection with ID {self.params['SelectionId']}"
            )
        return selections[self.params["SelectionId"]]

    def get_backup_selection(self) -> ActionResult:
        return ActionResult(self._selection())

    def list_backup_selections(self) -> ActionResult:
        found = [
            {**selection["BackupSelection"], **selection} for selection in self._plan().selections.values()
        ]
        return ActionResult({"BackupSelectionsList": found})

    def delete_backup_selection(self) -> ActionResult:
        del self._plan().selections[self._selection()["SelectionId"]]
        return EmptyResult()


def _shape(name: str) -> Any:
    return get_session().get_service_model("backup").shape_for(name)


def _paths() -> dict[str, Any]:
    """Where each operation that is answered here arrives, from AWS's own description of the service."""
    model = get_session().get_service_model("backup")
    uris = {
        model.operation_model(name).http["requestUri"].rstrip("/")
        for name in model.operation_names
        if hasattr(BackupResponse, camelcase_to_underscores(name))
    }
    # moto puts the host in place of "{0}". Some SDKs end a path with a slash where others do not.
    return {
        "{0}" + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", uri) + end: BackupResponse.dispatch
        for uri in sorted(uris)
        for end in ("$", "/$")
    }


def install() -> None:
    """Put all of this into moto; it looks the vault class up by name wherever it makes one."""
    models.Vault = BackupVault  # type: ignore[misc, assignment]
    extend(BackupBackend, Backend)
    extend(BackupResponse, Response)
    backup_restore_testing.install()
    urls.url_paths.clear()
    urls.url_paths.update(_paths())
