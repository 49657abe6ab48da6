"""The pool: an ECS service on Fargate behind an internal Network Load Balancer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, ec2, ecs

from components.autoscaling import TargetTracking, define_target_tracking
from components.clients import Clients, Peer
from components.network import NetworkAttachment
from components.pgbouncer.balancer import Balancer, define_balancer
from components.pgbouncer.task import POOLER_CONTAINER
from components.pgbouncer.task_definition import TaskDefinitionArgs, define_task_definition
from components.placement import Placement
from components.security_groups import (
    ANY_ADDRESS,
    HTTPS_PORT,
    ServerSecurityGroup,
    allow_egress,
    allow_ingress,
)
from contract.metrics import POOL_NAMESPACE, PoolMetric

# Lines that PgBouncer marks so (its log levels besides LOG, INFO and DEBUG): failed logins at the server, refused clients,
# TLS failures.
ERROR_PATTERN = "?WARNING ?ERROR ?FATAL"
# One task more for every two while a deployment runs: two become three, and those that drain come on top of them. The pool's
# budget has to hold for all (components/pgbouncer/pool_budget.py).
DEPLOYMENT_MAXIMUM_PERCENT = 150
# A new task starts within a minute; a task that leaves takes its connections with it, so leaving is slow.
SCALE_OUT_COOLDOWN_SECONDS, SCALE_IN_COOLDOWN_SECONDS = 60, 600
# The attributes of the component that are its outputs in the state.
OUTPUT_NAMES = (
    "address",
    "port",
    "cluster_arn",
    "cluster_name",
    "service_name",
    "service_arn",
    "security_group_id",
    "balancer_security_group_id",
    "log_group_name",
    "balancer_arn_suffix",
    "target_group_arn_suffix",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolerArgs:
    """What the pool needs. `configuration` is the text of pgbouncer.ini, `image` a reference by digest.

    `tls_name` is the name that clients connect to, and what the certificate says. `databases` are the security groups of
    the instances behind it, by name, `database_cidrs` the ranges of those in another region, whose groups cannot be named
    here, and `database_port` is the port of all. `min_tasks` is 2 or more, and `max_tasks` is what the
    configuration's pool sizes were computed for. `cpu_units` are 1024 to a vCPU.
    """

    placement: Placement
    network: NetworkAttachment
    image: pulumi.Input[str]
    repository_arn: pulumi.Input[str]
    configuration: pulumi.Input[str]
    userlist_secret_arn: pulumi.Input[str]
    userlist_version: pulumi.Resource
    secrets_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    tls_name: str
    port: int
    clients: Clients
    databases: Mapping[str, pulumi.Input[str]]
    database_cidrs: Sequence[str]
    database_port: int
    cpu_units: int
    memory_mib: int
    min_tasks: int
    max_tasks: int
    target_cpu_percent: int


class Pooler(pulumi.ComponentResource):
    """PgBouncer tasks over the application subnets, their balancer, auto scaling, roles and logs.

    Holds no data. `security_group_id` is what the databases let in; `balancer_security_group_id` is what clients reach.
    """

    address: pulumi.Output[str]
    port: int
    cluster_arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    service_name: pulumi.Output[str]
    service_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    balancer_security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    balancer_arn_suffix: pulumi.Output[str]
    target_group_arn_suffix: pulumi.Output[str]

    def __init__(self, name: str, args: PoolerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:pgbouncer:Pooler", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        balancer_group, task_group = self._define_security_groups()
        balancer = define_balancer(
            name,
            port=args.port,
            network=args.network,
            security_group=balancer_group,
            tag=args.placement.names.of("pooler"),
            opts=self._child,
        )
        cluster = self._define_cluster()
        log_group = self._define_log_group("log", f"/ecs/{args.placement.names.of('pooler')}")
        self._define_error_metric(log_group)
        task_definition, permission = define_task_definition(name, self._task_args(log_group), self._child)
        service = self._define_service(
            cluster,
            task_definition,
            balancer,
            task_group,
            [balancer.listener, permission, args.userlist_version],
        )
        self._define_autoscaling(cluster, service)
        self.address = balancer.load_balancer.dns_name
        self.port = args.port
        self.cluster_arn, self.cluster_name = cluster.arn, cluster.name
        self.service_name, self.service_arn = service.name, service.arn
        self.security_group_id = task_group.id
        self.balancer_security_group_id = balancer_group.id
        self.log_group_name = log_group.name
        self.balancer_arn_suffix = balancer.load_balancer.arn_suffix
        self.target_group_arn_suffix = balancer.target_group.arn_suffix
        self.register_outputs({name: getattr(self, name) for name in OUTPUT_NAMES})

    def allow_from(self, client: str, security_group_id: pulumi.Input[str]) -> None:
        """Let what carries a security group connect to the pool; `client` is the rule's name in the state."""
        self._clients.allow(client, Peer(security_group_id=security_group_id))

    def _define_security_groups(self) -> tuple[ec2.SecurityGroup, ec2.SecurityGroup]:
        """Clients reach the balancer, the balancer reaches the tasks, the tasks reach the databases and AWS's endpoints."""
        args = self._args
        balancer = self._define_security_group("balancer", "who may connect to the pool")
        self._clients = ServerSecurityGroup(
            self._name, balancer, protocol="PostgreSQL", port=args.port, opts=self._child
        )
        self._clients.allow_all(args.clients)
        tasks = self._define_security_group("tasks", "what the pool may reach")
        self._allow_egress("balancer-to-tasks", balancer, Peer(security_group_id=tasks.id), args.port)
        allow_ingress(
            f"{self._name}-tasks-from-balancer",
            tasks.id,
            description="clients and health checks, by way of the balancer",
            port=args.port,
            peer=Peer(security_group_id=balancer.id),
            opts=self._child,
        )
        for database, group_id in args.databases.items():
            self._allow_egress(
                f"tasks-to-{database}", tasks, Peer(security_group_id=group_id), args.database_port
            )
        for cidr in args.database_cidrs:
            self._allow_egress(f"tasks-to-{cidr}", tasks, Peer(cidr=cidr), args.database_port)
        # To any address: the S3 endpoint, which image layers come from, has public ones. The network has no way to the
        # internet all the same.
        self._allow_egress("tasks-to-aws", tasks, Peer(cidr=ANY_ADDRESS), HTTPS_PORT)
        return balancer, tasks

    def _define_security_group(self, role: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            f"{self._name}-{role}-security-group",
            vpc_id=self._args.network.vpc_id,
            description=description,
            tags={"Name": self._args.placement.names.of(f"pooler-{role}")},
            opts=self._child,
        )

    def _allow_egress(self, role: str, group: ec2.SecurityGroup, peer: Peer, port: int) -> None:
        allow_egress(
            f"{self._name}-{role}",
            group.id,
            description=role.replace("-", " "),
            port=port,
            peer=peer,
            opts=self._child,
        )

    def _define_cluster(self) -> ecs.Cluster:
        """Container Insights writes to a log group of a fixed name, which is made first: encrypted, and not for ever."""
        cluster_name = self._args.placement.names.of("pooler")
        insights = self._define_log_group(
            "insights-log", f"/aws/ecs/containerinsights/{cluster_name}/performance"
        )
        return ecs.Cluster(
            f"{self._name}-cluster",
            name=cluster_name,
            settings=[ecs.ClusterSettingArgs(name="containerInsights", value="enabled")],
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[insights])),
        )

    def _define_log_group(self, role: str, log_group_name: str) -> cloudwatch.LogGroup:
        return self._args.placement.log_group(
            f"{self._name}-{role}",
            log_group_name=log_group_name,
            kms_key_arn=self._args.logs_key_arn,
            opts=self._child,
        )

    def _define_error_metric(self, log_group: cloudwatch.LogGroup) -> None:
        """Errors are what the log says they are; all else about the pool is measured by the task's reporter."""
        cloudwatch.LogMetricFilter(
            f"{self._name}-errors",
            log_group_name=log_group.name,
            pattern=ERROR_PATTERN,
            metric_transformation=cloudwatch.LogMetricFilterMetricTransformationArgs(
                namespace=POOL_NAMESPACE, name=PoolMetric.ERRORS, value="1", default_value="0", unit="Count"
            ),
            opts=self._child,
        )

    def _task_args(self, log_group: cloudwatch.LogGroup) -> TaskDefinitionArgs:
        args = self._args
        return TaskDefinitionArgs(
            placement=args.placement,
            image=args.image,
            repository_arn=args.repository_arn,
            configuration=args.configuration,
            userlist_secret_arn=args.userlist_secret_arn,
            secrets_key_arn=args.secrets_key_arn,
            log_group=log_group,
            tls_name=args.tls_name,
            port=args.port,
            metric_namespace=POOL_NAMESPACE,
            cpu_units=args.cpu_units,
            memory_mib=args.memory_mib,
        )

    def _define_service(
        self,
        cluster: ecs.Cluster,
        task_definition: ecs.TaskDefinition,
        balancer: Balancer,
        security_group: ec2.SecurityGroup,
        depends_on: Sequence[pulumi.Resource],
    ) -> ecs.Service:
        args = self._args
        return ecs.Service(
            f"{self._name}-service",
            cluster=cluster.arn,
            task_definition=task_definition.arn,
            launch_type="FARGATE",
            desired_count=args.min_tasks,
            availability_zone_rebalancing="ENABLED",
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=DEPLOYMENT_MAXIMUM_PERCENT,
            deployment_circuit_breaker=ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            enable_execute_command=False,
            propagate_tags="SERVICE",
            network_configuration=ecs.ServiceNetworkConfigurationArgs(
                subnets=args.network.app_subnet_ids,
                security_groups=[security_group.id],
                assign_public_ip=False,
            ),
            load_balancers=[
                ecs.ServiceLoadBalancerArgs(
                    target_group_arn=balancer.target_group.arn,
                    container_name=POOLER_CONTAINER,
                    container_port=args.port,
                )
            ],
            opts=pulumi.ResourceOptions.merge(
                self._child,
                # Application Auto Scaling decides how many tasks run.
                pulumi.ResourceOptions(depends_on=list(depends_on), ignore_changes=["desiredCount"]),
            ),
        )

    def _define_autoscaling(self, cluster: ecs.Cluster, service: ecs.Service) -> None:
        """By CPU: one process has one thread, and what it runs out of first is that."""
        args = self._args
        define_target_tracking(
            f"{self._name}-scaling-target",
            f"{self._name}-scaling-policy",
            TargetTracking(
                service_namespace="ecs",
                scalable_dimension="ecs:service:DesiredCount",
                resource_id=pulumi.Output.concat("service/", cluster.name, "/", service.name),
                min_capacity=args.min_tasks,
                max_capacity=args.max_tasks,
                metric="ECSServiceAverageCPUUtilization",
                target_percent=args.target_cpu_percent,
                scale_out_cooldown_seconds=SCALE_OUT_COOLDOWN_SECONDS,
                scale_in_cooldown_seconds=SCALE_IN_COOLDOWN_SECONDS,
            ),
            self._child,
        )
