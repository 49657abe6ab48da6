"""The network that databases live in: isolated data subnets, private application subnets, no way to the internet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import ec2, iam

from components.clients import Peer
from components.placement import Placement
from components.policy_documents import Document, allow, document
from components.security_groups import HTTPS_PORT, PortRule, allow_ingress
from components.subnets import SubnetPlan

# CloudWatch Logs receives flow records every ten minutes by default; one minute is the shortest AWS offers
# (VPC guide, "Maximum aggregation interval") and what an incident needs.
FLOW_LOG_INTERVAL_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkAttachment:
    """Where in a VPC to attach things: what the other components know of a network, new or existing."""

    vpc_id: pulumi.Input[str]
    app_subnet_ids: Sequence[pulumi.Input[str]]
    data_subnet_ids: Sequence[pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkArgs:
    """A VPC and its subnets. Without `interface_endpoints` nothing in it can call an AWS service but S3.

    A durable placement keeps the flow log's records; everything else of a network can be made again.
    """

    placement: Placement
    availability_zones: Sequence[str]
    subnets: SubnetPlan
    interface_endpoints: Sequence[str]
    logs_key_arn: pulumi.Input[str]


class Network(pulumi.ComponentResource):
    """A VPC over the given availability zones without an internet gateway.

    Data subnets have no route at all; application subnets reach AWS services through endpoints. The VPC's default
    security group is emptied, and all traffic is recorded in a flow log.
    """

    attachment: NetworkAttachment

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:network:Network", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._vpc = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.subnets.vpc),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags("vpc"),
            opts=self._child,
        )
        ec2.DefaultSecurityGroup(
            f"{name}-default-security-group", vpc_id=self._vpc.id, ingress=[], egress=[], opts=self._child
        )
        data_subnets, _ = self._define_tier("data", args.subnets.data)
        app_subnets, app_routes = self._define_tier("app", args.subnets.app)
        ec2.VpcEndpoint(
            f"{name}-endpoint-s3",
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{args.placement.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[app_routes.id],
            tags=self._tags("s3"),
            opts=self._child,
        )
        if args.interface_endpoints:
            self._define_interface_endpoints([subnet.id for subnet in app_subnets])
        self._define_flow_log()
        self.attachment = NetworkAttachment(
            vpc_id=self._vpc.id,
            app_subnet_ids=[subnet.id for subnet in app_subnets],
            data_subnet_ids=[subnet.id for subnet in data_subnets],
        )
        self.register_outputs(
            {
                "vpc_id": self.attachment.vpc_id,
                "app_subnet_ids": self.attachment.app_subnet_ids,
                "data_subnet_ids": self.attachment.data_subnet_ids,
            }
        )

    def _tags(self, role: str) -> Mapping[str, str]:
        return {"Name": self._args.placement.names.of(role)}

    def _define_tier(
        self, tier: str, networks: Sequence[IPv4Network]
    ) -> tuple[list[ec2.Subnet], ec2.RouteTable]:
        """One subnet for each zone and one route table of the tier's own, with no route but the VPC's."""
        routes = ec2.RouteTable(
            f"{self._name}-{tier}-routes", vpc_id=self._vpc.id, tags=self._tags(tier), opts=self._child
        )
        subnets = []
        for zone, network in zip(self._args.availability_zones, networks, strict=True):
            suffix = f"{tier}-{zone[-1]}"
            subnet = ec2.Subnet(
                f"{self._name}-{suffix}",
                vpc_id=self._vpc.id,
                cidr_block=str(network),
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=self._tags(suffix),
                opts=self._child,
            )
            ec2.RouteTableAssociation(
                f"{self._name}-{suffix}-routes",
                subnet_id=subnet.id,
                route_table_id=routes.id,
                opts=self._child,
            )
            subnets.append(subnet)
        return subnets, routes

    def _define_interface_endpoints(self, subnet_ids: Sequence[pulumi.Input[str]]) -> None:
        args = self._args
        group = ec2.SecurityGroup(
            f"{self._name}-endpoints",
            vpc_id=self._vpc.id,
            description="what may call AWS services from inside the VPC",
            tags=self._tags("endpoints"),
            opts=self._child,
        )
        allow_ingress(
            f"{self._name}-endpoints-from-vpc",
            PortRule(
                group_id=group.id,
                description="HTTPS from the VPC",
                port=HTTPS_PORT,
                peer=Peer(cidr=str(args.subnets.vpc)),
            ),
            self._child,
        )
        for service in args.interface_endpoints:
            ec2.VpcEndpoint(
                f"{self._name}-endpoint-{service.replace('.', '-')}",
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{args.placement.region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=subnet_ids,
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags=self._tags(service),
                opts=self._child,
            )

    def _define_flow_log(self) -> None:
        placement = self._args.placement
        group = placement.log_group(
            f"{self._name}-flow-log-group",
            log_group_name=f"/aws/vpc/{placement.names.of('flow-log')}",
            kms_key_arn=self._args.logs_key_arn,
            opts=self._child,
        )
        role = iam.Role(
            f"{self._name}-flow-log-role",
            assume_role_policy=json.dumps(
                placement.service_trust("vpc-flow-logs.amazonaws.com", placement.arn("ec2", "vpc-flow-log/*"))
            ),
            description="lets VPC flow logs write to their log group",
            opts=self._child,
        )
        permission = iam.RolePolicy(
            f"{self._name}-flow-log-permission",
            role=role.name,
            policy=pulumi.Output.json_dumps(group.arn.apply(_flow_log_permission)),
            opts=self._child,
        )
        ec2.FlowLog(
            f"{self._name}-flow-log",
            vpc_id=self._vpc.id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=FLOW_LOG_INTERVAL_SECONDS,
            tags=self._tags("flow-log"),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[permission])),
        )


def _flow_log_permission(log_group_arn: str) -> Document:
    """The five actions that the VPC guide asks for, each as narrow as CloudWatch Logs allows.

    Source: VPC guide, "IAM role for publishing flow logs to CloudWatch Logs"; which actions take a log group is in the
    service authorization reference.
    """
    return document(
        allow(
            [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            [log_group_arn, f"{log_group_arn}:*"],
        ),
        allow("logs:DescribeLogGroups", "*"),
    )
