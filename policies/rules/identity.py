"""What principals may do, and who may become them."""

import fnmatch
from collections.abc import Callable

from policies import must
from policies.documents import EVERYTHING, Statement, judge_statements
from policies.resources import Resource
from policies.rule import Findings, Settings, Severity, resource_rule
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


def _judge_documents(resource: Resource, wrong: Callable[[Statement], str | None]) -> Findings:
    for document in _documents(resource):
        yield from judge_statements(document, wrong, needed=True)


def _allows_too_much(statement: Statement) -> str | None:
    if not statement.allows:
        return None
    if statement.excepts_actions:
        return "allows every action but some (NotAction)"
    if any(action == EVERYTHING or action.endswith(f":{EVERYTHING}") for action in statement.actions):
        return "allows every action, or every action of a service"
    return None


@resource_rule("policies-allow-what-is-needed-and-not-everything", Severity.HIGH, on=(*POLICIES, ROLE))
def _actions(resource: Resource, _: Settings) -> Findings:
    """A policy names the actions that it allows.

    Remedy: list the actions
    Controls: FSBP IAM.1, FSBP IAM.21, CIS 2.14, CKV_AWS_62, CKV_AWS_63, CKV2_AWS_40
    """
    yield from _judge_documents(resource, _allows_too_much)


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


@resource_rule("policies-decrypt-with-named-keys", Severity.HIGH, on=(*POLICIES, ROLE))
def _decryption(resource: Resource, _: Settings) -> Findings:
    """Nobody decrypts with whatever key there is.

    Remedy: name the keys' ARNs, or allow it through one service (kms:ViaService)
    Controls: FSBP KMS.1, FSBP KMS.2
    """
    yield from _judge_documents(resource, _decrypts_everything)


@resource_rule("roles-say-who-may-become-them", Severity.CRITICAL, on=(ROLE,))
def _trust(role: Resource, _: Settings) -> Findings:
    """A role is assumed by principals that its trust policy names.

    Remedy: name the principals
    Controls: CIS 2.21, CKV_AWS_60, CKV_AWS_61
    """
    yield from must.not_be_public(role.at("assumeRolePolicy"), wrong="lets everyone become the role")


def _is_limited(value: object) -> bool:
    return isinstance(value, str) and not value.endswith(tuple(f"/{name}" for name in TOO_MUCH))


@resource_rule("nobody-is-an-administrator", Severity.CRITICAL, on=ATTACHMENTS)
def _attachments(attachment: Resource, _: Settings) -> Findings:
    """No principal of a stack has an AWS managed policy that allows everything.

    Remedy: attach a policy of your own that lists the actions
    Controls: FSBP IAM.1, CIS 2.14, CKV_AWS_274
    """
    yield from must.satisfy(attachment.at("policyArn"), _is_limited, f"must be none of {', '.join(TOO_MUCH)}")


RULES = (_actions, _decryption, _trust, _attachments)
