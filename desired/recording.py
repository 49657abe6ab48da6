"""Runs a Pulumi program against mocks and records every registration.

It shows what a program declares and how its resources hang together. It proves nothing about the engine, the
provider or AWS: no input is checked by them, and every output is made up here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import resource_pb2

from contract.names import PROJECT
from contract.provider_messages import NO_REPLICATION_GROUP

# What the look-ups of our program find, by the function's token, in an account where nothing exists yet; and what the provider
# says where finding nothing is an error.
NOTHING: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"aws:rds/getInstances:getInstances": {"instanceIdentifiers": []}}
)
NOT_FOUND: Mapping[str, str] = MappingProxyType(
    {
        "aws:elasticache/getReplicationGroup:getReplicationGroup": NO_REPLICATION_GROUP,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """One registered resource, with what the engine would be told about it, and made-up outputs. URNs refer to other registrations."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    provider: str
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    dependencies: frozenset[str]


@dataclass(slots=True)
class Recording:
    """What one run of a program declared, in order; `outputs` are the program's results, resolved."""

    registrations: list[Registration] = field(default_factory=list)
    registered_outputs: set[str] = field(default_factory=set)
    invokes: list[str] = field(default_factory=list)
    outputs: Mapping[str, Any] = field(default_factory=dict)


def record(
    program: Callable[[], Mapping[str, Any]], stack: str, answers: Mapping[str, Mapping[str, Any]] = NOTHING
) -> Recording:
    """Run `program`, which returns its outputs by key, as stack `stack`; return what it declared.

    `answers` are what its look-ups find, by the function's token. Whatever the program raises is raised here.
    """
    recording = Recording()
    made_up = _MadeUpCloud(recording, answers)
    settings.ROOT.set(None)  # the SDK would keep the root of a stack that was recorded before
    mocks.set_mocks(
        made_up, project=PROJECT, stack=stack, preview=False, monitor=_RecordingMonitor(made_up, recording)
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> pulumi.Output[None]:
        return pulumi.Output.all(**program()).apply(_keep)

    def _keep(outputs: Mapping[str, Any]) -> None:
        recording.outputs = outputs

    run()
    return recording


class _MadeUpCloud(mocks.Mocks):
    """Every resource gets the outputs that programs commonly read, derived from its name and its provider's region."""

    def __init__(self, recording: Recording, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self._recording = recording
        self._answers = answers
        self._regions: dict[str, str] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if not args.custom:
            return "", args.inputs
        if args.typ == "pulumi:providers:aws":
            self._regions[args.name] = args.inputs["region"]
        service = args.typ.split(":")[1].split("/")[0]
        made_up = {
            "arn": f"arn:aws:{service}:{self._region(args)}:123456789012:{args.name}",
            "name": args.name,
            "keyId": f"{args.name}-key-id",
            "address": f"{args.name}.made-up",
            "resourceId": f"{args.name}-resource-id",
            "result": f"{args.name}-result",
            "dbName": f"{args.name}-database".replace("-", "_"),
            "username": f"{args.name}-user",
            "kmsKeyId": f"{args.name}-key",
            "hex": "00000000",
            "configurationEndpointAddress": f"{args.name}.made-up",
            "primaryEndpointAddress": f"{args.name}.made-up",
            "clusterEndpoints": [{"address": f"{args.name}.made-up", "port": 0}],
            "b64Std": "AAAAAAAAAAAAAAAAAAAAAA==",
            "dnsName": f"{args.name}.made-up",
            "arnSuffix": f"{args.name}/made-up",
            "repositoryUrl": f"{args.name}.made-up",
        }
        return f"{args.name}-id", {**made_up, **args.inputs}

    def _region(self, args: mocks.MockResourceArgs) -> str:
        """A provider is referred to by its URN, which ends with its name, and its id."""
        return self._regions.get(args.provider.split("::")[-2], "") if args.provider else ""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The answer that was given for a function; without one, that nothing of the kind exists."""
        self._recording.invokes.append(args.token)
        if args.token in self._answers:
            return dict(self._answers[args.token]), []
        return {}, [("", NOT_FOUND[args.token])]


class _RecordingMonitor(mocks.MockMonitor):
    """The stand-in for the engine, which also keeps what the SDK's own drops."""

    def __init__(self, made_up: mocks.Mocks, recording: Recording) -> None:
        super().__init__(made_up)
        self._recording = recording

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine makes it: with the types of all ancestors, where the SDK's stand-in has the parent's alone."""
        if parent == "":
            return super().make_urn(parent, type_, name)
        ancestors = parent.split("::")[2].removeprefix("pulumi:pulumi:Stack$")
        return super().make_urn("", f"{ancestors}${type_}", name)

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if response.urn in {registration.urn for registration in self._recording.registrations}:
            raise ValueError(f"{response.urn} is registered twice, which the engine refuses")
        if request.type != "pulumi:pulumi:Stack":
            self._recording.registrations.append(
                Registration(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    custom=request.custom,
                    inputs=rpc.deserialize_properties(request.object),
                    outputs=rpc.deserialize_properties(response.object),
                    provider=request.provider,
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    ignore_changes=tuple(request.ignoreChanges),
                    dependencies=frozenset(request.dependencies),
                )
            )
        return response

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:
        self._recording.registered_outputs.add(request.urn)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]
