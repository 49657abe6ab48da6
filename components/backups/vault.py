"""Stateful. A vault for what AWS Backup keeps."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import backup

from components.backups.regions import key_in
from components.placement import Placement

# The events in which a failure is told, among those that AWS Backup still sends (AWS Backup guide, "Notification options",
# "AWS Backup supports the following events"). Backup and restore jobs have no event for failures alone: every one that
# ends is told, and the message's State says how. BACKUP_JOB_FAILED and its like are accepted by the API, and are not on
# that list.
JOB_EVENTS = ("BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED")


@dataclass(frozen=True, kw_only=True, slots=True)
class VaultLock:
    """Governance mode: nobody deletes a recovery point or shortens its life, until somebody who may removes the lock.

    A job whose retention is outside the two limits fails.
    """

    min_retention_days: int
    max_retention_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupVaultArgs:
    """A vault, encrypted with a key of its region; the topic is in that region too.

    Without `lock`, whoever may delete recovery points can.
    """

    placement: Placement
    kms_key_arn: pulumi.Input[str]
    notification_topic_arn: pulumi.Input[str]
    lock: VaultLock | None = None


class BackupVault(pulumi.ComponentResource):
    """Stateful. A vault with its key, its lock and its notifications.

    It has no access policy: other accounts have no access without one, and what one could forbid inside the account,
    the lock forbids to everybody, while a policy would have to spare whoever may change it.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BackupVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:backups:BackupVault", name, None, opts)
        vault = backup.Vault(
            f"{name}-vault",
            kms_key_arn=key_in(args.kms_key_arn, args.placement.region),
            force_destroy=not args.placement.durability.retains,
            opts=args.placement.stateful(pulumi.ResourceOptions(parent=self)),
        )
        # Lock and notifications are settings of the vault under its own name. Every change replaces them, and deleting
        # the old ones after the new ones are made would delete the new ones.
        setting = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        if args.lock is not None:
            backup.VaultLockConfiguration(
                f"{name}-lock",
                backup_vault_name=vault.name,
                min_retention_days=args.lock.min_retention_days,
                max_retention_days=args.lock.max_retention_days,
                # A vault that is left behind stays locked; a changed lock takes the old one's place in one step.
                opts=pulumi.ResourceOptions.merge(
                    setting, pulumi.ResourceOptions(retain_on_delete=args.placement.durability.retains)
                ),
            )
        backup.VaultNotifications(
            f"{name}-notifications",
            backup_vault_name=vault.name,
            sns_topic_arn=args.notification_topic_arn,
            backup_vault_events=list(JOB_EVENTS),
            opts=setting,
        )
        self.name = vault.name
        self.arn = vault.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
