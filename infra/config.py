"""The typed configuration: what `Pulumi.<stack>.yaml` may say, and the only reader of it.

Models hold shape and ranges; `_problems` holds what must be true between values. Both are checked before anything is
declared, and every mistake is reported with its key path, the value and what is allowed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pulumi
import yaml
from pulumi.runtime import config as engine_config
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)
from pydantic_core import ErrorDetails

from components import subnets
from components.durability import Durability
from components.postgres import parameters, sizing
from components.postgres.key_words import RESERVED_KEY_WORDS
from components.windows import DailyWindow, WeeklyWindow, overlaps, standard_utc_offset_minutes

NAMESPACE = "dataplatform"
# Not part of the models: it is a Pulumi secret, arrives as an Output, and is never compared or shown.
ADMIN_PASSWORD_KEY = "admin_password"  # noqa: S105 - the key of a password, not a password
# RDS takes 0 to 35 (RDS guide, "Backup retention period"), where 0 means no backup, no replica and no way back.
MINIMUM_RETENTION_DAYS, MAXIMUM_RETENTION_DAYS = 1, 35
# RDS takes 1150 to 65535 (CreateDBInstance, Port); Security Hub RDS.23 asks for another port than the default.
MINIMUM_PORT, MAXIMUM_PORT, DEFAULT_PORT = 1150, 65535, 5432
# Names that every attacker tries first (Security Hub RDS.25), and RDS's own.
REFUSED_ADMIN_USERNAMES = frozenset({"admin", "administrator", "master", "postgres", "rdsadmin", "root"})
# RDS guide, "Constraints for master password".
MINIMUM_PASSWORD_LENGTH, MAXIMUM_PASSWORD_LENGTH = 8, 128
REFUSED_IN_PASSWORDS = frozenset('/@" ')
# The database has no public address, so a public range among its clients can only be a mistake.
CLIENT_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))

# PutRetentionPolicy takes these and no others.
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
EnhancedMonitoringSeconds = Literal[1, 5, 10, 15, 30, 60]
# Seven days are free; longer is 1 to 23 months of 31 days, or two years (RDS guide, "Performance Insights pricing").
PERFORMANCE_INSIGHTS_DAYS = (7, *(31 * month for month in range(1, 24)), 731)
# KMS and Secrets Manager both keep what is deleted for 7 to 30 days.
RecoveryDays = Annotated[int, Field(ge=7, le=30)]

# The commercial partition: the ARNs of every policy here begin with arn:aws.
REGION = r"(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d"
RegionName = Annotated[str, Field(pattern=f"^{REGION}$")]
ZoneName = Annotated[str, Field(pattern=f"^{REGION}[a-z]$")]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]


class ConfigError(pulumi.RunError):
    """What is wrong with the stack's configuration. Pulumi shows its text alone, without a trace."""


class Environment(StrEnum):
    """What the stack is for. A production stack may not be disposable; what else it must satisfy is for policies."""

    DEV = "dev"
    PROD = "prod"


class Domain(BaseModel):
    """A part of the configuration: unknown keys are refused, values are not converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TagsConfig(Domain):
    """The tags that only the stack's owner knows."""

    owner: str = Field(min_length=1)
    cost_center: str = Field(min_length=1)
    data_class: str = Field(min_length=1)


class RegionsConfig(Domain):
    """Where the platform runs, and where its copies go."""

    primary: RegionName
    dr: RegionName


class NewNetwork(Domain):
    """A VPC to make. Subnets are computed; zones are named, since which ones offer a class differs by account."""

    cidr: str
    availability_zones: list[ZoneName] = Field(min_length=2, max_length=4)


class ExistingNetwork(Domain):
    """A VPC that somebody else owns: its subnets are used as they are, and its endpoints and flow logs are theirs."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]+$")
    app_subnet_ids: list[SubnetId] = Field(min_length=2)
    data_subnet_ids: list[SubnetId] = Field(min_length=2)


def _kind_of_network(value: Any) -> str:
    existing = "vpc_id" in value if isinstance(value, Mapping) else isinstance(value, ExistingNetwork)
    return "existing" if existing else "new"


AnyNetwork = Annotated[
    Annotated[NewNetwork, Tag("new")] | Annotated[ExistingNetwork, Tag("existing")],
    Discriminator(_kind_of_network),
]


class NetworkConfig(Domain):
    """Both regions' networks.

    `interface_endpoints` are the AWS services that tasks call from a new network of the primary region; S3 has an
    endpoint of its own.
    """

    primary: AnyNetwork
    dr: AnyNetwork
    interface_endpoints: list[Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")]]


class EncryptionConfig(Domain):
    """How long a key that somebody deletes can still be brought back."""

    deletion_window_days: RecoveryDays


class SecretsConfig(Domain):
    """How long a secret that somebody deletes can still be brought back."""

    recovery_window_days: RecoveryDays


class LogsConfig(Domain):
    """How long logs are kept: the databases', and the network's flow records."""

    retention_days: LogRetentionDays


class NotificationsConfig(Domain):
    """Who is told, beside what subscribes by itself."""

    email_addresses: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]]


class StorageConfig(Domain):
    """A gp3 volume; omitted IOPS and throughput are the baseline of its size."""

    allocated_storage_gib: int
    max_allocated_storage_gib: int
    iops: int | None = None
    throughput_mib_per_s: int | None = None


class MonitoringConfig(Domain):
    """What is measured beside CloudWatch's own metrics."""

    enhanced_interval_seconds: EnhancedMonitoringSeconds
    performance_insights_retention_days: int


class ClientsConfig(Domain):
    """Who may connect to the database directly."""

    security_group_ids: list[SecurityGroupId] = []
    cidrs: list[str] = []


class RestoreConfig(Domain):
    """Where a new instance's data comes from: exactly one source. Ignored by an instance that exists."""

    snapshot_identifier: str | None = Field(
        None, pattern=r"^(arn:aws:rds:.+:snapshot:.+|(rds:)?[A-Za-z][A-Za-z0-9-]*)$"
    )
    source_db_instance_identifier: str | None = Field(None, pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    source_automated_backups_arn: str | None = Field(
        None, pattern=rf"^arn:aws:rds:{REGION}:\d{{12}}:auto-backup:.+$"
    )
    restore_time: Annotated[AwareDatetime, Field(strict=False)] | None = None


def _daily_window(value: Any) -> DailyWindow:
    return DailyWindow.parse(_text(value))


def _weekly_window(value: Any) -> WeeklyWindow:
    return WeeklyWindow.parse(_text(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text; put it in quotes")  # noqa: TRY004 - pydantic reports a ValueError
    return value


def _parameter_value(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"{value!r} is not a number, a text or a boolean")  # noqa: TRY004 - likewise
    return value


class PostgresConfig(Domain):
    """The primary. Windows are in the stack's `time_zone`; omitted `parameter_group_family`: the version's own."""

    # The major version only: RDS upgrades minor ones by itself, and a pinned one would plan to go back.
    engine_version: str = Field(pattern=r"^\d+$")
    parameter_group_family: str | None = None
    instance_class: str
    multi_az: bool
    port: int = Field(ge=MINIMUM_PORT, le=MAXIMUM_PORT)
    # Lengths: CreateDBInstance, DBName and MasterUsername.
    database_name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    admin_username: str = Field(pattern=r"^[a-z][a-z0-9_]{0,15}$")
    storage: StorageConfig
    backup_retention_days: int = Field(ge=MINIMUM_RETENTION_DAYS, le=MAXIMUM_RETENTION_DAYS)
    backup_window: Annotated[DailyWindow, BeforeValidator(_daily_window)]
    maintenance_window: Annotated[WeeklyWindow, BeforeValidator(_weekly_window)]
    apply_immediately: bool
    ca_certificate_identifier: Literal["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"]
    monitoring: MonitoringConfig
    clients: ClientsConfig = ClientsConfig()
    parameters: dict[str, Annotated[Any, BeforeValidator(_parameter_value)]] = {}
    restore: RestoreConfig | None = None

    @property
    def family(self) -> str:
        """The parameter group family in force."""
        return self.parameter_group_family or parameters.family(self.engine_version)


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


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the key path, and what is wrong with the value, what is allowed and what to do."""

    path: str
    text: str


def _config_error(stack: str, problems: list[Problem]) -> ConfigError:
    lines = [f"  {problem.path}: {problem.text}" for problem in problems]
    return ConfigError("\n".join([f"the configuration of stack {stack} cannot be used", *lines]))


def _from_pydantic(details: ErrorDetails) -> Problem:
    """The value of an unknown key is not shown: it may be a password in the wrong place."""
    path = ".".join(str(step) for step in details["loc"] if step not in {"new", "existing"})
    match details["type"]:
        case "extra_forbidden":
            return Problem(path, "unknown key; remove it, or see infra/config.py for the keys that exist")
        case "missing":
            return Problem(path, "is missing; give it a value")
        case "value_error":
            return Problem(path, str(details["ctx"]["error"]))
        case "model_type" | "model_attributes_type" | "dict_type":
            return Problem(path, f"{details['input']!r} is not allowed; it holds keys of its own")
        case _:
            message = details["msg"][0].lower() + details["msg"][1:]
            return Problem(path, f"{details['input']!r} is not allowed; {message}")


def _problems(config: StackConfig) -> Iterator[Problem]:
    """What models cannot say, because it lies between values. Each rule reports at most one problem for each path."""
    yield from _stack_problems(config)
    yield from _network_problems(config)
    yield from _postgres_problems(config)


def _stack_problems(config: StackConfig) -> Iterator[Problem]:
    if config.stack in set(Environment) and config.stack != config.environment:
        yield Problem("environment", f"{config.environment.value!r} is not what stack {config.stack} is for")
    if config.environment is Environment.PROD and not config.durability.retains:
        yield Problem(
            "durability",
            f"{config.durability.value!r} switches the final snapshot and the deletion protection off; "
            f"prod takes {Durability.RETAIN.value!r} only",
        )
    if len(set(config.notifications.email_addresses)) < len(config.notifications.email_addresses):
        yield Problem("notifications.email_addresses", "names an address twice")
    if config.regions.dr == config.regions.primary:
        yield Problem(
            "regions.dr", f"{config.regions.dr!r} is the primary region too; a copy must be in another region"
        )


def _network_problems(config: StackConfig) -> Iterator[Problem]:
    yield from _endpoint_problems(config)
    regions = {"primary": config.regions.primary, "dr": config.regions.dr}
    for role, region in regions.items():
        network = getattr(config.network, role)
        if isinstance(network, ExistingNetwork):
            yield from _existing_network_problems(role, network)
        elif config.regions.dr != config.regions.primary:  # a mistake of its own, reported once
            yield from _zone_problems(role, region, network)
    yield from _range_problems(config.network)


def _endpoint_problems(config: StackConfig) -> Iterator[Problem]:
    endpoints = config.network.interface_endpoints
    if len(set(endpoints)) < len(endpoints):
        yield Problem("network.interface_endpoints", "names a service twice")
    if "s3" in endpoints:
        yield Problem("network.interface_endpoints", "'s3' has a gateway endpoint already; leave it out")


def _existing_network_problems(role: str, network: ExistingNetwork) -> Iterator[Problem]:
    for tier in ("app_subnet_ids", "data_subnet_ids"):
        if len(set(getattr(network, tier))) < len(getattr(network, tier)):
            yield Problem(f"network.{role}.{tier}", "names a subnet twice; each zone has another")


def _zone_problems(role: str, region: str, network: NewNetwork) -> Iterator[Problem]:
    for zone in network.availability_zones:
        if zone[:-1] != region:
            yield Problem(f"network.{role}.availability_zones", f"{zone!r} is not in region {region}")
    if len(set(network.availability_zones)) < len(network.availability_zones):
        yield Problem(f"network.{role}.availability_zones", "names a zone twice; each must be another")


def _range_problems(networks: NetworkConfig) -> Iterator[Problem]:
    new = {role: network for role, network in networks if isinstance(network, NewNetwork)}
    for role, network in new.items():
        try:
            subnets.plan(network.cidr, availability_zones=len(network.availability_zones))
        except subnets.SubnetError as error:
            yield Problem(f"network.{role}.cidr", str(error))
            return
    if len(new) == 2:
        try:
            subnets.require_disjoint(new["primary"].cidr, new["dr"].cidr)
        except subnets.SubnetError as error:
            yield Problem("network.dr.cidr", str(error))


def _postgres_problems(config: StackConfig) -> Iterator[Problem]:
    postgres = config.postgres
    if postgres.port == DEFAULT_PORT:
        yield Problem(
            "postgres.port", f"{DEFAULT_PORT} is the port that scanners try; choose another, such as 5433"
        )
    if postgres.admin_username in REFUSED_ADMIN_USERNAMES:
        refused = ", ".join(sorted(REFUSED_ADMIN_USERNAMES))
        yield Problem(
            "postgres.admin_username", f"{postgres.admin_username!r} is easily guessed; none of {refused}"
        )
    if postgres.monitoring.performance_insights_retention_days not in PERFORMANCE_INSIGHTS_DAYS:
        yield Problem(
            "postgres.monitoring.performance_insights_retention_days",
            f"{postgres.monitoring.performance_insights_retention_days} is not allowed; "
            "take 7, a multiple of 31 up to 713, or 731",
        )
    for key in ("database_name", "admin_username"):
        if getattr(postgres, key) in RESERVED_KEY_WORDS:
            yield Problem(f"postgres.{key}", f"{getattr(postgres, key)!r} is a word of SQL; take another")
    yield from _window_problems(config)
    storage_problems = list(_storage_problems(postgres.storage))
    yield from storage_problems
    if not storage_problems:  # some parameters are computed from the storage
        yield from _parameter_problems(postgres)
    yield from _client_problems(postgres.clients)
    if postgres.restore is not None:
        yield from _restore_problems(postgres.restore, config.regions.primary)


def _window_problems(config: StackConfig) -> Iterator[Problem]:
    postgres = config.postgres
    try:
        standard_utc_offset_minutes(config.time_zone)
    except ValueError as error:
        yield Problem("time_zone", str(error))
    if overlaps(postgres.backup_window, postgres.maintenance_window):
        yield Problem(
            "postgres.backup_window",
            f"'{postgres.backup_window}' overlaps postgres.maintenance_window '{postgres.maintenance_window}', "
            "which RDS refuses; move one of them",
        )


def _storage_problems(storage: StorageConfig) -> Iterator[Problem]:
    try:
        sizing.validate_gp3(storage.allocated_storage_gib, storage.iops, storage.throughput_mib_per_s)
        sizing.validate_storage_ceiling(storage.allocated_storage_gib, storage.max_allocated_storage_gib)
    except sizing.SizingError as error:
        yield Problem(f"postgres.storage.{error.field}", str(error))


def _parameter_problems(postgres: PostgresConfig) -> Iterator[Problem]:
    try:
        parameters.family(postgres.engine_version)
    except parameters.FamilyError as error:
        yield Problem("postgres.engine_version", str(error))
        return
    try:
        parameters.require_family(postgres.family, postgres.engine_version)
    except parameters.FamilyError as error:
        yield Problem("postgres.parameter_group_family", str(error))
    try:
        parameters.compute(
            sizing.find_instance_class(postgres.instance_class),
            database_name=postgres.database_name,
            allocated_storage_gib=postgres.storage.allocated_storage_gib,
            overrides=postgres.parameters,
        )
    except sizing.SizingError as error:
        yield Problem("postgres.instance_class", str(error))
    except parameters.ParameterError as error:
        yield Problem(f"postgres.parameters.{error.name}", str(error))


def _client_problems(clients: ClientsConfig) -> Iterator[Problem]:
    for key in ("security_group_ids", "cidrs"):
        if len(set(getattr(clients, key))) < len(getattr(clients, key)):
            yield Problem(f"postgres.clients.{key}", "names a client twice")
    for index, cidr in enumerate(clients.cidrs):
        path = f"postgres.clients.cidrs.{index}"
        try:
            network = IPv4Network(cidr)
        except ValueError as error:
            yield Problem(path, f"{cidr!r} is not an IPv4 range: {error}")
            continue
        if not any(network.subnet_of(allowed) for allowed in CLIENT_RANGES):
            allowed = ", ".join(map(str, CLIENT_RANGES))
            yield Problem(path, f"{cidr!r} is open to the internet; clients must be within {allowed}")


def _restore_problems(restore: RestoreConfig, region: str) -> Iterator[Problem]:
    sources = ("snapshot_identifier", "source_db_instance_identifier", "source_automated_backups_arn")
    given = [name for name in sources if getattr(restore, name) is not None]
    if len(given) != 1:
        yield Problem(
            "postgres.restore", f"names {len(given)} sources; give exactly one of {', '.join(sources)}"
        )
    elif restore.restore_time is not None and restore.snapshot_identifier is not None:
        yield Problem(
            "postgres.restore.restore_time",
            "does not go with snapshot_identifier, which has a time of its own",
        )
    arn = restore.source_automated_backups_arn
    if arn is not None and arn.split(":")[3] != region:
        yield Problem(
            "postgres.restore.source_automated_backups_arn",
            f"{arn!r} is not in {region}; a replicated backup is restored in the region that holds it",
        )
