"""The pool: an ECS service on Fargate behind an internal Network Load Balancer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import appautoscaling, cloudwatch, ec2, ecs, iam, lb, vpc

from components.durability import Durability
from components.network import HTTPS_PORT, NetworkAttachment
from components.pgbouncer.task import POOLER_CONTAINER, TaskContent, container_definitions
from components.postgres.instance import Clients
from components.trust import service_trust
from contract.metrics import POOL_NAMESPACE, PoolMetric
from contract.names import PhysicalNames

# Graviton costs a fifth less than x86 on Fargate for the same size, and nothing here is bound to x86.
CPU_ARCHITECTURE = "ARM64"
# Lines that PgBouncer marks so (its log levels besides LOG, INFO and DEBUG): failed logins at the server, refused clients,
# TLS failures.
ERROR_PATTERN = "?WARNING ?ERROR ?FATAL"
# One task more for every two while a deployment runs: two become three, and those that drain come on top of them. The pool's
# budget has to hold for all (components/pgbouncer/pool_budget.py).
DEPLOYMENT_MAXIMUM_PERCENT = 150
# NLB guide, "Deregistration delay": connections that are open go on for this long; then the task is told to stop.
DEREGISTRATION_SECONDS = 120
# Longer than the silence of any client that still lives: the pool's keepalives cross the balancer every few seconds, and
# its default of 350 s would cut quiet clients if those were ever lost.
IDLE_SECONDS = 3600
# A task gets no connection until it has passed the check twice, and none after it has failed twice: 20 s each way.
HEALTH_INTERVAL_SECONDS, HEALTH_COUNT = 10, 2
# A new task starts within a minute; a task that leaves takes its connections with it, so leaving is slow.
SCALE_OUT_COOLDOWN_SECONDS, SCALE_IN_COOLDOWN_SECONDS = 60, 600


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolerArgs:
    """What the pool needs. `configuration` is the text of pgbouncer.ini, `image` a reference by digest.

    `tls_name` is the name that clients connect to, and what the certificate says. `databases` are the security groups of
    the instances behind it, by name, `database_cidrs` the ranges of those in another region, whose groups cannot be named
    here, and `database_port` is the port of all. `min_tasks` is 2 or more, and `max_tasks` is what the
    configuration's pool sizes were computed for. `cpu_units` are 1024 to a vCPU.
    """

    account_id: str
    region: str
    names: PhysicalNames
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
    log_retention_days: int
    durability: Durability = Durability.RETAIN


class Pooler(pulumi.ComponentResource):
    """PgBouncer tasks over the application subnets, their balancer, scaling, roles and logs.

    Holds no data. `security_group_id` is what the databases let in; `client_security_group_id` is the balancer's.
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
        balancer, target_group, listener = self._define_balancer(balancer_group)
        cluster = self._define_cluster()
        log_group = self._define_log_group("log", f"/ecs/{args.names.of('pooler')}")
        self._define_error_metric(log_group)
        task_definition, permissions = self._define_task(log_group)
        service = self._define_service(
            cluster,
            task_definition,
            target_group,
            task_group,
            [listener, *permissions, args.userlist_version],
        )
        self._define_scaling(cluster, service)
        self.address = balancer.dns_name
        self.port = args.port
        self.cluster_arn = cluster.arn
        self.cluster_name = cluster.name
        self.service_name = service.name
        self.service_arn = service.arn
        self.security_group_id = task_group.id
        self.balancer_security_group_id = balancer_group.id
        self.log_group_name = log_group.name
        self.balancer_arn_suffix = balancer.arn_suffix
        self.target_group_arn_suffix = target_group.arn_suffix
        self.register_outputs(
            {
                "address": self.address,
                "port": self.port,
                "cluster_arn": self.cluster_arn,
                "cluster_name": self.cluster_name,
                "service_name": self.service_name,
                "service_arn": self.service_arn,
                "security_group_id": self.security_group_id,
                "balancer_security_group_id": self.balancer_security_group_id,
                "log_group_name": self.log_group_name,
                "balancer_arn_suffix": self.balancer_arn_suffix,
                "target_group_arn_suffix": self.target_group_arn_suffix,
            }
        )

    def allow_from(self, client: str, security_group_id: pulumi.Input[str]) -> None:
        """Let what carries a security group connect to the pool; `client` is the rule's name in the state."""
        self._allow_client(client, referenced_security_group_id=security_group_id)

    def _define_security_groups(self) -> tuple[ec2.SecurityGroup, ec2.SecurityGroup]:
        """Clients reach the balancer, the balancer reaches the tasks, the tasks reach the databases and AWS's endpoints."""
        args = self._args
        balancer = self._define_security_group("balancer", "who may connect to the pool")
        self._balancer_group_id = balancer.id
        for client_id in args.clients.security_group_ids:
            self._allow_client(client_id, referenced_security_group_id=client_id)
        for cidr in args.clients.cidrs:
            self._allow_client(cidr, cidr_ipv4=cidr)
        tasks = self._define_security_group("tasks", "what the pool may reach")
        self._allow_egress("balancer-to-tasks", balancer.id, tasks.id, args.port)
        vpc.SecurityGroupIngressRule(
            f"{self._name}-tasks-from-balancer",
            security_group_id=tasks.id,
            description="clients and health checks, by way of the balancer",
            referenced_security_group_id=balancer.id,
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            opts=self._child,
        )
        for database, group_id in args.databases.items():
            self._allow_egress(f"tasks-to-{database}", tasks.id, group_id, args.database_port)
        for cidr in args.database_cidrs:
            self._allow_egress_to_range(f"tasks-to-{cidr}", tasks.id, cidr, args.database_port)
        # To any address: the S3 endpoint, which image layers come from, has public ones. The network has no way to the
        # internet all the same.
        self._allow_egress_to_range("tasks-to-aws", tasks.id, "0.0.0.0/0", HTTPS_PORT)
        return balancer, tasks

    def _define_security_group(self, role: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            f"{self._name}-{role}-security-group",
            vpc_id=self._args.network.vpc_id,
            description=description,
            tags={"Name": self._args.names.of(f"pooler-{role}")},
            opts=self._child,
        )

    def _allow_client(
        self,
        client: str,
        *,
        referenced_security_group_id: pulumi.Input[str] | None = None,
        cidr_ipv4: str | None = None,
    ) -> None:
        vpc.SecurityGroupIngressRule(
            f"{self._name}-from-{client}",
            security_group_id=self._balancer_group_id,
            description=f"PostgreSQL from {client}",
            referenced_security_group_id=referenced_security_group_id,
            cidr_ipv4=cidr_ipv4,
            ip_protocol="tcp",
            from_port=self._args.port,
            to_port=self._args.port,
            opts=self._child,
        )

    def _allow_egress(
        self, role: str, group_id: pulumi.Input[str], target_id: pulumi.Input[str], port: int
    ) -> None:
        vpc.SecurityGroupEgressRule(
            f"{self._name}-{role}",
            security_group_id=group_id,
            description=role.replace("-", " "),
            referenced_security_group_id=target_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )

    def _allow_egress_to_range(self, role: str, group_id: pulumi.Input[str], cidr: str, port: int) -> None:
        vpc.SecurityGroupEgressRule(
            f"{self._name}-{role}",
            security_group_id=group_id,
            description=role.replace("-", " "),
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )

    def _define_balancer(
        self, security_group: ec2.SecurityGroup
    ) -> tuple[lb.LoadBalancer, lb.TargetGroup, lb.Listener]:
        args = self._args
        balancer = lb.LoadBalancer(
            f"{self._name}-balancer",
            load_balancer_type="network",
            internal=True,
            subnets=args.network.app_subnet_ids,
            security_groups=[security_group.id],
            # Two tasks serve three zones; without this a zone that has none would have no answer.
            enable_cross_zone_load_balancing=True,
            # It holds nothing, and whoever may delete it may put it back.
            enable_deletion_protection=False,
            tags={"Name": args.names.of("pooler")},
            opts=self._child,
        )
        target_group = lb.TargetGroup(
            f"{self._name}-targets",
            port=args.port,
            protocol="TCP",
            target_type="ip",
            vpc_id=args.network.vpc_id,
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
            opts=self._child,
        )
        listener = lb.Listener(
            f"{self._name}-listener",
            load_balancer_arn=balancer.arn,
            port=args.port,
            protocol="TCP",
            tcp_idle_timeout_seconds=IDLE_SECONDS,
            default_actions=[lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target_group.arn)],
            opts=self._child,
        )
        return balancer, target_group, listener

    def _define_cluster(self) -> ecs.Cluster:
        """Container Insights writes to a log group of a fixed name, which is made first: encrypted, and not for ever."""
        cluster_name = self._args.names.of("pooler")
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
        args = self._args
        return cloudwatch.LogGroup(
            f"{self._name}-{role}",
            name=log_group_name,
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key_arn,
            opts=pulumi.ResourceOptions.merge(self._child, args.durability.options()),
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

    def _define_task(
        self, log_group: cloudwatch.LogGroup
    ) -> tuple[ecs.TaskDefinition, Sequence[pulumi.Resource]]:
        args = self._args
        execution_role = self._define_role("execution", "starts the pool's tasks: image, log, list of users")
        permission = iam.RolePolicy(
            f"{self._name}-execution-permission",
            role=execution_role.name,
            policy=pulumi.Output.all(
                args.repository_arn, log_group.arn, args.userlist_secret_arn, args.secrets_key_arn
            ).apply(lambda arns: json.dumps(_execution_permission(*arns, region=args.region))),
            opts=self._child,
        )
        # The tasks themselves call nothing of AWS: a role without any permission says so.
        task_role = self._define_role("task", "what the pool's processes may do in AWS: nothing")
        content = pulumi.Output.all(
            image=args.image,
            configuration=args.configuration,
            userlist_secret_arn=args.userlist_secret_arn,
            log_group_name=log_group.name,
        ).apply(
            lambda late: container_definitions(
                TaskContent(
                    port=args.port,
                    tls_name=args.tls_name,
                    metric_namespace=POOL_NAMESPACE,
                    region=args.region,
                    **late,
                )
            )
        )
        task_definition = ecs.TaskDefinition(
            f"{self._name}-task",
            family=args.names.of("pooler"),
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.cpu_units),
            memory=str(args.memory_mib),
            runtime_platform=ecs.TaskDefinitionRuntimePlatformArgs(
                operating_system_family="LINUX", cpu_architecture=CPU_ARCHITECTURE
            ),
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            container_definitions=content,
            volumes=[ecs.TaskDefinitionVolumeArgs(name="socket")],
            opts=self._child,
        )
        return task_definition, [permission]

    def _define_role(self, role: str, description: str) -> iam.Role:
        args = self._args
        return iam.Role(
            f"{self._name}-{role}-role",
            description=description,
            assume_role_policy=json.dumps(
                service_trust(
                    "ecs-tasks.amazonaws.com",
                    args.account_id,
                    f"arn:aws:ecs:{args.region}:{args.account_id}:*",
                )
            ),
            opts=self._child,
        )

    def _define_service(
        self,
        cluster: ecs.Cluster,
        task_definition: ecs.TaskDefinition,
        target_group: lb.TargetGroup,
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
                    target_group_arn=target_group.arn,
                    container_name=POOLER_CONTAINER,
                    container_port=args.port,
                )
            ],
            opts=pulumi.ResourceOptions.merge(
                self._child,
                # How many there are is for scaling to say.
                pulumi.ResourceOptions(depends_on=list(depends_on), ignore_changes=["desiredCount"]),
            ),
        )

    def _define_scaling(self, cluster: ecs.Cluster, service: ecs.Service) -> None:
        """By CPU: one process has one thread, and what it runs out of first is that."""
        args = self._args
        target = appautoscaling.Target(
            f"{self._name}-scaling-target",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", cluster.name, "/", service.name),
            min_capacity=args.min_tasks,
            max_capacity=args.max_tasks,
            opts=self._child,
        )
        appautoscaling.Policy(
            f"{self._name}-scaling-policy",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                predefined_metric_specification=appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type="ECSServiceAverageCPUUtilization"
                ),
                target_value=args.target_cpu_percent,
                scale_out_cooldown=SCALE_OUT_COOLDOWN_SECONDS,
                scale_in_cooldown=SCALE_IN_COOLDOWN_SECONDS,
            ),
            opts=self._child,
        )


def _execution_permission(
    repository_arn: str, log_group_arn: str, userlist_secret_arn: str, secrets_key_arn: str, *, region: str
) -> dict[str, Any]:
    """What ECS needs to start a task, and no more. GetAuthorizationToken knows no resource.

    Source: ECS guide, "Amazon ECS task execution IAM role"; which actions take a resource is in the service
    authorization reference.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": repository_arn,
            },
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{log_group_arn}:*",
            },
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": userlist_secret_arn},
            decrypt_through_secrets_manager(secrets_key_arn, region),
        ],
    }


def decrypt_through_secrets_manager(key_arn: str, region: str) -> dict[str, Any]:
    """Lets a role read secrets under the key, and nothing else that the key encrypts."""
    return {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": key_arn,
        "Condition": {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}},
    }
