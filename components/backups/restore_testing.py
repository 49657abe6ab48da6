"""A backup that was never restored is a hope: AWS Backup restores the latest one every week, into a closed corner."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import backup, ec2, iam, rds

from components.backups.plan import SELECTION_TAG, plan_name
from components.backups.roles import restore_permissions, trust
from components.backups.schedule import Schedule
from components.network import NetworkAttachment
from components.placement import Placement

# The test is weekly, so what it restores is something that no test before it has restored.
SELECTION_WINDOW_DAYS = 7
# As long as a backup may wait: the next chance is a week away.
START_WINDOW_HOURS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreTestingArgs:
    """A weekly restore of the latest recovery point in `vault_arns` of each database that the stack's plan backs up.

    The copy runs on `instance_class`, in the data subnets of `network`, for `validation_window_hours` (1 to 168): so long
    has a validator to look at it and to report, then AWS Backup deletes it.
    """

    placement: Placement
    time_zone: str
    schedule: Schedule
    vault_arns: Sequence[pulumi.Input[str]]
    network: NetworkAttachment
    instance_class: str
    validation_window_hours: int


class RestoreTesting(pulumi.ComponentResource):
    """The weekly plan, what it restores and how, the role for it, and a security group that lets nobody in."""

    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: RestoreTestingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:backups:RestoreTesting", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        group = ec2.SecurityGroup(
            f"{name}-security-group",
            vpc_id=args.network.vpc_id,
            description="restored copies of databases, reached by nobody",
            tags={"Name": args.placement.names.of("restore-testing")},
            opts=self._child,
        )
        subnet_group = rds.SubnetGroup(
            f"{name}-subnets",
            description="isolated subnets of restored copies",
            subnet_ids=args.network.data_subnet_ids,
            opts=self._child,
        )
        role, permission = self._define_role()
        plan = backup.RestoreTestingPlan(
            f"{name}-plan",
            name=_underscored(args.placement.names.of("restore-testing")),
            schedule_expression=args.schedule.cron,
            schedule_expression_timezone=args.time_zone,
            start_window_hours=START_WINDOW_HOURS,
            recovery_point_selection=backup.RestoreTestingPlanRecoveryPointSelectionArgs(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=list(args.vault_arns),
                recovery_point_types=["SNAPSHOT"],
                selection_window_days=SELECTION_WINDOW_DAYS,
            ),
            opts=self._child,
        )
        self._define_selection(plan, role, permission, group, subnet_group)
        self.security_group_id = group.id
        self.register_outputs({"security_group_id": self.security_group_id})

    def _define_role(self) -> tuple[iam.Role, iam.RolePolicy]:
        placement = self._args.placement
        role = iam.Role(
            f"{self._name}-role",
            assume_role_policy=json.dumps(trust("backup.amazonaws.com")),
            description="lets AWS Backup restore databases to test its backups",
            opts=self._child,
        )
        permission = iam.RolePolicy(
            f"{self._name}-permission",
            role=role.name,
            policy=json.dumps(restore_permissions(placement.account_id, placement.region)),
            opts=self._child,
        )
        return role, permission

    def _define_selection(
        self,
        plan: backup.RestoreTestingPlan,
        role: iam.Role,
        permission: pulumi.Resource,
        group: ec2.SecurityGroup,
        subnet_group: rds.SubnetGroup,
    ) -> None:
        args, names = self._args, self._args.placement.names
        backup.RestoreTestingSelection(
            f"{self._name}-selection",
            name=_underscored(names.of("databases")),
            restore_testing_plan_name=plan.name,
            protected_resource_type="RDS",
            protected_resource_conditions=backup.RestoreTestingSelectionProtectedResourceConditionsArgs(
                string_equals=[
                    backup.RestoreTestingSelectionProtectedResourceConditionsStringEqualArgs(
                        key=f"aws:ResourceTag/{SELECTION_TAG}", value=plan_name(names)
                    )
                ]
            ),
            # AWS Backup would choose the default VPC, which is none of ours, and its default group. Keys: AWS Backup guide,
            # "Restore testing inferred metadata"; every value is text, lists are JSON.
            restore_metadata_overrides={
                "dbInstanceClass": args.instance_class,
                "dbSubnetGroupName": subnet_group.name,
                "multiAz": "false",
                "publiclyAccessible": "false",
                "vpcSecurityGroupIds": pulumi.Output.json_dumps([group.id]),
            },
            iam_role_arn=role.arn,
            validation_window_hours=args.validation_window_hours,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[permission])),
        )


def _underscored(name: str) -> str:
    """Restore testing takes letters, digits and underscores only, which the names that Pulumi makes up are not."""
    return re.sub(r"\W", "_", name)
