"""Each rule about resources, on good resources and on ones that are bad in one property.

Proves for every guarded property that good values pass, and that a bad, missing, unknown or wrongly typed one is reported, at
its boundaries, in either spelling, as JSON or as an object. Does not prove that AWS means by a value what a rule takes it for.
"""

import functools
from collections import defaultdict
from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from desired.judging import Declared, judge, resource_args
from policies.environment import Environment
from policies.late import may_be_late
from policies.pack import ADVICE, UNKNOWN_RULE
from policies.rule import Level
from policies.rules import RESOURCE_RULES
from tests.harness.judged import names, pack
from tests.policies.changing import MISSING, changed, snake
from tests.policies.guards import GUARDS, Guard
from tests.policies.resources import base, containers

RULES = {rule.id: rule for rule in RESOURCE_RULES}
WRONG_TYPES = ({"odd": True}, 12.5)


@functools.cache
def policies(rule: str) -> tuple[ResourceValidationPolicy, ...]:
    """The policies of one rule, and those that watch over unknown values; no exemptions."""
    return tuple(
        policy
        for policy in pack(with_exemptions=False)
        if policy.name in {rule, rule + ADVICE} and isinstance(policy, ResourceValidationPolicy)
    )


def reported(rule: str, declared: Declared) -> list[str]:
    """What a rule says of a resource."""
    messages: list[str] = []
    for policy in policies(rule):
        policy.validate(resource_args(declared), lambda message, _: messages.append(message))
    return messages


def in_dev(declared: Declared) -> Declared:
    return Declared(
        type=declared.type, name=declared.name, inputs=declared.inputs, protect=declared.protect, stack="dev"
    )


def test_every_rule_has_its_guards() -> None:
    by_option_alone = {"keys-are-protected-from-deletion"}
    assert {guard.rule for guard in GUARDS} | by_option_alone == set(RULES)


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_good_values_pass(guard: Guard) -> None:
    for value in (*guard.good, *([MISSING] if guard.unset else [])):
        assert reported(guard.rule, changed(base(guard.base), guard.path, value)) == [], value


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_bad_and_missing_values_are_reported(guard: Guard) -> None:
    for value in (*guard.bad, *([] if guard.unset else [MISSING])):
        assert reported(guard.rule, changed(base(guard.base), guard.path, value)), value


@pytest.mark.parametrize("guard", [guard for guard in GUARDS if guard.dev], ids=str)
def test_dev_has_boundaries_of_its_own(guard: Guard) -> None:
    good, bad = guard.dev or ((), ())
    for value in good:
        assert reported(guard.rule, in_dev(changed(base(guard.base), guard.path, value))) == [], value
    for value in bad:
        assert reported(guard.rule, in_dev(changed(base(guard.base), guard.path, value))), value


@pytest.mark.parametrize(
    "rule", [rule for rule in RESOURCE_RULES if rule.dev is Level.OFF], ids=lambda rule: rule.id
)
def test_what_is_off_in_dev_says_nothing_there(rule: Any) -> None:
    for guard in GUARDS:
        if guard.rule == rule.id:
            for value in guard.bad:
                assert reported(rule.id, in_dev(changed(base(guard.base), guard.path, value))) == []


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_values_of_a_wrong_type_are_reported(guard: Guard) -> None:
    for value in WRONG_TYPES:
        if guard.path.endswith(("variables", "defaultRetention", "rotationRules")) and isinstance(
            value, dict
        ):
            continue  # an object is what belongs there; what is in it has guards of its own
        if guard.rule == "tasks-have-two-roles" or guard.path == "principal":
            continue  # judged by whether two are the same, and by whom it names
        if guard.path == "egress" or guard.path.endswith(("ipProtocol", "tags.Owner")):
            continue  # the object is a rule without a range; the protocol decides nothing by its type
        assert reported(guard.rule, changed(base(guard.base), guard.path, value)), value


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_an_unknown_value_is_late_or_reported_by_a_mandatory_rule(guard: Guard) -> None:
    unknown = changed(base(guard.base), guard.path, UNKNOWN_STRING_VALUE)
    late = may_be_late(
        unknown.type, ".".join(part for part in guard.path.split(".") if not part.isdigit()), []
    )
    assert bool(reported(UNKNOWN_RULE, unknown)) != late
    assert reported(guard.rule, unknown) == [], "unknown is its own finding, not a wrong value"


def test_an_unknown_value_hides_no_violation() -> None:
    """Reading an unknown makes the SDK skip the rule for that resource; here it does not, whatever else is unknown."""
    by_rule = defaultdict(list)
    for guard in GUARDS:
        if guard.bad:
            by_rule[guard.rule, guard.base].append(guard)
    for (rule, name), guards in by_rule.items():
        for guard in guards:
            bad = changed(base(name), guard.path, guard.bad[0])
            others = [
                o for o in bad.inputs if o not in {guard.path.split(".")[0], "replicateSourceDb", "type"}
            ]
            for other in others:
                changed_too = changed(bad, other, UNKNOWN_STRING_VALUE)
                # Either it is reported all the same, or what is unknown is.
                assert reported(rule, changed_too) or reported(UNKNOWN_RULE, changed_too), (rule, other)


@pytest.mark.parametrize("guard", [guard for guard in GUARDS if "." not in guard.path], ids=str)
def test_both_spellings_are_judged(guard: Guard) -> None:
    other = snake(guard.path)
    if other == guard.path or not guard.bad:
        return
    good = base(guard.base)
    spelled = changed(changed(good, guard.path, MISSING), other, guard.bad[0])
    assert reported(guard.rule, spelled)
    if guard.path in good.inputs:
        assert reported(UNKNOWN_RULE, changed(good, other, guard.bad[0])) or may_be_late(
            good.type, guard.path, []
        )


def test_one_role_for_both_is_reported() -> None:
    task = changed(base("pooler-task"), "taskRoleArn", "arn:aws:iam::1:role/same")
    assert reported("tasks-have-two-roles", changed(task, "executionRoleArn", "arn:aws:iam::1:role/same"))


def test_a_service_that_calls_for_anybody_is_reported() -> None:
    permission = changed(base("pooler-rotation-permission"), "sourceArn", MISSING)
    assert reported("functions-are-called-by-whom-they-serve", permission) == []
    assert reported("functions-are-called-by-whom-they-serve", changed(permission, "sourceAccount", MISSING))


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("databases-are-protected-from-deletion", "postgres-instance"),
        ("keys-are-protected-from-deletion", "keys-database"),
    ],
)
def test_protection_is_a_resource_option(rule: str, name: str) -> None:
    good = base(name)
    assert reported(rule, good) == []
    assert reported(rule, Declared(type=good.type, inputs=good.inputs, protect=False))


def test_a_restored_database_has_its_sources_admin() -> None:
    restored = changed(base("postgres-instance"), "username", MISSING)
    assert reported("databases-avoid-the-usual-admin-names", restored)
    assert (
        reported("databases-avoid-the-usual-admin-names", changed(restored, "snapshotIdentifier", "s")) == []
    )


def test_a_statement_with_something_unknown_leaves_the_others_judged() -> None:
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    late = {
        "Effect": "Allow",
        "Principal": {"AWS": UNKNOWN_STRING_VALUE},
        "Action": "s3:GetObject",
        "Resource": "*",
    }
    policy = changed(base("exports-policy"), "policy", {"Statement": [late, everyone]})
    assert reported("bucket-policies-are-not-public", policy)
    assert reported(UNKNOWN_RULE, policy)


def test_no_message_shows_a_text_of_the_resource() -> None:
    """A text may be a secret: the SDK hands secrets over in the clear."""
    canary = "canary-" + "3f1c"
    everything = pack(with_exemptions=False)
    for name in {guard.base for guard in GUARDS}:
        messages = judge(everything, [_with_canaries(base(name), canary)], stack_too=False)
        assert not [message for _, _, message in messages if canary in message], name
    task = changed(
        base("pooler-task"),
        "containerDefinitions",
        containers(environment=[{"name": "PASSWORD", "value": canary}]),
    )
    assert not [message for _, _, message in judge(everything, [task]) if canary in message]


def _with_canaries(declared: Declared, canary: str) -> Declared:
    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            return canary
        if isinstance(value, dict):
            return {key: replaced(entry) for key, entry in value.items()}
        return [replaced(entry) for entry in value] if isinstance(value, list) else value

    return Declared(
        type=declared.type, name=declared.name, inputs=replaced(changed(declared, "no", MISSING).inputs)
    )


def test_what_only_advises_in_dev_is_another_policy_there() -> None:
    cluster = changed(base("pooler-cluster"), "settings", [])
    both = policies("clusters-show-what-their-tasks-do")
    assert [policy.enforcement_level.value for policy in both if policy.enforcement_level] == [
        "mandatory",
        "advisory",
    ]
    assert names(judge(list(both), [cluster], stack_too=False)) == {"clusters-show-what-their-tasks-do"}
    assert names(judge(list(both), [in_dev(cluster)], stack_too=False)) == {
        "clusters-show-what-their-tasks-do" + ADVICE
    }


def test_configuration_moves_a_boundary() -> None:
    rule = "databases-keep-backups-long-enough"
    fourteen = changed(base("postgres-instance"), "backupRetentionPeriod", 14)
    assert rule in names(judge(pack(), [fourteen], stack_too=False))
    lower = {rule: {"prodMinimumDays": 14.0}}
    assert rule not in names(judge(pack(), [fourteen], config=lower, stack_too=False))
    assert RULES[rule].level(Environment.PROD) is Level.MANDATORY


@pytest.mark.parametrize("rule", ["vault-locks-can-be-taken-off", "object-locks-can-be-taken-off"])
def test_an_irreversible_lock_can_be_acknowledged(rule: str) -> None:
    guard = next(guard for guard in GUARDS if guard.rule == rule)
    for_ever = changed(base(guard.base), guard.path, guard.bad[0])
    assert rule in names(judge(pack(), [for_ever], stack_too=False))
    assert rule not in names(
        judge(pack(), [for_ever], config={rule: {"acknowledged": True}}, stack_too=False)
    )
