"""All rules, by subject."""

from policies.rule import ResourceRule, StackRule
from policies.rules import (
    alarms,
    backups,
    cache,
    compute,
    encryption,
    identity,
    network,
    postgres,
    rds_groups,
    secrets,
    stack,
    storage,
    tags,
)

RESOURCE_RULES: tuple[ResourceRule, ...] = (
    *postgres.RULES,
    *rds_groups.RULES,
    *cache.RULES,
    *backups.RULES,
    *storage.RULES,
    *encryption.RULES,
    *network.RULES,
    *identity.RULES,
    *compute.RULES,
    *alarms.RULES,
    *secrets.RULES,
    *tags.RULES,
)
STACK_RULES: tuple[StackRule, ...] = stack.RULES
