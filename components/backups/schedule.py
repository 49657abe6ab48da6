"""When AWS Backup starts a job: local times, as its cron expressions, and away from RDS's own windows.

AWS Backup follows the clocks of the time zone that a rule names; RDS's windows are in UTC all year. One local start is
therefore at two places beside the windows, and must be clear of them at both.

Source of the rule: AWS Backup guide, "Backup plan options and configuration" (database services cannot start a backup
one hour before or during their maintenance window, and one scheduled then fails); a job that is too close to RDS's
automated backup window fails with a message of its own. The same hour is kept before both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from components.windows import (
    CLOCK,
    DAYS,
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    DailyWindow,
    WeeklyWindow,
    Window,
    clock,
)

LEAD_MINUTES = 60
# Every month has these days, so that none goes without its backup.
FIRST_DAY_OF_MONTH, LAST_DAY_OF_MONTH = 1, 28
LONGEST_MONTH_DAYS = 31

# One whole year shows every offset that a zone's clocks take; a fixed one keeps previews the same.
_REFERENCE_YEAR = 2025


class ScheduleError(ValueError):
    """A start that cannot be used; the message says the value, what is allowed and what to do."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A local time of day (`hh:mm`): every day, or on one `day` of the week (`sun`), or on one `day_of_month`.

    Raises ScheduleError.
    """

    start: str
    day: str | None = None
    day_of_month: int | None = None

    def __post_init__(self) -> None:
        if re.fullmatch(CLOCK, self.start) is None:
            raise ScheduleError(f"start {self.start!r} is not of the form hh:mm, such as 01:00")
        if self.day is not None and self.day_of_month is not None:
            raise ScheduleError("a schedule is weekly or monthly; give day or day_of_month")
        if self.day is not None and self.day not in DAYS:
            raise ScheduleError(f"day {self.day!r} is not known; give one of {', '.join(DAYS)}")
        if self.day_of_month is not None and not FIRST_DAY_OF_MONTH <= self.day_of_month <= LAST_DAY_OF_MONTH:
            raise ScheduleError(
                f"day of month {self.day_of_month} is not in every month; "
                f"give {FIRST_DAY_OF_MONTH} to {LAST_DAY_OF_MONTH}"
            )

    @property
    def start_minute(self) -> int:
        """Minutes from local midnight (0-1439)."""
        hours, minutes = self.start.split(":")
        return int(hours) * 60 + int(minutes)

    @property
    def interval_days(self) -> int:
        """The longest time between two starts, in days."""
        if self.day_of_month is not None:
            return LONGEST_MONTH_DAYS
        return 1 if self.day is None else len(DAYS)

    @property
    def cron(self) -> str:
        """As AWS takes it: minute, hour, day of month, month, day of week, year; one of the days is `?`."""
        hours, minutes = divmod(self.start_minute, 60)
        day_of_month: int | str
        if self.day is not None:
            day_of_month, day_of_week = "?", self.day.upper()
        else:
            day_of_month, day_of_week = self.day_of_month or "*", "?"
        return f"cron({minutes} {hours} {day_of_month} * {day_of_week} *)"

    def utc_starts(self, zone: str) -> frozenset[int]:
        """Every minute of the UTC week (from Monday 00:00, 0-10079) at which a start can be, whatever the season.

        A day of the month can be any day of the week. `zone` is an IANA name.
        """
        days = range(len(DAYS)) if self.day is None else (DAYS.index(self.day),)
        return frozenset(
            (day * MINUTES_PER_DAY + self.start_minute - offset) % MINUTES_PER_WEEK
            for day in days
            for offset in _utc_offsets_minutes(zone)
        )


def require_clear(
    schedule: Schedule, zone: str, *, backup_window: DailyWindow, maintenance_window: WeeklyWindow
) -> None:
    """Raise ScheduleError if a start ever falls into one of RDS's windows (both in UTC) or into the hour before."""
    windows: dict[str, Window] = {"backup": backup_window, "maintenance": maintenance_window}
    for start in sorted(schedule.utc_starts(zone)):
        for kind, window in windows.items():
            minutes_in = (start - window.start_minute + LEAD_MINUTES) % window.period_minutes
            if minutes_in < LEAD_MINUTES + window.length_minutes:
                raise ScheduleError(
                    f"{schedule.start} in {zone} can be {_day_clock(start)} UTC, which is in RDS's {kind} window "
                    f"{window} UTC or in the hour before it, when no backup can start; move it"
                )


def _utc_offsets_minutes(zone: str) -> frozenset[int]:
    """Minutes east of UTC that the clocks of `zone` show in the course of a year."""
    info = ZoneInfo(zone)
    first = date(_REFERENCE_YEAR, 1, 1)
    noons = (datetime.combine(first + timedelta(days=day), time(12), info) for day in range(365))
    offsets = {noon.utcoffset() for noon in noons}
    return frozenset(offset // timedelta(minutes=1) for offset in offsets if offset is not None)


def _day_clock(minute_of_week: int) -> str:
    day, minute = divmod(minute_of_week, MINUTES_PER_DAY)
    return f"{DAYS[day]} {clock(minute)}"
