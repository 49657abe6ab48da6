"""The dashboard: every alarm of an environment, by family, made of the same rows as the alarms."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pulumi
from pulumi_aws import cloudwatch

from components.alarms.rows import Composite, Row
from components.placement import Placement

# A dashboard is 24 units wide (CloudWatch API Reference, "Dashboard Body Structure and Syntax").
WIDTH, STATUS_HEIGHT, GRAPH_WIDTH, GRAPH_HEIGHT = 24, 3, 6, 5


@dataclass(frozen=True, kw_only=True, slots=True)
class DashboardArgs:
    """What a dashboard shows: the alarms of each region, by the region's name."""

    placement: Placement
    alarms: Mapping[str, Sequence[Row | Composite]]


class AlarmDashboard(pulumi.ComponentResource):
    """One dashboard for an environment: for each region and family the states, and under them each alarm's graph."""

    dashboard_name: str

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:alarms:AlarmDashboard", name, None, opts)
        self.dashboard_name = args.placement.names.of("alarms")
        cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=self.dashboard_name,
            dashboard_body=json.dumps(dashboard_body(args)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"dashboard_name": self.dashboard_name})


def dashboard_body(args: DashboardArgs) -> dict[str, Any]:
    """The document that CloudWatch takes: widgets from top to bottom, and from left to right."""
    widgets, top = [], 0
    for region, alarms in args.alarms.items():
        for family, members in groupby(sorted(alarms, key=_family), key=_family):
            section = list(_section(args, region, family, list(members), top))
            widgets += section
            top = max(widget["y"] + widget["height"] for widget in section)
    return {"widgets": widgets}


def _family(alarm: Row | Composite) -> str:
    return alarm.family


def _section(
    args: DashboardArgs, region: str, family: str, alarms: Sequence[Row | Composite], top: int
) -> Iterator[dict[str, Any]]:
    arns = [
        f"arn:aws:cloudwatch:{region}:{args.placement.account_id}:alarm:{args.placement.names.of(alarm.name)}"
        for alarm in alarms
    ]
    status = {"title": f"{family} ({region}): {alarms[0].runbook}", "alarms": arns}
    yield {
        "type": "alarm",
        "x": 0,
        "y": top,
        "width": WIDTH,
        "height": STATUS_HEIGHT,
        "properties": status,
    }
    graphs = [(alarm, arn) for alarm, arn in zip(alarms, arns, strict=True) if isinstance(alarm, Row)]
    for index, (alarm, arn) in enumerate(graphs):
        line, column = divmod(index, WIDTH // GRAPH_WIDTH)
        yield {
            "type": "metric",
            "x": column * GRAPH_WIDTH,
            "y": top + STATUS_HEIGHT + line * GRAPH_HEIGHT,
            "width": GRAPH_WIDTH,
            "height": GRAPH_HEIGHT,
            # An alarm's own graph, with its threshold: metric and expression are not said twice.
            "properties": {"title": alarm.name, "region": region, "annotations": {"alarms": [arn]}},
        }
