"""Proves when backups start: AWS's cron expressions, and that no start comes too close to RDS's windows in any season.

The expressions are read back by a reader of their own, and the distance is checked against every day of a year by the
system's time zones. It does not prove that AWS Backup accepts an expression, nor that it starts a job on time.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.backups.schedule import LEAD_MINUTES, Schedule, ScheduleError, require_clear
from components.windows import DAYS, MINUTES_PER_DAY, MINUTES_PER_WEEK, DailyWindow, WeeklyWindow

YEAR = [date(2025, 1, 1) + timedelta(days=day) for day in range(365)]
ZONES = (
    "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Dublin", "Pacific/Auckland",
    "Pacific/Kiritimati", "UTC",
)  # fmt: skip

clocks = st.times().map(lambda moment: f"{moment:%H:%M}")
schedules = st.one_of(
    st.builds(Schedule, clocks),
    st.builds(Schedule, clocks, day=st.sampled_from(DAYS)),
    st.builds(Schedule, clocks, day_of_month=st.integers(1, 28)),
)
daily_windows = st.builds(DailyWindow, st.integers(0, MINUTES_PER_DAY - 1), st.integers(30, 600))
weekly_windows = st.builds(WeeklyWindow, st.integers(0, MINUTES_PER_WEEK - 1), st.integers(30, 600))


def starts_of(cron: str) -> list[datetime]:
    """The local starts that an expression means in one year, by the field list of AWS's cron expressions."""
    minute, hour, day_of_month, month, day_of_week, year = (
        cron.removeprefix("cron(").removesuffix(")").split()
    )
    assert (month, year) == ("*", "*")
    assert "?" in (day_of_month, day_of_week), "one of the two days must be left open"
    days = [
        day
        for day in YEAR
        if day_of_month in ("?", "*", str(day.day)) and day_of_week in ("?", DAYS[day.weekday()].upper())
    ]
    return [datetime.combine(day, time(int(hour), int(minute))) for day in days]


def is_refused(schedule: Schedule, zone: str, daily: DailyWindow, weekly: WeeklyWindow) -> bool:
    try:
        require_clear(schedule, zone, backup_window=daily, maintenance_window=weekly)
    except ScheduleError:
        return True
    return False


@pytest.mark.parametrize(
    ("schedule", "cron"),
    [
        (Schedule("01:00"), "cron(0 1 * * ? *)"),
        (Schedule("23:30", day="sun"), "cron(30 23 ? * SUN *)"),
        (Schedule("00:05", day_of_month=1), "cron(5 0 1 * ? *)"),
    ],
)
def test_a_schedule_is_written_as_aws_reads_it(schedule: Schedule, cron: str) -> None:
    assert schedule.cron == cron


@given(schedule=schedules)
def test_an_expression_means_every_day_that_the_schedule_names_and_no_other(schedule: Schedule) -> None:
    starts = starts_of(schedule.cron)
    assert {f"{start:%H:%M}" for start in starts} == {schedule.start}
    if schedule.day is not None:
        assert {DAYS[start.weekday()] for start in starts} == {schedule.day}
        assert len(starts) in {52, 53}
    elif schedule.day_of_month is not None:
        assert [start.month for start in starts] == list(range(1, 13))
        assert {start.day for start in starts} == {schedule.day_of_month}
    else:
        assert len(starts) == len(YEAR)


@given(schedule=schedules)
def test_the_interval_is_the_longest_time_between_two_starts(schedule: Schedule) -> None:
    starts = starts_of(schedule.cron)
    gaps = {(later - earlier).days for earlier, later in pairwise(starts)}
    assert schedule.interval_days == max(gaps)


@given(schedule=schedules, zone=st.sampled_from(ZONES))
def test_every_start_of_a_year_is_among_the_starts_that_are_checked(schedule: Schedule, zone: str) -> None:
    checked = schedule.utc_starts(zone)
    for local in starts_of(schedule.cron):
        start = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        minute_of_week = start.weekday() * MINUTES_PER_DAY + start.hour * 60 + start.minute
        # A clock time that is skipped on one day of the year has no offset of its own.
        if start.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local:
            assert minute_of_week in checked


@given(schedule=schedules, zone=st.sampled_from(ZONES), daily=daily_windows, weekly=weekly_windows)
def test_a_start_is_refused_exactly_when_it_is_in_a_window_or_in_the_hour_before(
    schedule: Schedule, zone: str, daily: DailyWindow, weekly: WeeklyWindow
) -> None:
    closed = {
        (day * MINUTES_PER_DAY + daily.start_minute + minute) % MINUTES_PER_WEEK
        for day in range(7)
        for minute in range(-LEAD_MINUTES, daily.length_minutes)
    } | {
        (weekly.start_minute + minute) % MINUTES_PER_WEEK
        for minute in range(-LEAD_MINUTES, weekly.length_minutes)
    }
    assert is_refused(schedule, zone, daily, weekly) == bool(schedule.utc_starts(zone) & closed)


# 08:00-09:00 UTC is 03:00-04:00 on New York's winter clocks and 04:00-05:00 on its summer clocks.
@pytest.mark.parametrize(
    ("start", "refused"),
    [("01:59", False), ("02:00", True), ("03:30", True), ("04:00", True), ("04:59", True), ("05:00", False)],
)
def test_a_start_must_be_clear_of_the_window_on_winter_and_on_summer_clocks(
    start: str, refused: bool
) -> None:
    far_away = WeeklyWindow.parse("wed:20:00-wed:21:00")
    window = DailyWindow.parse("08:00-09:00")
    assert is_refused(Schedule(start), "America/New_York", window, far_away) is refused


@pytest.mark.parametrize(
    ("schedule", "refused"),
    [
        (Schedule("06:30", day="sun"), True),
        (Schedule("06:30", day="sat"), False),
        (Schedule("06:30"), True),
        (Schedule("06:30", day_of_month=1), True),
        (Schedule("07:00", day="sun"), False),
    ],
)
def test_a_monthly_start_is_on_any_day_of_the_week(schedule: Schedule, refused: bool) -> None:
    maintenance = WeeklyWindow.parse("sun:10:00-sun:11:00")
    backup = DailyWindow.parse("18:00-19:00")
    assert is_refused(schedule, "America/New_York", backup, maintenance) is refused


def test_a_refusal_says_which_window_and_when() -> None:
    with pytest.raises(ScheduleError) as raised:
        require_clear(
            Schedule("02:30", day="mon"),
            "America/New_York",
            backup_window=DailyWindow.parse("08:00-09:00"),
            maintenance_window=WeeklyWindow.parse("sun:10:00-sun:11:00"),
        )
    assert str(raised.value) == (
        "02:30 in America/New_York can be mon 07:30 UTC, which is in RDS's backup window 08:00-09:00 UTC "
        "or in the hour before it, when no backup can start; move it"
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"start": "1:00"}, "start '1:00' is not of the form hh:mm, such as 01:00"),
        ({"start": "24:00"}, "is not of the form hh:mm"),
        ({"start": "01:00", "day": "sunday"}, "day 'sunday' is not known; give one of mon, tue"),
        ({"start": "01:00", "day_of_month": 29}, "day of month 29 is not in every month; give 1 to 28"),
        ({"start": "01:00", "day": "sun", "day_of_month": 1}, "weekly or monthly; give day or day_of_month"),
    ],
)
def test_a_bad_schedule_says_what_to_write(values: dict[str, object], message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        Schedule(**values)  # type: ignore[arg-type]
