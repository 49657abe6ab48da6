"""The pack as the engine's analyzer, which hands a resource only to the policies that are about its type.

Pulumi's SDK converts every resource anew for every policy, and a policy cannot say which types it is about: of a preview of 390
resources that was more than five seconds of CPU, nine tenths of it for policies that then look at the type and return. So the
SDK's own servicer is extended here. It is no public part of the SDK, which is pinned; tests/policies/test_serving.py compares
what both answer.
"""

import copy
from collections.abc import Callable
from typing import Any, Protocol

from pulumi_policy import EnforcementLevel, Policy, PolicyPack
from pulumi_policy import policy as sdk

POLICIES = "_PolicyAnalyzerServicer__policies"


class Request(Protocol):
    """What the engine asks about one resource."""

    type: str


def servicer_of(is_about: Callable[[Policy, str], bool]) -> type[Any]:
    """The SDK's servicer, whose `Analyze` asks only policies that are about the resource's type."""

    class Servicer(sdk._PolicyAnalyzerServicer):  # noqa: SLF001 - see above
        def Analyze(self, request: Request, context: object) -> Any:  # noqa: N802 - gRPC's name
            few = copy.copy(self)
            setattr(few, POLICIES, [each for each in getattr(self, POLICIES) if is_about(each, request.type)])
            return super(Servicer, few).Analyze(request, context)  # type: ignore[no-untyped-call]

    return Servicer


def serve(name: str, policies: list[Policy], is_about: Callable[[Policy, str], bool]) -> None:
    """Serve the policies to the engine that started this process; returns when the engine ends it."""
    # `PolicyPack` makes one of these and serves it.
    sdk._PolicyAnalyzerServicer = servicer_of(is_about)  # type: ignore[misc]  # noqa: SLF001 - see above
    PolicyPack(name, policies, EnforcementLevel.MANDATORY)
