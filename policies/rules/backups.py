"""AWS Backup and replicated automated backups."""

from collections.abc import Callable, Iterator
from typing import Any

from policies.resources import Resource
from policies.rule import (
    Demand,
    Finding,
    Level,
    ResourceRule,
    Setting,
    Settings,
    Severity,
    between,
    check,
    demands,
    is_off,
    is_text,
)
from policies.rules.postgres import LONGEST_BACKUP_RETENTION_DAYS

PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
VAULT = "aws:backup/vault:Vault"
VAULT_LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
REPLICATION = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
# What the provider takes where no retention is said.
UNSET_REPLICATION_DAYS = 7

DAYS = {"minimumDays": Setting.days(prod=30, dev=7, of="how long a backup is kept at least")}


def _kept(days: int) -> Callable[[Any], bool]:
    """What has no end is kept for ever."""
    return lambda value: value is None or between(days)(value)


def _rules(plan: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    for rule in plan.at("rules").items():
        yield from check(rule.at("lifecycle.deleteAfter"), _kept(days), f"must be at least {days} days")


def _copies(plan: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    for rule in plan.at("rules").items():
        for copy in rule.at("copyActions").items():
            yield from check(copy.at("lifecycle.deleteAfter"), _kept(days), f"must be at least {days} days")


def _replication(replication: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    yield from check(
        replication.at("retentionPeriod"),
        between(days, LONGEST_BACKUP_RETENTION_DAYS, unset=UNSET_REPLICATION_DAYS),
        f"must be {days} to {LONGEST_BACKUP_RETENTION_DAYS} days: the provider's default is {UNSET_REPLICATION_DAYS}",
    )


def _compliance(lock: Resource, settings: Settings) -> Iterator[Finding]:
    if not settings["acknowledged"]:
        yield from check(
            lock.at("changeableForDays"),
            lambda value: value is None,
            "would make the lock one that nobody removes",
        )


def _lock(lock: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    yield from check(lock.at("minRetentionDays"), between(days), f"must be at least {days} days")


RULES = (
    ResourceRule(
        id="backup-plans-keep-backups-long-enough",
        description="What a backup plan makes is kept as long as a backup must be.",
        severity=Severity.HIGH,
        remedy="set lifecycle.deleteAfter of the rule, or leave it out to keep backups for ever",
        on=(PLAN,),
        settings=DAYS,
        judge=_rules,
    ),
    ResourceRule(
        id="backup-copies-are-kept-long-enough",
        description="The copies that a backup plan makes elsewhere are kept as long as a backup must be.",
        severity=Severity.HIGH,
        remedy="set lifecycle.deleteAfter of the copy action, or leave it out to keep copies for ever",
        on=(PLAN,),
        settings=DAYS,
        judge=_copies,
    ),
    ResourceRule(
        id="replicated-backups-are-kept-long-enough",
        description="Automated backups in another region are kept as long as a backup must be.",
        severity=Severity.HIGH,
        remedy="set retentionPeriod",
        on=(REPLICATION,),
        settings=DAYS,
        judge=_replication,
    ),
    ResourceRule(
        id="replicated-backups-are-encrypted-with-an-own-key",
        description="Automated backups in another region are encrypted with a key that their owner controls.",
        severity=Severity.HIGH,
        controls=("CKV_AWS_245",),
        remedy="set kmsKeyId to a key of the region they go to",
        on=(REPLICATION,),
        judge=demands(Demand("kmsKeyId", is_text, "must name a key of your own")),
    ),
    ResourceRule(
        id="vaults-are-encrypted-with-an-own-key",
        description="Backups are encrypted with a key that their owner controls.",
        severity=Severity.HIGH,
        controls=("FSBP Backup.1", "CKV_AWS_166"),
        remedy="set kmsKeyArn",
        on=(VAULT,),
        judge=demands(Demand("kmsKeyArn", is_text, "must name a key of your own")),
    ),
    ResourceRule(
        id="vaults-are-not-emptied-on-their-way-out",
        description="A vault that still holds backups is not deleted.",
        severity=Severity.CRITICAL,
        remedy="leave forceDestroy out",
        on=(VAULT,),
        dev=Level.OFF,
        judge=demands(Demand("forceDestroy", is_off, "must not be true")),
    ),
    ResourceRule(
        id="vault-locks-hold-long-enough",
        description="A locked vault takes no backup that would expire too early.",
        severity=Severity.MEDIUM,
        remedy="set minRetentionDays",
        on=(VAULT_LOCK,),
        settings=DAYS,
        judge=_lock,
    ),
    ResourceRule(
        id="vault-locks-can-be-taken-off",
        description="A lock in compliance mode is for ever, even for AWS, and is no accident.",
        severity=Severity.HIGH,
        remedy="leave changeableForDays out (governance mode), or set acknowledged for this rule",
        on=(VAULT_LOCK,),
        settings={
            "acknowledged": Setting.same(
                False, type="boolean", description="that locks in compliance mode are meant"
            )
        },
        judge=_compliance,
    ),
)
