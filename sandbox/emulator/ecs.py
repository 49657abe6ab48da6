"""ECS: a service remembers how it deploys, and its tasks run as soon as they are wanted.

Source: Amazon ECS API Reference (CreateService, UpdateService, the data type Service). No task is started: what a container
does is for the data plane to show.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse

from sandbox.emulator.extending import extend, original

# What CreateService takes and moto forgets: the member's name, moto's attribute, and AWS's default.
REMEMBERED: tuple[tuple[str, str, Any], ...] = (
    ("availabilityZoneRebalancing", "availability_zone_rebalancing", "DISABLED"),
    ("deploymentConfiguration", "deployment_configuration", {"maximumPercent": 200, "minimumHealthyPercent": 100}),
    ("enableECSManagedTags", "enable_ecs_managed_tags", False),
    ("enableExecuteCommand", "enable_execute_command", False),
    ("healthCheckGracePeriodSeconds", "health_check_grace_period_seconds", 0),
)  # fmt: skip


class Response(EC2ContainerServiceResponse):
    """CreateService with all of its arguments."""

    def create_service(self) -> ActionResult:
        result = original(EC2ContainerServiceResponse.create_service)(self)
        service = result.result["service"]  # type: ignore[index]
        for member, attribute, default in REMEMBERED:
            given = self._get_param(member)
            setattr(service, attribute, default if given is None else given)
        _run_what_is_wanted(service)
        return result


class Backend(EC2ContainerServiceBackend):
    """UpdateService with a deployment that ends at once."""

    def update_service(self, service_properties: dict[str, Any]) -> Service:
        service = original(EC2ContainerServiceBackend.update_service)(self, service_properties)
        _run_what_is_wanted(service)
        return service


def _run_what_is_wanted(service: Service) -> None:
    service.running_count, service.pending_count = service.desired_count, 0
    for deployment in service.deployments:
        deployment |= {
            "desiredCount": service.desired_count,
            "pendingCount": 0,
            "runningCount": service.desired_count,
            "rolloutState": "COMPLETED",
            "rolloutStateReason": f"ECS deployment {deployment['id']} completed.",
            "taskDefinition": service.task_definition,
        }


def install() -> None:
    """Put this into moto."""
    extend(EC2ContainerServiceResponse, Response)
    extend(EC2ContainerServiceBackend, Backend)
