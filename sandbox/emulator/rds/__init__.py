"""RDS: what moto lacks for PostgreSQL instances, and what it answers differently from AWS. One module per subject."""

from moto.rds import models
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.emulator.extending import extend
from sandbox.emulator.rds import (
    automated_backups,
    deletion,
    event_subscriptions,
    groups,
    modification,
    replicas,
    restore,
)
from sandbox.emulator.rds.instance import Instance


def install() -> None:
    """Put all of this into moto; it looks the instance class up by name wherever it makes or searches one."""
    models.DBInstance = Instance  # type: ignore[misc, assignment]
    extend(
        RDSBackend,
        modification.Backend,
        deletion.Backend,
        restore.Backend,
        replicas.Backend,
        automated_backups.Backend,
        groups.Backend,
    )
    extend(
        RDSResponse,
        modification.Response,
        automated_backups.Response,
        groups.Response,
        event_subscriptions.Response,
    )
