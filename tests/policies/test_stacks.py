"""Whole stacks: our own, unmutated and with each guarded property made bad in turn, and one that breaks every rule.

Proves that our own stacks break no rule, that no mutation of a guarded property goes unseen, that each rule between resources
sees what is missing, and that every exemption is needed. Does not prove that the guards are all that one could guard, and
runs no engine: tests/sandbox/test_policies.py does.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from desired.judging import Declared, judge, resource_args, stack_args
from policies import exemptions
from policies.environment import Environment
from policies.pack import ADVICE, ENVIRONMENT_RULE, EXPIRY_RULE, UNKNOWN_RULE, all_policies, rule_ids
from policies.rule import Level
from policies.rules import (
    RESOURCE_RULES,
    STACK_RULES,
    alarms,
    backups,
    encryption,
    postgres,
    secrets,
    storage,
)
from policies.rules.stack.backups import RESTORE_TESTING_PLAN, RESTORE_TESTING_SELECTION
from policies.rules.stack.companions import BUCKET_NEEDS, FLOW_LOG
from policies.rules.stack.keys import KEY_PROPERTIES
from tests.harness.judged import EXEMPTIONS_FILE, TODAY, names, pack
from tests.harness.platform import STACKS
from tests.policies.bad_stack import BAD_STACK, EXPIRED
from tests.policies.changing import MISSING, changed, has
from tests.policies.guards import GUARDS, Guard
from tests.policies.resources import base, ours

RULES = {rule.id: rule for rule in RESOURCE_RULES}


@pytest.mark.parametrize("stack_name", STACKS)
def test_our_own_stacks_break_no_rule(stack_name: str) -> None:
    assert judge(pack(), ours(stack_name)) == []


def test_every_exemption_is_needed() -> None:
    policies = {name: pack(with_exemptions=False) for name in STACKS}
    broken = [(rule, urn) for name in STACKS for rule, urn, _ in judge(policies[name], ours(name))]
    resources = {each.urn: each for name in STACKS for each in ours(name)}
    for exemption in exemptions.load(EXEMPTIONS_FILE, rule_ids()):
        assert any(
            exemption.rule == rule and exemption.resource.partition("::")[0] == resources[urn].type
            for rule, urn in broken
        ), f"{exemption.rule} for {exemption.resource}: nothing breaks it any more; remove the entry"


def test_the_bad_stack_breaks_every_rule() -> None:
    policies = all_policies([EXPIRED], TODAY)
    wanted = {*rule_ids(), UNKNOWN_RULE, ENVIRONMENT_RULE, EXPIRY_RULE}
    assert wanted - names(judge(policies, BAD_STACK)) == set()


@dataclass(frozen=True)
class Mutation:
    """One property of one of our own resources, made bad in one way."""

    guard: Guard
    resource: Declared
    value: Any

    def __str__(self) -> str:
        return f"{self.guard.rule}: {self.resource.name}.{self.guard.path}"


def mutations(stack_name: str) -> list[Mutation]:
    """Every guarded property of every resource, in every bad way of that environment."""
    environment = Environment(stack_name)
    found = []
    for guard in GUARDS:
        if RULES[guard.rule].level(environment) is Level.OFF:
            continue
        bad = guard.bad if environment is Environment.PROD or guard.dev is None else guard.dev[1]
        for resource in ours(stack_name):
            is_guarded = (
                resource.type == base(guard.base).type and guard.about(resource) and has(resource, guard.path)
            )
            if is_guarded and _is_of_this_shape(guard, resource):
                found += [
                    Mutation(guard, resource, value) for value in (*bad, *([] if guard.unset else [MISSING]))
                ]
    return found


def _is_of_this_shape(guard: Guard, resource: Declared) -> bool:
    """Some types have several ways to say a thing: a guard is about the one that its base uses."""
    top_level = guard.path.split(".")[0]
    return top_level in resource.inputs or top_level not in base(guard.base).inputs


@pytest.mark.parametrize("stack_name", STACKS)
def test_every_mutation_of_our_own_stacks_is_caught(stack_name: str) -> None:
    by_name = {
        policy.name: policy
        for policy in pack(with_exemptions=False)
        if isinstance(policy, ResourceValidationPolicy)
    }
    survivors = []
    all_mutations = mutations(stack_name)
    for mutation in all_mutations:
        reports: list[str] = []
        args = resource_args(changed(mutation.resource, mutation.guard.path, mutation.value))
        for name in (mutation.guard.rule, mutation.guard.rule + ADVICE):
            if name in by_name:
                by_name[name].validate(args, lambda message, _, to=reports: to.append(message))  # type: ignore[misc]
        if not reports:
            survivors.append(f"{mutation} = {mutation.value!r}")
    assert survivors == []
    assert len(all_mutations) > 400, "the guards must meet our resources"


@functools.cache
def stack_policies() -> dict[str, StackValidationPolicy]:
    return {
        policy.name: policy
        for policy in pack(with_exemptions=False)
        if isinstance(policy, StackValidationPolicy)
    }


def lacking(rule: str, resources: Iterable[Declared], **config: Any) -> set[str]:
    """The names of the resources that a rule between resources reports."""
    found: set[str] = set()
    stack_policies()[rule].validate(
        stack_args(resources, config), lambda _, urn: found.add((urn or "").rsplit("::", 1)[-1])
    )
    return found


# What the rules between resources are about, but for the alarms: a whole stack takes a quarter of a second to convert.
SERVICES = (
    "aws:rds/",
    "aws:backup/",
    "aws:s3/",
    "aws:sns/",
    "aws:kms/key:",
    "aws:ec2/vpc:",
    "aws:ec2/flowLog:",
    "aws:secretsmanager/secret:",
    "aws:elasticache/rep",
    "aws:memorydb/cluster:",
    "aws:cloudwatch/logGroup:",
)
BETWEEN = tuple(each for each in ours("prod") if each.type.startswith(SERVICES))


def without(*types: str, names: tuple[str, ...] = ()) -> list[Declared]:
    return [each for each in BETWEEN if each.type not in types and each.name not in names]


def having(name: str, type_: str, path: str, value: Any) -> list[Declared]:
    """Our prod stack with one property of one resource changed."""
    return [
        changed(each, path, value) if each.name == name and each.type == type_ else each
        for each in ours("prod")
    ]


def watching(identifier: str, *metrics: str, **inputs: Any) -> list[Declared]:
    """Alarms on metrics of a database, one of them by metric math."""
    dimensions = {"DBInstanceIdentifier": identifier}
    plain = [
        Declared(type=alarms.METRIC_ALARM, name=f"{identifier}-{metric}", inputs={"metricName": metric, "dimensions": dimensions, **inputs})
        for metric in metrics[1:]
    ]  # fmt: skip
    query = {"id": "m1", "metric": {"metricName": metrics[0], "dimensions": dimensions}}
    return [
        Declared(
            type=alarms.METRIC_ALARM, name=f"{identifier}-math", inputs={"metricQueries": [query], **inputs}
        ),
        *plain,
    ]


PRIMARY = {"postgres-instance"}
REPLICAS = {"postgres-replica-b-instance", "postgres-replica-c-instance", "postgres-replica-west-instance"}
SCALING = ("CPUUtilization", "FreeableMemory", "DatabaseConnections", "ReadIOPS")
IDENTIFIER = "reptidex-prod-postgres"
TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:notifications-topic"
TOPIC = Declared(type=alarms.TOPIC, name="topic", inputs={"arn": TOPIC_ARN})
WITHOUT_COPIES = [
    changed(each, "rules", [{"ruleName": "daily"}]) if each.type == backups.PLAN else each
    for each in without(backups.REPLICATION)
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "resources", "wanted"),
    [
        ("databases-have-a-copy-in-another-region", lambda: WITHOUT_COPIES, PRIMARY),
        ("databases-have-a-copy-in-another-region", lambda: without(backups.PLAN), set()),
        ("databases-have-a-copy-in-another-region", lambda: without(backups.REPLICATION), set()),
        ("databases-have-a-copy-in-another-region", lambda: without(backups.REPLICATION, backups.SELECTION), PRIMARY),
        ("databases-have-a-restore-test", lambda: without(RESTORE_TESTING_PLAN), PRIMARY),
        ("databases-have-a-restore-test", lambda: without(RESTORE_TESTING_SELECTION), PRIMARY),
        (
            "databases-have-a-restore-test",
            lambda: having("restore-testing-selection", RESTORE_TESTING_SELECTION, "protectedResourceType", "EFS"),
            PRIMARY,
        ),
        ("databases-are-in-a-backup-plan", lambda: without(backups.PLAN), PRIMARY),
        ("databases-are-in-a-backup-plan", lambda: without(backups.SELECTION), PRIMARY),
        ("databases-are-in-a-backup-plan", lambda: having("postgres-instance", postgres.INSTANCE, "tags", {}), PRIMARY),
        (
            "databases-are-in-a-backup-plan",
            lambda: having("backup-plan-selection", backups.SELECTION, "resources", ["arn:aws:rds:us-east-1:1:db:other"]),
            PRIMARY,
        ),
        (
            "selection-tags-are-carried",
            lambda: having("postgres-instance", postgres.INSTANCE, "tags", {"BackupPlan": "another"}),
            {"backup-plan-selection", "restore-testing-selection"},
        ),
        ("databases-have-their-scaling-alarms", lambda: [*BETWEEN, *watching(IDENTIFIER, *SCALING)], set()),
        ("databases-have-their-scaling-alarms", lambda: [*BETWEEN, *watching(IDENTIFIER, *SCALING[:3])], PRIMARY),
        ("databases-have-their-scaling-alarms", lambda: [*BETWEEN, *watching("another", *SCALING)], PRIMARY),
        ("replicas-have-a-lag-alarm", lambda: [*BETWEEN, *watching(f"{IDENTIFIER}-b", "ReplicaLag")], REPLICAS - {"postgres-replica-b-instance"}),
        ("replicas-have-a-lag-alarm", lambda: list(BETWEEN), REPLICAS),
        ("alarms-speak-to-topics-that-exist", lambda: [TOPIC, *watching("db", "A", alarmActions=[TOPIC_ARN])], set()),
        ("alarms-speak-to-topics-that-exist", lambda: [TOPIC, *watching("db", "A", alarmActions=[TOPIC_ARN + "x"])], {"db-math"}),
        ("alarms-speak-to-topics-that-exist", lambda: [TOPIC, *watching("db", "A", alarmActions=[UNKNOWN_STRING_VALUE])], {"db-math"}),
        ("networks-have-flow-logs", lambda: without(FLOW_LOG), {"network-vpc", "dr-network-vpc"}),
        ("networks-have-flow-logs", lambda: without(names=("dr-network-flow-log",)), {"dr-network-vpc"}),
        ("database-events-are-subscribed", lambda: without(names=("postgres-events-security-group",)), PRIMARY),
        *(
            ("buckets-have-every-protection", functools.partial(without, type_), {"exports-bucket", "dr-exports-bucket"})
            for type_ in BUCKET_NEEDS
        ),
        ("buckets-have-every-protection", lambda: without(names=("exports-versioning",)), {"exports-bucket"}),
    ],
)  # fmt: skip
def test_what_resources_lack_is_reported(
    rule: str, resources: Callable[[], list[Declared]], wanted: set[str]
) -> None:
    assert lacking(rule, resources()) == wanted


def test_a_key_of_another_region_is_reported() -> None:
    elsewhere = "arn:aws:kms:eu-west-1:123456789012:key/0a"
    for index in (0, 1):
        wrong, wanted = [], set()
        for each in BETWEEN:
            paths = KEY_PROPERTIES.get(each.type, ())[index : index + 1]
            is_named = [path for path in paths if path in each.inputs and path != "rules"]
            wrong.append(changed(each, is_named[0], elsewhere) if is_named else each)
            wanted |= {each.name} if is_named else set()
        assert lacking("what-is-encrypted-has-a-key-of-its-region", wrong) == wanted
        assert wanted


def test_a_bucket_and_a_secrets_replica_need_a_key_of_their_region_too() -> None:
    rule, elsewhere = "what-is-encrypted-has-a-key-of-its-region", "arn:aws:kms:eu-west-1:123456789012:key/0a"
    path = "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId"
    assert lacking(rule, having("exports-encryption", storage.BUCKET_ENCRYPTION, path, elsewhere)) == {
        "exports-encryption"
    }
    secret = "postgres-admin-secret"
    assert lacking(rule, having(secret, secrets.SECRET, "replicas.0.kmsKeyId", elsewhere)) == {secret}


def test_what_is_not_known_yet_is_followed_to_what_it_is_taken_from() -> None:
    """In a first preview no ARN is known: the engine tells which resource each property takes its value from."""
    key = Declared(type=encryption.KEY, name="key", provider={"region": "eu-west-1"})
    vault = Declared(
        type=backups.VAULT, inputs={"kmsKeyArn": UNKNOWN_STRING_VALUE}, references={"kmsKeyArn": [key.urn]}
    )
    assert lacking("what-is-encrypted-has-a-key-of-its-region", [key, vault]) == {"it"}
    near = replace(key, provider=vault.provider)
    assert lacking("what-is-encrypted-has-a-key-of-its-region", [near, vault]) == set()


def test_other_stacks_topics_can_be_listed() -> None:
    resources = watching("db", "A", alarmActions=[TOPIC_ARN])
    assert lacking("alarms-speak-to-topics-that-exist", resources) == {"db-math"}
    assert lacking("alarms-speak-to-topics-that-exist", resources, otherTopicArns=[TOPIC_ARN]) == set()


def test_every_rule_between_resources_is_tested_here() -> None:
    text = Path(__file__).read_text()
    assert [rule.id for rule in STACK_RULES if f'"{rule.id}"' not in text] == []
