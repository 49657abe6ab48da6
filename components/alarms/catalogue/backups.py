"""Backups: the rows of AWS Backup's jobs, and of what our own jobs publish about backups."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.alarms.catalogue.builders import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Limit,
    above,
    below,
    in_a_row,
    ticket,
)
from components.alarms.rows import Comparison, Metric, Missing, Row
from contract.metrics import (
    AGE_METRICS,
    BACKUP_JOB_DIMENSION,
    BACKUP_JOB_NAMESPACE,
    BackupJobMetric,
    PublishedAge,
)

BACKUPS = "backups"
# A daily backup may start eight hours late and take long (components/backups/plan.py). 30 hours contain one all the
# same.
HOURS_WITHOUT_BACKUP = 30
# How old the latest good one may be. Replicated automated backups are never more than some minutes old while they
# work. Exports are daily. A restore test is weekly, and may take a day.
MAXIMUM_AGE_HOURS: Mapping[PublishedAge, int] = {
    PublishedAge.REPLICATED_BACKUP: 1,
    PublishedAge.RESTORE_TEST: 8 * 24,
    PublishedAge.EXPORT: 30,
}
# Standard deviations: CloudWatch guide, "Using CloudWatch anomaly detection", whose own default is 2. Backups grow in
# steps.
ANOMALY_BAND_WIDTH = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupSubject:
    """The facts about the backups that their rows are computed from. `published_ages`: those that a job publishes."""

    stack: str
    vault_name: pulumi.Input[str]
    has_copies: bool
    published_ages: Sequence[PublishedAge]

    def job_metric(self, name: BackupJobMetric, statistic: str) -> Metric:
        """A metric that one of our jobs publishes for this stack."""
        dimensions = {BACKUP_JOB_DIMENSION: self.stack}
        return Metric(namespace=BACKUP_JOB_NAMESPACE, name=name, statistic=statistic, dimensions=dimensions)


def backup_rows(backups: BackupSubject) -> tuple[Row, ...]:
    """The rows of AWS Backup's jobs, and of what our own jobs publish."""
    return (
        *_job_rows(backups),
        *(_age_row(backups, age) for age in backups.published_ages),
        _anomaly_row(backups, "backup-size", BackupJobMetric.SIZE_BYTES, "Bytes"),
        _anomaly_row(backups, "backup-duration", BackupJobMetric.DURATION_SECONDS, "Seconds"),
    )


def _job_rows(backups: BackupSubject) -> Iterator[Row]:
    vault: Mapping[str, pulumi.Input[str]] = {"BackupVaultName": backups.vault_name}
    # AWS Backup counts copies and restores by resource type only.
    databases = {"ResourceType": "RDS"}
    yield _failed_row(
        "backup-failed",
        "a backup job failed, expired or was aborted",
        [
            _backup_metric(f"NumberOfBackupJobs{end}", vault, end.lower())
            for end in ("Failed", "Expired", "Aborted")
        ],
    )
    yield ticket(
        "backup-missing",
        f"no backup job has ended well for {HOURS_WITHOUT_BACKUP} hours",
        _backup_metric("NumberOfBackupJobsCompleted", vault),
        family=BACKUPS,
        limit=below(1, "Count"),
        evaluation=in_a_row(HOURS_WITHOUT_BACKUP, period_seconds=HOUR_SECONDS),
        missing=Missing.BREACHING,
    )
    restores = _backup_metric("NumberOfRestoreJobsFailed", databases, "failed")
    yield _failed_row("restore-test-failed", "a restore failed", [restores])
    if backups.has_copies:
        copies = _backup_metric("NumberOfCopyJobsFailed", databases, "failed")
        yield _failed_row("copy-failed", "a copy to the DR region failed", [copies])


def _backup_metric(name: str, dimensions: Mapping[str, pulumi.Input[str]], id_: str = "m") -> Metric:
    return Metric(id=id_, namespace="AWS/Backup", name=name, statistic="Sum", dimensions=dimensions)


def _failed_row(name: str, description: str, counts: Sequence[Metric]) -> Row:
    """The row of jobs that failed. AWS Backup publishes no zero, so missing data counts as zero."""
    return ticket(
        name,
        description,
        *counts,
        family=BACKUPS,
        expression=" + ".join(f"FILL({count.id}, 0)" for count in counts),
        limit=above(0, "Count"),
        evaluation=in_a_row(1, period_seconds=HOUR_SECONDS),
    )


def _age_row(backups: BackupSubject, age: PublishedAge) -> Row:
    hours = MAXIMUM_AGE_HOURS[age]
    return ticket(
        f"{age}-old",
        f"the latest good {age.replace('-', ' ')} is more than {hours} hours old, or nobody looks",
        backups.job_metric(AGE_METRICS[age], "Minimum"),
        family=BACKUPS,
        limit=above(hours * HOUR_SECONDS, "Seconds"),
        evaluation=in_a_row(2, period_seconds=HOUR_SECONDS),
        missing=Missing.BREACHING,
    )


def _anomaly_row(backups: BackupSubject, name: str, metric: BackupJobMetric, unit: str) -> Row:
    """The row of an unusual backup. A job publishes each backup; until it does, there is no band and no alarm."""
    return ticket(
        f"{name}-anomaly",
        f"the latest {name.replace('-', ' ')} is unlike those before it",
        backups.job_metric(metric, "Maximum"),
        family=BACKUPS,
        expression=f"ANOMALY_DETECTION_BAND(m, {ANOMALY_BAND_WIDTH})",
        limit=Limit(comparison=Comparison.OUTSIDE_BAND, threshold=None, unit=unit),
        evaluation=in_a_row(1, period_seconds=DAY_SECONDS),
    )
