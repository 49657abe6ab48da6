"""Rows and composites: alarms as plain data, which the component, the dashboard and the tests read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from contract.scale_up import TargetName

# CloudWatch API Reference, PutMetricAlarm: a math expression reads ten metrics at most.
MAXIMUM_METRICS = 10
RUNBOOK_FOLDER = "docs/runbooks"
# The query that an anomaly row compares with.
BAND_ID = "band"


class Severity(StrEnum):
    """Who is told. A page wakes somebody; a ticket is found in the morning."""

    PAGE = "page"
    TICKET = "ticket"


class Comparison(StrEnum):
    """When a datapoint breaches, in CloudWatch's own words."""

    ABOVE = "GreaterThanThreshold"
    AT_LEAST = "GreaterThanOrEqualToThreshold"
    BELOW = "LessThanThreshold"
    OUTSIDE_BAND = "LessThanLowerOrGreaterThanUpperThreshold"


class Missing(StrEnum):
    """What a period without data counts as.

    BREACHING is for what reports as long as it lives; NOT_BREACHING for what reports only when something happens.
    """

    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One metric that a row reads. `id` is what its expression calls it."""

    id: str = "m"
    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFilter:
    """Lines of a log that are counted as a metric, which AWS lacks. `pattern` is in CloudWatch Logs' syntax."""

    log_group_name: pulumi.Input[str]
    pattern: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """How long something must be wrong: `datapoints_to_alarm` of the last `evaluation_periods` periods."""

    period_seconds: int
    evaluation_periods: int
    datapoints_to_alarm: int

    def __post_init__(self) -> None:
        if not 1 <= self.datapoints_to_alarm <= self.evaluation_periods:
            raise ValueError(
                f"{self.datapoints_to_alarm} of {self.evaluation_periods} datapoints can never be"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One alarm.

    Without `expression` there is one metric, whose value is compared with `threshold`. `threshold` is in `unit`; a
    row that compares with an anomaly band has none. `family` names its runbook. `scales` is the target that the alarm
    asks the scale-up function to scale up. `log_filter` makes the metric. A row without `severity` notifies nobody:
    other alarms read its state.
    """

    name: str
    family: str
    severity: Severity | None
    description: str
    metrics: tuple[Metric, ...]
    expression: str | None = None
    evaluation: Evaluation
    comparison: Comparison
    threshold: float | None
    unit: str
    missing: Missing
    scales: TargetName | None = None
    log_filter: LogFilter | None = None

    def __post_init__(self) -> None:
        if len(self.metrics) > MAXIMUM_METRICS:
            raise ValueError(
                f"{self.name}: {len(self.metrics)} metrics are too many; an alarm reads {MAXIMUM_METRICS}"
            )

    @property
    def runbook(self) -> str:
        """The path of its runbook."""
        return f"{RUNBOOK_FOLDER}/{self.family}.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class Composite:
    """A composite alarm: one page for a fault that several alarms show.

    It is in alarm when all rows of any group in `any_of` are in alarm, and none in `unless`. It does not act while
    `suppressor`, the name of another alarm, is in alarm. It waits `suppressor_wait_seconds` for the suppressor to go
    into alarm.
    """

    name: str
    family: str
    severity: Severity
    description: str
    any_of: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...] = ()
    suppressor: str | None = None
    suppressor_wait_seconds: int = 0

    @property
    def members(self) -> tuple[str, ...]:
        """The names of all alarms that its state or its actions depend on."""
        suppressor = () if self.suppressor is None else (self.suppressor,)
        named = (*(name for group in self.any_of for name in group), *self.unless, *suppressor)
        return tuple(dict.fromkeys(named))

    @property
    def runbook(self) -> str:
        """The path of its runbook."""
        return f"{RUNBOOK_FOLDER}/{self.family}.md"
