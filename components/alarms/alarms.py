"""The component that declares rows and composites as CloudWatch alarms in one region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import cloudwatch

from components.alarms.rows import BAND_ID, Comparison, Composite, LogFilter, Metric, Row, Severity
from contract.names import PhysicalNames
from contract.scale_up import TargetName

# The result of a row's expression, which is what is compared.
RESULT_ID = "result"
# When a cause is over, its consequences may last a little longer (CloudWatch guide, "Composite alarm action
# suppression", ExtensionPeriod).
SUPPRESSOR_EXTENSION_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmsArgs:
    """One region's alarms. `topic_arns`: topics to notify. `scale_up_arns`: functions that alarms invoke, by target."""

    names: PhysicalNames
    rows: Sequence[Row]
    composites: Sequence[Composite]
    topic_arns: Mapping[Severity, pulumi.Input[str]]
    scale_up_arns: Mapping[TargetName, pulumi.Input[str]] = field(default_factory=dict)


class RegionAlarms(pulumi.ComponentResource):
    """One region's alarms by row name. Physical names are fixed: composite alarms name their members."""

    by_name: Mapping[str, cloudwatch.MetricAlarm]
    composites: Mapping[str, cloudwatch.CompositeAlarm]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:alarms:Alarms", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        for row in args.rows:
            if row.log_filter is not None:
                self._define_log_filter(row, row.log_filter)
        self.by_name = {row.name: self._define_alarm(row) for row in args.rows}
        self.composites = {}
        for composite in args.composites:
            self.composites = {**self.composites, composite.name: self._define_composite(composite)}
        self.register_outputs({"names": [*self.by_name, *self.composites]})

    def _define_log_filter(self, row: Row, log_filter: LogFilter) -> None:
        [metric] = row.metrics
        cloudwatch.LogMetricFilter(
            f"{self._name}-{row.name}-filter",
            log_group_name=log_filter.log_group_name,
            pattern=log_filter.pattern,
            metric_transformation=cloudwatch.LogMetricFilterMetricTransformationArgs(
                namespace=metric.namespace, name=metric.name, value="1", default_value="0", unit=row.unit
            ),
            opts=self._child,
        )

    def _define_alarm(self, row: Row) -> cloudwatch.MetricAlarm:
        args = self._args
        scale_up = None if row.scales is None else args.scale_up_arns.get(row.scales)
        told = [] if row.severity is None else [args.topic_arns[row.severity]]
        plain = row.metrics[0] if row.expression is None else None
        return cloudwatch.MetricAlarm(
            f"{self._name}-{row.name}",
            name=args.names.of(row.name),
            alarm_description=_description(row),
            namespace=None if plain is None else plain.namespace,
            metric_name=None if plain is None else plain.name,
            dimensions=None if plain is None else plain.dimensions,
            statistic=None if plain is None else plain.statistic,
            period=None if plain is None else row.evaluation.period_seconds,
            metric_queries=_queries(row) if plain is None else None,
            evaluation_periods=row.evaluation.evaluation_periods,
            datapoints_to_alarm=row.evaluation.datapoints_to_alarm,
            comparison_operator=row.comparison,
            threshold=row.threshold,
            threshold_metric_id=BAND_ID if row.comparison is Comparison.OUTSIDE_BAND else None,
            treat_missing_data=row.missing,
            alarm_actions=[*told, *([] if scale_up is None else [scale_up])],
            ok_actions=told,
            opts=self._child,
        )

    def _define_composite(self, composite: Composite) -> cloudwatch.CompositeAlarm:
        args = self._args
        topic_arn = args.topic_arns[composite.severity]
        return cloudwatch.CompositeAlarm(
            f"{self._name}-{composite.name}",
            alarm_name=args.names.of(composite.name),
            alarm_description=_description(composite),
            alarm_rule=alarm_rule(composite, args.names),
            actions_suppressor=(
                None
                if composite.suppressor is None
                else cloudwatch.CompositeAlarmActionsSuppressorArgs(
                    alarm=args.names.of(composite.suppressor),
                    wait_period=composite.suppressor_wait_seconds,
                    extension_period=SUPPRESSOR_EXTENSION_SECONDS,
                )
            ),
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            opts=pulumi.ResourceOptions.merge(
                self._child,
                pulumi.ResourceOptions(depends_on=[self._alarm(member) for member in composite.members]),
            ),
        )

    def _alarm(self, name: str) -> pulumi.Resource:
        return self.by_name[name] if name in self.by_name else self.composites[name]


def alarm_rule(composite: Composite, names: PhysicalNames) -> str:
    """The condition of a composite in CloudWatch's notation (CloudWatch API Reference, PutCompositeAlarm)."""

    def in_alarm(name: str) -> str:
        return f'ALARM("{names.of(name)}")'

    groups = [" AND ".join(map(in_alarm, group)) for group in composite.any_of]
    exceptions = "".join(f" AND NOT {in_alarm(name)}" for name in composite.unless)
    return "(" + " OR ".join(f"({group})" for group in groups) + ")" + exceptions


def _description(alarm: Row | Composite) -> str:
    """The text that a notification begins with: the fault, and the runbook for it."""
    return f"{alarm.description}. Runbook: {alarm.runbook}"


def _queries(row: Row) -> list[cloudwatch.MetricAlarmMetricQueryArgs]:
    """The metrics and the expression over them. Against a band it is the metric that is compared."""
    is_band = row.comparison is Comparison.OUTSIDE_BAND
    return [
        *(
            _metric_query(metric, row.evaluation.period_seconds, is_compared=is_band)
            for metric in row.metrics
        ),
        cloudwatch.MetricAlarmMetricQueryArgs(
            id=BAND_ID if is_band else RESULT_ID,
            expression=row.expression,
            label=row.name,
            return_data=True,
        ),
    ]


def _metric_query(
    metric: Metric, period_seconds: int, *, is_compared: bool
) -> cloudwatch.MetricAlarmMetricQueryArgs:
    return cloudwatch.MetricAlarmMetricQueryArgs(
        id=metric.id,
        metric=cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            stat=metric.statistic,
            period=period_seconds,
        ),
        return_data=is_compared,
    )
