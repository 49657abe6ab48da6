"""Scaling up on alarm: the function that CloudWatch calls, what it may change, and the table that keeps it from doing so twice."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import dynamodb, lambda_

from components.function import FunctionArgs, define_function, modules
from components.placement import Placement
from components.policy_documents import Statement, allow, via
from contract.scale_up import ELASTICACHE, RDS, Mode, Target, Variable

# The modules of `contract` that the function imports.
CONTRACT_MODULES = ("alarms", "scale_up")
# A call that hangs ends long before the shortest cooldown does, so that it never acts on a size of the past.
TIMEOUT_SECONDS = 60
# Of an alarm that Lambda could not hand over for so long, nobody knows whether it still holds.
MAXIMUM_EVENT_AGE_SECONDS = 900


@dataclass(frozen=True, kw_only=True, slots=True)
class ScaleUpTarget:
    """A target of the function, with the ARN that the function's permissions name."""

    target: Target
    arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScaleUpArgs:
    """Who may grow, and how. Changes are made at once with `apply_immediately`, else in the target's maintenance window."""

    placement: Placement
    mode: Mode
    approval_minutes: int
    apply_immediately: bool
    targets: Sequence[ScaleUpTarget]
    topic_arn: pulumi.Input[str]
    topic_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]


class ScaleUp(pulumi.ComponentResource):
    """The function `functions/scale_up`, and the permission for this stack's alarms to invoke it."""

    function_name: str
    function_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ScaleUpArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:scaling:ScaleUp", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        placement = args.placement
        self.function_name = placement.names.of("scale-up")
        table = dynamodb.Table(
            f"{name}-steps",
            billing_mode="PAY_PER_REQUEST",
            hash_key="target",
            attributes=[dynamodb.TableAttributeArgs(name="target", type="S")],
            # Names of sizes and alarms, under a key of DynamoDB's own: nothing that a key of ours would protect. Who deletes it
            # ends the running cooldowns, and nothing else.
            opts=child,
        )
        function = define_function(name, self._function_args(args, table), child)
        lambda_.FunctionEventInvokeConfig(
            f"{name}-failures",
            function_name=function.name,
            maximum_event_age_in_seconds=MAXIMUM_EVENT_AGE_SECONDS,
            maximum_retry_attempts=2,
            destination_config=lambda_.FunctionEventInvokeConfigDestinationConfigArgs(
                on_failure=lambda_.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(
                    destination=args.topic_arn
                )
            ),
            opts=child,
        )
        lambda_.Permission(
            f"{name}-permission",
            function=function.name,
            action="lambda:InvokeFunction",
            principal="lambda.alarms.cloudwatch.amazonaws.com",
            source_account=placement.account_id,
            source_arn=placement.arn("cloudwatch", f"alarm:{placement.names.of('*')}"),
            opts=child,
        )
        self.function_arn = function.arn
        self.register_outputs({"function_name": self.function_name, "function_arn": self.function_arn})

    def _function_args(self, args: ScaleUpArgs, table: dynamodb.Table) -> FunctionArgs:
        return FunctionArgs(
            placement=args.placement,
            function_name=self.function_name,
            description="lets databases and stores that are too small grow by one step",
            handler="functions.scale_up.handler.handler",
            package=modules("scale_up", *CONTRACT_MODULES),
            statements=pulumi.Output.all(
                table.arn, args.topic_arn, args.topic_key_arn, [target.arn for target in args.targets]
            ).apply(lambda late: _statements(args, *late)),
            environment={
                Variable.MODE: args.mode,
                Variable.APPROVAL_MINUTES: str(args.approval_minutes),
                Variable.APPLY_IMMEDIATELY: "true" if args.apply_immediately else "false",
                Variable.TABLE_NAME: table.name,
                Variable.TOPIC_ARN: args.topic_arn,
                Variable.TARGETS: json.dumps([each.target.as_json() for each in args.targets]),
            },
            timeout_seconds=TIMEOUT_SECONDS,
            logs_key_arn=args.logs_key_arn,
        )


def _statements(
    args: ScaleUpArgs, table_arn: str, topic_arn: str, topic_key_arn: str, target_arns: Sequence[str]
) -> list[Statement]:
    """Its own table and topic, and of each target what describes and what grows it.

    Source: SNS guide, "Enable compatibility between event sources and encrypted topics" (the key); Service Authorization
    Reference, Amazon RDS and Amazon ElastiCache.
    """
    found = list(zip(args.targets, target_arns, strict=True))
    instances = sorted({arn for each, arn in found if each.target.service == RDS})
    groups = sorted({arn for each, arn in found if each.target.service == ELASTICACHE})
    nodes = [f"{arn.replace(':replicationgroup:', ':cluster:')}-*" for arn in groups]
    return [
        allow(["dynamodb:GetItem", "dynamodb:PutItem"], table_arn),
        allow("sns:Publish", topic_arn),
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey"],
            topic_key_arn,
            condition=via("sns", args.placement.region),
        ),
        *_allowed(["rds:DescribeDBInstances", "rds:ModifyDBInstance"], instances),
        *_allowed(["elasticache:DescribeReplicationGroups", "elasticache:ModifyReplicationGroup"], groups),
        *_allowed(["elasticache:DescribeCacheClusters"], nodes),
    ]


def _allowed(actions: Sequence[str], resources: Sequence[str]) -> list[Statement]:
    """A statement for each list of resources that is not empty: AWS refuses one without a resource."""
    return [allow(actions, resources)] if resources else []
