"""Proves the arithmetic of backup and maintenance windows: reading, writing, conversion to UTC and overlap.

Overlap is checked against counting every minute of the week. It does not prove that AWS accepts a window.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.windows import (
    MINIMUM_LENGTH_MINUTES,
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    DailyWindow,
    WeeklyWindow,
    WindowError,
    at_the_same_time,
    overlaps,
    standard_utc_offset_minutes,
)

lengths = st.integers(MINIMUM_LENGTH_MINUTES, MINUTES_PER_DAY - 1)
daily_windows = st.builds(DailyWindow, st.integers(0, MINUTES_PER_DAY - 1), lengths)
weekly_windows = st.builds(WeeklyWindow, st.integers(0, MINUTES_PER_WEEK - 1), lengths)
offsets = st.integers(-12 * 60, 14 * 60)


def minutes_of_week(window: DailyWindow | WeeklyWindow) -> set[int]:
    repeats = 7 if isinstance(window, DailyWindow) else 1
    return {
        (day * MINUTES_PER_DAY + window.start_minute + minute) % MINUTES_PER_WEEK
        for day in range(repeats)
        for minute in range(window.length_minutes)
    }


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("03:00-04:00", "America/New_York", "08:00-09:00"),
        ("03:00-04:00", "EST", "08:00-09:00"),
        ("03:00-04:00", "-05:00", "08:00-09:00"),
        ("03:00-04:00", "UTC", "03:00-04:00"),
        ("23:45-00:30", "UTC-05:00", "04:45-05:30"),
        ("00:30-01:30", "Asia/Kolkata", "19:00-20:00"),
        # The southern hemisphere is on summer time in January.
        ("03:00-04:00", "Australia/Sydney", "17:00-18:00"),
    ],
)
def test_a_daily_window_is_converted_at_standard_time(local: str, zone: str, utc: str) -> None:
    assert str(DailyWindow.parse(local).to_utc(zone)) == utc


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("sun:05:00-sun:06:00", "America/New_York", "sun:10:00-sun:11:00"),
        ("Sun:22:00-Sun:23:30", "America/New_York", "mon:03:00-mon:04:30"),
        ("MON:02:00-MON:03:00", "+09:00", "sun:17:00-sun:18:00"),
        ("sun:23:30-mon:00:30", "UTC", "sun:23:30-mon:00:30"),
    ],
)
def test_a_weekly_window_changes_its_day_with_the_hour(local: str, zone: str, utc: str) -> None:
    assert str(WeeklyWindow.parse(local).to_utc(zone)) == utc


@given(window=daily_windows, offset=offsets)
def test_a_daily_window_survives_the_way_there_and_back(window: DailyWindow, offset: int) -> None:
    assert window.shifted(-offset).shifted(offset) == window
    assert DailyWindow.parse(str(window)) == window


@given(window=weekly_windows, offset=offsets)
def test_a_weekly_window_survives_the_way_there_and_back(window: WeeklyWindow, offset: int) -> None:
    assert window.shifted(-offset).shifted(offset) == window
    assert WeeklyWindow.parse(str(window)) == window


@given(daily=daily_windows, weekly=weekly_windows)
def test_windows_overlap_exactly_when_they_share_a_minute(daily: DailyWindow, weekly: WeeklyWindow) -> None:
    assert overlaps(daily, weekly) == bool(minutes_of_week(daily) & minutes_of_week(weekly))


@given(one=weekly_windows, other=weekly_windows)
def test_weekly_windows_are_at_the_same_time_exactly_when_they_share_a_minute(
    one: WeeklyWindow, other: WeeklyWindow
) -> None:
    assert at_the_same_time(one, other) == bool(minutes_of_week(one) & minutes_of_week(other))


@given(daily=daily_windows, weekly=weekly_windows, offset=offsets)
def test_moving_both_windows_keeps_their_overlap(
    daily: DailyWindow, weekly: WeeklyWindow, offset: int
) -> None:
    assert overlaps(daily.shifted(offset), weekly.shifted(offset)) == overlaps(daily, weekly)


@pytest.mark.parametrize(
    ("daily", "weekly", "overlap"),
    [
        ("08:00-09:00", "sun:08:30-sun:09:30", True),
        ("08:00-09:00", "sun:09:00-sun:10:00", False),
        ("08:00-09:00", "sun:07:00-sun:08:00", False),
        ("23:30-00:30", "mon:00:00-mon:00:30", True),
        ("00:00-00:30", "sun:23:45-mon:00:15", True),
        ("08:00-09:00", "sat:20:00-sun:19:00", True),
    ],
)
def test_windows_that_only_touch_do_not_overlap(daily: str, weekly: str, overlap: bool) -> None:
    assert overlaps(DailyWindow.parse(daily), WeeklyWindow.parse(weekly)) is overlap


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3:00-4:00", "daily window '3:00-4:00' is not of the form hh:mm-hh:mm, such as 03:00-04:00"),
        ("24:00-25:00", "not of the form"),
        ("03:00", "not of the form"),
        ("03:00-03:29", "window '03:00-03:29' is 29 minutes long: make it at least 30 minutes"),
        ("03:00-03:00", "is 0 minutes long"),
    ],
)
def test_a_bad_daily_window_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(WindowError) as raised:
        DailyWindow.parse(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sunday:05:00-sunday:06:00", "with a day out of mon, tue, wed, thu, fri, sat, sun"),
        ("05:00-06:00", "is not of the form ddd:hh:mm-ddd:hh:mm"),
        ("sun:05:00-sun:05:10", "is 10 minutes long: make it at least 30 minutes"),
        ("sat:05:00-sun:05:00", "is 24 hours long: make it less than 24 hours"),
        ("sun:06:00-sun:05:00", "check that its days are in order"),
    ],
)
def test_a_bad_weekly_window_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(WindowError) as raised:
        WeeklyWindow.parse(text)
    assert message in str(raised.value)


def test_half_an_hour_is_long_enough() -> None:
    assert DailyWindow.parse("23:45-00:15").length_minutes == MINIMUM_LENGTH_MINUTES


@pytest.mark.parametrize("zone", ["America/Gotham", "", "../etc/passwd", "+5", "EDT"])
def test_an_unknown_zone_is_refused_with_an_example(zone: str) -> None:
    with pytest.raises(WindowError, match="give an IANA name such as America/New_York"):
        standard_utc_offset_minutes(zone)


@pytest.mark.parametrize("zone", ["-12:01", "+14:30", "UTC+23:00"])
def test_an_offset_beyond_the_date_line_is_refused(zone: str) -> None:
    with pytest.raises(WindowError, match=r"give one from -12:00 to \+14:00"):
        standard_utc_offset_minutes(zone)
