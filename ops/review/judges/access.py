"""Access: protections that are switched off, network rules and policies that let in somebody new."""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.review import aws_effects
from ops.review.difference import Difference, Kind
from ops.review.digest import Planned, Special
from ops.review.finding import NOTHING, Finding, Risk, is_parameter, loosened, strings
from ops.review.judges import iam_policy


def judge(planned: Planned, found: tuple[Difference, ...], created: set[str]) -> Iterator[Finding]:
    """The findings on who gets in. `created` are the URNs of the preview's new resources."""
    if planned.operation == "create":
        yield from _of_new(planned, created)
        return
    for each in found:
        if says := loosened(each, aws_effects.OPENED):
            yield Finding(risk=Risk.SECURITY, says=says, property=each.text)
        if (
            is_parameter(planned, each)
            and {part.strip("[]") for part in each.path} & aws_effects.PROTECTING_PARAMETERS
        ):
            yield Finding(
                risk=Risk.SECURITY, says="a parameter that requires TLS or records logins", property=each.text
            )
        if each.leaf.endswith(aws_effects.KEY_PROPERTY_ENDINGS):
            yield Finding(
                risk=Risk.SECURITY,
                says="encrypted with another key: who may read it changes",
                property=each.text,
            )
    for name in sorted({each.top for each in found} & aws_effects.POLICY_DOCUMENTS):
        yield from iam_policy.change(planned, name)
    if planned.type in {aws_effects.SECURITY_GROUP, aws_effects.INGRESS_RULE}:
        yield from _ingress_change(planned, found)


def _of_new(planned: Planned, created: set[str]) -> Iterator[Finding]:
    """A new resource widens what exists if it grants something to it, and whatever is open to everybody."""
    new = planned.new or NOTHING
    subject = aws_effects.GRANTS.get(planned.type)
    subjects = new.property_dependencies.get(subject or "", ())
    # Without dependencies nothing says that the subject is new, too.
    if subject and not (subjects and set(subjects) <= created):
        source = _source(new.inputs) if planned.type == aws_effects.INGRESS_RULE else ""
        yield Finding(
            risk=Risk.SECURITY,
            says=f"lets in {source}" if source else f"grants something to a {subject} that exists",
        )
    for value in strings(new.inputs):
        if (
            value in aws_effects.WORLD
            and planned.type in {aws_effects.SECURITY_GROUP, aws_effects.INGRESS_RULE}
            and not _only_egress(new.inputs)
        ):
            yield Finding(risk=Risk.SECURITY, says=f"lets in everybody ({value})")
    if new.inputs.get("publiclyAccessible") is True:
        yield Finding(risk=Risk.SECURITY, says="reachable from the internet", property="publiclyAccessible")
    for name in sorted(new.inputs.keys() & aws_effects.POLICY_DOCUMENTS):
        for grant in sorted(iam_policy.open_grants(new.inputs[name])):
            yield Finding(risk=Risk.SECURITY, says=f"allows {grant}", property=name)


def _only_egress(inputs: Mapping[str, Any]) -> bool:
    return "egress" in inputs and not any(
        value in aws_effects.WORLD for value in strings(inputs.get("ingress"))
    )


def _source(inputs: Mapping[str, Any]) -> str:
    """Whom an ingress rule lets in, and to which ports."""
    who = next(
        (
            inputs[key]
            for key in ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
            if inputs.get(key)
        ),
        None,
    )
    whom = "a source that is known after apply" if who in {None, Special.UNKNOWN} else str(who)
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    ports = (
        ""
        if first is None
        else f" to port {first:g}"
        if first == last and isinstance(first, int | float)
        else f" to ports {first} to {last}"
    )
    return whom + ports


def _ingress_change(planned: Planned, found: tuple[Difference, ...]) -> Iterator[Finding]:
    for each in found:
        if (
            each.top == "egress"
            or each.top in {"tags", "tagsAll", "description"}
            or each.kind is Kind.REMOVED
        ):
            continue
        if planned.type == aws_effects.INGRESS_RULE or each.top == "ingress":
            yield Finding(
                risk=Risk.SECURITY, says="lets in somebody else, or to another port", property=each.text
            )
