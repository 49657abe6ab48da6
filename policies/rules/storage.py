"""Buckets of S3, and the resources that make one safe."""

from policies import must
from policies.documents import EVERYTHING, is_unknown_or_malformed, parsed, statements
from policies.resources import Resource
from policies.rule import Findings, Level, Setting, Settings, Severity, Undecided, Violation, resource_rule
from policies.values import is_unset, number, one_of

BUCKET = "aws:s3/bucket:Bucket"
PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BUCKET_OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
BUCKET_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"

PUBLIC_ACCESS_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
DAYS_IN_A_YEAR = 365
COMPLIANCE_MODE = {"acknowledged": Setting.switch(of="that locks in compliance mode are meant")}
LOCK_DAYS = {"minimumDays": Setting.days(prod=30, dev=1, of="how long objects are locked at least")}


@resource_rule(
    "buckets-block-public-access",
    Severity.CRITICAL,
    on=(PUBLIC_ACCESS_BLOCK,),
    fix=dict.fromkeys(PUBLIC_ACCESS_SWITCHES, True),
)
def _public_access(block: Resource, _: Settings) -> Findings:
    """Nothing in a bucket can be made public, neither by a policy nor by an access list.

    Remedy: set all four to true
    Controls: FSBP S3.2, FSBP S3.3, FSBP S3.8, CIS 3.1.4, CKV_AWS_53, CKV_AWS_54, CKV_AWS_55, CKV_AWS_56
    """
    for name in PUBLIC_ACCESS_SWITCHES:
        yield from must.be_true(block.at(name))


@resource_rule("buckets-are-not-emptied-on-their-way-out", Severity.CRITICAL, on=(BUCKET,), dev=Level.OFF)
def _deletion(bucket: Resource, _: Settings) -> Findings:
    """A bucket that still holds objects is not deleted.

    Remedy: leave forceDestroy out
    """
    yield from must.not_be_true(bucket.at("forceDestroy"))


@resource_rule("buckets-speak-tls-only", Severity.HIGH, on=(BUCKET_POLICY,))
def _tls_only(policy: Resource, _: Settings) -> Findings:
    """A bucket refuses requests without TLS.

    Remedy: add a statement that denies s3:* to everyone where aws:SecureTransport is false
    Controls: FSBP S3.5, CIS 3.1.1
    """
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


@resource_rule("bucket-policies-are-not-public", Severity.CRITICAL, on=(BUCKET_POLICY,))
def _not_public(policy: Resource, _: Settings) -> Findings:
    """No bucket policy allows something to everyone.

    Remedy: name the principals, or tie them to your account by a condition
    Controls: FSBP S3.2, FSBP S3.3, CIS 2.21, CKV_AWS_70
    """
    yield from must.not_be_public(policy.at("policy"))


@resource_rule("buckets-are-encrypted-with-an-own-key", Severity.HIGH, on=(BUCKET_ENCRYPTION,))
def _encryption(encryption: Resource, _: Settings) -> Findings:
    """Objects are encrypted with a key that their owner controls.

    Remedy: set sseAlgorithm, kmsMasterKeyId and bucketKeyEnabled
    Controls: FSBP S3.17, CKV_AWS_145
    """
    rules = encryption.at("rules")
    if not rules.is_set:
        yield Violation("`rules` is not set; it must name a key of your own")
    for rule in rules.items():
        default = rule.at("applyServerSideEncryptionByDefault")
        yield from must.satisfy(
            default.at("sseAlgorithm"), one_of("aws:kms", "aws:kms:dsse"), "must be aws:kms"
        )
        yield from must.name_own_key(default.at("kmsMasterKeyId"))
        yield from must.be_true(rule.at("bucketKeyEnabled"), note=": each object is a call to KMS otherwise")


@resource_rule("buckets-keep-old-versions", Severity.HIGH, on=(BUCKET_VERSIONING,))
def _versioning(versioning: Resource, _: Settings) -> Findings:
    """What is overwritten or deleted by mistake can be brought back.

    Remedy: set versioningConfiguration.status to Enabled
    Controls: FSBP S3.14, CKV_AWS_21
    """
    yield from must.be_one_of(versioning.at("versioningConfiguration.status"), "Enabled")


@resource_rule("buckets-refuse-access-lists", Severity.MEDIUM, on=(BUCKET_OWNERSHIP,))
def _access_lists(ownership: Resource, _: Settings) -> Findings:
    """Who may read a bucket is said in policies alone.

    Remedy: set rule.objectOwnership to BucketOwnerEnforced
    Controls: FSBP S3.12, CKV2_AWS_65
    """
    yield from must.be_one_of(ownership.at("rule.objectOwnership"), "BucketOwnerEnforced")


@resource_rule(
    "lifecycles-delete-nothing-too-early",
    Severity.HIGH,
    on=(BUCKET_LIFECYCLE,),
    settings={
        "minimumDays": Setting.days(prod=30, dev=7, of="how long objects are kept at least"),
        "minimumNoncurrentDays": Setting.days(prod=30, dev=1, of="how long old versions are kept at least"),
    },
)
def _lifecycle(lifecycle: Resource, settings: Settings) -> Findings:
    """A lifecycle deletes no object before it was kept as long as a backup must be.

    Remedy: set longer periods, or leave the expiration out
    Controls: FSBP S3.10, FSBP S3.13
    """
    for rule in lifecycle.at("rules").items():
        if rule.at("status").value == "Disabled":
            continue
        expiration = rule.at("expiration")
        # A rule without one deletes nothing, or delete markers only.
        yield from must.be_unset_or_at_least_days(expiration.at("days"), settings["minimumDays"])
        yield from must.satisfy(
            expiration.at("date"), is_unset, "deletes on one day whatever its age; expire by days"
        )
        yield from must.be_unset_or_at_least_days(
            rule.at("noncurrentVersionExpiration.noncurrentDays"), settings["minimumNoncurrentDays"]
        )


@resource_rule("lifecycles-clear-unfinished-uploads", Severity.LOW, on=(BUCKET_LIFECYCLE,))
def _unfinished_uploads(lifecycle: Resource, _: Settings) -> Findings:
    """Parts of uploads that never ended are deleted: they cost, and nobody sees them.

    Remedy: add abortIncompleteMultipartUpload to a rule
    Controls: CKV_AWS_300
    """
    rules = lifecycle.at("rules")
    if rules.is_unknown:
        yield Undecided(rules.path)
    elif not any(
        rule.at("abortIncompleteMultipartUpload").is_set and rule.at("status").value != "Disabled"
        for rule in rules.items()
    ):
        yield Violation("no rule has `abortIncompleteMultipartUpload`")


@resource_rule("object-locks-hold-long-enough", Severity.MEDIUM, on=(OBJECT_LOCK,), settings=LOCK_DAYS)
def _object_lock(lock: Resource, settings: Settings) -> Findings:
    """Nobody deletes an object before its time.

    Remedy: set rule.defaultRetention.days
    Controls: FSBP S3.15, CKV_AWS_143
    """
    days = settings["minimumDays"]
    retention = lock.at("rule.defaultRetention")
    years = number(retention.at("years").value)
    if years is None or retention.at("days").is_set:
        yield from must.be_at_least_days(retention.at("days"), days)
    elif years * DAYS_IN_A_YEAR < days:
        yield Violation(f"`{retention.path}.years` is {years}; it must be at least {days} days")


@resource_rule("object-locks-can-be-taken-off", Severity.HIGH, on=(OBJECT_LOCK,), settings=COMPLIANCE_MODE)
def _compliance(lock: Resource, settings: Settings) -> Findings:
    """A lock in compliance mode is for ever, and is no accident.

    Remedy: set rule.defaultRetention.mode to GOVERNANCE, or set acknowledged for this rule
    """
    allowed = ("GOVERNANCE", "COMPLIANCE") if settings["acknowledged"] else ("GOVERNANCE",)
    yield from must.be_one_of(lock.at("rule.defaultRetention.mode"), *allowed)


RULES = (
    _public_access,
    _deletion,
    _tls_only,
    _not_public,
    _encryption,
    _versioning,
    _access_lists,
    _lifecycle,
    _unfinished_uploads,
    _object_lock,
    _compliance,
)
