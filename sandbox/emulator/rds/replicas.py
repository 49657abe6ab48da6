"""Read replicas of RDS for PostgreSQL: how they come, how they become instances of their own, how they go.

Sources: the Amazon RDS API Reference (CreateDBInstanceReadReplica, PromoteReadReplica) and the RDS User Guide ("Working
with DB instance read replicas", "Creating a read replica in a different AWS Region"). A replica is at once where its
source is: there is no lag here.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any, cast

from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue, RDSClientError
from moto.rds.models import DBInstance, RDSBackend
from moto.rds.utils import valid_preferred_maintenance_window

from sandbox.emulator.rds.instance import Instance, find_instance

Values = dict[str, Any]

MOST_REPLICAS = 15
DEFAULT_RETENTION_DAYS_OF_PROMOTED = 1


class InvalidDBInstanceStateError(RDSClientError):
    """The instance is not in a state in which this can be done."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidDBInstanceState", message)


class Backend(RDSBackend):
    """Methods of RDSBackend about read replicas."""

    def create_db_instance_read_replica(self, db_kwargs: Values) -> DBInstance:
        source = cast("Instance", self.find_db_from_id(db_kwargs["source_db_instance_identifier"]))
        _check_source(source)
        _check_request(source, self.region_name, db_kwargs)
        if db_kwargs.get("kms_key_id"):
            db_kwargs["kms_key_id"] = self._validate_kms_key(db_kwargs["kms_key_id"])
        values = source.inherited_in(self.region_name, db_kwargs.get("kms_key_id"))
        if source.region == self.region_name:
            values["db_parameter_group_name"] = source.db_parameter_group_name
        asked = {k: v for k, v in db_kwargs.items() if not k.startswith("source_")}
        replica = self.create_db_instance({**values, "backup_retention_period": 0, **asked})
        cast("Instance", replica).replicate(source)
        return replica

    def promote_read_replica(self, db_kwargs: Values) -> DBInstance:
        replica = find_instance(self, db_kwargs["db_instance_identifier"])
        if not replica.is_replica:
            raise InvalidDBInstanceStateError("DB Instance is not a read replica.")
        if replica.status != "available":
            raise InvalidDBInstanceStateError(
                f"DB Instance {replica.db_instance_identifier} cannot be promoted while its status is {replica.status}."
            )
        window = db_kwargs.get("preferred_backup_window", replica.preferred_backup_window)
        mistake = valid_preferred_maintenance_window(replica.preferred_maintenance_window, window)
        if mistake:
            raise InvalidParameterValue(mistake)
        replica.stop_replicating()
        replica.preferred_backup_window = window
        replica.backup_retention_period = db_kwargs.get(
            "backup_retention_period", DEFAULT_RETENTION_DAYS_OF_PROMOTED
        )
        return replica


def _check_source(source: Instance) -> None:
    if source.status != "available":
        raise InvalidDBInstanceStateError(
            f"The source DB instance {source.db_instance_identifier} is not available: it is {source.status}."
        )
    if source.backup_retention_period == 0:
        raise InvalidDBInstanceStateError(
            "Automated backups are not enabled for this database instance. To enable automated backups, use"
            " ModifyDBInstance to set the backup retention period to a non-zero value."
        )
    if len(source.read_replicas) >= MOST_REPLICAS:
        raise InvalidDBInstanceStateError(f"A DB instance can have up to {MOST_REPLICAS} read replicas.")


def _check_request(source: Instance, region: str, asked: Values) -> None:
    """Refuse what AWS refuses, with its codes."""
    # With the source's ARN, even one of the same Region, a replica may go to another subnet group.
    if asked.get("db_subnet_group_name") and not asked["source_db_instance_identifier"].startswith("arn:"):
        raise RDSClientError(
            "DBSubnetGroupNotAllowedFault",
            "DbSubnetGroupName should not be specified for read replicas that are created in the same region as the"
            " master",
        )
    if asked.get("db_parameter_group_name") and source.engine == "postgres":
        raise InvalidParameterCombination(
            "A parameter group can't be specified during Read Replica creation for the following DB engine: postgres"
        )
    if asked.get("kms_key_id") and not source.storage_encrypted:
        raise InvalidParameterCombination(
            "Cannot create an encrypted read replica from an unencrypted source DB instance."
        )
    if source.storage_encrypted and source.region != region and not asked.get("kms_key_id"):
        raise InvalidParameterCombination(
            "Cannot create a cross region unencrypted read replica from encrypted source."
        )


def let_go_of_replicas(deleted: Instance) -> None:
    """What the deletion of an instance does to its replicas.

    A replica in the Region of a deleted source is promoted. One in another Region stays a replica whose replication has
    ended: for PostgreSQL, promoting it is left to its owner.
    """
    for replica in list(deleted.read_replicas):
        if replica.region == deleted.region:
            replica.stop_replicating()
        else:
            replica.is_replication_terminated = True
