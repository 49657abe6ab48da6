"""A model of CloudWatch's alarms: metric math, M of N datapoints, missing data, composites, suppressors.

It reads declared alarms, as the provider is given them. Sources: CloudWatch guide, "Using math expressions with
CloudWatch metrics", "Alarm evaluation", "Configuring how CloudWatch alarms treat missing data", "Composite alarm
action suppression". It does not know percentiles, the older datapoints that CloudWatch looks at where newer ones are
missing, nor delays of delivery: an alarm on missing data goes off some minutes later than here.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Value = float | None
# What an alarm reads in one period, by the id of each metric; None: nothing was reported.
Point = Mapping[str, Value]
# What the world reports of a metric (namespace, name, dimensions) at a moment.
World = Callable[[str, str, Mapping[str, str], datetime], Value]

MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001 - CloudWatch's functions of time are in UTC
_OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
}
_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}


@dataclass(frozen=True, slots=True)
class _Math:
    """One evaluation of an expression, at one moment."""

    point: Point
    moment: datetime

    def of(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.point[name]
            case ast.List(elts=items):
                return [self.of(item) for item in items]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _present(
                    lambda one, other: one / other if other else None, self.of(left), self.of(right)
                )
            case ast.BinOp(left=left, op=op, right=right):
                return _present(_OPERATORS[type(op)], self.of(left), self.of(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return _present(_OPERATORS[type(op)], self.of(left), self.of(right))
            case ast.BoolOp(op=op, values=values):
                judged = [self.of(value) for value in values]
                return None if None in judged else (all if isinstance(op, ast.And) else any)(judged)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, args)
        raise NotImplementedError(ast.dump(node))

    def _call(self, name: str, args: Sequence[ast.AST]) -> Any:
        values = [self.of(arg) for arg in args]
        match name, values:
            case "DAY" | "HOUR" | "MINUTE", [value]:
                return None if value is None else self._clock(name)
            case "FILL", [value, filler]:
                return filler if value is None else value
            case "SUM" | "MAX", [list() as members]:
                present = [member for member in members if member is not None]
                return (sum if name == "SUM" else max)(present) if present else None
            case "IF_", [condition, then, otherwise]:
                return None if condition is None else then if condition else otherwise
        raise NotImplementedError(name)

    def _clock(self, name: str) -> int:
        """Monday is day 1."""
        return {"DAY": self.moment.isoweekday(), "HOUR": self.moment.hour, "MINUTE": self.moment.minute}[name]


def _present(function: Callable[[Any, Any], Any], one: Value, other: Value) -> Any:
    return None if one is None or other is None else function(one, other)


def calculate(expression: str, point: Point, moment: datetime = MONDAY) -> Value:
    """The value of metric math for one period; None: no datapoint."""
    python = re.sub(r"\bAND\b", "and", re.sub(r"\bOR\b", "or", re.sub(r"\bIF\(", "IF_(", expression)))
    result: Value = _Math(point, moment).of(ast.parse(python, mode="eval").body)
    return result


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """A declared alarm on a metric, an expression or an anomaly band, whose ends a point calls `lower` and `upper`."""

    inputs: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.inputs["name"])

    @property
    def periods(self) -> int:
        return int(self.inputs["evaluationPeriods"])

    @property
    def period_seconds(self) -> int:
        return int(next(iter(self.metrics.values()))["period"])

    @property
    def expression(self) -> str | None:
        return next((query["expression"] for query in self._queries if "expression" in query), None)

    @property
    def metrics(self) -> dict[str, Mapping[str, Any]]:
        """What it reads, by id; a metric alone is called `m`."""
        if not self._queries:
            return {"m": {**self.inputs, "stat": self.inputs["statistic"]}}
        return {query["id"]: query["metric"] for query in self._queries if "metric" in query}

    @property
    def _queries(self) -> Sequence[Mapping[str, Any]]:
        queries: Sequence[Mapping[str, Any]] = self.inputs.get("metricQueries") or ()
        return queries

    def breaches(self, point: Point, moment: datetime = MONDAY) -> bool:
        """Whether one period counts as wrong."""
        if self.inputs.get("thresholdMetricId"):
            value, lower, upper = point["m"], point["lower"], point["upper"]
            if value is not None and lower is not None and upper is not None:
                return not lower <= value <= upper
        else:
            value = point["m"] if self.expression is None else calculate(self.expression, point, moment)
            if value is not None:
                return _BREACHES[self.inputs["comparisonOperator"]](value, self.inputs["threshold"])
        return bool(self.inputs["treatMissingData"] == "breaching")

    def goes_off(self, points: Sequence[Point], start: datetime = MONDAY) -> bool:
        """Whether it is in alarm after these periods, of which it looks at the last ones."""
        assert len(points) >= self.periods
        moments = [start + timedelta(seconds=self.period_seconds * index) for index in range(len(points))]
        judged = [self.breaches(point, moment) for point, moment in zip(points, moments, strict=True)]
        return sum(judged[-self.periods :]) >= int(self.inputs["datapointsToAlarm"])


def holds(rule: str, in_alarm: Iterable[str]) -> bool:
    """Whether a composite alarm's rule is true."""
    wrong = set(in_alarm)
    judged = re.sub(r'ALARM\("([^"]+)"\)', lambda found: str(found[1] in wrong), rule)
    python = judged.replace("AND", "and").replace("OR", "or").replace("NOT", "not")
    if re.search(r"[^a-zA-Z() ]", python):
        raise NotImplementedError(rule)
    return bool(eval(python, {}))


@dataclass(slots=True)
class Simulation:
    """A region's alarms in a world, minute by minute. `fired` are what acted, each time it did: (minute, alarm)."""

    metric_alarms: Sequence[MetricAlarm]
    composites: Sequence[Mapping[str, Any]]
    world: World
    start: datetime = MONDAY
    fired: list[tuple[int, str]] = field(default_factory=list)
    went_off: set[str] = field(default_factory=set)

    def run(self, minutes: int) -> None:
        """From `start` on. Longer periods are read at their own pace."""
        breaches: dict[str, list[bool]] = {alarm.name: [] for alarm in self.metric_alarms}
        before: set[str] = set()
        pending: dict[str, int] = {}
        suppressed_until: dict[str, int] = {}
        for minute in range(minutes):
            moment = self.start + timedelta(minutes=minute)
            now = self._metric_alarms_at(minute, moment, breaches)
            now |= self._composites_with(now)
            self.went_off |= now
            for alarm in self.metric_alarms:
                if alarm.name in now - before:
                    self.fired.append((minute, alarm.name))
            self._act(minute, now, before, pending, suppressed_until)
            before = now

    def _metric_alarms_at(self, minute: int, moment: datetime, breaches: dict[str, list[bool]]) -> set[str]:
        found = set()
        for alarm in self.metric_alarms:
            history = breaches[alarm.name]
            if minute % max(alarm.period_seconds // 60, 1) == 0:
                point = {
                    id_: self.world(
                        metric["namespace"], metric["metricName"], metric.get("dimensions") or {}, moment
                    )
                    for id_, metric in alarm.metrics.items()
                } | {"lower": None, "upper": None}
                history.append(alarm.breaches(point, moment))
            if sum(history[-alarm.periods :]) >= int(alarm.inputs["datapointsToAlarm"]):
                found.add(alarm.name)
        return found

    def _composites_with(self, metric_alarms: set[str]) -> set[str]:
        return {each["alarmName"] for each in self.composites if holds(each["alarmRule"], metric_alarms)}

    def _act(
        self,
        minute: int,
        now: set[str],
        before: set[str],
        pending: dict[str, int],
        suppressed_until: dict[str, int],
    ) -> None:
        """A composite acts when it goes off, unless its suppressor is in alarm or goes off during the wait."""
        for each in self.composites:
            name, suppressor = each["alarmName"], each.get("actionsSuppressor")
            if name not in now:
                pending.pop(name, None)
                continue
            if name not in before:
                pending[name] = minute + (0 if suppressor is None else suppressor["waitPeriod"] // 60)
            if suppressor is not None and suppressor["alarm"] in now:
                suppressed_until[name] = minute + suppressor["extensionPeriod"] // 60
            if name in pending and minute >= max(pending[name], suppressed_until.get(name, 0)):
                self.fired.append((minute, name))
                del pending[name]
