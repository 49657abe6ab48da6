# ruff: noqa: ARG002 - the protocol decides what a method is given
"""Run a resource provider as the Pulumi engine expects: a gRPC server that prints its port and ends with the engine.

The engine gives a plugin a pipe as standard input, a process group of its own, `Cancel` before it goes, and SIGINT
when it closes. Ctrl-C reaches a plugin that shares the terminal's group too, while the engine still wants it to
finish what it does: SIGINT therefore counts only after `Cancel`.
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping
from concurrent import futures
from importlib import metadata
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.adapter import UNLIMITED_MESSAGES, values
from sandbox.processes.starter import on_end_of_starter

# The engine runs up to sixteen operations per CPU at once, and each may wait minutes for AWS.
_WORKERS = 256
# The engine waits five seconds for a plugin that it asked to end.
_GRACE_SECONDS = 4.0


class ProviderServer(provider_pb2_grpc.ResourceProviderServicer):
    """What every provider of the sandbox answers alike. `package` is the SDK whose version it stands for."""

    def __init__(self, package: str) -> None:
        self.version = metadata.version(package)
        self.cancelled = threading.Event()

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Tell the engine to send secrets as secrets."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Accept any configuration."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Take the provider's arguments as they are."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """No argument of the provider needs new resources."""
        return provider_pb2.DiffResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The version of the SDK that this provider serves."""
        return plugin_pb2.PluginInfo(version=self.version)

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """No schema: programs in Python bring their SDK."""
        return provider_pb2.GetSchemaResponse(schema="{}")

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """The engine is going: give up what is running."""
        self.cancelled.set()
        return empty_pb2.Empty()

    def close(self) -> None:
        """Let go of everything; called once, at the end of the process."""


def type_token(urn: str) -> str:
    """The type of the resource that a URN names: `aws:kms/key:Key`."""
    return urn.split("::")[2].rpartition("$")[2]


def abort(context: grpc.ServicerContext, message: str, detail: Message | None = None) -> None:
    """End a request with an error, and with a detail that the engine acts on."""
    if detail is not None:
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)


def check_failure(path: str, reason: str, inputs: Mapping[str, Any]) -> provider_pb2.CheckFailure:
    """What is wrong with the input at a property path, without any secret.

    The engine prints the value of a property that a failure names, secret or not, and finds only top-level ones: any
    other path goes into the reason.
    """
    reason = values.redact(reason, inputs)
    if path in inputs and not values.has_secret(inputs[path]):
        return provider_pb2.CheckFailure(property=path, reason=reason)
    return provider_pb2.CheckFailure(reason=f"{path}: {reason}" if path else reason)


def serve(servicer: ProviderServer) -> None:
    """Serve until the engine says so or is gone; returns when everything is closed."""
    ended = threading.Event()
    server = grpc.server(futures.ThreadPoolExecutor(_WORKERS), options=UNLIMITED_MESSAGES)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def interrupted(_number: int, _frame: object) -> None:
        if servicer.cancelled.is_set():
            ended.set()

    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    on_end_of_starter(ended.set)
    print(port, flush=True)
    ended.wait()
    server.stop(_GRACE_SECONDS if servicer.cancelled.is_set() else None).wait()
    servicer.close()
    sys.stdout.flush()
    # Requests that are still waiting for AWS hold threads that would keep the interpreter from ending.
    os._exit(0)
