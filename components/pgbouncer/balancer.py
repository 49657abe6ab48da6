"""The pool's internal Network Load Balancer, its target group and its listener."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, lb

from components.network import NetworkAttachment

# NLB guide, "Deregistration delay": connections that are open go on for this long; then the task is told to stop.
DEREGISTRATION_SECONDS = 120
# Longer than the silence of any client that still lives: the pool's keepalives cross the balancer every few seconds, and
# its default of 350 s would cut quiet clients if those were ever lost.
IDLE_SECONDS = 3600
# A task gets no connection until it has passed the check twice, and none after it has failed twice: 20 s each way.
HEALTH_INTERVAL_SECONDS, HEALTH_COUNT = 10, 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Balancer:
    """The three resources of one balancer."""

    load_balancer: lb.LoadBalancer
    target_group: lb.TargetGroup
    listener: lb.Listener


def define_balancer(
    name: str,
    *,
    port: int,
    network: NetworkAttachment,
    security_group: ec2.SecurityGroup,
    tag: str,
    opts: pulumi.ResourceOptions,
) -> Balancer:
    """The balancer that hands `port` on to the same port of its targets, as children of the component `name`."""
    balancer = lb.LoadBalancer(
        f"{name}-balancer",
        load_balancer_type="network",
        internal=True,
        subnets=network.app_subnet_ids,
        security_groups=[security_group.id],
        # Two tasks serve three zones; without this a zone that has none would have no answer.
        enable_cross_zone_load_balancing=True,
        # It holds nothing, and whoever may delete it may put it back.
        enable_deletion_protection=False,
        tags={"Name": tag},
        opts=opts,
    )
    target_group = _define_target_group(name, port, network, opts)
    listener = lb.Listener(
        f"{name}-listener",
        load_balancer_arn=balancer.arn,
        port=port,
        protocol="TCP",
        tcp_idle_timeout_seconds=IDLE_SECONDS,
        default_actions=[lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target_group.arn)],
        opts=opts,
    )
    return Balancer(load_balancer=balancer, target_group=target_group, listener=listener)


def _define_target_group(
    name: str, port: int, network: NetworkAttachment, opts: pulumi.ResourceOptions
) -> lb.TargetGroup:
    return lb.TargetGroup(
        f"{name}-targets",
        port=port,
        protocol="TCP",
        target_type="ip",
        vpc_id=network.vpc_id,
        # With the clients' addresses, two nodes of the balancer may hand one task the same pair of address and port.
        preserve_client_ip="false",
        # A cancel request is a connection of its own, and only the task that has the query can act on it.
        stickiness=lb.TargetGroupStickinessArgs(type="source_ip", enabled=True),
        deregistration_delay=DEREGISTRATION_SECONDS,
        # At the end of the delay the pooler itself ends each client, after its transaction; the balancer would cut
        # in the middle of one.
        connection_termination=False,
        health_check=lb.TargetGroupHealthCheckArgs(
            protocol="TCP",
            interval=HEALTH_INTERVAL_SECONDS,
            healthy_threshold=HEALTH_COUNT,
            unhealthy_threshold=HEALTH_COUNT,
        ),
        opts=opts,
    )
