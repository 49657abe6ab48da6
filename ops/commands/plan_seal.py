"""`dbops plan-seal`: the seal of a saved plan."""

from ops.commands.options import ConfigFile, Plan, Stack
from ops.files import write_text
from ops.review.plan_seal import seal_file, take

EPILOG = "Example: dbops plan-seal --stack prod --plan plan.json"


def run(plan: Plan, stack: Stack, config_file: ConfigFile = None) -> None:
    """Write down beside a saved plan what it depends on: state, configuration, commit, CLI. Hashes only."""
    seal = take(plan, stack, config_file)
    write_text(seal_file(plan), seal.model_dump_json(indent=2) + "\n")
    print(seal_file(plan))
