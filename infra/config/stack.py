"""The configuration of a whole stack, and every check of it.

The models beside this one hold shape and ranges; their `problems` hold rules between values. Both run before anything is
declared, and every mistake is reported with its key path, the value and the allowed values.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

import pulumi
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from components.durability import Durability
from components.windows import standard_utc_offset_minutes
from contract.names import PhysicalNames
from infra.config import alarms, backups, cache, dr, network, pgbouncer, postgres, scale_up
from infra.config.alarms import AlarmsConfig
from infra.config.backups import BackupsConfig
from infra.config.base import ConfigModel, Problem, repeated
from infra.config.cache import CacheConfig, SessionsConfig
from infra.config.dns import DnsConfig
from infra.config.dr import DrConfig
from infra.config.general import (
    EncryptionConfig,
    Environment,
    LogsConfig,
    NotificationsConfig,
    RegionsConfig,
    SecretsConfig,
    TagsConfig,
)
from infra.config.network import NetworkConfig
from infra.config.pgbouncer import PgbouncerConfig
from infra.config.postgres import PostgresConfig, ReplicaConfig
from infra.config.scale_up import ScaleUpConfig

# Keys of earlier versions, with their new names.
RENAMED_KEYS = {
    "scaling": "scale_up",
    "cache.scaling": "cache.autoscaling",
    "sessions.scaling": "sessions.autoscaling",
    "sessions.durability": "sessions.service",
}


class ConfigError(pulumi.RunError):
    """What is wrong with the stack's configuration. Pulumi shows its text alone, without a trace."""


class StackConfig(ConfigModel):
    """The configuration of one stack. `stack` is its name; the other fields are the keys of its file."""

    stack: str
    environment: Annotated[Environment, Field(strict=False)]
    account_id: str = Field(pattern=r"^\d{12}$")
    time_zone: str
    tags: TagsConfig
    regions: RegionsConfig
    durability: Annotated[Durability, Field(strict=False)]
    network: NetworkConfig
    encryption: EncryptionConfig
    secrets: SecretsConfig
    logs: LogsConfig
    notifications: NotificationsConfig
    postgres: PostgresConfig
    pgbouncer: PgbouncerConfig
    cache: CacheConfig
    sessions: SessionsConfig
    scale_up: ScaleUpConfig
    dr: DrConfig = DrConfig()
    dns: DnsConfig
    backups: BackupsConfig
    alarms: AlarmsConfig

    @property
    def names(self) -> PhysicalNames:
        """The physical names of the stack's resources."""
        return PhysicalNames(self.stack)

    @property
    def promoted_replica(self) -> ReplicaConfig | None:
        """The replica that has taken the primary's place, if one has."""
        return next((each for each in self.postgres.replicas if self.dr.promotes(each)), None)

    @classmethod
    def parse(cls, stack: str, values: Mapping[str, Any]) -> Self:
        """The configuration of `stack` out of its keys (without namespace). Raises ConfigError naming every mistake."""
        try:
            config = cls.model_validate({**values, "stack": stack})
        except ValidationError as error:
            raise _config_error(stack, _from_pydantic(error)) from None
        problems = list(_problems(config))
        if problems:
            raise _config_error(stack, problems)
        return config


def _config_error(stack: str, problems: list[Problem]) -> ConfigError:
    lines = [f"  {problem.path}: {problem.text}" for problem in problems]
    return ConfigError("\n".join([f"the configuration of stack {stack} cannot be used", *lines]))


def _from_pydantic(error: ValidationError) -> list[Problem]:
    """One problem for each mistake. A renamed key is reported once: not as a missing new key, too."""
    problems = {_path(details): _problem(details) for details in error.errors()}
    return [
        problem
        for path, problem in problems.items()
        if not any(new == path and old in problems for old, new in RENAMED_KEYS.items())
    ]


def _path(details: ErrorDetails) -> str:
    return ".".join(str(step) for step in details["loc"] if step not in {"new", "existing"})


def _problem(details: ErrorDetails) -> Problem:
    """The problem without the value of a part or of an unknown key: it may be a password in the wrong place."""
    path = _path(details)
    match details["type"]:
        case "extra_forbidden" if path in RENAMED_KEYS:
            return Problem(path, f"was renamed; write {RENAMED_KEYS[path]} instead")
        case "extra_forbidden":
            return Problem(path, "unknown key; remove it, or see infra/config for the keys that exist")
        case "missing":
            return Problem(path, "is missing; give it a value")
        case "value_error":
            return Problem(path, str(details["ctx"]["error"]))
        case "model_type" | "model_attributes_type" | "dict_type":
            return Problem(path, "a plain value is not allowed; it holds keys of its own")
        case _:
            message = details["msg"][0].lower() + details["msg"][1:]
            return Problem(path, f"{details['input']!r} is not allowed; {message}")


def _problems(config: StackConfig) -> Iterator[Problem]:
    """What models cannot say, because it lies between values. Each rule reports at most one problem for each path."""
    yield from _stack_problems(config)
    if config.regions.dr == config.regions.primary:
        yield Problem(
            "regions.dr", f"{config.regions.dr!r} is the primary region too; a copy must be in another region"
        )
        return  # all that follows would be compared with a region that is wrong
    yield from network.problems(config.network, config.regions)
    yield from postgres.problems(config.postgres, config.regions, config.network)
    yield from dr.problems(
        config.dr, environment=config.environment, postgres=config.postgres, regions=config.regions
    )
    yield from backups.problems(
        config.backups,
        environment=config.environment,
        time_zone=config.time_zone,
        regions=config.regions,
        postgres=config.postgres,
    )
    yield from pgbouncer.problems(
        config.pgbouncer, config.postgres, config.dr, config.regions, config.network
    )
    yield from cache.problems("cache", config.cache, config.environment)
    yield from cache.problems("sessions", config.sessions, config.environment)
    yield from scale_up.problems(config.scale_up, config.postgres, config.cache)
    yield from alarms.problems(config.alarms, config.environment)


def _stack_problems(config: StackConfig) -> Iterator[Problem]:
    try:
        standard_utc_offset_minutes(config.time_zone)
    except ValueError as error:
        yield Problem("time_zone", str(error))
    if config.stack in set(Environment) and config.stack != config.environment:
        yield Problem("environment", f"{config.environment.value!r} is not what stack {config.stack} is for")
    if config.environment is Environment.PROD and not config.durability.retains:
        yield Problem(
            "durability",
            f"{config.durability.value!r} switches the final snapshot and the deletion protection off; "
            f"prod takes {Durability.RETAIN.value!r} only",
        )
    yield from repeated(
        "notifications.email_addresses", config.notifications.email_addresses, "names an address twice"
    )
