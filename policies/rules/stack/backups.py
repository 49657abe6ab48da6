"""Copies of backups, restore tests, and the selections of AWS Backup."""

import fnmatch
from collections.abc import Mapping

from policies import must
from policies.resources import Resource, Stack
from policies.rule import Findings, Level, Settings, Severity, Violation, stack_rule
from policies.rules import backups, postgres
from policies.values import UNKNOWN, Node, region_of_arn

RESTORE_TESTING_PLAN = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
RESTORE_TESTING_SELECTION = "aws:backup/restoreTestingSelection:RestoreTestingSelection"


def _tags(listed: Node) -> list[tuple[str, str]]:
    """`[{"key": <name>, "value": <value>}]` as names and values."""
    return [
        (str(tag.at("key").value), str(tag.at("value").value))
        for tag in listed.items()
        if isinstance(tag.value, Mapping)
    ]


def _tag_conditions(node: Node) -> list[tuple[str, str]]:
    """`{"stringEquals": [{"key": "aws:ResourceTag/<name>", "value": <value>}]}` as names and values."""
    return [
        (name.removeprefix("aws:ResourceTag/"), value)
        for condition in node.items()
        for name, value in _tags(condition.at("stringEquals"))
    ]


def _carries(resource: Resource, tag: tuple[str, str]) -> bool:
    name, value = tag
    return isinstance(resource.tags, Mapping) and resource.tags.get(name) == value


def _is_named(database: Resource, arn: Node) -> bool:
    """Whether an ARN, perhaps with `*` in it, names a database; its identifier is known before its own ARN is."""
    pattern, identifier = arn.value, database.at("identifier").value
    if not isinstance(pattern, str) or not isinstance(identifier, str):
        return False
    return pattern == "*" or (
        ":rds:" in pattern and fnmatch.fnmatchcase(identifier, pattern.rsplit(":", 1)[-1])
    )


def _selects(stack: Stack, selection: Resource, database: Resource) -> bool:
    """Whether AWS Backup takes a database: any of the selection's resources and tags, and all of its conditions."""
    if not all(_carries(database, tag) for tag in _tag_conditions(selection.at("conditions"))):
        return False
    return (
        any(_carries(database, tag) for tag in _tags(selection.at("selectionTags")))
        or any(_is_named(database, arn) for arn in selection.at("resources").items())
        or database in stack.referred(selection, "resources", postgres.INSTANCE)
    )


def _plans_of(stack: Stack, database: Resource) -> list[Resource]:
    """The backup plans that select a database."""
    return [
        plan
        for selection in stack.of(backups.SELECTION)
        if _selects(stack, selection, database)
        for plan in stack.referred(selection, "planId", backups.PLAN)
    ]


def _is_elsewhere(one: Resource, other: Resource) -> bool:
    return isinstance(one.region, str) and isinstance(other.region, str) and one.region != other.region


def _is_replicated(stack: Stack, database: Resource) -> bool:
    """RDS replicates the database's automated backups to another region."""
    replications = stack.referring(database, "sourceDbInstanceArn", backups.REPLICATION)
    return any(_is_elsewhere(each, database) for each in replications)


def _copies_elsewhere(stack: Stack, plan: Resource, database: Resource) -> bool:
    """A copy to a vault of the stack in another region, or to a vault whose ARN says so."""
    for rule in plan.at("rules").items():
        for copy in rule.at("copyActions").items():
            target = copy.at("destinationVaultArn").value
            if isinstance(target, str) and region_of_arn(target) not in (None, database.region):
                return True
            # The property `rules` names own vaults and those of copies: one elsewhere is a copy's.
            if target is UNKNOWN and any(
                _is_elsewhere(vault, database) for vault in stack.referred(plan, "rules", backups.VAULT)
            ):
                return True
    return False


@stack_rule("databases-have-a-copy-in-another-region", Severity.CRITICAL, dev=Level.OFF)
def _copies(stack: Stack, _: Settings) -> Findings:
    """A database comes back when its whole region is lost. A replica is no backup: it deletes what is deleted.

    Remedy: replicate its automated backups, or let a backup plan that selects it copy to another region
    """
    yield from must.each_have(
        postgres.primaries(stack),
        lambda primary: (
            _is_replicated(stack, primary)
            or any(_copies_elsewhere(stack, plan, primary) for plan in _plans_of(stack, primary))
        ),
        otherwise="no backup of it is kept in another region",
    )


def _tests(stack: Stack, selection: Resource, database: Resource) -> bool:
    if selection.at("protectedResourceType").value != "RDS":
        return False
    conditions = _tag_conditions(selection.at("protectedResourceConditions"))
    if conditions:
        return all(_carries(database, tag) for tag in conditions)
    arns = selection.at("protectedResourceArns")
    return any(node.value == "*" for node in arns.items()) or database in stack.referred(
        selection, arns.path, postgres.INSTANCE
    )


@stack_rule("databases-have-a-restore-test", Severity.HIGH, dev=Level.OFF)
def _restore_tests(stack: Stack, _: Settings) -> Findings:
    """A backup that nobody ever restored is a hope.

    Remedy: select it in a restore testing plan of AWS Backup
    """
    tests = [
        selection
        for selection in stack.of(RESTORE_TESTING_SELECTION)
        if stack.referred(selection, "restoreTestingPlanName", RESTORE_TESTING_PLAN)
    ]
    yield from must.each_have(
        postgres.primaries(stack),
        lambda primary: any(_tests(stack, selection, primary) for selection in tests),
        otherwise="no restore test restores a backup of it",
    )


@stack_rule("databases-are-in-a-backup-plan", Severity.HIGH, dev=Level.OFF)
def _unselected(stack: Stack, _: Settings) -> Findings:
    """AWS Backup keeps snapshots of a database for longer than RDS does.

    Remedy: select it by its ARN, or by a tag that it carries
    Controls: FSBP RDS.26
    """
    yield from must.each_have(
        postgres.primaries(stack),
        lambda primary: bool(_plans_of(stack, primary)),
        otherwise="no backup plan selects it",
    )


def _wanted_tags(selection: Resource) -> list[tuple[str, str]]:
    """The tags that a selection of a backup plan or of a restore testing plan selects by."""
    if selection.type == RESTORE_TESTING_SELECTION:
        return _tag_conditions(selection.at("protectedResourceConditions"))
    return _tags(selection.at("selectionTags")) + _tag_conditions(selection.at("conditions"))


@stack_rule("selection-tags-are-carried", Severity.HIGH)
def _selection_tags_are_carried(stack: Stack, _: Settings) -> Findings:
    """A selection by tag selects something: a wrong tag is a backup that never happens.

    Remedy: give the tag to what is to be selected
    """
    for selection in stack.of(backups.SELECTION, RESTORE_TESTING_SELECTION):
        others = [each for each in stack.resources if each.type != selection.type]
        for tag in _wanted_tags(selection):
            if not any(_carries(each, tag) for each in others):
                yield Violation(
                    f"it selects by the tag {tag[0]}, and no resource carries its value", selection.urn
                )


RULES = (_copies, _restore_tests, _unselected, _selection_tags_are_carried)
