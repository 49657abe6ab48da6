"""Keys of KMS."""

from collections.abc import Iterator

from policies.documents import judge_statements
from policies.resources import Resource
from policies.rule import (
    Demand,
    Finding,
    Level,
    ResourceRule,
    Setting,
    Settings,
    Severity,
    Violation,
    between,
    check,
    demands,
    is_not_off,
    is_on,
)
from policies.values import UNKNOWN

KEY = "aws:kms/key:Key"
# KMS's own longest waiting period, which the provider takes where nothing is said.
LONGEST_DELETION_WINDOW_DAYS = 30


def _encrypts_data(key: Resource) -> bool:
    """Keys that sign cannot rotate."""
    return key.at("keyUsage").value in (None, UNKNOWN, "ENCRYPT_DECRYPT") and key.at(
        "customerMasterKeySpec"
    ).value in (None, UNKNOWN, "SYMMETRIC_DEFAULT")


def _deletion_window(key: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    yield from check(
        key.at("deletionWindowInDays"),
        between(days, LONGEST_DELETION_WINDOW_DAYS, unset=LONGEST_DELETION_WINDOW_DAYS),
        f"must be {days} to {LONGEST_DELETION_WINDOW_DAYS} days",
    )


def _policy(key: Resource, _: Settings) -> Iterator[Finding]:
    yield from judge_statements(
        key.at("policy"),
        lambda statement: "allows something to everyone" if statement.is_open_to_everyone else None,
        needed=True,
    )


def _protection(key: Resource, _: Settings) -> Iterator[Finding]:
    if not key.is_protected:
        yield Violation("the resource option `protect` is off; it must be on")


RULES = (
    ResourceRule(
        id="keys-rotate",
        description="A key's material is replaced every year.",
        severity=Severity.MEDIUM,
        controls=("FSBP KMS.4", "CIS 4.6", "CKV_AWS_7"),
        remedy="set enableKeyRotation to true",
        on=(KEY,),
        fix={"enableKeyRotation": True},
        judge=demands(Demand("enableKeyRotation", is_on, "must be true"), when=_encrypts_data),
    ),
    ResourceRule(
        id="keys-are-enabled",
        description="A key that data needs is not switched off.",
        severity=Severity.HIGH,
        controls=("FSBP KMS.3", "CKV_AWS_227"),
        remedy="leave isEnabled out",
        on=(KEY,),
        judge=demands(Demand("isEnabled", is_not_off, "must not be false")),
    ),
    ResourceRule(
        id="keys-can-be-brought-back",
        description="A key that somebody deletes waits: everything that it encrypts is lost with it.",
        severity=Severity.CRITICAL,
        remedy="set deletionWindowInDays",
        on=(KEY,),
        settings={"minimumDays": Setting.days(prod=30, dev=7, of="how long a deleted key waits at least")},
        judge=_deletion_window,
    ),
    ResourceRule(
        id="keys-say-who-may-use-them",
        description="A key's policy is written down, and allows nothing to everyone.",
        severity=Severity.CRITICAL,
        controls=("FSBP KMS.5", "CIS 2.21", "CKV_AWS_33", "CKV2_AWS_64"),
        remedy="set policy and name the principals, or tie them to your account by a condition",
        on=(KEY,),
        judge=_policy,
    ),
    ResourceRule(
        id="keys-are-protected-from-deletion",
        description="A key is deleted only after somebody has taken its protection off.",
        severity=Severity.HIGH,
        controls=("FSBP KMS.3",),
        remedy="set the resource option protect",
        on=(KEY,),
        dev=Level.OFF,
        judge=_protection,
    ),
)
