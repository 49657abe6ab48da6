"""Deletion of an RDS instance: what AWS refuses, and what is left of backups and replicas.

Sources: the Amazon RDS API Reference (DeleteDBInstance) and the RDS User Guide ("Deleting a DB instance").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from moto.rds.exceptions import InvalidParameterCombination
from moto.rds.models import DBInstance, RDSBackend

from sandbox.emulator.extending import original
from sandbox.emulator.rds.automated_backups import keep_backups
from sandbox.emulator.rds.instance import Instance, find_instance
from sandbox.emulator.rds.replicas import let_go_of_replicas


class Backend(RDSBackend):
    """The method of RDSBackend that deletes an instance."""

    def delete_db_instance(
        self,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> DBInstance:
        instance = find_instance(self, db_instance_identifier)
        _check_deletion(instance, bool(skip_final_snapshot), final_db_snapshot_identifier)
        instance.stop_replicating()
        original(RDSBackend.delete_db_instance)(
            self,
            db_instance_identifier,
            final_db_snapshot_identifier,
            skip_final_snapshot,
            delete_automated_backups,
        )
        let_go_of_replicas(instance)
        keep_backups(instance, is_kept=not delete_automated_backups)
        return instance


def _check_deletion(instance: Instance, is_skipped: bool, identifier: str | None) -> None:
    if instance.deletion_protection:
        raise InvalidParameterCombination(
            "Cannot delete protected DB Instance, please disable deletion protection and try again."
        )
    if instance.is_replica:
        if identifier:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier cannot be specified when deleting a read replica."
            )
        if not is_skipped:
            raise InvalidParameterCombination("SkipFinalSnapshot must be set when deleting a read replica.")
    elif not is_skipped and not identifier:
        raise InvalidParameterCombination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )
