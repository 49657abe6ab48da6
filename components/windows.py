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
from typing import ClassVar, Self
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

CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"
"""A time of day, `hh:mm`: hours and minutes are its groups."""
_DAILY = re.compile(rf"{CLOCK}-{CLOCK}")
_WEEKLY = re.compile(rf"({'|'.join(DAYS)}):{CLOCK}-({'|'.join(DAYS)}):{CLOCK}", re.IGNORECASE)
_FIXED_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{2}):([0-5]\d)")


class WindowError(ValueError):
    """A window or time zone that cannot be used; the message says the value and what is allowed."""


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of time that comes again every `period_minutes`.

    `start_minute` counts from the start of the period. `length_minutes` is at least 30 and less than a day, so a window
    may run over the end of the period.
    """

    start_minute: int
    length_minutes: int
    period_minutes: ClassVar[int]

    def __post_init__(self) -> None:
        _check_length(self.length_minutes, str(self))

    @property
    def end_minute(self) -> int:
        """The first minute after the window, counted as `start_minute` is."""
        return (self.start_minute + self.length_minutes) % self.period_minutes

    def shifted(self, minutes: int) -> Self:
        """The window moved later by `minutes`, wrapping at the end of the period."""
        return type(self)((self.start_minute + minutes) % self.period_minutes, self.length_minutes)

    def to_utc(self, zone: str) -> Self:
        """This window in UTC when it is written in `zone` (see `standard_utc_offset_minutes`).

        The day of a weekly window changes with the hour where it must.
        """
        return self.shifted(-standard_utc_offset_minutes(zone))


@dataclass(frozen=True, slots=True)
class DailyWindow(_Window):
    """The same stretch of every day, such as an RDS backup window.

    `start_minute` counts from midnight (0-1439).
    """

    period_minutes = MINUTES_PER_DAY

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `hh:mm-hh:mm`; an end before the start is on the next day. Raises WindowError."""
        match = _DAILY.fullmatch(text.strip())
        if match is None:
            raise WindowError(f"daily window {text!r} is not of the form hh:mm-hh:mm, such as 03:00-04:00")
        start, end = _minutes(*match.group(1, 2)), _minutes(*match.group(3, 4))
        return cls(start, (end - start) % MINUTES_PER_DAY)

    def __str__(self) -> str:
        """As AWS takes a backup window: `hh24:mi-hh24:mi`."""
        return f"{clock(self.start_minute)}-{clock(self.end_minute)}"


@dataclass(frozen=True, slots=True)
class WeeklyWindow(_Window):
    """The same stretch of every week, such as a maintenance window.

    `start_minute` counts from Monday 00:00 (0-10079).
    """

    period_minutes = MINUTES_PER_WEEK

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

    def __str__(self) -> str:
        """As AWS takes a maintenance window: `ddd:hh24:mi-ddd:hh24:mi` in lower case."""
        return f"{_day_clock(self.start_minute)}-{_day_clock(self.end_minute)}"


Window = DailyWindow | WeeklyWindow


def at_the_same_time(one: WeeklyWindow, other: WeeklyWindow) -> bool:
    """True if any minute of the week lies in both windows, which must be in the same zone."""
    return _meet(one, other, MINUTES_PER_WEEK)


def overlaps(daily: DailyWindow, weekly: WeeklyWindow) -> bool:
    """True if any minute of the week lies in both windows, which must be in the same zone.

    Windows that only touch (one ends at the minute the other starts) do not overlap.
    """
    # A weekly window is shorter than a day, so a day's circle is enough.
    return _meet(daily, weekly, MINUTES_PER_DAY)


def _meet(one: Window, other: Window, circle_minutes: int) -> bool:
    """True where the windows share a minute of the circle: two arcs meet exactly when one starts inside the other."""
    other_start = (other.start_minute - one.start_minute) % circle_minutes
    one_start = (one.start_minute - other.start_minute) % circle_minutes
    return other_start < one.length_minutes or one_start < other.length_minutes


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


def clock(minute_of_day: int) -> str:
    """A minute of the day (0-1439) as `hh:mm`."""
    return f"{minute_of_day // 60:02d}:{minute_of_day % 60:02d}"


def _day_clock(minute_of_week: int) -> str:
    return f"{DAYS[minute_of_week // MINUTES_PER_DAY]}:{clock(minute_of_week % MINUTES_PER_DAY)}"
