"""Backup and maintenance windows: written in local time, handed to AWS in UTC.

RDS and ElastiCache windows are UTC and do not follow daylight saving time, so one local time can only be
right for part of the year. A window is therefore converted at the zone's *standard* offset: 03:00-04:00 in
America/New_York is 08:00-09:00 UTC all year, which reads as 04:00-05:00 on summer clocks. A fixed choice
keeps the declared value the same in every preview, and the summer shift moves the window later into the
night, not into the evening.

Source of formats, the 30 minute minimum and "the two must not overlap": Amazon RDS User Guide, "Backup
window" and "The Amazon RDS maintenance window". The limit of less than 24 hours for a maintenance window is
what the RDS API answers with when it is exceeded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
MINIMUM_LENGTH_MINUTES = 30
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# Standard time is read off one fixed year, so that a stack file means the same windows whenever it is
# previewed.
_REFERENCE_YEAR = 2025
# UTC offsets in use run from -12:00 to +14:00 (IANA time zone database).
_LOWEST_OFFSET_MINUTES, _HIGHEST_OFFSET_MINUTES = -12 * 60, 14 * 60

_CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"
_DAILY = re.compile(rf"{_CLOCK}-{_CLOCK}")
_WEEKLY = re.compile(rf"({'|'.join(DAYS)}):{_CLOCK}-({'|'.join(DAYS)}):{_CLOCK}", re.IGNORECASE)
_FIXED_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{2}):([0-5]\d)")


class WindowError(ValueError):
    """A window or time zone that cannot be used; the message says the value and what is allowed."""


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """The same stretch of every day, such as an RDS backup window.

    `start_minute` counts from midnight (0-1439); `length_minutes` is at least 30 and less than a day, so a
    window may run over midnight.
    """

    start_minute: int
    length_minutes: int

    def __post_init__(self) -> None:
        _check_length(self.length_minutes, str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `hh:mm-hh:mm`; an end before the start is on the next day. Raises WindowError."""
        match = _DAILY.fullmatch(text.strip())
        if match is None:
            raise WindowError(f"daily window {text!r} is not of the form hh:mm-hh:mm, such as 03:00-04:00")
        start, end = _minutes(*match.group(1, 2)), _minutes(*match.group(3, 4))
        return cls(start, (end - start) % MINUTES_PER_DAY)

    def shifted(self, minutes: int) -> DailyWindow:
        """The window moved later by `minutes`, wrapping at midnight."""
        return DailyWindow((self.start_minute + minutes) % MINUTES_PER_DAY, self.length_minutes)

    def to_utc(self, zone: str) -> DailyWindow:
        """This window in UTC when it is written in `zone` (see `standard_utc_offset_minutes`)."""
        return self.shifted(-standard_utc_offset_minutes(zone))

    def __str__(self) -> str:
        """As AWS takes a backup window: `hh24:mi-hh24:mi`."""
        end = (self.start_minute + self.length_minutes) % MINUTES_PER_DAY
        return f"{_clock(self.start_minute)}-{_clock(end)}"


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """The same stretch of every week, such as a maintenance window.

    `start_minute` counts from Monday 00:00 (0-10079); `length_minutes` is at least 30 and less than a day.
    """

    start_minute: int
    length_minutes: int

    def __post_init__(self) -> None:
        _check_length(self.length_minutes, str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ddd:hh:mm-ddd:hh:mm`, which may run over Sunday midnight. Raises WindowError."""
        match = _WEEKLY.fullmatch(text.strip())
        if match is None:
            raise WindowError(
                f"weekly window {text!r} is not of the form ddd:hh:mm-ddd:hh:mm, such as sun:05:00-sun:06:00 "
                f"with a day out of {', '.join(DAYS)}"
            )
        start = _day_start(match.group(1)) + _minutes(*match.group(2, 3))
        end = _day_start(match.group(4)) + _minutes(*match.group(5, 6))
        return cls(start, (end - start) % MINUTES_PER_WEEK)

    def shifted(self, minutes: int) -> WeeklyWindow:
        """The window moved later by `minutes`, wrapping at the end of the week."""
        return WeeklyWindow((self.start_minute + minutes) % MINUTES_PER_WEEK, self.length_minutes)

    def to_utc(self, zone: str) -> WeeklyWindow:
        """This window in UTC when it is written in `zone`; the day changes with the hour where it must."""
        return self.shifted(-standard_utc_offset_minutes(zone))

    def __str__(self) -> str:
        """As AWS takes a maintenance window: `ddd:hh24:mi-ddd:hh24:mi` in lower case."""
        end = (self.start_minute + self.length_minutes) % MINUTES_PER_WEEK
        return f"{_day_clock(self.start_minute)}-{_day_clock(end)}"


def at_the_same_time(one: WeeklyWindow, other: WeeklyWindow) -> bool:
    """Whether any minute of the week lies in both windows; both must be in the same zone."""
    other_start = (other.start_minute - one.start_minute) % MINUTES_PER_WEEK
    one_start = (one.start_minute - other.start_minute) % MINUTES_PER_WEEK
    return other_start < one.length_minutes or one_start < other.length_minutes


def overlaps(daily: DailyWindow, weekly: WeeklyWindow) -> bool:
    """Whether any minute of the week lies in both windows; both must be in the same zone.

    Windows that only touch (one ends at the minute the other starts) do not overlap.
    """
    # How far into the daily cycle the weekly window starts, and the other way round: two arcs of a circle
    # meet exactly when one starts inside the other. A weekly window is shorter than a day, so a day's circle
    # is enough.
    weekly_start = (weekly.start_minute - daily.start_minute) % MINUTES_PER_DAY
    daily_start = (daily.start_minute - weekly.start_minute) % MINUTES_PER_DAY
    return weekly_start < daily.length_minutes or daily_start < weekly.length_minutes


def standard_utc_offset_minutes(zone: str) -> int:
    """Minutes east of UTC of `zone` outside daylight saving time.

    `zone` is an IANA name (`America/New_York`, `EST`, `UTC`) or a fixed offset (`-05:00`, `UTC+05:30`).
    Standard time is the smaller of the January and July offsets, which holds on both hemispheres. Raises
    WindowError.
    """
    fixed = _FIXED_OFFSET.fullmatch(zone)
    if fixed is not None:
        sign = -1 if fixed.group(1) == "-" else 1
        offset = sign * _minutes(*fixed.group(2, 3))
        if not _LOWEST_OFFSET_MINUTES <= offset <= _HIGHEST_OFFSET_MINUTES:
            raise WindowError(f"UTC offset {zone!r} is out of range: give one from -12:00 to +14:00")
        return offset
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise WindowError(
            f"time zone {zone!r} is not known: give an IANA name such as America/New_York "
            "or a fixed offset such as -05:00"
        ) from error
    offsets = [datetime(_REFERENCE_YEAR, month, 1, tzinfo=info).utcoffset() for month in (1, 7)]
    return min(offset for offset in offsets if offset is not None) // timedelta(minutes=1)


def _check_length(length_minutes: int, text: str) -> None:
    if length_minutes < MINIMUM_LENGTH_MINUTES:
        raise WindowError(
            f"window {text!r} is {length_minutes} minutes long: "
            f"make it at least {MINIMUM_LENGTH_MINUTES} minutes"
        )
    if length_minutes >= MINUTES_PER_DAY:
        raise WindowError(
            f"window {text!r} is {length_minutes / 60:g} hours long: make it less than 24 hours, "
            "and check that its days are in order"
        )


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)


def _day_start(day: str) -> int:
    return DAYS.index(day.lower()) * MINUTES_PER_DAY


def _clock(minute_of_day: int) -> str:
    return f"{minute_of_day // 60:02d}:{minute_of_day % 60:02d}"


def _day_clock(minute_of_week: int) -> str:
    return f"{DAYS[minute_of_week // MINUTES_PER_DAY]}:{_clock(minute_of_week % MINUTES_PER_DAY)}"
