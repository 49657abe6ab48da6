"""`dbops plan-check`: the comparison of a saved plan's seal with the present."""

from ops.commands.options import ConfigFile, Plan, Stack
from ops.review.plan_seal import check, read, take

EPILOG = "Example: dbops plan-check --stack prod --plan plan.json && pulumi up --stack prod --plan plan.json"


def run(plan: Plan, stack: Stack, config_file: ConfigFile = None) -> None:
    """Refuse a saved plan when anything that it depends on changed since; run it right before `pulumi up --plan`."""
    check(read(plan), take(plan, stack, config_file), plan)
    print(f"{plan.name} is as it was sealed, and so is what it depends on")
