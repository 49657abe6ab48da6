"""Rules about resources together. Each violation names the resource that lacks something.

A rule follows what one resource says of another by its value. Where a first preview does not know the value yet, the rule
follows the resource that the program took it from. A resource that the program only reads (`Instance.get`) is not a part of
the stack.
"""

from policies.rule import StackRule
from policies.rules.stack import alarms, backups, companions, keys

RULES: tuple[StackRule, ...] = (*backups.RULES, *alarms.RULES, *keys.RULES, *companions.RULES)
