"""Backups beside RDS's own: what a stack file may say about their copies, plans, tests and exports."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from components.backups.regions import RegionError, require_supported_pair
from components.backups.schedule import (
    FIRST_DAY_OF_MONTH,
    LAST_DAY_OF_MONTH,
    Schedule,
    ScheduleError,
    require_clear,
)
from components.postgres import sizing
from components.windows import standard_utc_offset_minutes
from infra.config.base import ConfigModel, Problem
from infra.config.general import Environment, RegionsConfig
from infra.config.postgres import MAXIMUM_RETENTION_DAYS, MINIMUM_RETENTION_DAYS, PostgresConfig

# Requirement: what production loses must be found again for 30 days, also when its region is lost.
MINIMUM_PROD_COPY_DAYS = 30
# AWS Backup and S3 Object Lock both end at a hundred years (BackupRule, Lifecycle; DefaultRetention).
MAXIMUM_DAYS = 36500
# AWS Backup guide, "Restore testing": a copy lives for 1 to 168 hours.
MAXIMUM_VALIDATION_HOURS = 168

Days = Annotated[int, Field(ge=1, le=MAXIMUM_DAYS)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _start(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text; put it in quotes")  # noqa: TRY004 - pydantic reports a ValueError
    return Schedule(value).start


Start = Annotated[str, BeforeValidator(_start)]


class RuleConfig(ConfigModel):
    """A backup every day at `start`, in the stack's time zone. Omitted `copy_retention_days`: no copy in the DR region."""

    start: Start
    retention_days: Days
    copy_retention_days: Days | None = None

    @property
    def schedule(self) -> Schedule:
        """When it starts."""
        return Schedule(self.start)


class WeeklyRuleConfig(RuleConfig):
    """A backup on one day of the week."""

    day: Weekday

    @property
    def schedule(self) -> Schedule:
        """When it starts."""
        return Schedule(self.start, day=self.day)


class MonthlyRuleConfig(RuleConfig):
    """A backup on one day of the month that every month has."""

    day_of_month: int = Field(ge=FIRST_DAY_OF_MONTH, le=LAST_DAY_OF_MONTH)

    @property
    def schedule(self) -> Schedule:
        """When it starts."""
        return Schedule(self.start, day_of_month=self.day_of_month)


class LockConfig(ConfigModel):
    """The governance lock of both vaults: no backup in them may be kept for less or more."""

    min_retention_days: Days
    max_retention_days: Days


class ReplicationConfig(ConfigModel):
    """RDS's automated backups in the DR region, for restores to a point in time there."""

    retention_days: int = Field(ge=MINIMUM_RETENTION_DAYS, le=MAXIMUM_RETENTION_DAYS)


class RestoreTestingConfig(ConfigModel):
    """The weekly restore: when, on what class, and for how long the copy can be looked at."""

    day: Weekday
    start: Start
    instance_class: str
    validation_window_hours: int = Field(ge=1, le=MAXIMUM_VALIDATION_HOURS)

    @property
    def schedule(self) -> Schedule:
        """When it starts."""
        return Schedule(self.start, day=self.day)


class ExportsConfig(ConfigModel):
    """How long logical exports are kept, and for how many of those days nobody may delete them."""

    retention_days: Days
    object_lock_days: Days


class BackupsConfig(ConfigModel):
    """What is kept beside RDS's own backups. Omitted replication, rules, lock or restore test: there is none."""

    automated_backups_replication: ReplicationConfig | None = None
    daily: RuleConfig
    weekly: WeeklyRuleConfig | None = None
    monthly: MonthlyRuleConfig | None = None
    lock: LockConfig | None = None
    restore_testing: RestoreTestingConfig | None = None
    exports: ExportsConfig

    @property
    def rules(self) -> Mapping[str, RuleConfig]:
        """The rules that there are, by name."""
        named = {"daily": self.daily, "weekly": self.weekly, "monthly": self.monthly}
        return {name: rule for name, rule in named.items() if rule is not None}


def problems(
    backups: BackupsConfig,
    *,
    environment: Environment,
    time_zone: str,
    regions: RegionsConfig,
    postgres: PostgresConfig,
) -> Iterator[Problem]:
    """What must hold between the backups' values, and between them and the rest of the stack."""
    yield from _schedule_problems(backups, time_zone, postgres)
    yield from _interval_problems(backups)
    too_short = list(_prod_copy_problems(backups)) if environment is Environment.PROD else []
    yield from too_short
    if backups.lock is not None and not too_short:  # the lock would only complain of the same days
        yield from _lock_problems(backups, backups.lock)
    if backups.automated_backups_replication is not None and regions.dr != regions.primary:
        try:
            require_supported_pair(regions.primary, regions.dr)
        except RegionError as error:
            yield Problem("backups.automated_backups_replication", str(error))
    if backups.restore_testing is not None:
        try:
            sizing.find_instance_class(backups.restore_testing.instance_class)
        except sizing.SizingError as error:
            yield Problem("backups.restore_testing.instance_class", str(error))
    exports = backups.exports
    if exports.object_lock_days > exports.retention_days:
        yield Problem(
            "backups.exports.object_lock_days",
            f"{exports.object_lock_days} is above backups.exports.retention_days {exports.retention_days}: exports would "
            "expire and still be paid for; lower the one or raise the other",
        )


def _schedule_problems(backups: BackupsConfig, time_zone: str, postgres: PostgresConfig) -> Iterator[Problem]:
    try:
        standard_utc_offset_minutes(time_zone)
    except ValueError:
        return  # a mistake of its own, reported once
    if ":" in time_zone:
        yield Problem(
            "time_zone",
            f"{time_zone!r} has no name, and AWS Backup's schedules are in named zones; give one such as America/New_York",
        )
        return
    for name, rule in backups.rules.items():
        try:
            require_clear(
                rule.schedule,
                time_zone,
                backup_window=postgres.backup_window.to_utc(time_zone),
                maintenance_window=postgres.maintenance_window.to_utc(time_zone),
            )
        except ScheduleError as error:
            yield Problem(f"backups.{name}.start", str(error))


def _interval_problems(backups: BackupsConfig) -> Iterator[Problem]:
    for name, rule in backups.rules.items():
        for key in ("retention_days", "copy_retention_days"):
            days = getattr(rule, key)
            if days is not None and days < rule.schedule.interval_days:
                yield Problem(
                    f"backups.{name}.{key}",
                    f"{days} is less than the {rule.schedule.interval_days} days between two backups, and at times there "
                    f"would be none; give at least {rule.schedule.interval_days}",
                )


def _lock_problems(backups: BackupsConfig, lock: LockConfig) -> Iterator[Problem]:
    if lock.min_retention_days > lock.max_retention_days:
        yield Problem(
            "backups.lock.min_retention_days",
            f"{lock.min_retention_days} is above backups.lock.max_retention_days {lock.max_retention_days}",
        )
        return
    kept = {
        f"backups.{name}.{key}": getattr(rule, key)
        for name, rule in backups.rules.items()
        for key in ("retention_days", "copy_retention_days")
        if getattr(rule, key) is not None
    }
    shortest, longest = min(kept, key=kept.__getitem__), max(kept, key=kept.__getitem__)
    if kept[shortest] < lock.min_retention_days:
        yield Problem(
            "backups.lock.min_retention_days",
            f"{lock.min_retention_days} is above {shortest} {kept[shortest]}, and the vault would refuse those backups; "
            "lower the one or raise the other",
        )
    if kept[longest] > lock.max_retention_days:
        yield Problem(
            "backups.lock.max_retention_days",
            f"{lock.max_retention_days} is below {longest} {kept[longest]}, and the vault would refuse those backups; "
            "raise the one or lower the other",
        )


def _prod_copy_problems(backups: BackupsConfig) -> Iterator[Problem]:
    copies = {f"{name}.copy_retention_days": rule.copy_retention_days for name, rule in backups.rules.items()}
    replication = backups.automated_backups_replication
    copies["automated_backups_replication.retention_days"] = (
        None if replication is None else replication.retention_days
    )
    for key, days in copies.items():
        if days is None or days < MINIMUM_PROD_COPY_DAYS:
            given = "is missing" if days is None else f"{days} is not enough"
            yield Problem(
                f"backups.{key}",
                f"{given}; prod keeps every copy in the DR region for at least {MINIMUM_PROD_COPY_DAYS} days",
            )
