"""The alarms' part of the configuration.

Proves that each mistake is reported at its key, and that prod must say who is woken. Does not prove that a stack file
with the same mistake stops an update; the tests of the whole configuration do.
"""

from typing import Any

import pytest
from pydantic import ValidationError

from infra.config.alarms import AlarmsConfig, problems
from infra.config.general import Environment

NOBODY: dict[str, Any] = {"email_addresses": []}


def paths(values: dict[str, Any], environment: Environment = Environment.PROD) -> list[str]:
    return [problem.path for problem in problems(AlarmsConfig.model_validate(values), environment)]


def test_prod_says_who_is_woken_and_dev_need_not() -> None:
    assert paths({"ticket": NOBODY}) == ["alarms.page"]
    assert paths({"ticket": NOBODY}, Environment.DEV) == []
    assert paths({"page": NOBODY, "ticket": NOBODY}) == []


def test_nobody_is_told_twice() -> None:
    twice = {"email_addresses": ["a@example.com", "a@example.com"]}
    assert paths({"page": twice, "ticket": twice}) == [
        "alarms.page.email_addresses",
        "alarms.ticket.email_addresses",
    ]


def test_nothing_that_a_job_reports_is_listed_twice() -> None:
    listed = {"published_ages": ["export", "export"], "dead_letter_queues": ["a", "a"]}
    assert paths({"page": NOBODY, "ticket": NOBODY, **listed}) == [
        "alarms.published_ages",
        "alarms.dead_letter_queues",
    ]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"ticket": {"email_addresses": ["nobody"]}},
        {"ticket": NOBODY, "published_ages": ["snapshot"]},
        {"ticket": NOBODY, "dead_letter_queues": ["not a queue"]},
        {"ticket": NOBODY, "thresholds": {"pool_max_wait_seconds": 150}},
        {"ticket": NOBODY, "thresholds": {"cache_hit_rate_percent": 100}},
        {"ticket": NOBODY, "thresholds": {"cpu_percent": 90}},
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AlarmsConfig.model_validate(values)
