"""Which databases AWS Backup backs up, when, and for how long: snapshots that outlive RDS's own 35 days."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import backup, iam

from components.backups.roles import backup_permissions, trust
from components.backups.schedule import Schedule
from components.placement import Placement
from contract.names import PhysicalNames

# The tag that puts an instance into a plan; its value is the plan's name. Two stacks of one account have plans of two
# names, and neither backs up the other's databases.
SELECTION_TAG = "BackupPlan"
# Tells what a recovery point is from: daily, weekly or monthly.
RULE_TAG = "BackupRule"
# AWS Backup's own default, named because jobs rely on it: one that has to wait until RDS's windows are open is tried again
# until they are closed, and both with the hour before each take four hours on the night of the maintenance.
START_WINDOW_MINUTES = 8 * 60
# The next day's job must not find this one still running: 24 hours after the scheduled start it is over.
COMPLETION_WINDOW_MINUTES = 24 * 60 - START_WINDOW_MINUTES


def plan_name(names: PhysicalNames) -> str:
    """The name of a stack's plan, the same in each region: `reptidex-prod-backups`."""
    return names.of("backups")


def selection_tags(names: PhysicalNames) -> Mapping[str, str]:
    """What an instance carries so that its stack's plan backs it up."""
    return {SELECTION_TAG: plan_name(names)}


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupRule:
    """One kind of backup. Without `copy_retention_days` it is not copied anywhere."""

    name: str
    schedule: Schedule
    retention_days: int
    copy_retention_days: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupPlanArgs:
    """A plan for the region's databases that carry the stack's `selection_tags`.

    `time_zone` (an IANA name) is what the rules' schedules are in. Without `copy_vault_arn` no rule copies.
    """

    placement: Placement
    time_zone: str
    rules: Sequence[BackupRule]
    vault_name: pulumi.Input[str]
    vault_arn: pulumi.Input[str]
    copy_vault_arn: pulumi.Input[str] | None = None


class BackupPlan(pulumi.ComponentResource):
    """A plan, what it selects, and the role that it works as.

    No rule is continuous: those change an instance's retention and window, which RDS and this program own.
    """

    def __init__(self, name: str, args: BackupPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:backups:BackupPlan", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        placement, names = args.placement, args.placement.names
        plan = backup.Plan(
            f"{name}-plan",
            name=plan_name(names),
            rules=[_rule(rule, args) for rule in args.rules],
            opts=child,
        )
        role = iam.Role(
            f"{name}-role",
            assume_role_policy=json.dumps(trust("backup.amazonaws.com")),
            description="lets AWS Backup make, copy and expire snapshots of databases",
            opts=child,
        )
        vault_arns = [args.vault_arn, *([] if args.copy_vault_arn is None else [args.copy_vault_arn])]
        permission = iam.RolePolicy(
            f"{name}-permission",
            role=role.name,
            policy=pulumi.Output.json_dumps(backup_permissions(placement.account_id, vault_arns)),
            opts=child,
        )
        backup.Selection(
            f"{name}-selection",
            plan_id=plan.id,
            iam_role_arn=role.arn,
            # By name as well as by tag: a restored copy can carry its source's tags, and is called something else.
            resources=[placement.arn("rds", f"db:{names.of('*')}")],
            # Conditions narrow the resources; `selection_tags` would add to them.
            conditions=[
                backup.SelectionConditionArgs(
                    string_equals=[
                        backup.SelectionConditionStringEqualArgs(
                            key=f"aws:ResourceTag/{SELECTION_TAG}", value=plan_name(names)
                        )
                    ]
                )
            ],
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[permission])),
        )
        self.register_outputs({})


def _rule(rule: BackupRule, args: BackupPlanArgs) -> backup.PlanRuleArgs:
    return backup.PlanRuleArgs(
        rule_name=rule.name,
        target_vault_name=args.vault_name,
        schedule=rule.schedule.cron,
        schedule_expression_timezone=args.time_zone,
        start_window=START_WINDOW_MINUTES,
        completion_window=COMPLETION_WINDOW_MINUTES,
        lifecycle=backup.PlanRuleLifecycleArgs(delete_after=rule.retention_days),
        copy_actions=_copies(rule.copy_retention_days, args.copy_vault_arn),
        recovery_point_tags={RULE_TAG: rule.name},
    )


def _copies(
    retention_days: int | None, vault_arn: pulumi.Input[str] | None
) -> list[backup.PlanRuleCopyActionArgs] | None:
    if retention_days is None or vault_arn is None:
        return None
    return [
        backup.PlanRuleCopyActionArgs(
            destination_vault_arn=vault_arn,
            lifecycle=backup.PlanRuleCopyActionLifecycleArgs(delete_after=retention_days),
        )
    ]
