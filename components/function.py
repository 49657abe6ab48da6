"""An AWS Lambda function with what every one has: its log, and a role that may do what it is given and no more."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_

from components.durability import Durability
from components.trust import service_trust

RUNTIME = "python3.13"
MEMORY_MIB = 256
ROOT = Path(__file__).parents[1]

Statement = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionArgs:
    """What a function needs. `package` is its files, by their path in the package; `statements` are what it may do.

    Without `network` it is in no network of the platform's, and reaches AWS's public addresses.
    """

    account_id: str
    function_name: str
    description: str
    handler: str
    package: Iterable[tuple[str, Path]]
    statements: pulumi.Input[Sequence[Statement]]
    environment: Mapping[str, pulumi.Input[str]]
    timeout_seconds: int
    logs_key_arn: pulumi.Input[str]
    log_retention_days: int
    network: lambda_.FunctionVpcConfigArgs | None = None
    durability: Durability = Durability.RETAIN


def define_function(name: str, args: FunctionArgs, child: pulumi.ResourceOptions) -> lambda_.Function:
    """The function, as children of the component `name`, which gives `child`."""
    log_group = cloudwatch.LogGroup(
        f"{name}-log",
        name=f"/aws/lambda/{args.function_name}",
        retention_in_days=args.log_retention_days,
        kms_key_id=args.logs_key_arn,
        opts=pulumi.ResourceOptions.merge(child, args.durability.options()),
    )
    role = iam.Role(
        f"{name}-role",
        description=args.description,
        # Lambda also assumes it for the network interfaces, when there is no function yet that it could name.
        assume_role_policy=json.dumps(service_trust("lambda.amazonaws.com", args.account_id)),
        opts=child,
    )
    permission = iam.RolePolicy(
        f"{name}-role-permission",
        role=role.name,
        policy=pulumi.Output.all(log_group.arn, args.statements).apply(lambda late: _policy(*late)),
        opts=child,
    )
    return lambda_.Function(
        f"{name}-function",
        name=args.function_name,
        description=args.description,
        runtime=RUNTIME,
        architectures=["arm64"],
        handler=args.handler,
        code=pulumi.AssetArchive({path: pulumi.FileAsset(str(file)) for path, file in args.package}),
        timeout=args.timeout_seconds,
        memory_size=MEMORY_MIB,
        role=role.arn,
        environment=lambda_.FunctionEnvironmentArgs(variables=dict(args.environment)),
        vpc_config=args.network,
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[log_group, permission])),
    )


def modules(function: str, *contract: str) -> Iterable[tuple[str, Path]]:
    """The files of `functions/<function>` and of the `contract` modules that it imports, by their path in the package.

    A test compares them with the imports.
    """
    folder = ROOT / "functions" / function
    paths = [
        ROOT / "functions" / "__init__.py",
        *sorted(folder.glob("*.py")),
        *(ROOT / "contract" / f"{module}.py" for module in ("__init__", *contract)),
    ]
    return [(path.relative_to(ROOT).as_posix(), path) for path in paths]


def _policy(log_group_arn: str, statements: Sequence[Statement]) -> str:
    log = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{log_group_arn}:*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [log, *statements]})
