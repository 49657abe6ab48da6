"""The pack as a service, beside the SDK's own.

Proves that a resource which only the policies about its type are asked about gets the same answer as one that all are asked
about, for every resource of prod, of prod without its protections, and of the bad stack. Does not prove that the engine
accepts it: tests/sandbox/test_policies.py does; nor how fast it is: `make bench` measures that.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy import policy as sdk

from desired.judging import Declared
from policies.pack import NAME, Policies, all_policies, is_about
from policies.rules import RESOURCE_RULES
from policies.serving import servicer_of
from tests.harness.judged import TODAY
from tests.policies.bad_stack import BAD_STACK
from tests.policies.resources import ours


@pytest.fixture(scope="module")
def policies() -> Policies:
    return all_policies([], TODAY)


def struct(values: Any) -> struct_pb2.Struct:
    return json_format.ParseDict(json.loads(json.dumps(dict(values), default=str)), struct_pb2.Struct())


def request(declared: Declared) -> analyzer_pb2.AnalyzeRequest:
    """As the engine sends it."""
    return analyzer_pb2.AnalyzeRequest(
        type=declared.type,
        properties=struct(declared.inputs),
        urn=declared.urn,
        name=declared.name,
        provider=analyzer_pb2.AnalyzerProviderResource(
            type="pulumi:providers:aws", properties=struct({"region": "us-east-1"}), urn="urn", name="aws"
        ),
    )


def stacks() -> Iterator[Declared]:
    yield from ours("prod")
    yield from (replace(each, inputs={}) for each in ours("prod"))
    yield from BAD_STACK


def answers(servicer_type: type[Any], policies: Policies) -> list[analyzer_pb2.AnalyzeResponse]:
    servicer = servicer_type(NAME, "0.0.1", policies, EnforcementLevel.MANDATORY)
    return [servicer.Analyze(request(each), None) for each in stacks()]


def test_it_answers_as_the_sdks_own_does(policies: Policies) -> None:
    expected = answers(sdk._PolicyAnalyzerServicer, policies)
    assert sum(len(each.diagnostics) for each in expected) > len(RESOURCE_RULES), "the stacks break rules"
    assert answers(servicer_of(is_about), policies) == expected


def test_it_asks_those_that_are_about_the_type_and_the_packs_own_three(policies: Policies) -> None:
    asked: list[str] = []

    class Noting(servicer_of(is_about)):  # type: ignore[misc]
        def _get_enforcement_level(self, policy: Any) -> EnforcementLevel:
            asked.append(policy.name)
            return EnforcementLevel.DISABLED

    Noting(NAME, "0.0.1", policies, EnforcementLevel.MANDATORY).Analyze(
        request(Declared(type="aws:sns/topic:Topic")), None
    )
    about = {rule.id for rule in RESOURCE_RULES if "aws:sns/topic:Topic" in rule.on}
    assert about
    assert about < set(asked)
    assert not (set(asked) - about) & {rule.id for rule in RESOURCE_RULES}
