"""Maintenance windows as alarms, which keep other alarms from acting."""

from collections.abc import Iterator, Sequence

from components.alarms.catalogue.builders import minutes
from components.alarms.rows import Comparison, Metric, Missing, Row
from components.windows import MINUTES_PER_DAY, MINUTES_PER_WEEK, WeeklyWindow


def maintenance_row(name: str, windows: Sequence[WeeklyWindow], clock: Metric) -> Row:
    """The row that is in alarm during `windows` (in UTC) and notifies nobody. `clock`: any metric that always has data.

    Source: CloudWatch guide, "Using math expressions with CloudWatch metrics" (MINUTE, HOUR, DAY, with Monday as 1),
    which AWS's Incident Detection and Response guide uses in alarms ("Use a metric math function to suppress an
    alarm").
    """
    minute = f"((DAY({clock.id}) - 1) * {MINUTES_PER_DAY} + HOUR({clock.id}) * 60 + MINUTE({clock.id}))"
    inside = " OR ".join(
        f"({minute} >= {start} AND {minute} < {end})" for window in windows for start, end in _spans(window)
    )
    return Row(
        name=name,
        family="maintenance",
        severity=None,
        description=f"AWS may work on it now ({', '.join(map(str, windows))} UTC): what that causes pages nobody",
        metrics=(clock,),
        expression=f"IF({inside}, 1, 0)",
        evaluation=minutes(1),
        comparison=Comparison.AT_LEAST,
        threshold=1,
        unit="None",
        missing=Missing.NOT_BREACHING,
    )


def _spans(window: WeeklyWindow) -> Iterator[tuple[int, int]]:
    """The minutes of the week, from Monday on, that a window holds: in two parts where it runs over the week's end."""
    end = window.start_minute + window.length_minutes
    yield window.start_minute, min(end, MINUTES_PER_WEEK)
    if end > MINUTES_PER_WEEK:
        yield 0, end - MINUTES_PER_WEEK
