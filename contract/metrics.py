"""Metrics: the CloudWatch namespaces and names of those that this project publishes itself.

Programs and jobs publish under these names, and the alarms read them. The names of AWS's own metrics are not here.
"""

from collections.abc import Mapping
from enum import StrEnum

POOL_NAMESPACE = "ReptiDex/PgBouncer"
POSTGRES_LOG_NAMESPACE = "ReptiDex/PostgreSQL"
BACKUP_JOB_NAMESPACE = "ReptiDex/Backups"


class PoolMetric(StrEnum):
    """The pool's metrics. The reporter in the pool's tasks publishes them, except ERRORS, which a log filter counts."""

    CLIENTS_ACTIVE = "ClientsActive"
    CLIENTS_WAITING = "ClientsWaiting"
    MAX_WAIT_SECONDS = "MaxWaitSeconds"
    SERVERS_ACTIVE = "ServersActive"
    SERVERS = "Servers"
    ERRORS = "Errors"


# The dimension of the metrics that the reporter publishes. ERRORS has none.
POOL_DIMENSION = "Database"


class PostgresLogMetric(StrEnum):
    """The counts of lines in a DB instance's log, by log filters."""

    DEADLOCKS = "Deadlocks"
    LONG_TRANSACTIONS = "LongTransactions"
    SLOW_STATEMENTS = "SlowStatements"


def postgres_log_namespace(identifier: str) -> str:
    """The namespace of the log metrics of DB instance `identifier`.

    The identifier cannot be a dimension: a log filter takes dimensions only from the text of a line.
    """
    return f"{POSTGRES_LOG_NAMESPACE}/{identifier}"


class BackupJobMetric(StrEnum):
    """The metrics that jobs publish about backups; AWS publishes none of them."""

    REPLICATED_BACKUP_AGE_SECONDS = "ReplicatedBackupAgeSeconds"
    RESTORE_TEST_AGE_SECONDS = "RestoreTestAgeSeconds"
    EXPORT_AGE_SECONDS = "ExportAgeSeconds"
    SIZE_BYTES = "BackupSizeBytes"
    DURATION_SECONDS = "BackupDurationSeconds"


# The dimension of every metric of BackupJobMetric.
BACKUP_JOB_DIMENSION = "Stack"


class PublishedAge(StrEnum):
    """The ages that jobs may publish, as a stack file names them: seconds since the latest good one."""

    REPLICATED_BACKUP = "replicated-backup"
    RESTORE_TEST = "restore-test"
    EXPORT = "export"


AGE_METRICS: Mapping[PublishedAge, BackupJobMetric] = {
    PublishedAge.REPLICATED_BACKUP: BackupJobMetric.REPLICATED_BACKUP_AGE_SECONDS,
    PublishedAge.RESTORE_TEST: BackupJobMetric.RESTORE_TEST_AGE_SECONDS,
    PublishedAge.EXPORT: BackupJobMetric.EXPORT_AGE_SECONDS,
}
