"""What principals may do, and who may become them."""

import fnmatch
from collections.abc import Callable, Iterator

from policies.documents import EVERYTHING, Statement, judge_statements
from policies.resources import Resource
from policies.rule import Demand, Finding, ResourceRule, Settings, Severity, demands
from policies.values import Node

ROLE = "aws:iam/role:Role"
POLICIES = tuple(
    f"aws:iam/{kind}:{kind[0].upper()}{kind[1:]}"
    for kind in ("policy", "rolePolicy", "userPolicy", "groupPolicy")
)
ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)
# AWS managed policies that allow everything, or to give oneself everything.
TOO_MUCH = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")
# Calls that turn ciphertext into something readable.
DECRYPTION = ("kms:decrypt", "kms:reencryptfrom")


def _documents(resource: Resource) -> list[Node]:
    if resource.type == ROLE:
        return [policy.at("policy") for policy in resource.at("inlinePolicies").items()]
    return [resource.at("policy")]


def _judge_all(
    wrong: Callable[[Statement], str | None],
) -> Callable[[Resource, Settings], Iterator[Finding]]:
    def judge(resource: Resource, _: Settings) -> Iterator[Finding]:
        for document in _documents(resource):
            yield from judge_statements(document, wrong, needed=True)

    return judge


def _allows_too_much(statement: Statement) -> str | None:
    if not statement.allows:
        return None
    if statement.excepts_actions:
        return "allows every action but some (NotAction)"
    if any(action == EVERYTHING or action.endswith(f":{EVERYTHING}") for action in statement.actions):
        return "allows every action, or every action of a service"
    return None


def _decrypts_everything(statement: Statement) -> str | None:
    decrypts = statement.excepts_actions or any(
        fnmatch.fnmatchcase(call, action.lower()) for call in DECRYPTION for action in statement.actions
    )
    every_key = statement.excepts_resources or any(
        resource == EVERYTHING
        or (resource.startswith("arn:aws:kms:") and resource.endswith((":*", ":key/*")))
        for resource in statement.resources
    )
    if statement.allows and decrypts and every_key and "kms:viaservice" not in statement.conditions:
        return "decrypts with every key"
    return None


def _trust(role: Resource, _: Settings) -> Iterator[Finding]:
    yield from judge_statements(
        role.at("assumeRolePolicy"),
        lambda statement: "lets everyone become the role" if statement.is_open_to_everyone else None,
        needed=True,
    )


def _is_limited(value: object) -> bool:
    return isinstance(value, str) and not value.endswith(tuple(f"/{name}" for name in TOO_MUCH))


RULES = (
    ResourceRule(
        id="policies-allow-what-is-needed-and-not-everything",
        description="A policy names the actions that it allows.",
        severity=Severity.HIGH,
        controls=("FSBP IAM.1", "FSBP IAM.21", "CIS 2.14", "CKV_AWS_62", "CKV_AWS_63", "CKV2_AWS_40"),
        remedy="list the actions",
        on=(*POLICIES, ROLE),
        judge=_judge_all(_allows_too_much),
    ),
    ResourceRule(
        id="policies-decrypt-with-named-keys",
        description="Nobody decrypts with whatever key there is.",
        severity=Severity.HIGH,
        controls=("FSBP KMS.1", "FSBP KMS.2"),
        remedy="name the keys' ARNs, or allow it through one service (kms:ViaService)",
        on=(*POLICIES, ROLE),
        judge=_judge_all(_decrypts_everything),
    ),
    ResourceRule(
        id="roles-say-who-may-become-them",
        description="A role is assumed by principals that its trust policy names.",
        severity=Severity.CRITICAL,
        controls=("CIS 2.21", "CKV_AWS_60", "CKV_AWS_61"),
        remedy="name the principals",
        on=(ROLE,),
        judge=_trust,
    ),
    ResourceRule(
        id="nobody-is-an-administrator",
        description="No principal of a stack has an AWS managed policy that allows everything.",
        severity=Severity.CRITICAL,
        controls=("FSBP IAM.1", "CIS 2.14", "CKV_AWS_274"),
        remedy="attach a policy of your own that lists the actions",
        on=ATTACHMENTS,
        judge=demands(Demand("policyArn", _is_limited, f"must be none of {', '.join(TOO_MUCH)}")),
    ),
)
