"""Plans of AWS Backup and their selections of resources, which moto checks less than AWS does.

Sources: the AWS Backup API Reference (CreateBackupPlan, BackupRuleInput, Lifecycle, CreateBackupSelection,
DeleteBackupPlan) and the AWS Backup Developer Guide ("Continuous backups and point-in-time recovery").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import re
import uuid
from collections.abc import Sequence
from typing import Any, cast

from moto.backup.exceptions import (
    AlreadyExistsException,
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend, Plan
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from sandbox.emulator.extending import original

Values = dict[str, Any]

PLAN_NAME = r"[a-zA-Z0-9\-_.]{1,50}"
SMALLEST_WINDOW_MINUTES = 60
SHORTEST_COLD_STORAGE_DAYS = 90
LONGEST_CONTINUOUS_RETENTION_DAYS = 35


class BackupPlan(Plan):
    """A plan with its selections of resources."""

    def __init__(self, backup_plan: Values, creator_request_id: str, backend: BackupBackend) -> None:
        for rule in backup_plan["Rules"]:
            rule.setdefault("EnableContinuousBackup", False)
        super().__init__(backup_plan, creator_request_id, backend)
        self.selections: dict[str, Values] = {}


class Backend(BackupBackend):
    """Methods of BackupBackend about plans."""

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
        return original(BackupBackend.delete_backup_plan)(self, backup_plan_id)

    def _check_plan(self, backup_plan: Values) -> None:
        if not re.fullmatch(PLAN_NAME, backup_plan["BackupPlanName"]):
            raise InvalidParameterValueException(
                f"Backup plan name {backup_plan['BackupPlanName']} is not valid"
            )
        for rule in backup_plan["Rules"]:
            for reason in _mistakes(rule, self.vaults.keys()):
                raise InvalidParameterValueException(f"Error in rule {rule['RuleName']} : {reason}")


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
    """Calls about plans and selections."""

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
