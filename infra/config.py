"""The typed configuration: what `Pulumi.<stack>.yaml` may say, and the only reader of it.

The models in `infra/domains` hold shape and ranges; their `problems` hold what must be true between values. Both are
checked before anything is declared, and every mistake is reported with its key path, the value and what is allowed.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import pulumi
import yaml
from pulumi.runtime import config as engine_config
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from components.durability import Durability
from components.windows import standard_utc_offset_minutes
from infra.domains import alarms, backups, cache, dr, network, pgbouncer, postgres, scaling
from infra.domains.alarms import AlarmsConfig
from infra.domains.backups import BackupsConfig
from infra.domains.base import Domain, Problem, repeated
from infra.domains.cache import CacheConfig, SessionsConfig
from infra.domains.dns import DnsConfig
from infra.domains.dr import DrConfig
from infra.domains.general import (
    EncryptionConfig,
    Environment,
    LogsConfig,
    NotificationsConfig,
    RegionsConfig,
    SecretsConfig,
    TagsConfig,
)
from infra.domains.network import NetworkConfig
from infra.domains.pgbouncer import PgbouncerConfig
from infra.domains.postgres import PostgresConfig
from infra.domains.scaling import ScaleUpConfig

NAMESPACE = "dataplatform"
# Not part of the models: it is a Pulumi secret, arrives as an Output, and is never compared or shown.
ADMIN_PASSWORD_KEY = "admin_password"  # noqa: S105 - the key of a password, not a password
# RDS guide, "Constraints for master password".
MINIMUM_PASSWORD_LENGTH, MAXIMUM_PASSWORD_LENGTH = 8, 128
REFUSED_IN_PASSWORDS = frozenset('/@" ')


class ConfigError(pulumi.RunError):
    """What is wrong with the stack's configuration. Pulumi shows its text alone, without a trace."""


class StackConfig(Domain):
    """Everything that one stack is told. `stack` is its name; the rest is what its file says."""

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
    scaling: ScaleUpConfig
    dr: DrConfig = DrConfig()
    dns: DnsConfig
    backups: BackupsConfig
    alarms: AlarmsConfig

    @classmethod
    def parse(cls, stack: str, values: Mapping[str, Any]) -> Self:
        """The configuration of `stack` out of its keys (without namespace). Raises ConfigError naming every mistake."""
        try:
            config = cls.model_validate({**values, "stack": stack})
        except ValidationError as error:
            raise _config_error(stack, [_from_pydantic(details) for details in error.errors()]) from None
        problems = list(_problems(config))
        if problems:
            raise _config_error(stack, problems)
        return config


def load_file(path: Path) -> StackConfig:
    """The configuration in a committed `Pulumi.<stack>.yaml`, without an engine. Raises ConfigError."""
    stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is not YAML: {error}") from None
    keys = content.get("config") if isinstance(content, dict) else None
    return StackConfig.parse(stack, _in_namespace(keys or {}))


def load_engine() -> StackConfig:
    """The configuration that the Pulumi engine hands to a running program. Raises ConfigError."""
    # pulumi.Config can read a key but not list them, and a misspelt key must not pass in silence.
    keys = {**engine_config.get_config_env(), **engine_config.CONFIG.get()}
    for key in sorted(_in_namespace(keys)):
        if engine_config.is_config_secret(f"{NAMESPACE}:{key}"):
            raise ConfigError(
                f"{key}: holds a secret; only {ADMIN_PASSWORD_KEY} may, so set it without --secret"
            )
    return StackConfig.parse(
        pulumi.get_stack(), {key: _decoded(text) for key, text in _in_namespace(keys).items()}
    )


def load_admin_password() -> pulumi.Output[str] | None:
    """The admin user's password where the stack sets one; None: it is generated. Raises ConfigError if it is plain."""
    password = pulumi.Config(NAMESPACE).get(ADMIN_PASSWORD_KEY)
    if password is None:
        return None
    if not engine_config.is_config_secret(f"{NAMESPACE}:{ADMIN_PASSWORD_KEY}"):
        raise ConfigError(
            f"{ADMIN_PASSWORD_KEY}: stands in plain text; remove it and run: pulumi config set --secret {ADMIN_PASSWORD_KEY}"
        )
    if not _is_acceptable(password):
        refused = " ".join(sorted(REFUSED_IN_PASSWORDS)).strip()
        raise ConfigError(
            f"{ADMIN_PASSWORD_KEY}: RDS would refuse it; take {MINIMUM_PASSWORD_LENGTH} to {MAXIMUM_PASSWORD_LENGTH} "
            f"printable ASCII characters without space and {refused}"
        )
    return pulumi.Output.secret(password)


def _is_acceptable(password: str) -> bool:
    return (
        MINIMUM_PASSWORD_LENGTH <= len(password) <= MAXIMUM_PASSWORD_LENGTH
        and password.isascii()
        and password.isprintable()
        and not REFUSED_IN_PASSWORDS & set(password)
    )


def _in_namespace(keys: Mapping[str, Any]) -> dict[str, Any]:
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): value for key, value in keys.items() if key.startswith(prefix)}
    own.pop(ADMIN_PASSWORD_KEY, None)
    return own


def _decoded(text: str) -> Any:
    """The engine passes objects as JSON and everything else as bare text."""
    try:
        return json.loads(text) if text.startswith("{") else text
    except json.JSONDecodeError:
        return text


def _config_error(stack: str, problems: list[Problem]) -> ConfigError:
    lines = [f"  {problem.path}: {problem.text}" for problem in problems]
    return ConfigError("\n".join([f"the configuration of stack {stack} cannot be used", *lines]))


def _from_pydantic(details: ErrorDetails) -> Problem:
    """What stands in place of a part, or under an unknown key, is not shown: it may be a password in the wrong place."""
    path = ".".join(str(step) for step in details["loc"] if step not in {"new", "existing"})
    match details["type"]:
        case "extra_forbidden":
            return Problem(path, "unknown key; remove it, or see infra/domains for the keys that exist")
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
    yield from scaling.problems(config.scaling, config.postgres, config.cache)
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
