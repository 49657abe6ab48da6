"""Secrets of Secrets Manager. No rule reads what is in one."""

from policies import must
from policies.resources import Resource
from policies.rule import Findings, Setting, Settings, Severity, Undecided, resource_rule

SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type, no secret
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
SECRET_POLICY = "aws:secretsmanager/secretPolicy:SecretPolicy"  # noqa: S105 - likewise
# Secrets Manager's own longest, which the provider takes where nothing is said.
LONGEST_RECOVERY_WINDOW_DAYS = 30
WAITING_DAYS = {"minimumDays": Setting.days(prod=30, dev=7, of="how long a deleted secret waits at least")}
ROTATION_DAYS = {"maximumDays": Setting.days(prod=90, dev=90, of="how long a secret stays the same at most")}


@resource_rule("secrets-can-be-brought-back", Severity.HIGH, on=(SECRET,), settings=WAITING_DAYS)
def _recovery_window(secret: Resource, settings: Settings) -> Findings:
    """A secret that somebody deletes waits, and can be brought back.

    Remedy: set recoveryWindowInDays; 0 deletes at once and for ever
    """
    yield from must.wait_before_deletion(
        secret.at("recoveryWindowInDays"), settings["minimumDays"], LONGEST_RECOVERY_WINDOW_DAYS
    )


@resource_rule("secrets-are-encrypted-with-an-own-key", Severity.HIGH, on=(SECRET,))
def _encryption(secret: Resource, _: Settings) -> Findings:
    """A secret and its replicas are encrypted with keys that their owner controls.

    Remedy: set kmsKeyId, and that of each replica
    Controls: CKV_AWS_149
    """
    yield from must.name_own_key(secret.at("kmsKeyId"))
    for replica in secret.at("replicas").items():
        yield from must.name_own_key(replica.at("kmsKeyId"))


@resource_rule("rotated-secrets-rotate-often-enough", Severity.MEDIUM, on=(ROTATION,), settings=ROTATION_DAYS)
def _rotation(rotation: Resource, settings: Settings) -> Findings:
    """A secret that rotates does so at least every quarter.

    Remedy: set rotationRules.automaticallyAfterDays
    Controls: FSBP SecretsManager.1, FSBP SecretsManager.4, CKV_AWS_304
    """
    rules = rotation.at("rotationRules")
    schedule = rules.at("scheduleExpression")
    if schedule.is_unknown:
        yield Undecided(schedule.path)
    elif not schedule.is_set:
        yield from must.be_days_between(rules.at("automaticallyAfterDays"), 1, settings["maximumDays"])


@resource_rule("secret-policies-are-not-public", Severity.CRITICAL, on=(SECRET_POLICY,))
def _policy(policy: Resource, _: Settings) -> Findings:
    """No secret is readable by everyone.

    Remedy: name the principals, or tie them to your account by a condition
    Controls: CIS 2.21
    """
    yield from must.not_be_public(policy.at("policy"))


RULES = (_recovery_window, _encryption, _rotation, _policy)
