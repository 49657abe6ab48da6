"""Rotation of what applications log in to the pool with: a function, and the schedule by which Secrets Manager calls it."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pulumi
from pulumi_aws import ec2, lambda_, secretsmanager

from components.clients import Peer
from components.function import FunctionArgs, define_function, modules
from components.network import NetworkAttachment
from components.pgbouncer.pooler import Pooler
from components.placement import Placement
from components.policy_documents import Statement, allow, via
from components.security_groups import ANY_ADDRESS, HTTPS_PORT, PortRule, allow_egress
from contract.rotation import RotationVariable

# The modules of `contract` that the function imports.
CONTRACT_MODULES = ("logins", "rotation", "scram")
# The driver and what it needs, pure Python all of it, as requirements/runtime.txt pins them. boto3 is part of the runtime.
PACKAGES = ("pg8000", "scramp", "asn1crypto", "python-dateutil", "six")
# The most that Lambda allows: a deployment of the pool, with its draining, takes about six minutes.
TIMEOUT_SECONDS = 900


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordRotationArgs:
    """Which secrets, how often, and what the function may reach. `app_secret_version` is what the first rotation finds.

    `rotation_days` is None until the pool runs and its roles exist: a new schedule is tested at once, by logging in.
    `pooler_name` and `database_name` are where applications connect: each rotation writes them into the secret.
    """

    placement: Placement
    network: NetworkAttachment
    pooler: Pooler
    pooler_name: str
    database_name: str
    app_secret_arn: pulumi.Input[str]
    app_secret_version: pulumi.Resource
    userlist_secret_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    rotation_days: int | None


class PasswordRotation(pulumi.ComponentResource):
    """The function `functions/rotation` in the application subnets, and Secrets Manager's schedule for it."""

    function_name: str

    def __init__(
        self, name: str, args: PasswordRotationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:pgbouncer:PasswordRotation", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.function_name = args.placement.names.of("pooler-rotation")
        self._function_arn = args.placement.arn("lambda", f"function:{self.function_name}")
        security_group = self._define_security_group()
        function = define_function(name, self._function_args(security_group), self._child)
        permission = lambda_.Permission(
            f"{name}-permission",
            function=function.name,
            action="lambda:InvokeFunction",
            principal="secretsmanager.amazonaws.com",
            source_account=args.placement.account_id,
            source_arn=args.app_secret_arn,
            opts=self._child,
        )
        if args.rotation_days is not None:
            secretsmanager.SecretRotation(
                f"{name}-schedule",
                secret_id=args.app_secret_arn,
                rotation_lambda_arn=function.arn,
                rotation_rules=secretsmanager.SecretRotationRotationRulesArgs(
                    automatically_after_days=args.rotation_days
                ),
                # Not in the middle of an update. Secrets Manager runs the step `testSecret` at once all the same.
                rotate_immediately=False,
                opts=pulumi.ResourceOptions.merge(
                    self._child, pulumi.ResourceOptions(depends_on=[permission, args.app_secret_version])
                ),
            )
        self.register_outputs({"function_name": self.function_name})

    def _define_security_group(self) -> ec2.SecurityGroup:
        args = self._args
        group = ec2.SecurityGroup(
            f"{self._name}-security-group",
            vpc_id=args.network.vpc_id,
            description="what password rotation may reach",
            tags={"Name": self.function_name},
            opts=self._child,
        )
        for role, peer, port in (
            ("to-pooler", Peer(security_group_id=args.pooler.balancer_security_group_id), args.pooler.port),
            # Endpoints have addresses of the network's own; which they are is the network's owner's to know.
            ("to-aws", Peer(cidr=ANY_ADDRESS), HTTPS_PORT),
        ):
            allow_egress(
                f"{self._name}-{role}",
                PortRule(
                    group_id=group.id,
                    description=f"rotation {role.replace('-', ' ')}",
                    port=port,
                    peer=peer,
                ),
                self._child,
            )
        args.pooler.allow_from("rotation", group.id)
        return group

    def _function_args(self, security_group: ec2.SecurityGroup) -> FunctionArgs:
        args = self._args
        return FunctionArgs(
            placement=args.placement,
            function_name=self.function_name,
            description="rotates the passwords of the pool's users",
            handler="functions.rotation.handler.handler",
            package=package(),
            statements=pulumi.Output.all(
                app_secret_arn=args.app_secret_arn,
                userlist_secret_arn=args.userlist_secret_arn,
                cluster_arn=args.pooler.cluster_arn,
                service_arn=args.pooler.service_arn,
                secrets_key_arn=args.secrets_key_arn,
            ).apply(
                lambda arns: _statements(
                    **arns, function_arn=self._function_arn, region=args.placement.region
                )
            ),
            environment={
                RotationVariable.USERLIST_SECRET_ARN: args.userlist_secret_arn,
                RotationVariable.CLUSTER_NAME: args.pooler.cluster_name,
                RotationVariable.SERVICE_NAME: args.pooler.service_name,
                RotationVariable.POOLER_HOST: args.pooler_name,
                RotationVariable.POOLER_PORT: str(args.pooler.port),
                RotationVariable.POOLER_DATABASE: args.database_name,
            },
            timeout_seconds=TIMEOUT_SECONDS,
            logs_key_arn=args.logs_key_arn,
            network=lambda_.FunctionVpcConfigArgs(
                subnet_ids=args.network.app_subnet_ids, security_group_ids=[security_group.id]
            ),
        )


def package() -> Iterator[tuple[str, Path]]:
    """The function's files, by their path in the package: its modules, and the installed driver.

    Sources, and the metadata in which packages look their own version up: the same versions are the same package on every
    machine.
    """
    yield from modules("rotation", *CONTRACT_MODULES)
    for distribution in PACKAGES:
        for file in metadata.files(distribution) or ():
            if file.suffix == ".py" or file.name == "METADATA":
                yield file.as_posix(), Path(str(file.locate()))


# None takes a resource.
_INTERFACE_CHANGES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)


def _statements(
    *,
    function_arn: str,
    app_secret_arn: str,
    userlist_secret_arn: str,
    cluster_arn: str,
    service_arn: str,
    secrets_key_arn: str,
    region: str,
) -> list[Statement]:
    """What the four steps call, and the network interfaces that Lambda makes with this role, but never the function's own code.

    Source: Lambda guide, "Giving Lambda functions access to resources in a VPC", "Required IAM permissions"; "Using source
    function ARN to control function access behavior".
    """
    return [
        allow(
            [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            app_secret_arn,
        ),
        allow(["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], userlist_secret_arn),
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey"],
            secrets_key_arn,
            condition=via("secretsmanager", region),
        ),
        allow(["ecs:DescribeServices", "ecs:UpdateService"], service_arn),
        # ListTasks takes container instances as its resource, and Fargate has none.
        allow(
            ["ecs:DescribeTasks", "ecs:ListTasks"],
            "*",
            condition={"ArnEquals": {"ecs:cluster": cluster_arn}},
        ),
        allow([*_INTERFACE_CHANGES, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], "*"),
        {
            "Effect": "Deny",
            "Action": list(_INTERFACE_CHANGES),
            "Resource": "*",
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
        },
    ]
