"""IAM policy documents: the permissions that a changed document gives, or no longer denies."""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.review.difference import differences, many
from ops.review.digest import Planned, Special
from ops.review.finding import NOTHING, Finding, Risk


def change(planned: Planned, name: str) -> Iterator[Finding]:
    """What a policy document allows that it did not. A document that is not known yet may allow anything."""
    before, after = (planned.old or NOTHING).inputs.get(name), (planned.new or NOTHING).inputs.get(name)
    if isinstance(after, Special):
        yield Finding(
            risk=Risk.SECURITY, says="a policy whose new text this preview does not say", property=name
        )
        return
    if after is None:
        yield Finding(
            risk=Risk.SECURITY, says="a policy that is taken away may have denied something", property=name
        )
        return
    gained = sorted(_grants(after) - _grants(before))
    lost = sorted(_grants(before, effect="Deny") - _grants(after, effect="Deny"))
    for grant in gained:
        yield Finding(risk=Risk.SECURITY, says=f"allows {grant}", property=name)
    for grant in lost:
        yield Finding(risk=Risk.SECURITY, says=f"no longer denies {grant}", property=name)


def _grants(document: Any, effect: str = "Allow") -> set[str]:
    """Each principal, action, resource and condition that a policy names, as one text for each combination."""
    return {
        f"{action} on {resource}{who}{condition}"
        for statement in _statements(document)
        if statement.get("Effect") == effect
        for action in _texts(statement, "Action", "NotAction")
        for resource in _texts(statement, "Resource", "NotResource") or ["itself"]
        for who in _principals(statement)
        for condition in [_condition(statement)]
    }


def open_grants(document: Any) -> set[str]:
    """What a policy allows to everybody, or everything that it allows, without a condition."""
    return {
        grant
        for statement in _statements(document)
        if statement.get("Effect") == "Allow" and not statement.get("Condition")
        for action in _texts(statement, "Action", "NotAction")
        for who in _principals(statement)
        if who == " by everybody" or (action == "*" and not statement.get("Principal"))
        for grant in [f"{action}{who}"]
    }


def _statements(document: Any) -> list[Mapping[str, Any]]:
    parsed = next((each.after for each in differences({"": None}, {"": document})), None)
    found = parsed.get("Statement") if isinstance(parsed, Mapping) else None
    statements = found if isinstance(found, list) else [found]
    return [statement for statement in statements if isinstance(statement, Mapping)]


def _texts(statement: Mapping[str, Any], name: str, negated: str) -> list[str]:
    if name in statement:
        return [_text(each) for each in many(statement[name])]
    return [f"all but {_text(each)}" for each in many(statement.get(negated, []))]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    if principal is None:
        return [""]
    if isinstance(principal, Mapping):
        named = [_text(each) for kind in sorted(principal) for each in many(principal[kind])]
    else:
        named = [_text(principal)]
    return [" by everybody" if name == "*" else f" by {name}" for name in named]


def _condition(statement: Mapping[str, Any]) -> str:
    condition = statement.get("Condition")
    return f" if {', '.join(sorted(condition))}" if isinstance(condition, Mapping) and condition else ""


def _text(value: Any) -> str:
    return value.value if isinstance(value, Special) else str(value)
