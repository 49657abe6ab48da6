"""The pool's task definition, with the roles that start its tasks and that its tasks have."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, ecs, iam

from components.pgbouncer.task import TaskContent, container_definitions
from components.placement import Placement
from components.policy_documents import Document, allow, document, via
from contract.names import POOLER

# Graviton costs a fifth less than x86 on Fargate for the same size, and nothing here is bound to x86.
CPU_ARCHITECTURE = "ARM64"


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskDefinitionArgs:
    """The image and configuration of a task, and the resources that starting it reads; see `PoolerArgs`."""

    placement: Placement
    image: pulumi.Input[str]
    repository_arn: pulumi.Input[str]
    configuration: pulumi.Input[str]
    userlist_secret_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    log_group: cloudwatch.LogGroup
    tls_name: str
    port: int
    metric_namespace: str
    cpu_units: int
    memory_mib: int


def define_task_definition(
    name: str, args: TaskDefinitionArgs, opts: pulumi.ResourceOptions
) -> tuple[ecs.TaskDefinition, pulumi.Resource]:
    """The task definition, and the permission that its tasks need to start, as children of the component `name`."""
    placement = args.placement
    execution_role = _define_role(
        name, "execution", "starts the pool's tasks: image, log, list of users", placement, opts
    )
    permission = iam.RolePolicy(
        f"{name}-execution-permission",
        role=execution_role.name,
        policy=pulumi.Output.all(
            args.repository_arn, args.log_group.arn, args.userlist_secret_arn, args.secrets_key_arn
        ).apply(lambda arns: json.dumps(_execution_permission(*arns, region=placement.region))),
        opts=opts,
    )
    # The tasks themselves call nothing of AWS: a role without any permission says so.
    task_role = _define_role(
        name, "task", "what the pool's processes may do in AWS: nothing", placement, opts
    )
    task_definition = ecs.TaskDefinition(
        f"{name}-task",
        family=placement.names.of(POOLER),
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=str(args.cpu_units),
        memory=str(args.memory_mib),
        runtime_platform=ecs.TaskDefinitionRuntimePlatformArgs(
            operating_system_family="LINUX", cpu_architecture=CPU_ARCHITECTURE
        ),
        execution_role_arn=execution_role.arn,
        task_role_arn=task_role.arn,
        container_definitions=_content(args),
        volumes=[ecs.TaskDefinitionVolumeArgs(name="socket")],
        opts=opts,
    )
    return task_definition, permission


def _content(args: TaskDefinitionArgs) -> pulumi.Output[str]:
    return pulumi.Output.all(
        image=args.image,
        configuration=args.configuration,
        userlist_secret_arn=args.userlist_secret_arn,
        log_group_name=args.log_group.name,
    ).apply(
        lambda late: container_definitions(
            TaskContent(
                port=args.port,
                tls_name=args.tls_name,
                metric_namespace=args.metric_namespace,
                region=args.placement.region,
                **late,
            )
        )
    )


def _define_role(
    name: str, role: str, description: str, placement: Placement, opts: pulumi.ResourceOptions
) -> iam.Role:
    return iam.Role(
        f"{name}-{role}-role",
        description=description,
        assume_role_policy=json.dumps(
            placement.service_trust("ecs-tasks.amazonaws.com", placement.arn("ecs", "*"))
        ),
        opts=opts,
    )


def _execution_permission(
    repository_arn: str, log_group_arn: str, userlist_secret_arn: str, secrets_key_arn: str, *, region: str
) -> Document:
    """The permissions that ECS needs to start a task. GetAuthorizationToken knows no resource.

    Source: ECS guide, "Amazon ECS task execution IAM role"; which actions take a resource is in the service
    authorization reference.
    """
    return document(
        allow("ecr:GetAuthorizationToken", "*"),
        allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repository_arn,
        ),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group_arn}:*"),
        allow("secretsmanager:GetSecretValue", userlist_secret_arn),
        allow("kms:Decrypt", secrets_key_arn, condition=via("secretsmanager", region)),
    )
