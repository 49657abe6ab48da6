"""Rules for every backup component, and the vaults and the replication of automated backups, under recording mocks.

Proves parents, names and roles of every component, and inputs, order and protection of those two.
test_backup_plans.py and test_backup_exports.py have the others. Does not prove that the provider or AWS accepts any
of it; tests/sandbox does that with the real engine and provider.
"""

import gc
from collections.abc import Callable, Iterator

import botocore.loaders
import pytest
from pulumi.runtime import settings

from components.backups.regions import RegionError
from components.backups.vault import JOB_EVENTS, VaultLock
from components.durability import Durability
from desired.recording import Recording
from tests.harness.backup_components import (
    ACCOUNT,
    DATABASE_ARN,
    DR,
    HOME,
    export_replication,
    key_arn,
    plan,
    replication,
    restore_testing,
    statements_by_id,
    vault,
)
from tests.harness.platform import of_type, only_of_type, statements

EVERY_COMPONENT: list[Callable[[], Recording]] = [
    lambda: replication()[0],
    lambda: vault(lock=VaultLock(min_retention_days=30, max_retention_days=400))[0],
    plan,
    restore_testing,
    export_replication,
]


@pytest.mark.parametrize("declare", EVERY_COMPONENT)
def test_children_belong_to_their_component_in_parent_and_name(declare: Callable[[], Recording]) -> None:
    recording = declare()
    components = {r.urn: r for r in recording.registrations if not r.custom}
    children = [r for r in recording.registrations if r.custom]
    assert components
    assert children
    assert set(components) <= recording.registered_outputs
    for component in components.values():
        assert component.type.startswith("reptidex:backups:")
    for child in children:
        assert child.name.startswith(f"{components[child.parent].name}-")


def test_automated_backups_are_replicated_under_the_destinations_key_for_their_own_time() -> None:
    recording, _ = replication()
    found = only_of_type(
        recording,
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    )
    assert found.inputs == {
        "sourceDbInstanceArn": DATABASE_ARN,
        "kmsKeyId": key_arn(DR),
        "retentionPeriod": 30,
    }


def test_a_changed_retention_stops_the_old_replication_first_and_nothing_holds_on_to_it() -> None:
    recording, options = replication()
    own = options["dr-automated-backups-replication"]
    assert own.delete_before_replace is True
    found = recording.registrations[-1]
    assert found.protect is False
    assert found.retain_on_delete is False


def test_regions_that_rds_does_not_replicate_between_are_refused() -> None:
    with pytest.raises(RegionError, match="from us-east-1 to af-south-1"):
        replication(destination_region="af-south-1", kms_key_arn=key_arn("af-south-1"))


@pytest.fixture
def _collected() -> Iterator[None]:
    """Outputs that fail log a traceback when they are garbage-collected, unless somebody awaited them.

    In the middle of another test that traceback can break the test: `ast.parse` fails when it is interrupted by another
    parse. So collect them here. The SDK would keep them until the next program runs.
    """
    yield
    settings.SETTINGS.rpc_manager.clear()
    settings.SETTINGS.outputs.clear()
    gc.collect()


@pytest.mark.usefixtures("_collected")
def test_a_key_of_the_wrong_region_is_refused_as_soon_as_it_is_known() -> None:
    with pytest.raises(RegionError, match="is in us-east-1, and is needed in us-west-2"):
        replication(kms_key_arn=key_arn(HOME))
    with pytest.raises(RegionError, match="is in us-west-2, and is needed in us-east-1"):
        vault(region=HOME)


@pytest.mark.parametrize(("durability", "kept"), [(Durability.RETAIN, True), (Durability.DISPOSABLE, False)])
def test_a_vault_with_backups_goes_only_where_data_is_disposable(durability: Durability, kept: bool) -> None:
    recording, _ = vault(durability)
    found = only_of_type(recording, "aws:backup/vault:Vault")
    assert found.inputs == {"kmsKeyArn": key_arn(DR), "forceDestroy": not kept}
    assert found.protect is kept
    assert found.retain_on_delete is kept


def test_a_lock_is_a_governance_lock_that_a_change_never_takes_away() -> None:
    recording, options = vault(lock=VaultLock(min_retention_days=30, max_retention_days=400))
    lock = only_of_type(recording, "aws:backup/vaultLockConfiguration:VaultLockConfiguration")
    assert lock.inputs == {
        "backupVaultName": "dr-backups-vault",
        "minRetentionDays": 30,
        "maxRetentionDays": 400,
    }, "with changeableForDays it would be a compliance lock, for ever"
    assert options["dr-backups-lock"].delete_before_replace is True
    assert lock.retain_on_delete is True
    assert lock.protect is False, "every change of the limits replaces it"


def test_without_a_lock_there_is_none() -> None:
    recording, _ = vault()
    assert of_type(recording, "aws:backup/vaultLockConfiguration:VaultLockConfiguration") == []


def test_the_topic_hears_of_failures() -> None:
    recording, options = vault()
    found = only_of_type(recording, "aws:backup/vaultNotifications:VaultNotifications")
    assert found.inputs == {
        "backupVaultName": "dr-backups-vault",
        "snsTopicArn": f"arn:aws:sns:{DR}:{ACCOUNT}:topic",
        "backupVaultEvents": ["BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED"],
    }
    assert options["dr-backups-notifications"].delete_before_replace is True


def test_every_event_is_one_that_aws_backup_knows() -> None:
    model = botocore.loaders.Loader().load_service_model("backup", "service-2")
    assert set(JOB_EVENTS) <= set(model["shapes"]["BackupVaultEvent"]["enum"])


@pytest.mark.parametrize(
    ("declare", "service"),
    [(plan, "backup"), (restore_testing, "backup"), (export_replication, "s3")],
)
def test_a_role_is_for_its_service_alone(declare: Callable[[], Recording], service: str) -> None:
    role = only_of_type(declare(), "aws:iam/role:Role")
    [statement] = statements(role, "assumeRolePolicy")
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


@pytest.mark.parametrize("declare", [plan, restore_testing])
def test_roles_of_aws_backup_use_keys_through_rds_only(declare: Callable[[], Recording]) -> None:
    for statement in statements_by_id(declare()).values():
        if any(a.startswith("kms:") and a != "kms:DescribeKey" for a in statement["Action"]):
            assert statement["Condition"]["StringLike"] == {"kms:ViaService": "rds.*.amazonaws.com"}
            assert all(f":{ACCOUNT}:key/" in arn for arn in statement["Resource"])
