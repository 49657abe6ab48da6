"""Secrets of Secrets Manager. No rule reads what is in one."""

from collections.abc import Iterator

from policies.documents import judge_statements
from policies.resources import Resource
from policies.rule import (
    Finding,
    ResourceRule,
    Setting,
    Settings,
    Severity,
    Undecided,
    between,
    check,
    has,
    is_text,
)

SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type, no secret
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
SECRET_POLICY = "aws:secretsmanager/secretPolicy:SecretPolicy"  # noqa: S105 - likewise
# Secrets Manager's own longest, which the provider takes where nothing is said.
LONGEST_RECOVERY_WINDOW_DAYS = 30


def _recovery_window(secret: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    yield from check(
        secret.at("recoveryWindowInDays"),
        between(days, LONGEST_RECOVERY_WINDOW_DAYS, unset=LONGEST_RECOVERY_WINDOW_DAYS),
        f"must be {days} to {LONGEST_RECOVERY_WINDOW_DAYS} days",
    )


def _encryption(secret: Resource, _: Settings) -> Iterator[Finding]:
    for place in (
        secret.at("kmsKeyId"),
        *(replica.at("kmsKeyId") for replica in secret.at("replicas").items()),
    ):
        yield from check(place, is_text, "must name a key of your own")


def _rotation(rotation: Resource, settings: Settings) -> Iterator[Finding]:
    rules, days = rotation.at("rotationRules"), settings["maximumDays"]
    schedule = rules.at("scheduleExpression")
    if schedule.is_unknown:
        yield Undecided(schedule.path)
    elif not has(schedule):
        yield from check(rules.at("automaticallyAfterDays"), between(1, days), f"must be 1 to {days} days")


def _policy(policy: Resource, _: Settings) -> Iterator[Finding]:
    yield from judge_statements(
        policy.at("policy"),
        lambda statement: "allows something to everyone" if statement.is_open_to_everyone else None,
        needed=True,
    )


RULES = (
    ResourceRule(
        id="secrets-can-be-brought-back",
        description="A secret that somebody deletes waits, and can be brought back.",
        severity=Severity.HIGH,
        remedy="set recoveryWindowInDays; 0 deletes at once and for ever",
        on=(SECRET,),
        settings={"minimumDays": Setting.days(prod=30, dev=7, of="how long a deleted secret waits at least")},
        judge=_recovery_window,
    ),
    ResourceRule(
        id="secrets-are-encrypted-with-an-own-key",
        description="A secret and its replicas are encrypted with keys that their owner controls.",
        severity=Severity.HIGH,
        controls=("CKV_AWS_149",),
        remedy="set kmsKeyId, and that of each replica",
        on=(SECRET,),
        judge=_encryption,
    ),
    ResourceRule(
        id="rotated-secrets-rotate-often-enough",
        description="A secret that rotates does so at least every quarter.",
        severity=Severity.MEDIUM,
        controls=("FSBP SecretsManager.1", "FSBP SecretsManager.4", "CKV_AWS_304"),
        remedy="set rotationRules.automaticallyAfterDays",
        on=(ROTATION,),
        settings={
            "maximumDays": Setting.days(prod=90, dev=90, of="how long a secret stays the same at most")
        },
        judge=_rotation,
    ),
    ResourceRule(
        id="secret-policies-are-not-public",
        description="No secret is readable by everyone.",
        severity=Severity.CRITICAL,
        controls=("CIS 2.21",),
        remedy="name the principals, or tie them to your account by a condition",
        on=(SECRET_POLICY,),
        judge=_policy,
    ),
)
