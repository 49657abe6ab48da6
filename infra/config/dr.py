"""Disaster recovery: which replica takes over, and whether it has."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from infra.config.base import ConfigModel, Problem
from infra.config.general import Environment, RegionsConfig
from infra.config.postgres import MAXIMUM_RETENTION_DAYS, PostgresConfig, ReplicaConfig

# Requirement B1: automated backups are kept 30 days in production.
MINIMUM_PROD_RETENTION_DAYS = 30


class DrRole(StrEnum):
    """What the DR region is. `PRIMARY` promotes its replica, which can never become a replica again."""

    REPLICA = "replica"
    PRIMARY = "primary"


class DrConfig(ConfigModel):
    """The promotion, in two steps: first `role`, and once that is up, `backup_retention_days`.

    `replica` names the replica of the DR region that takes over. Why two steps: RDS refuses to promote a replica while it
    takes a backup, and switching backups on starts one.
    """

    role: Annotated[DrRole, Field(strict=False)] = DrRole.REPLICA
    replica: str | None = None
    backup_retention_days: int = Field(default=0, ge=0, le=MAXIMUM_RETENTION_DAYS)

    def promotes(self, replica: ReplicaConfig) -> bool:
        """Whether that replica is now the primary."""
        return self.role is DrRole.PRIMARY and replica.name == self.replica


def problems(
    dr: DrConfig, *, environment: Environment, postgres: PostgresConfig, regions: RegionsConfig
) -> Iterator[Problem]:
    """What must hold between the promotion and the replicas."""
    candidates = [replica.name for replica in postgres.replicas if replica.region == regions.dr]
    if dr.replica is not None and dr.replica not in candidates:
        known = ", ".join(candidates) or "none"
        yield Problem("dr.replica", f"{dr.replica!r} is not a replica in {regions.dr}; those are: {known}")
    if dr.role is DrRole.PRIMARY and dr.replica is None:
        yield Problem("dr.replica", f"is missing; name the replica in {regions.dr} that takes over")
    if dr.role is DrRole.REPLICA and dr.backup_retention_days > 0:
        yield Problem(
            "dr.backup_retention_days",
            f"{dr.backup_retention_days} is for after the promotion: RDS refuses to promote while it takes the first "
            "backup; set dr.role to 'primary', run pulumi up, and then this",
        )
    elif environment is Environment.PROD and 0 < dr.backup_retention_days < MINIMUM_PROD_RETENTION_DAYS:
        yield Problem(
            "dr.backup_retention_days",
            f"{dr.backup_retention_days} is not enough; prod keeps {MINIMUM_PROD_RETENTION_DAYS} to "
            f"{MAXIMUM_RETENTION_DAYS} days, and 0 only until the promotion is done",
        )
