"""JSON documents in properties: policies of IAM, keys, buckets and topics, and containers. Parsed here and nowhere else."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.rule import Findings, Undecided, Violation
from policies.values import MALFORMED, UNKNOWN, Node, has_unknown, plain

EVERYTHING = "*"


def parsed(node: Node) -> Node:
    """The same place with its document parsed; MALFORMED where a text is no JSON.

    A document may be given as an object too. Its keys are kept as they are: they are not the provider's names.
    """
    if not isinstance(node.value, str):
        return node
    try:
        return Node(node.path, plain(json.loads(node.value), names_properties=False))
    except ValueError:
        return Node(node.path, MALFORMED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement of an IAM policy document. `principals` are `*` or `<kind>:<who>`, conditions by their key in lower case."""

    allows: bool
    actions: tuple[str, ...]
    excepts_actions: bool
    resources: tuple[str, ...]
    excepts_resources: bool
    principals: tuple[str, ...]
    excepts_principals: bool
    conditions: Mapping[str, tuple[str, ...]]

    @property
    def is_open_to_everyone(self) -> bool:
        """Whether it allows something to whoever asks: no condition says where a caller belongs."""
        names_everyone = self.excepts_principals or bool(
            {EVERYTHING, f"AWS:{EVERYTHING}"} & set(self.principals)
        )
        return self.allows and names_everyone and not CALLER_CONDITIONS & set(self.conditions)


# Conditions that tie callers to an account, an organisation, a resource or a network that one owns.
CALLER_CONDITIONS = {
    "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths",
    "aws:sourceaccount", "aws:sourcearn", "aws:sourceowner", "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce",
    "kms:calleraccount", "s3:dataaccesspointaccount", "sns:endpoint",
}  # fmt: skip


def judge_statements(
    node: Node, judge: Callable[[Statement], str | None], *, needed: bool = False
) -> Findings:
    """Judge each statement of the policy document at `node`.

    `judge` returns what is wrong with a statement, as the end of a sentence that begins with it. What is missing is in
    order unless it is `needed`. A statement with something unknown in it is undecided; the others are judged.
    """
    document = parsed(node)
    if document.value is None:
        if needed:
            yield Violation(f"`{node.path}` is not set; it must be a policy document")
        return
    if document.is_unknown:
        yield Undecided(node.path)
        return
    if not isinstance(document.value, Mapping) or "Statement" not in document.value:
        yield Violation(f"`{node.path}` is no policy document")
        return
    for item in document.at("Statement").items():
        if has_unknown(item.value):
            yield Undecided(item.path)
        elif not isinstance(item.value, Mapping):
            yield Violation(f"`{item.path}` is no statement")
        elif wrong := judge(_statement(item.value)):
            yield Violation(f"`{item.path}` {wrong}")


def statements(node: Node) -> list[Statement]:
    """The statements of a policy document that are known; none where there is no document."""
    document = parsed(node)
    if not isinstance(document.value, Mapping):
        return []
    return [
        _statement(item.value)
        for item in document.at("Statement").items()
        if isinstance(item.value, Mapping) and not has_unknown(item.value)
    ]


def _statement(statement: Mapping[str, Any]) -> Statement:
    return Statement(
        allows=statement.get("Effect") != "Deny",
        actions=_texts(statement.get("Action", statement.get("NotAction"))),
        excepts_actions="NotAction" in statement,
        resources=_texts(statement.get("Resource", statement.get("NotResource"))),
        excepts_resources="NotResource" in statement,
        principals=_principals(statement.get("Principal", statement.get("NotPrincipal"))),
        excepts_principals="NotPrincipal" in statement,
        conditions=_conditions(statement.get("Condition")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    """One or several, as IAM takes them."""
    if isinstance(value, list):
        return tuple(str(entry) for entry in value)
    return () if value is None else (str(value),)


def _principals(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(f"{kind}:{who}" for kind, found in value.items() for who in _texts(found))
    return _texts(value)


def _conditions(value: Any) -> dict[str, tuple[str, ...]]:
    """What the conditions ask for by key. One that asks for the absence of a key, or for what it is not, ties nobody."""
    found: dict[str, tuple[str, ...]] = {}
    if isinstance(value, Mapping):
        for operator, keys in value.items():
            if isinstance(keys, Mapping) and "Not" not in operator and operator != "Null":
                found |= {
                    key.lower(): _texts(wanted) for key, wanted in keys.items() if _texts(wanted) != ("*",)
                }
    return found


def is_unknown_or_malformed(node: Node) -> bool:
    """Whether a document cannot be read."""
    return node.value is UNKNOWN or node.value is MALFORMED
