"""Databases on RDS. A replica has its backups, its user and its final snapshot from its source, and rules of its own."""

from policies import must
from policies.resources import Resource, Stack
from policies.rule import Findings, Level, Setting, Settings, Severity, Undecided, Violation, resource_rule
from policies.values import UNKNOWN, between, is_off, is_text, known_texts, one_of

INSTANCE = "aws:rds/instance:Instance"

# RDS keeps automated backups for no longer (RDS user guide, "Backup retention period").
LONGEST_BACKUP_RETENTION_DAYS = 35
# Provider default of `backupRetentionPeriod`: no backups, and no point in time to restore to.
UNSET_BACKUP_RETENTION_DAYS = 0
POSTGRES_PORT = 5432
DEFAULT_NAMES = ("postgres", "admin", "root", "rdsadmin", "master", "administrator")
# RDS user guide, "Certificate authorities": rds-ca-2019 ended in 2024.
CURRENT_CERTIFICATES = ("rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")
MONITORING_INTERVALS_SECONDS = (1, 5, 10, 15, 30, 60)
BACKUP_DAYS = {"minimumDays": Setting.days(prod=30, dev=7, of="how long automated backups are kept at least")}


def is_replica(instance: Resource) -> bool:
    """Whether it copies another instance; only replicas have the property, known or not."""
    return instance.at("replicateSourceDb").is_set


def is_primary(instance: Resource) -> bool:
    """Whether applications write to it."""
    return not is_replica(instance)


def primaries(stack: Stack) -> list[Resource]:
    """The databases of a stack that applications write to."""
    return [instance for instance in stack.of(INSTANCE) if is_primary(instance)]


def replicas(stack: Stack) -> list[Resource]:
    """The databases of a stack that copy another one."""
    return [instance for instance in stack.of(INSTANCE) if is_replica(instance)]


@resource_rule("databases-keep-backups-long-enough", Severity.CRITICAL, on=(INSTANCE,), settings=BACKUP_DAYS)
def _backups_of_primaries(instance: Resource, settings: Settings) -> Findings:
    """A database's automated backups reach back far enough to notice a mistake and undo it.

    Remedy: set backupRetentionPeriod
    Controls: FSBP RDS.11, CKV_AWS_133
    """
    if is_primary(instance):
        yield from must.be_days_between(
            instance.at("backupRetentionPeriod"),
            settings["minimumDays"],
            LONGEST_BACKUP_RETENTION_DAYS,
            unset=UNSET_BACKUP_RETENTION_DAYS,
            note=", and said so: the provider's default is 0",
        )


@resource_rule(
    "replicas-keep-either-no-backups-or-enough", Severity.MEDIUM, on=(INSTANCE,), settings=BACKUP_DAYS
)
def _backups_of_replicas(instance: Resource, settings: Settings) -> Findings:
    """A replica leaves backups to its source, or keeps its own as long as a database must.

    Remedy: leave backupRetentionPeriod out, or set it as for a database about to be promoted
    Controls: FSBP RDS.11
    """
    if is_replica(instance):
        days = settings["minimumDays"]
        enough = between(days, LONGEST_BACKUP_RETENTION_DAYS)
        yield from must.satisfy(
            instance.at("backupRetentionPeriod"),
            lambda value: value in (None, "0") or between(0, 0)(value) or enough(value),
            f"must be 0, or {days} to {LONGEST_BACKUP_RETENTION_DAYS} days",
        )


@resource_rule(
    "databases-are-not-public", Severity.CRITICAL, on=(INSTANCE,), fix={"publiclyAccessible": False}
)
def _not_public(instance: Resource, _: Settings) -> Findings:
    """No database has an address on the internet.

    Remedy: set publiclyAccessible to false
    Controls: FSBP RDS.2, CIS 3.2.3, CKV_AWS_17
    """
    yield from must.be_explicitly_false(instance.at("publiclyAccessible"))


def _is_in_another_region_than_its_source(replica: Resource) -> bool:
    """Such a replica names its source by ARN."""
    source = replica.at("replicateSourceDb").value
    return isinstance(source, str) and source.startswith("arn:")


@resource_rule("databases-are-encrypted-with-an-own-key", Severity.CRITICAL, on=(INSTANCE,))
def _encryption(instance: Resource, _: Settings) -> Findings:
    """A database's storage is encrypted with a key that its owner controls.

    Remedy: set storageEncrypted and kmsKeyId; neither can be changed later without a new instance
    Controls: FSBP RDS.3, CIS 3.2.1, CKV_AWS_16
    """
    if is_primary(instance):
        yield from must.be_true(instance.at("storageEncrypted"))
    else:
        yield from must.not_be_false(instance.at("storageEncrypted"))
    if is_primary(instance) or _is_in_another_region_than_its_source(instance):
        yield from must.name_own_key(instance.at("kmsKeyId"))


@resource_rule("databases-survive-the-loss-of-a-zone", Severity.HIGH, on=(INSTANCE,), dev=Level.OFF)
def _zones(instance: Resource, _: Settings) -> Findings:
    """A database that applications write to has a standby in another zone.

    Remedy: set multiAz to true
    Controls: FSBP RDS.5, CIS 3.2.4, CKV_AWS_157
    """
    if is_primary(instance):
        yield from must.be_true(instance.at("multiAz"))


@resource_rule("databases-are-monitored-by-the-second", Severity.MEDIUM, on=(INSTANCE,), dev=Level.ADVISORY)
def _monitoring(instance: Resource, _: Settings) -> Findings:
    """Enhanced monitoring shows a database's processes and memory.

    Remedy: set monitoringInterval and monitoringRoleArn
    Controls: FSBP RDS.6, CKV_AWS_118
    """
    yield from must.satisfy(
        instance.at("monitoringInterval"),
        one_of(*MONITORING_INTERVALS_SECONDS, *map(str, MONITORING_INTERVALS_SECONDS)),
        f"must be one of {', '.join(map(str, MONITORING_INTERVALS_SECONDS))} seconds",
    )
    yield from must.name(instance.at("monitoringRoleArn"), "the role that RDS writes with")


@resource_rule("databases-show-their-queries", Severity.LOW, on=(INSTANCE,), dev=Level.ADVISORY)
def _queries(instance: Resource, _: Settings) -> Findings:
    """Performance Insights keeps which statements a database spends its time on, encrypted.

    Remedy: set performanceInsightsEnabled and performanceInsightsKmsKeyId
    Controls: CKV_AWS_353, CKV_AWS_354
    """
    yield from must.be_true(instance.at("performanceInsightsEnabled"))
    yield from must.name_own_key(instance.at("performanceInsightsKmsKeyId"))


@resource_rule("databases-are-protected-from-deletion", Severity.CRITICAL, on=(INSTANCE,), dev=Level.OFF)
def _protection(instance: Resource, _: Settings) -> Findings:
    """A database is deleted only after somebody has taken two protections off.

    Remedy: set deletionProtection, and the resource option protect
    Controls: FSBP RDS.8, CKV_AWS_293
    """
    if is_primary(instance):
        yield from must.be_true(instance.at("deletionProtection"))
        yield from must.be_protected(instance)


@resource_rule("databases-leave-a-final-snapshot", Severity.CRITICAL, on=(INSTANCE,), dev=Level.OFF)
def _final_snapshot(instance: Resource, _: Settings) -> Findings:
    """A database that is deleted leaves a snapshot.

    Remedy: leave skipFinalSnapshot out and set finalSnapshotIdentifier to a name that stays the same
    """
    if is_primary(instance):
        yield from must.satisfy(instance.at("skipFinalSnapshot"), is_off, "must be false")
        yield from must.name(instance.at("finalSnapshotIdentifier"), "the snapshot")


@resource_rule("backups-outlive-their-database", Severity.HIGH, on=(INSTANCE,), dev=Level.OFF)
def _kept_backups(instance: Resource, _: Settings) -> Findings:
    """Automated backups stay when their database is deleted.

    Remedy: set deleteAutomatedBackups to false
    """
    if is_primary(instance):
        yield from must.be_explicitly_false(
            instance.at("deleteAutomatedBackups"), note=": the provider's default is true"
        )


def _is_postgres(instance: Resource) -> bool:
    """A replica says no engine: it has its source's. What is not known is judged."""
    engine = instance.at("engine").value
    return engine is None or engine is UNKNOWN or engine == "postgres"


@resource_rule("databases-write-their-logs-where-they-last", Severity.MEDIUM, on=(INSTANCE,))
def _logs(instance: Resource, _: Settings) -> Findings:
    """PostgreSQL's log and the log of upgrades go to CloudWatch.

    Remedy: set enabledCloudwatchLogsExports to postgresql and upgrade
    Controls: FSBP RDS.9, FSBP RDS.36, CKV_AWS_129
    """
    exports = instance.at("enabledCloudwatchLogsExports")
    if not _is_postgres(instance):
        return
    if any(item.is_unknown for item in exports.items()):
        yield Undecided(exports.path)
        return
    missing = [name for name in ("postgresql", "upgrade") if name not in known_texts(exports)]
    if missing:
        yield Violation(f"`{exports.path}` lacks {' and '.join(missing)}")


@resource_rule("databases-accept-iam-authentication", Severity.MEDIUM, on=(INSTANCE,))
def _iam_authentication(instance: Resource, _: Settings) -> Findings:
    """People and machines can log in with a token that lives 15 minutes.

    Remedy: set iamDatabaseAuthenticationEnabled to true
    Controls: FSBP RDS.10, CKV_AWS_161
    """
    yield from must.be_true(instance.at("iamDatabaseAuthenticationEnabled"))


@resource_rule("databases-take-minor-upgrades-and-no-major-ones", Severity.HIGH, on=(INSTANCE,))
def _upgrades(instance: Resource, _: Settings) -> Findings:
    """Security fixes arrive by themselves; a major version is a decision.

    Remedy: leave autoMinorVersionUpgrade and allowMajorVersionUpgrade out
    Controls: FSBP RDS.13, CIS 3.2.2, CKV_AWS_226
    """
    yield from must.not_be_false(instance.at("autoMinorVersionUpgrade"))
    yield from must.not_be_true(instance.at("allowMajorVersionUpgrade"))


@resource_rule(
    "snapshots-carry-their-databases-tags", Severity.LOW, on=(INSTANCE,), fix={"copyTagsToSnapshot": True}
)
def _snapshot_tags(instance: Resource, _: Settings) -> Findings:
    """A snapshot says whose it is, and which backups it belongs to.

    Remedy: set copyTagsToSnapshot to true
    Controls: FSBP RDS.17, CKV2_AWS_60
    """
    yield from must.be_true(instance.at("copyTagsToSnapshot"))


@resource_rule("databases-avoid-the-default-port", Severity.LOW, on=(INSTANCE,))
def _port(instance: Resource, _: Settings) -> Findings:
    """A database does not answer where every scanner looks first.

    Remedy: set port to another number
    Controls: FSBP RDS.23
    """
    if _is_postgres(instance):
        yield from must.satisfy(
            instance.at("port"),
            lambda value: between(1150, 65535)(value) and str(value) != str(POSTGRES_PORT),
            f"must be 1150 to 65535 and not {POSTGRES_PORT}",
        )


def _is_own_name(value: object) -> bool:
    return is_text(value) and str(value).lower() not in DEFAULT_NAMES


def _is_created_from_nothing(instance: Resource) -> bool:
    """What is restored has its source's user."""
    return is_primary(instance) and not any(
        instance.at(path).is_set for path in ("snapshotIdentifier", "restoreToPointInTime", "s3Import")
    )


@resource_rule("databases-avoid-the-usual-admin-names", Severity.MEDIUM, on=(INSTANCE,))
def _admin_name(instance: Resource, _: Settings) -> Findings:
    """An attacker has to guess the admin's name too.

    Remedy: set username to a name of your own
    Controls: FSBP RDS.25
    """
    if _is_created_from_nothing(instance):
        yield from must.satisfy(
            instance.at("username"), _is_own_name, f"must be none of {', '.join(DEFAULT_NAMES)}"
        )


def _is_current_or_default(value: object) -> bool:
    return value is None or one_of(*CURRENT_CERTIFICATES)(value)


@resource_rule("databases-show-a-current-certificate", Severity.HIGH, on=(INSTANCE,))
def _certificate(instance: Resource, _: Settings) -> Findings:
    """A database's TLS certificate is of an authority that clients still trust.

    Remedy: set caCertIdentifier to one of those, or leave it out
    """
    yield from must.satisfy(
        instance.at("caCertIdentifier"),
        _is_current_or_default,
        f"must be one of {', '.join(CURRENT_CERTIFICATES)}",
    )


def _is_not_default(value: object) -> bool:
    return is_text(value) and not str(value).startswith("default")


@resource_rule("databases-have-their-own-parameters", Severity.MEDIUM, on=(INSTANCE,))
def _parameter_group(instance: Resource, _: Settings) -> Findings:
    """A database's parameters are its owner's, not AWS's default group.

    Remedy: set parameterGroupName to a group of your own
    Controls: FSBP RDS.38, CKV2_AWS_69
    """
    yield from must.satisfy(
        instance.at("parameterGroupName"), _is_not_default, "must name a group of your own"
    )


@resource_rule("databases-are-in-subnets-of-their-own", Severity.HIGH, on=(INSTANCE,))
def _subnet_group(instance: Resource, _: Settings) -> Findings:
    """A database stands in subnets that were made for it.

    Remedy: set dbSubnetGroupName
    Controls: FSBP RDS.18
    """
    if is_primary(instance):
        yield from must.satisfy(
            instance.at("dbSubnetGroupName"), _is_not_default, "must name a group of your own"
        )


RULES = (
    _backups_of_primaries,
    _backups_of_replicas,
    _not_public,
    _encryption,
    _zones,
    _monitoring,
    _queries,
    _protection,
    _final_snapshot,
    _kept_backups,
    _logs,
    _iam_authentication,
    _upgrades,
    _snapshot_tags,
    _port,
    _admin_name,
    _certificate,
    _parameter_group,
    _subnet_group,
)
