"""Alarms: who is told, and what a stack file may say about the figures."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from components.alarms.catalogue.requirement import LAG_SECONDS
from components.pgbouncer.settings import QUERY_WAIT_TIMEOUT_SECONDS
from contract.metrics import PublishedAge
from infra.config.base import ConfigModel, Problem, repeated
from infra.config.general import Environment

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class RecipientsConfig(ConfigModel):
    """Who is told, beside what subscribes to the topic by itself."""

    email_addresses: list[Email]


class ThresholdsConfig(ConfigModel):
    """The figures that depend on what an environment carries; the requirement's own are in the catalogue."""

    # Below the time after which PgBouncer gives up a client.
    pool_max_wait_seconds: int = Field(default=30, ge=LAG_SECONDS, lt=QUERY_WAIT_TIMEOUT_SECONDS)
    cache_hit_rate_percent: int = Field(default=80, ge=1, le=99)
    cache_evictions_per_minute: int = Field(default=1000, ge=0)


class AlarmsConfig(ConfigModel):
    """Without `page` nobody is woken: what would page is a ticket.

    `published_ages` and `dead_letter_queues` are of jobs: an alarm on the absence of a report that nobody makes would
    never end, so name them here once the job runs.
    """

    page: RecipientsConfig | None = None
    ticket: RecipientsConfig
    thresholds: ThresholdsConfig = ThresholdsConfig()
    # A stack file has text, and the models are strict otherwise.
    published_ages: list[Annotated[PublishedAge, Field(strict=False)]] = Field(default_factory=list)
    dead_letter_queues: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")]] = Field(
        default_factory=list
    )


def problems(alarms: AlarmsConfig, environment: Environment) -> Iterator[Problem]:
    """What must hold between the alarms' values, and between them and the environment."""
    if environment is Environment.PROD and alarms.page is None:
        yield Problem(
            "alarms.page", "is missing; somebody must be woken in prod: give it, at least with no address"
        )
    for severity, recipients in (("page", alarms.page), ("ticket", alarms.ticket)):
        if recipients is not None:
            yield from repeated(
                f"alarms.{severity}.email_addresses", recipients.email_addresses, "names an address twice"
            )
    yield from repeated("alarms.published_ages", alarms.published_ages, "names one twice")
    yield from repeated("alarms.dead_letter_queues", alarms.dead_letter_queues, "names a queue twice")
