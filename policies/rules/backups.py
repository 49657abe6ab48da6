"""AWS Backup and replicated automated backups."""

from policies import must
from policies.resources import Resource
from policies.rule import Findings, Level, Setting, Settings, Severity, resource_rule
from policies.rules.postgres import LONGEST_BACKUP_RETENTION_DAYS
from policies.values import is_unset

PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
VAULT = "aws:backup/vault:Vault"
VAULT_LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
REPLICATION = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
# What the provider takes where no retention is said.
UNSET_REPLICATION_DAYS = 7

DAYS = {"minimumDays": Setting.days(prod=30, dev=7, of="how long a backup is kept at least")}
COMPLIANCE_MODE = {"acknowledged": Setting.switch(of="that locks in compliance mode are meant")}


@resource_rule("backup-plans-keep-backups-long-enough", Severity.HIGH, on=(PLAN,), settings=DAYS)
def _rules(plan: Resource, settings: Settings) -> Findings:
    """What a backup plan makes is kept as long as a backup must be.

    Remedy: set lifecycle.deleteAfter of the rule, or leave it out to keep backups for ever
    """
    for rule in plan.at("rules").items():
        yield from must.be_unset_or_at_least_days(rule.at("lifecycle.deleteAfter"), settings["minimumDays"])


@resource_rule("backup-copies-are-kept-long-enough", Severity.HIGH, on=(PLAN,), settings=DAYS)
def _copies(plan: Resource, settings: Settings) -> Findings:
    """The copies that a backup plan makes elsewhere are kept as long as a backup must be.

    Remedy: set lifecycle.deleteAfter of the copy action, or leave it out to keep copies for ever
    """
    for rule in plan.at("rules").items():
        for copy in rule.at("copyActions").items():
            yield from must.be_unset_or_at_least_days(
                copy.at("lifecycle.deleteAfter"), settings["minimumDays"]
            )


@resource_rule("replicated-backups-are-kept-long-enough", Severity.HIGH, on=(REPLICATION,), settings=DAYS)
def _replication(replication: Resource, settings: Settings) -> Findings:
    """Automated backups in another region are kept as long as a backup must be.

    Remedy: set retentionPeriod
    """
    yield from must.be_days_between(
        replication.at("retentionPeriod"),
        settings["minimumDays"],
        LONGEST_BACKUP_RETENTION_DAYS,
        unset=UNSET_REPLICATION_DAYS,
        note=f": the provider's default is {UNSET_REPLICATION_DAYS}",
    )


@resource_rule("replicated-backups-are-encrypted-with-an-own-key", Severity.HIGH, on=(REPLICATION,))
def _replication_encryption(replication: Resource, _: Settings) -> Findings:
    """Automated backups in another region are encrypted with a key that their owner controls.

    Remedy: set kmsKeyId to a key of the region they go to
    Controls: CKV_AWS_245
    """
    yield from must.name_own_key(replication.at("kmsKeyId"))


@resource_rule("vaults-are-encrypted-with-an-own-key", Severity.HIGH, on=(VAULT,))
def _vault_encryption(vault: Resource, _: Settings) -> Findings:
    """Backups are encrypted with a key that their owner controls.

    Remedy: set kmsKeyArn
    Controls: FSBP Backup.1, CKV_AWS_166
    """
    yield from must.name_own_key(vault.at("kmsKeyArn"))


@resource_rule("vaults-are-not-emptied-on-their-way-out", Severity.CRITICAL, on=(VAULT,), dev=Level.OFF)
def _vault_deletion(vault: Resource, _: Settings) -> Findings:
    """A vault that still holds backups is not deleted.

    Remedy: leave forceDestroy out
    """
    yield from must.not_be_true(vault.at("forceDestroy"))


@resource_rule("vault-locks-hold-long-enough", Severity.MEDIUM, on=(VAULT_LOCK,), settings=DAYS)
def _lock(lock: Resource, settings: Settings) -> Findings:
    """A locked vault takes no backup that would expire too early.

    Remedy: set minRetentionDays
    """
    yield from must.be_at_least_days(lock.at("minRetentionDays"), settings["minimumDays"])


@resource_rule("vault-locks-can-be-taken-off", Severity.HIGH, on=(VAULT_LOCK,), settings=COMPLIANCE_MODE)
def _compliance(lock: Resource, settings: Settings) -> Findings:
    """A lock in compliance mode is for ever, even for AWS, and is no accident.

    Remedy: leave changeableForDays out (governance mode), or set acknowledged for this rule
    """
    if not settings["acknowledged"]:
        yield from must.satisfy(
            lock.at("changeableForDays"), is_unset, "would make the lock one that nobody removes"
        )


RULES = (
    _rules,
    _copies,
    _replication,
    _replication_encryption,
    _vault_encryption,
    _vault_deletion,
    _lock,
    _compliance,
)
