"""Vaults of AWS Backup: what moto lacks of them, and what it answers differently from AWS.

Sources: the AWS Backup API Reference (DeleteBackupVault, PutBackupVaultNotifications, PutBackupVaultAccessPolicy). No job
runs here: there are no recovery points, and whether a rule's retention fits the vault's lock, which AWS finds out when a
job runs, is never asked.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import re
from typing import Any, cast

from botocore.session import get_session
from moto.backup.exceptions import (
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend, Vault
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, EmptyResult

from sandbox.emulator.extending import original

Values = dict[str, Any]

VAULT_NAME = r"[a-zA-Z0-9\-_]{2,50}"


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


class Backend(BackupBackend):
    """Methods of BackupBackend about vaults."""

    def create_backup_vault(
        self,
        backup_vault_name: str,
        backup_vault_tags: dict[str, str],
        encryption_key_arn: str,
        creator_request_id: str,
    ) -> Vault:
        if not re.fullmatch(VAULT_NAME, backup_vault_name):
            raise InvalidParameterValueException(f"Backup vault name {backup_vault_name} is not valid")
        return original(BackupBackend.create_backup_vault)(
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


class Response(BackupResponse):
    """Calls about vaults."""

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
        shape: Any = get_session().get_service_model("backup").shape_for("BackupVaultEvent")
        unknown = sorted(set(self.params["BackupVaultEvents"]) - set(shape.enum))
        if unknown:
            raise InvalidParameterValueException(
                f"Please select from the following list of notifications {', '.join(shape.enum)}: {', '.join(unknown)}"
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
