"""The report as one JSON document, for programs."""

import dataclasses
import json
from typing import Any

from ops.review.finding import Risk
from ops.review.report import Report


def as_json(report: Report) -> str:
    """The whole report. Risks have their names instead of their rank."""
    return json.dumps(_by_name(dataclasses.asdict(report)), indent=2, ensure_ascii=False) + "\n"


def _by_name(value: Any) -> Any:
    if isinstance(value, Risk):
        return value.name.lower()
    if isinstance(value, dict):
        return {key: _by_name(each) for key, each in value.items()}
    return [_by_name(each) for each in value] if isinstance(value, list | tuple) else value
