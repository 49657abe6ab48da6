"""The backup components, each declared by itself under recording mocks, with inputs like production's."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pulumi

from components.backups.export_replication import ExportReplication, ExportReplicationArgs
from components.backups.exports import ExportBucket, ExportBucketArgs
from components.backups.plan import BackupPlan, BackupPlanArgs, BackupRule
from components.backups.replication import AutomatedBackupsReplication, AutomatedBackupsReplicationArgs
from components.backups.restore_testing import RestoreTesting, RestoreTestingArgs
from components.backups.schedule import Schedule
from components.backups.vault import BackupVault, BackupVaultArgs, VaultLock
from components.durability import Durability
from components.network import NetworkAttachment
from components.placement import Placement
from contract.names import PhysicalNames
from desired.recording import Recording, record
from tests.harness.platform import ROLE_POLICY, only_of_type, statements

ACCOUNT = "222222222222"
HOME, DR = "us-east-1", "us-west-2"
NAMES = PhysicalNames("prod")
DATABASE_ARN = f"arn:aws:rds:{HOME}:{ACCOUNT}:db:reptidex-prod-postgres"
VAULT_ARN = f"arn:aws:backup:{HOME}:{ACCOUNT}:backup-vault:home"
DR_VAULT_ARN = f"arn:aws:backup:{DR}:{ACCOUNT}:backup-vault:away"

Options = dict[str, pulumi.ResourceOptions]


def placement(region: str, durability: Durability = Durability.RETAIN) -> Placement:
    return Placement(
        account_id=ACCOUNT, region=region, names=NAMES, log_retention_days=30, durability=durability
    )


def key_arn(region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/0a1b2c3d"


def declared_alone(declare: Callable[[pulumi.ResourceOptions], Any]) -> tuple[Recording, Options]:
    """The registrations that `declare` makes with the options it gets, and the options of each child by its name."""
    options: Options = {}

    def collect(args: pulumi.ResourceTransformationArgs) -> None:
        options[args.name] = args.opts

    def program() -> Mapping[str, Any]:
        declare(pulumi.ResourceOptions(transformations=[collect]))
        return {}

    return record(program, "prod"), options


def statements_by_id(recording: Recording) -> dict[str, dict[str, Any]]:
    """The statements of the one inline policy, by id."""
    return {statement["Sid"]: statement for statement in statements(only_of_type(recording, ROLE_POLICY))}


def allows(recording: Recording, action: str) -> bool:
    """True where a statement of the one inline policy names the action."""
    return any(
        fnmatchcase(action, pattern)
        for statement in statements_by_id(recording).values()
        for pattern in statement["Action"]
    )


def replication(**changes: Any) -> tuple[Recording, Options]:
    args = {
        "source_region": HOME,
        "destination_region": DR,
        "source_db_instance_arn": DATABASE_ARN,
        "kms_key_arn": key_arn(DR),
        "retention_days": 30,
        **changes,
    }
    return declared_alone(
        lambda opts: AutomatedBackupsReplication(
            "dr-automated-backups", AutomatedBackupsReplicationArgs(**args), opts
        )
    )


def vault(
    durability: Durability = Durability.RETAIN, lock: VaultLock | None = None, region: str = DR
) -> tuple[Recording, Options]:
    args = BackupVaultArgs(
        placement=placement(region, durability),
        kms_key_arn=key_arn(DR),
        notification_topic_arn=f"arn:aws:sns:{DR}:{ACCOUNT}:topic",
        lock=lock,
    )
    return declared_alone(lambda opts: BackupVault("dr-backups", args, opts))


def plan(copy_vault_arn: str | None = DR_VAULT_ARN) -> Recording:
    args = BackupPlanArgs(
        placement=placement(HOME),
        time_zone="America/New_York",
        rules=[
            BackupRule(name="daily", schedule=Schedule("01:00"), retention_days=35, copy_retention_days=30),
            BackupRule(
                name="weekly",
                schedule=Schedule("23:00", day="sun"),
                retention_days=90,
                copy_retention_days=60,
            ),
            BackupRule(name="monthly", schedule=Schedule("21:00", day_of_month=1), retention_days=400),
        ],
        vault_name="home",
        vault_arn=VAULT_ARN,
        copy_vault_arn=copy_vault_arn,
    )
    recording, _ = declared_alone(lambda opts: BackupPlan("backup-plan", args, opts))
    return recording


def restore_testing() -> Recording:
    args = RestoreTestingArgs(
        placement=placement(HOME),
        time_zone="America/New_York",
        schedule=Schedule("09:00", day="sun"),
        vault_arns=[VAULT_ARN],
        network=NetworkAttachment(
            vpc_id="vpc-0a", app_subnet_ids=["subnet-a"], data_subnet_ids=["subnet-d1", "subnet-d2"]
        ),
        instance_class="db.r7g.large",
        validation_window_hours=8,
    )
    recording, _ = declared_alone(lambda opts: RestoreTesting("restore-testing", args, opts))
    return recording


def export_bucket_args(region: str, durability: Durability = Durability.RETAIN) -> ExportBucketArgs:
    return ExportBucketArgs(
        placement=placement(region, durability),
        kms_key_arn=key_arn(region),
        retention_days=90,
        object_lock_days=30,
    )


def exports(durability: Durability = Durability.RETAIN) -> Recording:
    recording, _ = declared_alone(
        lambda opts: ExportBucket("exports", export_bucket_args(HOME, durability), opts)
    )
    return recording


def export_replication() -> Recording:
    def declare(opts: pulumi.ResourceOptions) -> None:
        source = ExportBucket("exports", export_bucket_args(HOME), opts)
        destination = ExportBucket("dr-exports", export_bucket_args(DR), opts)
        args = ExportReplicationArgs(source=source, destination=destination)
        ExportReplication("export-replication", args, opts)

    recording, _ = declared_alone(declare)
    return recording
