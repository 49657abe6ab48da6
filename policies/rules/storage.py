"""Buckets of S3, and the resources that make one safe."""

from collections.abc import Iterator

from policies.documents import EVERYTHING, is_unknown_or_malformed, judge_statements, parsed, statements
from policies.resources import Resource
from policies.rule import (
    Demand,
    Finding,
    Level,
    ResourceRule,
    Setting,
    Settings,
    Severity,
    Undecided,
    Violation,
    between,
    check,
    demands,
    has,
    is_off,
    is_on,
    is_text,
    number,
    one_of,
)

BUCKET = "aws:s3/bucket:Bucket"
PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BUCKET_OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
BUCKET_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"

DAYS_IN_A_YEAR = 365


def _tls_only(policy: Resource, _: Settings) -> Iterator[Finding]:
    document = policy.at("policy")
    if document.is_unknown:
        yield Undecided(document.path)
    elif is_unknown_or_malformed(parsed(document)) or not any(
        not statement.allows
        and {EVERYTHING, f"AWS:{EVERYTHING}"} & set(statement.principals)
        and {EVERYTHING, f"s3:{EVERYTHING}"} & set(statement.actions)
        and not statement.excepts_actions
        and statement.conditions.get("aws:securetransport") in {("false",), ("False",)}
        for statement in statements(document)
    ):
        yield Violation(f"`{document.path}` refuses nobody who comes without TLS")


def _not_public(policy: Resource, _: Settings) -> Iterator[Finding]:
    yield from judge_statements(
        policy.at("policy"),
        lambda statement: "allows something to everyone" if statement.is_open_to_everyone else None,
        needed=True,
    )


def _encryption(encryption: Resource, _: Settings) -> Iterator[Finding]:
    rules = encryption.at("rules")
    if not has(rules):
        yield Violation("`rules` is not set; it must name a key of your own")
    for rule in rules.items():
        default = rule.at("applyServerSideEncryptionByDefault")
        yield from check(default.at("sseAlgorithm"), one_of("aws:kms", "aws:kms:dsse"), "must be aws:kms")
        yield from check(default.at("kmsMasterKeyId"), is_text, "must name a key of your own")
        yield from check(
            rule.at("bucketKeyEnabled"), is_on, "must be true: each object is a call to KMS otherwise"
        )


def _lifecycle(lifecycle: Resource, settings: Settings) -> Iterator[Finding]:
    days, noncurrent_days = settings["minimumDays"], settings["minimumNoncurrentDays"]
    for rule in lifecycle.at("rules").items():
        if rule.at("status").value == "Disabled":
            continue
        expiration = rule.at("expiration")
        # A rule without one deletes nothing, or delete markers only.
        yield from check(
            expiration.at("days"),
            lambda value: value is None or between(days)(value),
            f"must be at least {days} days",
        )
        yield from check(
            expiration.at("date"),
            lambda value: value is None,
            "deletes on one day whatever its age; expire by days",
        )
        yield from check(
            rule.at("noncurrentVersionExpiration.noncurrentDays"),
            lambda value: value is None or between(noncurrent_days)(value),
            f"must be at least {noncurrent_days} days",
        )


def _unfinished_uploads(lifecycle: Resource, _: Settings) -> Iterator[Finding]:
    rules = lifecycle.at("rules")
    if rules.is_unknown:
        yield Undecided(rules.path)
    elif not any(
        has(rule.at("abortIncompleteMultipartUpload")) and rule.at("status").value != "Disabled"
        for rule in rules.items()
    ):
        yield Violation("no rule has `abortIncompleteMultipartUpload`")


def _object_lock(lock: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    retention = lock.at("rule.defaultRetention")
    years = number(retention.at("years").value)
    if years is None or has(retention.at("days")):
        yield from check(retention.at("days"), between(days), f"must be at least {days} days")
    elif years * DAYS_IN_A_YEAR < days:
        yield Violation(f"`{retention.path}.years` is {years}; it must be at least {days} days")


def _compliance(lock: Resource, settings: Settings) -> Iterator[Finding]:
    allowed = ("GOVERNANCE", "COMPLIANCE") if settings["acknowledged"] else ("GOVERNANCE",)
    yield from check(
        lock.at("rule.defaultRetention.mode"), one_of(*allowed), f"must be {' or '.join(allowed)}"
    )


RULES = (
    ResourceRule(
        id="buckets-block-public-access",
        description="Nothing in a bucket can be made public, neither by a policy nor by an access list.",
        severity=Severity.CRITICAL,
        controls=(
            "FSBP S3.2",
            "FSBP S3.3",
            "FSBP S3.8",
            "CIS 3.1.4",
            "CKV_AWS_53",
            "CKV_AWS_54",
            "CKV_AWS_55",
            "CKV_AWS_56",
        ),
        remedy="set all four to true",
        on=(PUBLIC_ACCESS_BLOCK,),
        fix={
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        judge=demands(
            *(
                Demand(name, is_on, "must be true")
                for name in (
                    "blockPublicAcls",
                    "blockPublicPolicy",
                    "ignorePublicAcls",
                    "restrictPublicBuckets",
                )
            )
        ),
    ),
    ResourceRule(
        id="buckets-are-not-emptied-on-their-way-out",
        description="A bucket that still holds objects is not deleted.",
        severity=Severity.CRITICAL,
        remedy="leave forceDestroy out",
        on=(BUCKET,),
        dev=Level.OFF,
        judge=demands(Demand("forceDestroy", is_off, "must not be true")),
    ),
    ResourceRule(
        id="buckets-speak-tls-only",
        description="A bucket refuses requests without TLS.",
        severity=Severity.HIGH,
        controls=("FSBP S3.5", "CIS 3.1.1"),
        remedy="add a statement that denies s3:* to everyone where aws:SecureTransport is false",
        on=(BUCKET_POLICY,),
        judge=_tls_only,
    ),
    ResourceRule(
        id="bucket-policies-are-not-public",
        description="No bucket policy allows something to everyone.",
        severity=Severity.CRITICAL,
        controls=("FSBP S3.2", "FSBP S3.3", "CIS 2.21", "CKV_AWS_70"),
        remedy="name the principals, or tie them to your account by a condition",
        on=(BUCKET_POLICY,),
        judge=_not_public,
    ),
    ResourceRule(
        id="buckets-are-encrypted-with-an-own-key",
        description="Objects are encrypted with a key that their owner controls.",
        severity=Severity.HIGH,
        controls=("FSBP S3.17", "CKV_AWS_145"),
        remedy="set sseAlgorithm, kmsMasterKeyId and bucketKeyEnabled",
        on=(BUCKET_ENCRYPTION,),
        judge=_encryption,
    ),
    ResourceRule(
        id="buckets-keep-old-versions",
        description="What is overwritten or deleted by mistake can be brought back.",
        severity=Severity.HIGH,
        controls=("FSBP S3.14", "CKV_AWS_21"),
        remedy="set versioningConfiguration.status to Enabled",
        on=(BUCKET_VERSIONING,),
        judge=demands(Demand("versioningConfiguration.status", one_of("Enabled"), "must be Enabled")),
    ),
    ResourceRule(
        id="buckets-refuse-access-lists",
        description="Who may read a bucket is said in policies alone.",
        severity=Severity.MEDIUM,
        controls=("FSBP S3.12", "CKV2_AWS_65"),
        remedy="set rule.objectOwnership to BucketOwnerEnforced",
        on=(BUCKET_OWNERSHIP,),
        judge=demands(
            Demand("rule.objectOwnership", one_of("BucketOwnerEnforced"), "must be BucketOwnerEnforced")
        ),
    ),
    ResourceRule(
        id="lifecycles-delete-nothing-too-early",
        description="A lifecycle deletes no object before it was kept as long as a backup must be.",
        severity=Severity.HIGH,
        controls=("FSBP S3.10", "FSBP S3.13"),
        remedy="set longer periods, or leave the expiration out",
        on=(BUCKET_LIFECYCLE,),
        settings={
            "minimumDays": Setting.days(prod=30, dev=7, of="how long objects are kept at least"),
            "minimumNoncurrentDays": Setting.days(
                prod=30, dev=1, of="how long old versions are kept at least"
            ),
        },
        judge=_lifecycle,
    ),
    ResourceRule(
        id="lifecycles-clear-unfinished-uploads",
        description="Parts of uploads that never ended are deleted: they cost, and nobody sees them.",
        severity=Severity.LOW,
        controls=("CKV_AWS_300",),
        remedy="add abortIncompleteMultipartUpload to a rule",
        on=(BUCKET_LIFECYCLE,),
        judge=_unfinished_uploads,
    ),
    ResourceRule(
        id="object-locks-hold-long-enough",
        description="Nobody deletes an object before its time.",
        severity=Severity.MEDIUM,
        controls=("FSBP S3.15", "CKV_AWS_143"),
        remedy="set rule.defaultRetention.days",
        on=(OBJECT_LOCK,),
        settings={"minimumDays": Setting.days(prod=30, dev=1, of="how long objects are locked at least")},
        judge=_object_lock,
    ),
    ResourceRule(
        id="object-locks-can-be-taken-off",
        description="A lock in compliance mode is for ever, and is no accident.",
        severity=Severity.HIGH,
        remedy="set rule.defaultRetention.mode to GOVERNANCE, or set acknowledged for this rule",
        on=(OBJECT_LOCK,),
        settings={
            "acknowledged": Setting.same(
                False, type="boolean", description="that locks in compliance mode are meant"
            )
        },
        judge=_compliance,
    ),
)
