"""The changes whose previews are recorded: one row each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PRIMARY = "infra/wiring/postgres.py"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A change of the program itself, for what no stack file can say: in `path`, `old` becomes `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """What a pull request changes. `config` is set by dotted path; an `empty` scenario is previewed before anything exists.

    A `streamed` one is recorded once more as `--json` prints it with PULUMI_ENABLE_STREAMING_JSON_PREVIEW.
    """

    name: str
    stack: str = "dev"
    config: Mapping[str, str] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    empty: bool = False
    streamed: bool = False


SCENARIOS = (
    Scenario(name="initial-create", stack="prod", empty=True),
    Scenario(name="no-change"),
    Scenario(name="replica-added", config={
        "postgres.replicas[0].name": "b",
        "postgres.replicas[0].region": "us-east-1",
        "postgres.replicas[0].availability_zone": "us-east-1b",
        "postgres.replicas[0].maintenance_window": "mon:05:00-mon:06:00",
    }),
    Scenario(name="instance-class-changed", config={"postgres.instance_class": "db.t4g.large"}, streamed=True),
    Scenario(
        name="engine-upgraded",
        config={"postgres.engine_version": "18"},
        edits=(
            Edit(path="components/parameters/postgres_table.py", old="SUPPORTED_MAJOR = 17", new="SUPPORTED_MAJOR = 18"),
            Edit(path="components/postgres/instance.py", old="allow_major_version_upgrade=False", new="allow_major_version_upgrade=True"),
        ),
    ),
    Scenario(
        name="identifier-changed",
        edits=(Edit(path=PRIMARY, old="region.placement.names.of(role),", new='region.placement.names.of(f"{role}-v2"),'),),
    ),
    Scenario(
        name="database-renamed",
        edits=(Edit(path=PRIMARY, old='PostgresPrimary("postgres",', new='PostgresPrimary("database",'),),
    ),
    # The primary's own key is chosen at birth, and the program ignores a change of it; a store's is not.
    Scenario(
        name="kms-key-changed",
        edits=(Edit(path="infra/wiring/cache.py", old="kms_key_arn=primary.key_arn(DataClass.CACHE)", new="kms_key_arn=primary.key_arn(DataClass.DATABASE)"),),
    ),
    Scenario(name="retention-lowered", config={"postgres.backup_retention_days": "1"}),
    Scenario(name="security-group-opened", config={"postgres.clients.cidrs[0]": "10.0.0.0/8"}),
    Scenario(name="alarm-threshold-changed", config={"alarms.thresholds.pool_max_wait_seconds": "10"}),
    Scenario(name="scaling-target-changed", config={"pgbouncer.target_cpu_percent": "75"}),
    Scenario(name="failed", config={"postgres.maintenance_window": "sun:03:30-sun:04:30"}),
)  # fmt: skip
