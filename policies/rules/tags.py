"""Tags, on what holds data."""

from collections.abc import Mapping

from policies.resources import Resource
from policies.rule import Findings, Setting, Settings, Severity, Undecided, Violation, resource_rule
from policies.rules.backups import VAULT
from policies.rules.cache import STORES
from policies.rules.encryption import KEY
from policies.rules.postgres import INSTANCE
from policies.rules.secrets import SECRET
from policies.rules.storage import BUCKET
from policies.values import UNKNOWN, is_text

# `STATEFUL` in ops/review/aws_effects.py is a second table on purpose: neither part imports the other, so a mistake in one
# is not repeated in the other. tests/unit/test_data_types.py compares them.
HOLD_DATA = (INSTANCE, *STORES, VAULT, BUCKET, KEY, SECRET)
REQUIRED = ("Environment", "Owner", "CostCenter", "DataClass")


@resource_rule(
    "what-holds-data-says-whose-it-is",
    Severity.LOW,
    on=HOLD_DATA,
    settings={"required": Setting.texts(REQUIRED, of="the tags that must be there")},
)
def _tags(resource: Resource, settings: Settings) -> Findings:
    """Whoever finds a database, a backup or a key at night knows whom to ask, and what it holds.

    Remedy: set the tags, best as the provider's default tags
    """
    tags = resource.tags
    if tags is UNKNOWN:
        yield Undecided("tags")
        return
    carried = tags if isinstance(tags, Mapping) else {}
    missing = []
    for name in settings["required"]:
        if carried.get(name) is UNKNOWN:
            yield Undecided(f"tags.{name}")
        elif not is_text(carried.get(name)):
            missing.append(name)
    if missing:
        yield Violation(f"the tags lack {', '.join(missing)}")


RULES = (_tags,)
