"""A provider plugin driven as the Pulumi engine drives it: a process, its port, and the provider protocol over gRPC."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.adapter import values
from sandbox.environment import without_foreign_variables

REGION = "us-east-1"
STATE = "__terraform"
# Over what the provider waits for a new DB instance that it changes and reboots afterwards: four minutes.
REQUEST_TIMEOUT_SECONDS = 600


class RequestFailedError(Exception):
    """A request that the adapter refused: its message, and what it wants recorded of a partial change."""

    def __init__(self, error: grpc.RpcError) -> None:
        self.message = error.details() or ""
        self.partial: provider_pb2.ErrorResourceInitFailed | None = None
        metadata: Any = error.trailing_metadata()
        trailing = dict(metadata or ())
        if "grpc-status-details-bin" in trailing:
            status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
            self.partial = provider_pb2.ErrorResourceInitFailed()
            status.details[0].Unpack(self.partial)
        super().__init__(self.message)


@dataclass
class Resource:
    """A resource as the engine's state has it."""

    type: str
    name: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    wire: provider_pb2.CreateResponse | None = None

    @property
    def urn(self) -> str:
        """Its URN."""
        return urn(self.type, self.name)


@dataclass
class Plugin:
    """A running plugin process and what the engine says to it."""

    process: subprocess.Popen[bytes]
    stub: provider_pb2_grpc.ResourceProviderStub
    channel: grpc.Channel = field(repr=False)

    def request(self, method: str, message: Any) -> Any:
        """Send one request; raises RequestFailedError."""
        try:
            return getattr(self.stub, method)(message, timeout=REQUEST_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            raise RequestFailedError(error) from None

    def configure(self, **arguments: Any) -> None:
        """Configure the provider as a provider resource with these arguments would."""
        self.request(
            "Configure", provider_pb2.ConfigureRequest(args=values.encode(arguments), acceptSecrets=True)
        )

    def check(
        self, type_: str, name: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> Any:
        """The raw answer to Check."""
        return self.request(
            "Check",
            provider_pb2.CheckRequest(
                urn=urn(type_, name),
                news=values.encode(inputs),
                olds=values.encode(olds or {}),
                randomSeed=b"seed",
            ),
        )

    def inputs(
        self, type_: str, name: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> Any:
        """The checked inputs, without any failure."""
        answer = self.check(type_, name, inputs, olds)
        assert not answer.failures, answer.failures
        return values.decode(answer.inputs)

    def preview(self, type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What a new resource would look like."""
        answer = self.request(
            "Create",
            provider_pb2.CreateRequest(
                urn=urn(type_, name), properties=values.encode(self.inputs(type_, name, inputs)), preview=True
            ),
        )
        return values.decode(answer.properties)

    def create(self, type_: str, name: str, inputs: Mapping[str, Any], timeout: float = 0) -> Resource:
        """Check and create."""
        checked = self.inputs(type_, name, inputs)
        answer = self.request(
            "Create",
            provider_pb2.CreateRequest(
                urn=urn(type_, name), properties=values.encode(checked), timeout=timeout
            ),
        )
        return Resource(type_, name, answer.id, checked, values.decode(answer.properties), answer)

    def diff(
        self,
        resource: Resource,
        inputs: Mapping[str, Any],
        ignore: list[str] | None = None,
        check: bool = True,
    ) -> provider_pb2.DiffResponse:
        """The difference to new inputs."""
        news = self.inputs(resource.type, resource.name, inputs, resource.inputs) if check else dict(inputs)
        answer = self._compare("Diff", provider_pb2.DiffRequest, resource, news, ignore)
        assert isinstance(answer, provider_pb2.DiffResponse)
        return answer

    def update(
        self, resource: Resource, inputs: Mapping[str, Any], ignore: list[str] | None = None
    ) -> Resource:
        """Check and update in place."""
        news = self.inputs(resource.type, resource.name, inputs, resource.inputs)
        answer = self._compare("Update", provider_pb2.UpdateRequest, resource, news, ignore)
        return Resource(resource.type, resource.name, resource.id, news, values.decode(answer.properties))

    def _compare(
        self,
        method: str,
        message: type[provider_pb2.DiffRequest | provider_pb2.UpdateRequest],
        resource: Resource,
        news: Mapping[str, Any],
        ignore: list[str] | None,
    ) -> Any:
        """The answer to a request about a resource as it is and the inputs that it is to have."""
        return self.request(
            method,
            message(
                id=resource.id,
                urn=resource.urn,
                olds=values.encode(resource.outputs),
                old_inputs=values.encode(resource.inputs),
                news=values.encode(news),
                ignoreChanges=ignore or [],
            ),
        )

    def read(self, resource: Resource) -> Resource | None:
        """What a refresh finds, or None where the resource is gone."""
        answer = self.request(
            "Read",
            provider_pb2.ReadRequest(
                id=resource.id,
                urn=resource.urn,
                properties=values.encode(resource.outputs),
                inputs=values.encode(resource.inputs),
            ),
        )
        if not answer.id:
            return None
        return Resource(
            resource.type,
            resource.name,
            answer.id,
            values.decode(answer.inputs),
            values.decode(answer.properties),
        )

    def import_(self, type_: str, name: str, resource_id: str) -> Resource | None:
        """What an import by id finds."""
        return self.read(Resource(type_, name, resource_id, {}, {}))

    def delete(self, resource: Resource, timeout: float = 0) -> None:
        """Delete."""
        self.request(
            "Delete",
            provider_pb2.DeleteRequest(
                id=resource.id, urn=resource.urn, properties=values.encode(resource.outputs), timeout=timeout
            ),
        )

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        """Call a function."""
        answer = self.request("Invoke", provider_pb2.InvokeRequest(tok=token, args=values.encode(arguments)))
        return values.decode(getattr(answer, "return"))

    def cancel(self) -> None:
        """Tell the plugin that the engine is going."""
        self.request("Cancel", empty_pb2.Empty())

    def close(self) -> None:
        """End the plugin as the engine does: Cancel, then SIGINT to its process group."""
        if self.process.poll() is None:
            self.cancel()
            os.killpg(self.process.pid, signal.SIGINT)
        self.channel.close()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()


def urn(type_: str, name: str) -> str:
    """The URN of a resource in the tests' stack."""
    return f"urn:pulumi:dev::tests::{type_}::{name}"


def start_plugin(module: str, environ: Mapping[str, str], stderr: IO[bytes] | None = None) -> Plugin:
    """Start a plugin as the engine does: a pipe as standard input, a process group of its own, a port on stdout.

    Of the user's environment nothing gets there that could lead to a real account.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**without_foreign_variables(os.environ), **environ},
        process_group=0,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", -1)])
    return Plugin(process, provider_pb2_grpc.ResourceProviderStub(channel), channel)
