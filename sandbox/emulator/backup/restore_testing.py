"""AWS Backup restore testing: plans and selections, none of which moto has.

Sources: the AWS Backup API Reference (CreateRestoreTestingPlan, RestoreTestingRecoveryPointSelection,
CreateRestoreTestingSelection, DeleteRestoreTestingPlan). No test ever runs here.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import re
import uuid
from typing import Any

from moto.backup.exceptions import (
    AlreadyExistsException,
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

Values = dict[str, Any]

NAME = r"[a-zA-Z0-9_]{1,50}"
MOST_RESOURCE_ARNS = 30
DEFAULT_START_WINDOW_HOURS, LONGEST_START_WINDOW_HOURS = 24, 168
DEFAULT_SELECTION_WINDOW_DAYS, LONGEST_SELECTION_WINDOW_DAYS = 30, 365
LONGEST_VALIDATION_WINDOW_HOURS = 168
DEFAULT_TIMEZONE = "Etc/UTC"


class RestoreTestingPlan:
    """A plan and its selections, each as `GetRestoreTesting…` shows it."""

    def __init__(self, backend: BackupBackend, asked: Values) -> None:
        name = asked["RestoreTestingPlanName"]
        self.selections: dict[str, Values] = {}
        self.shown: Values = {
            "StartWindowHours": DEFAULT_START_WINDOW_HOURS,
            "ScheduleExpressionTimezone": DEFAULT_TIMEZONE,
            **asked,
            "RestoreTestingPlanArn": (
                f"arn:{backend.partition}:backup:{backend.region_name}:{backend.account_id}"
                f":restore-testing-plan:{name}-{uuid.uuid4()}"
            ),
            "CreationTime": utcnow(),
        }
        self._complete()

    def update(self, changes: Values) -> None:
        """Take over what was asked to be changed, and note when."""
        self.shown.update(changes, LastUpdateTime=utcnow())
        self._complete()

    def _complete(self) -> None:
        self.shown["RecoveryPointSelection"] = {
            "ExcludeVaults": [],
            "SelectionWindowDays": DEFAULT_SELECTION_WINDOW_DAYS,
            **self.shown["RecoveryPointSelection"],
        }


class Backend(BackupBackend):
    """What BackupBackend would know of restore testing."""

    @property
    def restore_testing_plans(self) -> dict[str, RestoreTestingPlan]:
        """Plans by name; made on first use, since every Region's backend may exist before this is installed."""
        plans: dict[str, RestoreTestingPlan] = self.__dict__.setdefault("_restore_testing_plans", {})
        return plans


class Response(BackupResponse):
    """Calls of restore testing."""

    def _testing_plans(self) -> dict[str, RestoreTestingPlan]:
        plans: dict[str, RestoreTestingPlan] = self.backup_backend.restore_testing_plans  # type: ignore[attr-defined]
        return plans

    def _testing_plan(self) -> RestoreTestingPlan:
        name = self.params["RestoreTestingPlanName"]
        if name not in self._testing_plans():
            raise ResourceNotFoundException(f"Restore testing plan {name} not found")
        return self._testing_plans()[name]

    def create_restore_testing_plan(self) -> ActionResult:
        asked = self.params["RestoreTestingPlan"]
        name = asked["RestoreTestingPlanName"]
        _check_name("plan", name)
        _check_plan(asked)
        if name in self._testing_plans():
            raise AlreadyExistsException(f"Restore testing plan {name} already exists")
        plan = RestoreTestingPlan(self.backup_backend, asked)
        self._testing_plans()[name] = plan
        self.backup_backend.tag_resource(plan.shown["RestoreTestingPlanArn"], self.params.get("Tags", {}))
        return ActionResult(plan.shown)

    def get_restore_testing_plan(self) -> ActionResult:
        return ActionResult({"RestoreTestingPlan": self._testing_plan().shown})

    def list_restore_testing_plans(self) -> ActionResult:
        return ActionResult({"RestoreTestingPlans": [plan.shown for plan in self._testing_plans().values()]})

    def update_restore_testing_plan(self) -> ActionResult:
        plan = self._testing_plan()
        _check_plan(self.params["RestoreTestingPlan"])
        plan.update(self.params["RestoreTestingPlan"])
        return ActionResult({**plan.shown, "UpdateTime": plan.shown["LastUpdateTime"]})

    def delete_restore_testing_plan(self) -> ActionResult:
        plan = self._testing_plan()
        if plan.selections:
            raise InvalidRequestException(
                "Restore testing plan cannot be deleted while it has restore testing selections"
            )
        self.backup_backend.tagger.delete_all_tags_for_resource(plan.shown["RestoreTestingPlanArn"])
        del self._testing_plans()[plan.shown["RestoreTestingPlanName"]]
        return EmptyResult()

    def _testing_selection(self) -> Values:
        name = self.params["RestoreTestingSelectionName"]
        if name not in self._testing_plan().selections:
            raise ResourceNotFoundException(f"Restore testing selection {name} not found")
        return self._testing_plan().selections[name]

    def create_restore_testing_selection(self) -> ActionResult:
        plan, asked = self._testing_plan(), self.params["RestoreTestingSelection"]
        name = asked["RestoreTestingSelectionName"]
        _check_name("selection", name)
        if name in plan.selections:
            raise AlreadyExistsException(f"Restore testing selection {name} already exists")
        selection = {
            "ProtectedResourceArns": [],
            "RestoreMetadataOverrides": {},
            "ValidationWindowHours": 0,
            **asked,
            "RestoreTestingPlanName": plan.shown["RestoreTestingPlanName"],
            "CreationTime": utcnow(),
        }
        _check_selection(selection)
        plan.selections[name] = selection
        return ActionResult({**selection, "RestoreTestingPlanArn": plan.shown["RestoreTestingPlanArn"]})

    def get_restore_testing_selection(self) -> ActionResult:
        return ActionResult({"RestoreTestingSelection": self._testing_selection()})

    def list_restore_testing_selections(self) -> ActionResult:
        return ActionResult({"RestoreTestingSelections": list(self._testing_plan().selections.values())})

    def update_restore_testing_selection(self) -> ActionResult:
        plan, selection = self._testing_plan(), self._testing_selection()
        changed = {**selection, **self.params["RestoreTestingSelection"]}
        _check_selection(changed)
        selection.update(changed)
        return ActionResult(
            {
                **selection,
                "RestoreTestingPlanArn": plan.shown["RestoreTestingPlanArn"],
                "UpdateTime": utcnow(),
            }
        )

    def delete_restore_testing_selection(self) -> ActionResult:
        del self._testing_plan().selections[self._testing_selection()["RestoreTestingSelectionName"]]
        return EmptyResult()


def _check_name(kind: str, name: str) -> None:
    if not re.fullmatch(NAME, name):
        raise InvalidParameterValueException(
            f"Restore testing {kind} name {name} is not valid: it consists of 1 to 50 letters, digits and underscores"
        )


def _check_plan(asked: Values) -> None:
    _check_range("StartWindowHours", asked, 1, LONGEST_START_WINDOW_HOURS)
    recovery_points = asked.get("RecoveryPointSelection", {})
    _check_range("SelectionWindowDays", recovery_points, 1, LONGEST_SELECTION_WINDOW_DAYS)


def _check_selection(selection: Values) -> None:
    _check_range("ValidationWindowHours", selection, 0, LONGEST_VALIDATION_WINDOW_HOURS)
    arns = selection["ProtectedResourceArns"]
    if len(arns) > MOST_RESOURCE_ARNS:
        raise InvalidParameterValueException(
            f"At most {MOST_RESOURCE_ARNS} protected resource ARNs can be given"
        )
    has_conditions = any(selection.get("ProtectedResourceConditions", {}).values())
    if arns != ["*"] and ("*" in arns or (arns and has_conditions)):
        raise InvalidParameterValueException(
            "Protected resources are either specific ARNs, or the wildcard with or without conditions"
        )


def _check_range(name: str, values: Values, least: int, most: int) -> None:
    if not least <= values.get(name, least) <= most:
        raise InvalidParameterValueException(f"{name} must be between {least} and {most}")
