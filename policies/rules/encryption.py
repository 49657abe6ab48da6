"""Keys of KMS."""

from policies import must
from policies.resources import Resource
from policies.rule import Findings, Level, Setting, Settings, Severity, resource_rule
from policies.values import UNKNOWN

KEY = "aws:kms/key:Key"
# KMS's own longest waiting period, which the provider takes where nothing is said.
LONGEST_DELETION_WINDOW_DAYS = 30
WAITING_DAYS = {"minimumDays": Setting.days(prod=30, dev=7, of="how long a deleted key waits at least")}


def _encrypts_data(key: Resource) -> bool:
    """Keys that sign cannot rotate."""
    return key.at("keyUsage").value in (None, UNKNOWN, "ENCRYPT_DECRYPT") and key.at(
        "customerMasterKeySpec"
    ).value in (None, UNKNOWN, "SYMMETRIC_DEFAULT")


@resource_rule("keys-rotate", Severity.MEDIUM, on=(KEY,), fix={"enableKeyRotation": True})
def _rotation(key: Resource, _: Settings) -> Findings:
    """A key's material is replaced every year.

    Remedy: set enableKeyRotation to true
    Controls: FSBP KMS.4, CIS 4.6, CKV_AWS_7
    """
    if _encrypts_data(key):
        yield from must.be_true(key.at("enableKeyRotation"))


@resource_rule("keys-are-enabled", Severity.HIGH, on=(KEY,))
def _enabled(key: Resource, _: Settings) -> Findings:
    """A key that data needs is not switched off.

    Remedy: leave isEnabled out
    Controls: FSBP KMS.3, CKV_AWS_227
    """
    yield from must.not_be_false(key.at("isEnabled"))


@resource_rule("keys-can-be-brought-back", Severity.CRITICAL, on=(KEY,), settings=WAITING_DAYS)
def _deletion_window(key: Resource, settings: Settings) -> Findings:
    """A key that somebody deletes waits: everything that it encrypts is lost with it.

    Remedy: set deletionWindowInDays
    """
    yield from must.wait_before_deletion(
        key.at("deletionWindowInDays"), settings["minimumDays"], LONGEST_DELETION_WINDOW_DAYS
    )


@resource_rule("keys-say-who-may-use-them", Severity.CRITICAL, on=(KEY,))
def _policy(key: Resource, _: Settings) -> Findings:
    """A key's policy is written down, and allows nothing to everyone.

    Remedy: set policy and name the principals, or tie them to your account by a condition
    Controls: FSBP KMS.5, CIS 2.21, CKV_AWS_33, CKV2_AWS_64
    """
    yield from must.not_be_public(key.at("policy"))


@resource_rule("keys-are-protected-from-deletion", Severity.HIGH, on=(KEY,), dev=Level.OFF)
def _protection(key: Resource, _: Settings) -> Findings:
    """A key is deleted only after somebody has taken its protection off.

    Remedy: set the resource option protect
    Controls: FSBP KMS.3
    """
    yield from must.be_protected(key)


RULES = (_rotation, _enabled, _deletion_window, _policy, _protection)
