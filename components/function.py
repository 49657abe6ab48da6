"""An AWS Lambda function with what every one has: its log, and a role that may do what it is given and no more."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws import iam, lambda_

from components.placement import Placement
from components.policy_documents import Statement, allow, document

RUNTIME = "python3.13"
MEMORY_MIB = 256
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionArgs:
    """What a function needs. `package` is its files, by their path in the package; `statements` are what it may do.

    Without `network` it is in no network of the platform's, and reaches AWS's public addresses.
    """

    placement: Placement
    function_name: str
    description: str
    handler: str
    package: Iterable[tuple[str, Path]]
    statements: pulumi.Input[Sequence[Statement]]
    environment: Mapping[str, pulumi.Input[str]]
    timeout_seconds: int
    logs_key_arn: pulumi.Input[str]
    network: lambda_.FunctionVpcConfigArgs | None = None


def define_function(name: str, args: FunctionArgs, child: pulumi.ResourceOptions) -> lambda_.Function:
    """The function, as children of the component `name`, which gives `child`."""
    placement = args.placement
    log_group = placement.log_group(
        f"{name}-log",
        log_group_name=f"/aws/lambda/{args.function_name}",
        kms_key_arn=args.logs_key_arn,
        opts=child,
    )
    role = iam.Role(
        f"{name}-role",
        description=args.description,
        # Lambda also assumes it for the network interfaces, when there is no function yet that it could name.
        assume_role_policy=json.dumps(placement.service_trust("lambda.amazonaws.com")),
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
    log = allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group_arn}:*")
    return json.dumps(document(log, *statements))
