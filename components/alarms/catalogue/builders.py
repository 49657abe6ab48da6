"""The constructors of rows, and the parts that all rows are made of: limits and evaluations."""

from dataclasses import dataclass
from functools import partial

from components.alarms.rows import Comparison, Evaluation, LogFilter, Metric, Missing, Row, Severity
from contract.scale_up import TargetName

MIB, GIB = 2**20, 2**30
MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 3600, 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """The condition for a datapoint to breach: how it compares with `threshold`, which is in CloudWatch's `unit`."""

    comparison: Comparison
    threshold: float | None
    unit: str


def above(threshold: float, unit: str) -> Limit:
    """A limit that greater values breach."""
    return Limit(comparison=Comparison.ABOVE, threshold=threshold, unit=unit)


def below(threshold: float, unit: str) -> Limit:
    """A limit that smaller values breach."""
    return Limit(comparison=Comparison.BELOW, threshold=threshold, unit=unit)


def in_a_row(periods: int, *, period_seconds: int) -> Evaluation:
    """An evaluation in which each of the last `periods` periods must breach."""
    return Evaluation(period_seconds=period_seconds, evaluation_periods=periods, datapoints_to_alarm=periods)


def minutes(count: int, *, period_seconds: int = MINUTE_SECONDS) -> Evaluation:
    """An evaluation in which all periods of the last `count` minutes must breach."""
    return in_a_row(count * MINUTE_SECONDS // period_seconds, period_seconds=period_seconds)


def _row(
    severity: Severity,
    name: str,
    description: str,
    *metrics: Metric,
    family: str,
    limit: Limit,
    evaluation: Evaluation,
    expression: str | None = None,
    missing: Missing = Missing.NOT_BREACHING,
    scales: TargetName | None = None,
    log_filter: LogFilter | None = None,
) -> Row:
    """One row. Its fields are those of `Row`; `limit` gives comparison, threshold and unit."""
    return Row(
        name=name,
        family=family,
        severity=severity,
        description=description,
        metrics=metrics,
        expression=expression,
        evaluation=evaluation,
        comparison=limit.comparison,
        threshold=limit.threshold,
        unit=limit.unit,
        missing=missing,
        scales=scales,
        log_filter=log_filter,
    )


# A row that creates a ticket, and a row that pages.
ticket = partial(_row, Severity.TICKET)
page = partial(_row, Severity.PAGE)


def silent_row(name: str, description: str, reports: Metric, *, family: str) -> Row:
    """The row of a part that reports every minute and has stopped. `reports` counts its reports."""
    return ticket(
        name,
        description,
        reports,
        family=family,
        limit=below(1, "Count"),
        evaluation=minutes(3),
        missing=Missing.BREACHING,
    )
