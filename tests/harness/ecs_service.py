"""The little of ECS that a rotation asks of the pool's service, and a clock that it shares with the emulated Secrets Manager."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

CLUSTER, SERVICE = "pool", "pooler"


class Clock:
    """Takes the place of the module `time` in the emulator, whose times are whole seconds: no two moments are the same."""

    def __init__(self) -> None:
        self._ticks = itertools.count(1_800_000_000)

    def time(self) -> int:
        """Seconds since 1970."""
        return next(self._ticks)

    def now(self) -> datetime:
        """The same, as the AWS SDK returns it."""
        return datetime.fromtimestamp(self.time(), UTC)


class EcsService:
    """A service with two tasks. A deployment calls `replace_tasks`, unless `goes_back` or `is_slow` says that it never gets there."""

    def __init__(self, clock: Clock, replace_tasks: Callable[[], None]) -> None:
        self._clock, self._replace_tasks = clock, replace_tasks
        self.deployments = 0
        self.goes_back = self.is_slow = False
        self._tasks_created = self._deployment_created = clock.now()

    def update_service(self, *, cluster: str, service: str, forceNewDeployment: bool) -> None:  # noqa: N803
        assert (cluster, service, forceNewDeployment) == (CLUSTER, SERVICE, True)
        self.deployments += 1
        self._deployment_created = self._clock.now()
        if not (self.goes_back or self.is_slow):
            self._replace_tasks()
            self._tasks_created = self._clock.now()

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        assert (cluster, services) == (CLUSTER, [SERVICE])
        state = "IN_PROGRESS" if self.is_slow else "COMPLETED"
        primary = {"status": "PRIMARY", "createdAt": self._deployment_created, "rolloutState": state}
        return {"services": [{"deployments": [primary]}]}

    def list_tasks(self, *, cluster: str, serviceName: str) -> dict[str, Any]:  # noqa: N803
        assert (cluster, serviceName) == (CLUSTER, SERVICE)
        return {"taskArns": ["one", "two"]}

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert cluster == CLUSTER
        return {"tasks": [{"taskArn": arn, "createdAt": self._tasks_created} for arn in tasks]}

    def get_waiter(self, name: str) -> "EcsService":
        assert name == "services_stable"
        return self

    def wait(self, **_: Any) -> None:
        """A service is stable whether its deployment got to its end or went back."""
