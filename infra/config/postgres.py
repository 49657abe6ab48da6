"""PostgreSQL: what a stack file may say about it."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from components.clients import Clients
from components.parameters import postgres as parameters
from components.postgres import sizing
from components.postgres.key_words import RESERVED_KEY_WORDS
from components.postgres.standby import Server, StandbyError, require_standby
from components.windows import WeeklyWindow, at_the_same_time, overlaps
from infra.config.base import REGION, ConfigModel, Daily, Problem, RegionName, Weekly, ZoneName, repeated
from infra.config.general import RegionsConfig
from infra.config.network import AnyNetwork, NetworkConfig, NewNetwork

# RDS takes 0 to 35 (RDS guide, "Backup retention period"), where 0 means no backup, no replica and no way back.
MINIMUM_RETENTION_DAYS, MAXIMUM_RETENTION_DAYS = 1, 35
# RDS guide, "Working with read replicas for RDS for PostgreSQL": fifteen of one source.
MAXIMUM_REPLICAS = 15
# RDS takes 1150 to 65535 (CreateDBInstance, Port); Security Hub RDS.23 asks for another port than the default.
MINIMUM_PORT, MAXIMUM_PORT, DEFAULT_PORT = 1150, 65535, 5432
# Names that every attacker tries first (Security Hub RDS.25), and RDS's own.
REFUSED_ADMIN_USERNAMES = frozenset({"admin", "administrator", "master", "postgres", "rdsadmin", "root"})
# The database has no public address, so a public range among its clients can only be a mistake.
CLIENT_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))

EnhancedMonitoringSeconds = Literal[1, 5, 10, 15, 30, 60]
# Seven days are free; longer is 1 to 23 months of 31 days, or two years (RDS guide, "Performance Insights pricing").
PERFORMANCE_INSIGHTS_DAYS = (7, *(31 * month for month in range(1, 24)), 731)
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]


class StorageConfig(ConfigModel):
    """A gp3 volume; omitted IOPS and throughput are the baseline of its size."""

    allocated_storage_gib: int
    max_allocated_storage_gib: int
    iops: int | None = None
    throughput_mib_per_s: int | None = None

    def gp3(self) -> sizing.Gp3Storage:
        """The volume, with the baseline in the place of omitted values. Raises SizingError."""
        return sizing.validate_gp3(self.allocated_storage_gib, self.iops, self.throughput_mib_per_s)


class MonitoringConfig(ConfigModel):
    """What is measured beside CloudWatch's own metrics."""

    enhanced_interval_seconds: EnhancedMonitoringSeconds
    performance_insights_retention_days: int


class ClientsConfig(ConfigModel):
    """The security groups and IPv4 ranges that may connect."""

    security_group_ids: list[SecurityGroupId] = Field(default_factory=list)
    cidrs: list[str] = Field(default_factory=list)

    def as_clients(self) -> Clients:
        """The clients in the form that components take."""
        return Clients(security_group_ids=self.security_group_ids, cidrs=self.cidrs)


class RestoreConfig(ConfigModel):
    """Where a new instance's data comes from: exactly one source. Ignored by an instance that exists."""

    snapshot_identifier: str | None = Field(
        None, pattern=r"^(arn:aws:rds:.+:snapshot:.+|(rds:)?[A-Za-z][A-Za-z0-9-]*)$"
    )
    source_db_instance_identifier: str | None = Field(None, pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    source_automated_backups_arn: str | None = Field(
        None, pattern=rf"^arn:aws:rds:{REGION}:\d{{12}}:auto-backup:.+$"
    )
    restore_time: Annotated[AwareDatetime, Field(strict=False)] | None = None


def _parameter_value(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"{value!r} is not a number, a text or a boolean")  # noqa: TRY004 - likewise
    return value


Overrides = dict[str, Annotated[Any, BeforeValidator(_parameter_value)]]


class ReplicaConfig(ConfigModel):
    """A read replica. What is omitted is the primary's; `parameters` are on top of the primary's own.

    `clients` may connect beside the primary's: of those, ranges everywhere, and security groups in the primary's region, for
    a rule cannot name a group of another region. Replicas of a region whose maintenance windows overlap would be gone at
    the same time.

    `name` is in the state and in the identifier: another name is another replica. A Multi-AZ replica has a standby of its
    own, and its zones are RDS's choice; any other names its zone.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9]{0,15}$")
    region: RegionName
    availability_zone: ZoneName | None = None
    multi_az: bool = False
    instance_class: str | None = None
    max_allocated_storage_gib: int | None = None
    maintenance_window: Weekly | None = None
    clients: ClientsConfig = ClientsConfig()
    parameters: Overrides = Field(default_factory=dict)


class PostgresConfig(ConfigModel):
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
    backup_window: Daily
    maintenance_window: Weekly
    apply_immediately: bool
    ca_certificate_identifier: Literal["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"]
    monitoring: MonitoringConfig
    clients: ClientsConfig = ClientsConfig()
    parameters: Overrides = Field(default_factory=dict)
    replicas: list[ReplicaConfig] = Field(default_factory=list)
    restore: RestoreConfig | None = None

    @property
    def family(self) -> str:
        """The parameter group family in force."""
        return self.parameter_group_family or parameters.family(self.engine_version)

    def server(self) -> Server:
        """The primary's class and parameters. Raises SizingError, ParameterError."""
        return self._server(self.instance_class, self.parameters)

    def replica_server(self, replica: ReplicaConfig) -> Server:
        """A replica's class and parameters: the primary's overrides, and its own on top. Raises as `server` does."""
        return self._server(
            replica.instance_class or self.instance_class, {**self.parameters, **replica.parameters}
        )

    def ceiling_gib(self, replica: ReplicaConfig) -> int:
        """How far RDS may grow a replica's storage."""
        return replica.max_allocated_storage_gib or self.storage.max_allocated_storage_gib

    def replica_maintenance_window(self, replica: ReplicaConfig) -> WeeklyWindow:
        """When AWS may interrupt a replica."""
        return replica.maintenance_window or self.maintenance_window

    def replica_clients(self, replica: ReplicaConfig, primary_region: str) -> ClientsConfig:
        """Who may connect to a replica."""
        at_home = self.clients.security_group_ids if replica.region == primary_region else []
        return ClientsConfig(
            security_group_ids=[*at_home, *replica.clients.security_group_ids],
            cidrs=[*self.clients.cidrs, *replica.clients.cidrs],
        )

    def _server(self, instance_class: str, overrides: Mapping[str, Any]) -> Server:
        found = sizing.find_instance_class(instance_class)
        computed = parameters.compute(
            found,
            database_name=self.database_name,
            allocated_storage_gib=self.storage.allocated_storage_gib,
            overrides=overrides,
        )
        return Server(instance_class=found, parameters=computed)


def problems(postgres: PostgresConfig, regions: RegionsConfig, networks: NetworkConfig) -> Iterator[Problem]:
    """What must hold between PostgreSQL's values, and between them and the regions' networks."""
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
    yield from _window_problems(postgres)
    yield from _replica_window_problems(postgres, regions.primary)
    wrong_size = list(_storage_problems(postgres.storage))
    yield from wrong_size
    # Some parameters are computed from the storage, and what a replica needs from the primary's parameters.
    wrong_parameters = [] if wrong_size else list(_parameter_problems(postgres))
    yield from wrong_parameters
    yield from _replica_problems(postgres.replicas, regions, networks)
    if not wrong_size and not wrong_parameters:
        yield from _replica_size_problems(postgres)
    yield from client_problems("postgres.clients", postgres.clients)
    for index, replica in enumerate(postgres.replicas):
        path = f"postgres.replicas.{index}.clients"
        yield from client_problems(path, replica.clients)
        known = {*postgres.clients.cidrs, *postgres.clients.security_group_ids}
        for client in sorted(known & {*replica.clients.cidrs, *replica.clients.security_group_ids}):
            yield Problem(path, f"{client!r} is one of postgres.clients already; take it out of one of them")
    if postgres.restore is not None:
        yield from _restore_problems(postgres.restore, regions.primary)


def _window_problems(postgres: PostgresConfig) -> Iterator[Problem]:
    if overlaps(postgres.backup_window, postgres.maintenance_window):
        yield Problem(
            "postgres.backup_window",
            f"'{postgres.backup_window}' overlaps postgres.maintenance_window '{postgres.maintenance_window}', "
            "which RDS refuses; move one of them",
        )


def _replica_window_problems(postgres: PostgresConfig, primary_region: str) -> Iterator[Problem]:
    """A replica's window may overlap the primary's: reads go on at the others. Those of one region take turns."""
    for index, replica in enumerate(postgres.replicas):
        window = postgres.replica_maintenance_window(replica)
        path = f"postgres.replicas.{index}.maintenance_window"
        may_be_promoted = replica.region != primary_region
        if replica.maintenance_window and may_be_promoted and overlaps(postgres.backup_window, window):
            yield Problem(
                path,
                f"'{window}' overlaps postgres.backup_window '{postgres.backup_window}', "
                "which RDS refuses once the replica is promoted; move it",
            )
        for other in postgres.replicas[:index]:
            theirs = postgres.replica_maintenance_window(other)
            if other.region == replica.region and at_the_same_time(window, theirs):
                yield Problem(
                    path,
                    f"'{window}' overlaps that of replica {other.name!r}, and both could be gone at once; move one of them",
                )


def _storage_problems(storage: StorageConfig) -> Iterator[Problem]:
    try:
        storage.gp3()
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
        postgres.server()
    except sizing.SizingError as error:
        yield Problem("postgres.instance_class", str(error))
    except parameters.ParameterError as error:
        yield Problem(f"postgres.parameters.{error.name}", str(error))


def _replica_problems(
    replicas: Sequence[ReplicaConfig], regions: RegionsConfig, networks: NetworkConfig
) -> Iterator[Problem]:
    yield from repeated("postgres.replicas", (replica.name for replica in replicas), "names a replica twice")
    if len(replicas) > MAXIMUM_REPLICAS:
        yield Problem(
            "postgres.replicas", f"{len(replicas)} are too many; RDS takes {MAXIMUM_REPLICAS} of one primary"
        )
    for index, replica in enumerate(replicas):
        if replica.region not in {regions.primary, regions.dr}:
            yield Problem(
                f"postgres.replicas.{index}.region",
                f"{replica.region!r} has no network; take {regions.primary} or {regions.dr}",
            )
            continue
        role = "primary" if replica.region == regions.primary else "dr"
        yield from _zone_problems(
            f"postgres.replicas.{index}.availability_zone", replica, getattr(networks, role)
        )
    zones = [replica.availability_zone for replica in replicas if replica.availability_zone is not None]
    yield from repeated(
        "postgres.replicas", zones, "puts two replicas into one availability zone; spread them"
    )


def _zone_problems(path: str, replica: ReplicaConfig, network: AnyNetwork) -> Iterator[Problem]:
    zone = replica.availability_zone
    if replica.multi_az:
        if zone is not None:
            yield Problem(path, f"{zone!r} does not go with multi_az, which takes two zones of RDS's choice")
    elif zone is None:
        yield Problem(path, "is missing; name the zone, so that replicas are spread over them")
    elif zone[:-1] != replica.region:
        yield Problem(path, f"{zone!r} is not in region {replica.region}")
    elif isinstance(network, NewNetwork) and zone not in network.availability_zones:
        yield Problem(
            path, f"{zone!r} has no subnet; the network's zones are {', '.join(network.availability_zones)}"
        )


def _replica_size_problems(postgres: PostgresConfig) -> Iterator[Problem]:
    primary = postgres.server()
    for index, replica in enumerate(postgres.replicas):
        path = f"postgres.replicas.{index}"
        try:
            require_standby(primary, postgres.replica_server(replica))
            sizing.validate_storage_ceiling(
                postgres.storage.allocated_storage_gib, postgres.ceiling_gib(replica)
            )
        except sizing.SizingError as error:
            yield Problem(f"{path}.{error.field}", str(error))
        except (parameters.ParameterError, StandbyError) as error:
            yield Problem(f"{path}.parameters.{error.name}", str(error))


def client_problems(path: str, clients: ClientsConfig) -> Iterator[Problem]:
    """What must hold of who may connect; `path` is the key of the clients."""
    for key in ("security_group_ids", "cidrs"):
        yield from repeated(f"{path}.{key}", getattr(clients, key), "names a client twice")
    for index, cidr in enumerate(clients.cidrs):
        where = f"{path}.cidrs.{index}"
        try:
            network = IPv4Network(cidr)
        except ValueError as error:
            yield Problem(where, f"{cidr!r} is not an IPv4 range: {error}")
            continue
        if not any(network.subnet_of(allowed) for allowed in CLIENT_RANGES):
            allowed = ", ".join(map(str, CLIENT_RANGES))
            yield Problem(where, f"{cidr!r} is open to the internet; clients must be within {allowed}")


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
