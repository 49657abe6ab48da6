"""What a replica may not have less of than its primary.

A standby replays what its primary did. With less room than the primary used, replay pauses, and a standby that is restarted
then does not start at all (PostgreSQL documentation, "Hot Standby", "Administrator's Overview").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.parameters.postgres import PostgresParameter
from components.postgres.sizing import InstanceClass, max_connections, planned_max_connections

# PostgreSQL documentation, "Administrator's Overview" of hot standby: these five, and no others.
STANDBY_PARAMETERS = (
    "max_connections",
    "max_prepared_transactions",
    "max_locks_per_transaction",
    "max_wal_senders",
    "max_worker_processes",
)
# RDS's default is GREATEST({DBInstanceVCPU*2},8) (AWS Prescriptive Guidance, "Tuning PostgreSQL parameters").
WORKERS_PER_VCPU, MINIMUM_WORKERS = 2, 8


class StandbyError(ValueError):
    """A replica that could not replay its primary; `name` is the parameter. The message says what to do."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A primary or a replica: its class, and the parameter group computed for it."""

    instance_class: InstanceClass
    parameters: Sequence[PostgresParameter]

    @property
    def planned_max_connections(self) -> int:
        """Connections to plan with: as declared, or `sizing.planned_max_connections`."""
        declared = self.parameter("max_connections")
        return planned_max_connections(self.instance_class) if declared is None else declared

    def parameter(self, name: str) -> int | None:
        """The declared value of a parameter that is a number, in its own unit; None: it is RDS's default."""
        return next((int(each.value) for each in self.parameters if each.name == name), None)


def require_standby(primary: Server, replica: Server) -> None:
    """Raise StandbyError for the first parameter that `replica` has less of than `primary`.

    Where neither sets a value, RDS's defaults are compared. Where only one does, the other's default must be known.
    """
    for name in STANDBY_PARAMETERS:
        least, given = _value(name, primary), _value(name, replica)
        if least is None and given is None:
            continue  # one default for every class
        if least is None or given is None:
            raise StandbyError(
                name,
                f"{name} is left to RDS on one of primary and replica, and the two cannot be compared; set it on both",
            )
        if given < least:
            raise StandbyError(
                name,
                f"{name} would be {given} on {replica.instance_class.name}, and the primary on "
                f"{primary.instance_class.name} has up to {least}: replay would stop; take a class as large as the "
                f"primary's, or set {name} of the replica to {least} or more",
            )


def follower_parameters(primary: Server) -> dict[str, int]:
    """What a replica of any class must set to follow `primary`: the settings of the five whose value there is known."""
    values = {name: _value(name, primary) for name in STANDBY_PARAMETERS}
    return {name: value for name, value in values.items() if value is not None}


def _value(name: str, server: Server) -> int | None:
    """What the server has of it: as declared, or RDS's default where that depends on the class."""
    declared = server.parameter(name)
    if declared is not None:
        return declared
    match name:
        case "max_connections":
            # The formula over the class's whole RAM: the same error on both sides, and an upper bound for the primary.
            return max_connections(server.instance_class)
        case "max_worker_processes":
            return max(WORKERS_PER_VCPU * server.instance_class.vcpu, MINIMUM_WORKERS)
        case _:
            return None
