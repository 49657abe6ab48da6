"""Databases on RDS. A replica has its backups, its user and its final snapshot from its source, and rules of its own."""

from collections.abc import Iterator

from policies.resources import Resource
from policies.rule import (
    Demand,
    Finding,
    Judge,
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
    is_explicitly_off,
    is_filled_list,
    is_not_off,
    is_off,
    is_on,
    is_text,
    known_texts,
    one_of,
)
from policies.values import UNKNOWN

INSTANCE = "aws:rds/instance:Instance"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"

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


def _is_postgres(instance: Resource) -> bool:
    """A replica says no engine: it has its source's. What is not known is judged."""
    engine = instance.at("engine").value
    return engine is None or engine is UNKNOWN or engine == "postgres"


def _is_in_another_region_than_its_source(replica: Resource) -> bool:
    """Such a replica names its source by ARN."""
    source = replica.at("replicateSourceDb").value
    return isinstance(source, str) and source.startswith("arn:")


def _backups_of_primaries(instance: Resource, settings: Settings) -> Iterator[Finding]:
    if is_primary(instance):
        days = settings["minimumDays"]
        yield from check(
            instance.at("backupRetentionPeriod"),
            between(days, LONGEST_BACKUP_RETENTION_DAYS, unset=UNSET_BACKUP_RETENTION_DAYS),
            f"must be {days} to {LONGEST_BACKUP_RETENTION_DAYS} days, and said so: the provider's default is 0",
        )


def _backups_of_replicas(instance: Resource, settings: Settings) -> Iterator[Finding]:
    if is_replica(instance):
        days = settings["minimumDays"]
        enough = between(days, LONGEST_BACKUP_RETENTION_DAYS)
        yield from check(
            instance.at("backupRetentionPeriod"),
            lambda value: value in (None, "0") or between(0, 0)(value) or enough(value),
            f"must be 0, or {days} to {LONGEST_BACKUP_RETENTION_DAYS} days",
        )


def _encryption(instance: Resource, _: Settings) -> Iterator[Finding]:
    if is_primary(instance):
        yield from check(instance.at("storageEncrypted"), is_on, "must be true")
    else:
        yield from check(instance.at("storageEncrypted"), is_not_off, "must not be false")
    if is_primary(instance) or _is_in_another_region_than_its_source(instance):
        yield from check(instance.at("kmsKeyId"), is_text, "must name a key of your own")


def _protection(instance: Resource, _: Settings) -> Iterator[Finding]:
    if is_primary(instance):
        yield from check(instance.at("deletionProtection"), is_on, "must be true")
        if not instance.is_protected:
            yield Violation("the resource option `protect` is off; it must be on")


def _logs(instance: Resource, _: Settings) -> Iterator[Finding]:
    exports = instance.at("enabledCloudwatchLogsExports")
    if not _is_postgres(instance):
        return
    if any(item.is_unknown for item in exports.items()):
        yield Undecided(exports.path)
        return
    missing = [name for name in ("postgresql", "upgrade") if name not in known_texts(exports)]
    if missing:
        yield Violation(f"`{exports.path}` lacks {' and '.join(missing)}")


def _is_current_or_default(value: object) -> bool:
    return value is None or one_of(*CURRENT_CERTIFICATES)(value)


def _is_own_name(value: object) -> bool:
    return is_text(value) and str(value).lower() not in DEFAULT_NAMES


def _is_created_from_nothing(instance: Resource) -> bool:
    """What is restored has its source's user."""
    return is_primary(instance) and not any(
        instance.at(path).is_set for path in ("snapshotIdentifier", "restoreToPointInTime", "s3Import")
    )


def _is_not_default(value: object) -> bool:
    return is_text(value) and not str(value).startswith("default")


def _parameters(*wanted: tuple[str, str | None]) -> Judge:
    """Each parameter of those names must have that value, or any where None stands."""

    def judge(group: Resource, _: Settings) -> Iterator[Finding]:
        family = group.at("family")
        if isinstance(family.value, str) and not family.value.startswith("postgres"):
            return
        parameters = group.at("parameters")
        entries = parameters.items()
        may_hold_more = any(entry.at("name").is_unknown for entry in entries)
        if may_hold_more:
            yield Undecided(parameters.path)
        values = {entry.at("name").value: entry.at("value") for entry in entries}
        for name, value in wanted:
            found = values.get(name)
            if found is None and not may_hold_more:
                yield Violation(f"the parameter {name} is not set")
            elif found is not None and found.is_unknown:
                yield Undecided(found.path)
            elif found is not None and value is not None and str(found.value) != value:
                yield Violation(f"the parameter {name} is not {value}")

    return judge


RULES = (
    ResourceRule(
        id="databases-keep-backups-long-enough",
        description="A database's automated backups reach back far enough to notice a mistake and undo it.",
        severity=Severity.CRITICAL,
        controls=("FSBP RDS.11", "CKV_AWS_133"),
        remedy="set backupRetentionPeriod",
        on=(INSTANCE,),
        settings=BACKUP_DAYS,
        judge=_backups_of_primaries,
    ),
    ResourceRule(
        id="replicas-keep-either-no-backups-or-enough",
        description="A replica leaves backups to its source, or keeps its own as long as a database must.",
        severity=Severity.MEDIUM,
        controls=("FSBP RDS.11",),
        remedy="leave backupRetentionPeriod out, or set it as for a database about to be promoted",
        on=(INSTANCE,),
        settings=BACKUP_DAYS,
        judge=_backups_of_replicas,
    ),
    ResourceRule(
        id="databases-are-not-public",
        description="No database has an address on the internet.",
        severity=Severity.CRITICAL,
        controls=("FSBP RDS.2", "CIS 3.2.3", "CKV_AWS_17"),
        remedy="set publiclyAccessible to false",
        on=(INSTANCE,),
        fix={"publiclyAccessible": False},
        judge=demands(Demand("publiclyAccessible", is_explicitly_off, "must be false, and said so")),
    ),
    ResourceRule(
        id="databases-are-encrypted-with-an-own-key",
        description="A database's storage is encrypted with a key that its owner controls.",
        severity=Severity.CRITICAL,
        controls=("FSBP RDS.3", "CIS 3.2.1", "CKV_AWS_16"),
        remedy="set storageEncrypted and kmsKeyId; neither can be changed later without a new instance",
        on=(INSTANCE,),
        judge=_encryption,
    ),
    ResourceRule(
        id="databases-survive-the-loss-of-a-zone",
        description="A database that applications write to has a standby in another zone.",
        severity=Severity.HIGH,
        controls=("FSBP RDS.5", "CIS 3.2.4", "CKV_AWS_157"),
        remedy="set multiAz to true",
        on=(INSTANCE,),
        dev=Level.OFF,
        judge=demands(Demand("multiAz", is_on, "must be true"), when=is_primary),
    ),
    ResourceRule(
        id="databases-are-monitored-by-the-second",
        description="Enhanced monitoring shows a database's processes and memory.",
        severity=Severity.MEDIUM,
        controls=("FSBP RDS.6", "CKV_AWS_118"),
        remedy="set monitoringInterval and monitoringRoleArn",
        on=(INSTANCE,),
        dev=Level.ADVISORY,
        judge=demands(
            Demand(
                "monitoringInterval",
                one_of(*MONITORING_INTERVALS_SECONDS, *map(str, MONITORING_INTERVALS_SECONDS)),
                f"must be one of {', '.join(map(str, MONITORING_INTERVALS_SECONDS))} seconds",
            ),
            Demand("monitoringRoleArn", is_text, "must name the role that RDS writes with"),
        ),
    ),
    ResourceRule(
        id="databases-show-their-queries",
        description="Performance Insights keeps which statements a database spends its time on, encrypted.",
        severity=Severity.LOW,
        controls=("CKV_AWS_353", "CKV_AWS_354"),
        remedy="set performanceInsightsEnabled and performanceInsightsKmsKeyId",
        on=(INSTANCE,),
        dev=Level.ADVISORY,
        judge=demands(
            Demand("performanceInsightsEnabled", is_on, "must be true"),
            Demand("performanceInsightsKmsKeyId", is_text, "must name a key of your own"),
        ),
    ),
    ResourceRule(
        id="databases-are-protected-from-deletion",
        description="A database is deleted only after somebody has taken two protections off.",
        severity=Severity.CRITICAL,
        controls=("FSBP RDS.8", "CKV_AWS_293"),
        remedy="set deletionProtection, and the resource option protect",
        on=(INSTANCE,),
        dev=Level.OFF,
        judge=_protection,
    ),
    ResourceRule(
        id="databases-leave-a-final-snapshot",
        description="A database that is deleted leaves a snapshot.",
        severity=Severity.CRITICAL,
        remedy="leave skipFinalSnapshot out and set finalSnapshotIdentifier to a name that stays the same",
        on=(INSTANCE,),
        dev=Level.OFF,
        judge=demands(
            Demand("skipFinalSnapshot", is_off, "must be false"),
            Demand("finalSnapshotIdentifier", is_text, "must name the snapshot"),
            when=is_primary,
        ),
    ),
    ResourceRule(
        id="backups-outlive-their-database",
        description="Automated backups stay when their database is deleted.",
        severity=Severity.HIGH,
        remedy="set deleteAutomatedBackups to false",
        on=(INSTANCE,),
        dev=Level.OFF,
        judge=demands(
            Demand(
                "deleteAutomatedBackups",
                is_explicitly_off,
                "must be false, and said so: the provider's default is true",
            ),
            when=is_primary,
        ),
    ),
    ResourceRule(
        id="databases-write-their-logs-where-they-last",
        description="PostgreSQL's log and the log of upgrades go to CloudWatch.",
        severity=Severity.MEDIUM,
        controls=("FSBP RDS.9", "FSBP RDS.36", "CKV_AWS_129"),
        remedy="set enabledCloudwatchLogsExports to postgresql and upgrade",
        on=(INSTANCE,),
        judge=_logs,
    ),
    ResourceRule(
        id="databases-accept-iam-authentication",
        description="People and machines can log in with a token that lives 15 minutes.",
        severity=Severity.MEDIUM,
        controls=("FSBP RDS.10", "CKV_AWS_161"),
        remedy="set iamDatabaseAuthenticationEnabled to true",
        on=(INSTANCE,),
        judge=demands(Demand("iamDatabaseAuthenticationEnabled", is_on, "must be true")),
    ),
    ResourceRule(
        id="databases-take-minor-upgrades-and-no-major-ones",
        description="Security fixes arrive by themselves; a major version is a decision.",
        severity=Severity.HIGH,
        controls=("FSBP RDS.13", "CIS 3.2.2", "CKV_AWS_226"),
        remedy="leave autoMinorVersionUpgrade and allowMajorVersionUpgrade out",
        on=(INSTANCE,),
        judge=demands(
            Demand("autoMinorVersionUpgrade", is_not_off, "must not be false"),
            Demand("allowMajorVersionUpgrade", is_off, "must not be true"),
        ),
    ),
    ResourceRule(
        id="snapshots-carry-their-databases-tags",
        description="A snapshot says whose it is, and which backups it belongs to.",
        severity=Severity.LOW,
        controls=("FSBP RDS.17", "CKV2_AWS_60"),
        remedy="set copyTagsToSnapshot to true",
        on=(INSTANCE,),
        fix={"copyTagsToSnapshot": True},
        judge=demands(Demand("copyTagsToSnapshot", is_on, "must be true")),
    ),
    ResourceRule(
        id="databases-avoid-the-default-port",
        description="A database does not answer where every scanner looks first.",
        severity=Severity.LOW,
        controls=("FSBP RDS.23",),
        remedy="set port to another number",
        on=(INSTANCE,),
        judge=demands(
            Demand(
                "port",
                lambda value: between(1150, 65535)(value) and str(value) != str(POSTGRES_PORT),
                f"must be 1150 to 65535 and not {POSTGRES_PORT}",
            ),
            when=_is_postgres,
        ),
    ),
    ResourceRule(
        id="databases-avoid-the-usual-admin-names",
        description="An attacker has to guess the admin's name too.",
        severity=Severity.MEDIUM,
        controls=("FSBP RDS.25",),
        remedy="set username to a name of your own",
        on=(INSTANCE,),
        judge=demands(
            Demand("username", _is_own_name, f"must be none of {', '.join(DEFAULT_NAMES)}"),
            when=_is_created_from_nothing,
        ),
    ),
    ResourceRule(
        id="databases-show-a-current-certificate",
        description="A database's TLS certificate is of an authority that clients still trust.",
        severity=Severity.HIGH,
        remedy="set caCertIdentifier to one of those, or leave it out",
        on=(INSTANCE,),
        judge=demands(
            Demand(
                "caCertIdentifier",
                _is_current_or_default,
                f"must be one of {', '.join(CURRENT_CERTIFICATES)}",
            )
        ),
    ),
    ResourceRule(
        id="databases-have-their-own-parameters",
        description="A database's parameters are its owner's, not AWS's default group.",
        severity=Severity.MEDIUM,
        controls=("FSBP RDS.38", "CKV2_AWS_69"),
        remedy="set parameterGroupName to a group of your own",
        on=(INSTANCE,),
        judge=demands(Demand("parameterGroupName", _is_not_default, "must name a group of your own")),
    ),
    ResourceRule(
        id="databases-are-in-subnets-of-their-own",
        description="A database stands in subnets that were made for it.",
        severity=Severity.HIGH,
        controls=("FSBP RDS.18",),
        remedy="set dbSubnetGroupName",
        on=(INSTANCE,),
        judge=demands(
            Demand("dbSubnetGroupName", _is_not_default, "must name a group of your own"), when=is_primary
        ),
    ),
    ResourceRule(
        id="databases-speak-tls-only",
        description="A database refuses connections without TLS.",
        severity=Severity.HIGH,
        controls=("FSBP RDS.38", "CKV2_AWS_69"),
        remedy="set the parameter rds.force_ssl to 1",
        on=(PARAMETER_GROUP,),
        judge=_parameters(("rds.force_ssl", "1")),
    ),
    ResourceRule(
        id="databases-log-changes-and-slow-statements",
        description="A database's log shows who changed its structure, and what was slow.",
        severity=Severity.LOW,
        controls=("CKV2_AWS_30",),
        remedy="set the parameters log_statement and log_min_duration_statement",
        on=(PARAMETER_GROUP,),
        judge=_parameters(("log_statement", None), ("log_min_duration_statement", None)),
    ),
    ResourceRule(
        id="database-subnets-span-zones",
        description="A database can move to another zone.",
        severity=Severity.HIGH,
        controls=("FSBP RDS.5",),
        remedy="set subnetIds to subnets of at least two zones",
        on=(SUBNET_GROUP,),
        judge=demands(
            Demand(
                "subnetIds",
                lambda value: is_filled_list(value) and len(value) > 1,
                "must hold at least two subnets",
            )
        ),
    ),
)
