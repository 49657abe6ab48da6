"""Application Auto Scaling: a scalable target, and a policy that tracks one predefined metric."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import appautoscaling


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetTracking:
    """A capacity between two limits that follows a metric; the metric's name and the dimension are AWS's own.

    `resource_id` is the resource in the notation of Application Auto Scaling.
    """

    service_namespace: str
    scalable_dimension: str
    resource_id: pulumi.Input[str]
    min_capacity: int
    max_capacity: int
    metric: str
    target_percent: int
    scale_out_cooldown_seconds: int
    scale_in_cooldown_seconds: int


def define_target_tracking(
    target_name: str, policy_name: str, args: TargetTracking, opts: pulumi.ResourceOptions
) -> None:
    """The scalable target and its policy, under the given names in the state."""
    target = appautoscaling.Target(
        target_name,
        service_namespace=args.service_namespace,
        scalable_dimension=args.scalable_dimension,
        resource_id=args.resource_id,
        min_capacity=args.min_capacity,
        max_capacity=args.max_capacity,
        opts=opts,
    )
    metric = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
        predefined_metric_type=args.metric
    )
    appautoscaling.Policy(
        policy_name,
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=(
            appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                predefined_metric_specification=metric,
                target_value=args.target_percent,
                scale_out_cooldown=args.scale_out_cooldown_seconds,
                scale_in_cooldown=args.scale_in_cooldown_seconds,
            )
        ),
        opts=opts,
    )
