"""Client of one Terraform provider process: plugin protocol 5 over gRPC, started by go-plugin's handshake.

Values here are plain Python objects in Terraform's names, with `UNKNOWN` for what is decided later. A process serves
one configuration, so each region has its own.
"""

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

import grpc
import msgpack

from sandbox.adapter import UNLIMITED_MESSAGES, wire
from sandbox.adapter.binary import ProviderBinary
from sandbox.adapter.proposal import proposed_new, with_known_parts
from sandbox.adapter.scratch import scratch_folder
from sandbox.adapter.shapes import Shape
from sandbox.adapter.values import UNKNOWN
from sandbox.processes.leash import start_leashed

# What go-plugin asks a host to show so that nobody starts a plugin by hand; Terraform's own value.
_MAGIC_COOKIE = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
_PROTOCOL = "5"
# The Terraform release whose behaviour this client follows; the provider puts it into its user agent.
_TERRAFORM_VERSION = "1.11.4"
# Reading a 700 MB executable from a cold disk dominates; a minute is ten times what was seen.
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_EXIT_SECONDS = 1.0
_UNKNOWN_EXTENSION = 0


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint of the provider; `path` holds Terraform attribute names and element keys."""

    path: tuple[str | int, ...]
    summary: str
    detail: str

    def __str__(self) -> str:
        where = ".".join(str(step) for step in self.path)
        parts = dict.fromkeys(part for part in (where, self.summary, self.detail) if part)
        return " ".join(": ".join(parts).split())


class ProviderError(Exception):
    """The provider refused or failed an operation."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        self.diagnostics = diagnostics
        super().__init__("; ".join(str(diagnostic) for diagnostic in diagnostics))


class ProviderStoppedError(Exception):
    """The provider process could not be started, or ended by itself."""


@dataclass(frozen=True, slots=True)
class State:
    """A resource as the provider knows it: its object (None where there is none) and its private data.

    `partial` says that a change failed half-way: the object claims what was asked for, which may not be what is.
    """

    value: dict[str, Any] | None
    private: bytes = b""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What an apply would do. `replaces` are the attribute paths whose change needs a new resource."""

    prior: State
    config: dict[str, Any] | None
    planned: dict[str, Any] | None
    private: bytes
    replaces: tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """The state after an apply; with an `error`, what came into being before it."""

    state: State
    error: ProviderError | None


def pack(value: Any) -> bytes:
    """A Terraform object as MessagePack."""
    return msgpack.packb(value, default=_pack_unknown)  # type: ignore[no-any-return]


def unpack(data: bytes) -> Any:
    """The Terraform object in MessagePack bytes."""
    return msgpack.unpackb(data, ext_hook=lambda _code, _data: UNKNOWN, strict_map_key=False)


def _pack_unknown(value: Any) -> Any:
    if value is UNKNOWN:
        return msgpack.ExtType(_UNKNOWN_EXTENSION, b"\0")
    raise TypeError(f"{type(value).__name__} is not a Terraform value")


class Client:
    """A running provider. `close` ends it, and so does the end of this process."""

    def __init__(self, binary: ProviderBinary) -> None:
        """Start the provider; raises ProviderStoppedError."""
        self.binary = binary
        self._sockets = scratch_folder()
        self._crash = ""
        self._channel: grpc.Channel | None = None
        self._process = start_leashed(
            [str(binary.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                _MAGIC_COOKIE[0]: _MAGIC_COOKIE[1],
                "PLUGIN_PROTOCOL_VERSIONS": _PROTOCOL,
                "PLUGIN_UNIX_SOCKET_DIR": self._sockets.name,
            },
        )
        self._readers = [self._read_on(self._process.stderr)]
        try:
            channel = grpc.insecure_channel(self._handshake(), options=UNLIMITED_MESSAGES)
        except ProviderStoppedError:
            self._readers.append(self._read_on(self._process.stdout))
            self.close()
            raise
        self._channel = channel
        self._readers.append(self._read_on(self._process.stdout))
        self._methods: dict[str, Callable[..., Any]] = {
            method: channel.unary_unary(
                wire.method_path(method),
                request_serializer=wire.message_class(request).SerializeToString,
                response_deserializer=wire.message_class(response).FromString,
            )
            for method, (request, response) in wire.METHODS.items()
        }

    @property
    def process_id(self) -> int:
        """The provider's process."""
        return self._process.pid

    def _handshake(self) -> str:
        """The address in the line `core protocol|plugin protocol|network|address|grpc` that the provider prints."""
        timer = threading.Timer(_START_SECONDS, self._process.kill)
        timer.start()
        line = cast("IO[bytes]", self._process.stdout).readline().decode(errors="replace").strip()
        timer.cancel()
        parts = line.split("|")
        if len(parts) < 5 or parts[1] != _PROTOCOL or parts[4] != "grpc":
            raise ProviderStoppedError(
                self._explain(f"it answered {line!r} instead of a plugin protocol 5 handshake")
            )
        return f"unix:{parts[3]}" if parts[2] == "unix" else parts[3]

    def _read_on(self, stream: Any) -> threading.Thread:
        """Read a stream to its end, since the provider would wait on a full pipe, and keep why it crashed."""

        def read() -> None:
            with stream:
                for line in stream:
                    # What follows, a trace of every goroutine, is of no use to the user.
                    if not self._crash and (b"panic:" in line or b"fatal error:" in line):
                        self._crash = line.decode(errors="replace").strip()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        return reader

    def _explain(self, problem: str) -> str:
        # What a process said last may still be in the pipe when it is gone.
        self._readers[0].join(_EXIT_SECONDS)
        return f"the Terraform AWS provider {self.binary.path} does not run: {problem}" + (
            f" ({self._crash})" if self._crash else ""
        )

    def _call(self, method: str, **fields: Any) -> Any:
        request = wire.message(wire.METHODS[method][0], **fields)
        try:
            return self._methods[method](request)
        except grpc.RpcError as error:
            # A process that dies closes its socket a moment before it can be waited for.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_EXIT_SECONDS)
            if self._process.returncode is not None:
                raise ProviderStoppedError(
                    self._explain(f"it ended with exit code {self._process.returncode}")
                ) from None
            raise ProviderStoppedError(self._explain(f"{method} failed: {error.details()}")) from None

    # ---- the provider itself

    def schema(self) -> Any:
        """The provider's whole schema, as the protocol's SchemaResponse."""
        response = self._call("GetSchema")
        _raise_errors(response)
        return response

    def configure(self, config: Mapping[str, Any]) -> None:
        """Give the provider its configuration; raises ProviderError."""
        packed = _dynamic(config)
        prepared = self._call("PrepareProviderConfig", config=packed)
        _raise_errors(prepared)
        if prepared.prepared_config.msgpack:
            packed = prepared.prepared_config
        _raise_errors(
            self._call(
                "Configure",
                terraform_version=_TERRAFORM_VERSION,
                config=packed,
                client_capabilities=_capabilities(),
            )
        )

    def stop(self) -> None:
        """Ask the provider to give up what it is doing; operations in flight end with an error."""
        with contextlib.suppress(ProviderStoppedError):  # one that has ended is as stopped as can be
            self._call("Stop")

    def close(self) -> None:
        """End the provider process and wait for its end."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._channel is not None:
            self._channel.close()
        for reader in self._readers:
            reader.join(_STOP_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._sockets.cleanup()

    # ---- resources

    def validate(self, shape: Shape, config: dict[str, Any]) -> list[Diagnostic]:
        """What the provider finds wrong with a configuration."""
        response = self._call(
            "ValidateResourceTypeConfig",
            type_name=shape.terraform_type,
            config=_dynamic(config),
            client_capabilities=_capabilities(),
        )
        return _errors(response)

    def plan(self, shape: Shape, prior: State, config: dict[str, Any]) -> Plan:
        """What it takes to get from `prior` to `config`; raises ProviderError."""
        response = self._call(
            "PlanResourceChange",
            type_name=shape.terraform_type,
            prior_state=_dynamic(prior.value),
            proposed_new_state=_dynamic(proposed_new(shape.object, prior.value, config)),
            config=_dynamic(config),
            prior_private=prior.private,
            client_capabilities=_capabilities(),
        )
        _raise_errors(response)
        return Plan(
            prior=prior,
            config=config,
            planned=with_known_parts(shape.object, _object(response.planned_state) or {}, config),
            private=response.planned_private,
            replaces=tuple(_path(path) for path in response.requires_replace),
        )

    def plan_delete(self, shape: Shape, prior: State) -> Plan:
        """What it takes to delete `prior`; raises ProviderError."""
        nothing = _dynamic(None)
        response = self._call(
            "PlanResourceChange",
            type_name=shape.terraform_type,
            prior_state=_dynamic(prior.value),
            proposed_new_state=nothing,
            config=nothing,
            prior_private=prior.private,
            client_capabilities=_capabilities(),
        )
        _raise_errors(response)
        return Plan(prior, None, None, response.planned_private, ())

    def apply(self, shape: Shape, plan: Plan) -> Applied:
        """Carry out a plan. A failure is returned, not raised: it may leave a resource behind."""
        response = self._call(
            "ApplyResourceChange",
            type_name=shape.terraform_type,
            prior_state=_dynamic(plan.prior.value),
            planned_state=_dynamic(plan.planned),
            config=_dynamic(plan.config),
            planned_private=plan.private,
        )
        errors = _errors(response)
        state = State(_object(response.new_state), response.private, partial=bool(errors))
        return Applied(state, ProviderError(errors) if errors else None)

    def read(self, shape: Shape, state: State) -> State:
        """The resource as it is now, with value None where it is gone; raises ProviderError."""
        response = self._call(
            "ReadResource",
            type_name=shape.terraform_type,
            current_state=_dynamic(state.value),
            private=state.private,
            client_capabilities=_capabilities(),
        )
        _raise_errors(response)
        return State(_object(response.new_state), response.private)

    def import_state(self, shape: Shape, resource_id: str) -> State:
        """A first state of an existing resource, to be read next; raises ProviderError."""
        response = self._call(
            "ImportResourceState",
            type_name=shape.terraform_type,
            id=resource_id,
            client_capabilities=_capabilities(),
        )
        _raise_errors(response)
        for imported in response.imported_resources:
            if imported.type_name == shape.terraform_type:
                return State(_object(imported.state), imported.private)
        return State(None)

    def upgrade(self, shape: Shape, version: int, value: dict[str, Any]) -> dict[str, Any]:
        """A state written under an older version of the type's schema, in today's; raises ProviderError."""
        response = self._call(
            "UpgradeResourceState",
            type_name=shape.terraform_type,
            version=version,
            raw_state=wire.message("RawState", json=json.dumps(value).encode()),
        )
        _raise_errors(response)
        return _object(response.upgraded_state) or {}

    def read_data(self, shape: Shape, config: dict[str, Any]) -> dict[str, Any]:
        """The answer of a data source; raises ProviderError."""
        response = self._call(
            "ReadDataSource",
            type_name=shape.terraform_type,
            config=_dynamic(config),
            client_capabilities=_capabilities(),
        )
        _raise_errors(response)
        return _object(response.state) or {}


def _dynamic(value: Any) -> Any:
    return wire.message("DynamicValue", msgpack=pack(value))


def _object(dynamic: Any) -> dict[str, Any] | None:
    if dynamic.json:
        return json.loads(dynamic.json)  # type: ignore[no-any-return]
    return unpack(dynamic.msgpack) if dynamic.msgpack else None


def _capabilities() -> Any:
    return wire.message("ClientCapabilities", write_only_attributes_allowed=True)


def _path(path: Any) -> tuple[str | int, ...]:
    kinds = ("attribute_name", "element_key_string", "element_key_int")
    return tuple(getattr(step, kind) for step in path.steps for kind in kinds if step.HasField(kind))


def _errors(response: Any) -> list[Diagnostic]:
    return [
        Diagnostic(_path(found.attribute), found.summary, found.detail)
        for found in response.diagnostics
        if found.severity == wire.SEVERITY_ERROR
    ]


def _raise_errors(response: Any) -> None:
    errors = _errors(response)
    if errors:
        raise ProviderError(errors)
