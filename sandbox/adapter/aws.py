# ruff: noqa: ARG002 - the protocol decides what a method is given
"""`pulumi-resource-aws` over the Terraform AWS provider: `python -m sandbox.adapter.aws`.

The engine speaks Pulumi's provider protocol to this process; this process speaks Terraform's plugin protocol to the
real provider, one provider process for each region in use. Terraform's state of a resource travels in Pulumi's state,
under one key that is always a secret.
"""

import base64
import functools
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import grpc
import msgpack
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import autoname, binary, difference, names, paths, shapes, values
from sandbox.adapter.assets import UnusableAssetError, asset_path, relocate, write_assets
from sandbox.adapter.scratch import scratch_folder
from sandbox.adapter.server import ProviderServer, abort, check_failure, serve
from sandbox.adapter.shapes import Primitive, Shape
from sandbox.adapter.terraform import (
    Client,
    Diagnostic,
    Plan,
    ProviderError,
    ProviderStoppedError,
    State,
    pack,
    timeouts_config,
    unpack,
    with_delete_timeout,
)
from sandbox.adapter.values import UNKNOWN, InvalidInputsError, Problem, Secret

# The key of Terraform's state in a resource's outputs. The engine does not display keys with two underscores.
STATE_KEY = "__terraform"
# Arguments of a provider resource that are the engine's own.
_ENGINE_ARGUMENTS = ("version", "pluginDownloadURL")
_DIFF_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_Response = TypeVar("_Response")


class PartialFailureError(Exception):
    """A change that failed after it had touched the resource; `detail` is what the engine records."""

    def __init__(self, message: str, detail: provider_pb2.ErrorResourceInitFailed) -> None:
        self.detail = detail
        super().__init__(message)


class NotConfiguredError(Exception):
    """The provider's configuration lacks something, or never arrived."""


class ResourceGoneError(Exception):
    """A resource that the state has does not exist any more."""


class ForeignStateError(Exception):
    """A resource's state lacks what only the sandbox writes there."""


# Failures that a user can read and act on as they are.
_EXPLAINED = (
    ForeignStateError,
    InvalidInputsError,
    NotConfiguredError,
    ProviderError,
    ProviderStoppedError,
    ResourceGoneError,
    UnusableAssetError,
    binary.ProviderBinaryNotFound,
    names.UnknownTypeError,
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about: a resource's type and shape, and the provider process of its region."""

    token: str
    shape: Shape
    client: Client
    region: str


def explained(operation: str) -> Callable[[Callable[..., _Response]], Callable[..., _Response]]:
    """Answer a request's failure with one message that names what was attempted and holds no secret."""

    def decorate(handle: Callable[..., _Response]) -> Callable[..., _Response]:
        @functools.wraps(handle)
        def handled(self: Any, request: Any, context: grpc.ServicerContext) -> _Response:
            detail = None
            try:
                return handle(self, request, context)
            except PartialFailureError as failure:
                message, detail = str(failure), failure.detail
            except _EXPLAINED as failure:
                message = str(failure)
            except Exception as failure:  # noqa: BLE001 - the engine would show a bare gRPC error
                print(values.redact(traceback.format_exc(), *_bags(request)), file=sys.stderr)
                subject = getattr(request, "urn", "") or getattr(request, "tok", "") or "the provider"
                message = f"the sandbox's AWS adapter cannot {operation} {subject}: {type(failure).__name__}: {failure}"
            message = values.redact(message, *_bags(request))
            if detail is not None:
                detail.reasons[:] = [message]
            abort(context, message, detail)
            raise AssertionError("abort returned")

        return handled

    return decorate


def _bags(request: Any) -> list[dict[str, Any]]:
    fields = ("news", "olds", "old_inputs", "properties", "inputs", "args")
    return [values.decode(getattr(request, field)) for field in fields if hasattr(request, field)]


class AwsProvider(ProviderServer):
    """The provider's side of the engine's requests."""

    def __init__(self) -> None:
        super().__init__("pulumi-aws")
        self._folder = scratch_folder()
        self._lock = threading.Lock()
        self._arguments: dict[str, Any] | None = None
        self._default_tags: dict[str, Any] = {}
        self._region = ""
        self._clients: dict[str, Client] = {}
        self._schema: Any = None
        self._resource_schemas: dict[str, Any] = {}
        self._data_schemas: dict[str, Any] = {}
        self._shapes: dict[str, Shape] = {}
        # The SDK takes half a second to load, the provider longer to start: do both at once.
        threading.Thread(target=names.provider_properties, daemon=True).start()

    # ---- configuration

    @explained("compare the configuration of")
    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Resources live in a region: another region needs new ones. Anything else is a change in place."""
        old, new = values.decode(request.old_inputs or request.olds), values.decode(request.news)
        changed = sorted(
            name
            for name in {*old, *new} - {*_ENGINE_ARGUMENTS}
            if values.reveal(old.get(name)) != values.reveal(new.get(name))
        )
        replaces = ["region"] if "region" in changed and not values.has_unknown(new.get("region")) else []
        return _diff_response(
            [difference.Change(name, "update", name in replaces) for name in changed], False
        )

    @explained("configure")
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Start the Terraform provider for the configured region."""
        given = values.decode(request.args)
        # Added to each resource's own tags in Check; given to Terraform as well they would be there twice.
        self._default_tags = _default_tags(given.pop("defaultTags", None))
        arguments = values.reveal(given)
        self._arguments = {name: arg for name, arg in arguments.items() if name not in _ENGINE_ARGUMENTS}
        self._region = str(
            arguments.get("region")
            or os.environ.get("AWS_REGION")
            or os.environ.get("AWS_DEFAULT_REGION")
            or ""
        )
        if not self._region:
            raise NotConfiguredError(
                "no AWS region is set: set aws:region in the stack's configuration, or AWS_REGION"
            )
        self._client(self._region)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def _client(self, region: str) -> Client:
        with self._lock:
            if region not in self._clients:
                if self._arguments is None:
                    raise NotConfiguredError("the provider has not been configured")
                client = Client(binary.find())
                try:
                    self._read_schema(client)
                    client.configure(self._provider_config(region))
                except BaseException:
                    client.close()
                    raise
                self._clients[region] = client
            return self._clients[region]

    def _read_schema(self, client: Client) -> None:
        if self._schema is None:
            self._schema = client.schema()
            self._resource_schemas = {entry.key: entry.value for entry in self._schema.resource_schemas}
            self._data_schemas = {entry.key: entry.value for entry in self._schema.data_source_schemas}

    def _provider_config(self, region: str) -> dict[str, Any]:
        shape = shapes.build("aws", self._schema.provider, names.provider_properties())
        arguments = dict(self._arguments or {})
        for field in shape.object.fields:
            given = arguments.get(field.pulumi or "")
            # The SDK sends everything but strings as JSON text.
            if isinstance(given, str) and given and field.type != Primitive("string"):
                arguments[str(field.pulumi)] = json.loads(given)
        return values.to_terraform(shape.object, {**arguments, "region": region}, self._asset_path)

    # ---- resources

    @explained("check")
    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Complete the inputs with a name and default tags, and report what Terraform's provider finds wrong."""
        inputs, earlier = values.decode(request.news), values.decode(request.olds)
        target = self._target(request.urn, inputs.get("region"))
        inputs = autoname.add_name(
            target.token,
            target.shape,
            inputs,
            earlier,
            logical_name=_logical_name(request.urn),
            seed=request.randomSeed,
        )
        inputs = autoname.add_tags(target.shape, inputs, self._default_tags)
        try:
            config = self._config(target, inputs)
            problems = [
                Problem(difference.pulumi_path(target.shape, found.path), str(replace(found, path=())))
                for found in target.client.validate(target.shape, config)
            ]
        except InvalidInputsError as invalid:
            problems = invalid.problems
        return provider_pb2.CheckResponse(
            inputs=values.encode(inputs),
            failures=[check_failure(problem.path, problem.reason, inputs) for problem in problems],
        )

    @explained("compare")
    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """What an update would change, and whether it takes a new resource."""
        outputs, inputs = values.decode(request.olds), values.decode(request.news)
        target = self._target(request.urn, outputs.get("region"))
        plan = self._plan_update(target, outputs, inputs, list(request.ignoreChanges))
        changes = difference.changes(target.shape, plan)
        if self._moves(target, inputs):
            changes.append(difference.Change("region", "update", replaces=True))
        delete_first = autoname.delete_first(
            target.token, target.shape, inputs, values.decode(request.old_inputs)
        )
        return _diff_response(changes, delete_first)

    @explained("create")
    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Create a resource, or say what it would look like."""
        inputs = values.decode(request.properties)
        target = self._target(request.urn, inputs.get("region"))
        config = self._config(target, inputs)
        config = _with_timeouts(target.shape, config, "create", request.timeout, State(None))
        plan = target.client.plan(target.shape, State(None), config)
        if request.preview:
            return provider_pb2.CreateResponse(
                properties=values.encode(self._outputs(target, plan.planned or {}, inputs))
            )
        write_assets(Path(self._folder.name), inputs)
        resource_id, outputs = self._apply(target, plan, inputs, "create")
        return provider_pb2.CreateResponse(id=resource_id, properties=values.encode(outputs))

    @explained("update")
    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or say what it would look like."""
        earlier, inputs = values.decode(request.olds), values.decode(request.news)
        target = self._target(request.urn, earlier.get("region"))
        plan = self._plan_update(target, earlier, inputs, list(request.ignoreChanges), request.timeout)
        if request.preview:
            return provider_pb2.UpdateResponse(
                properties=values.encode(self._outputs(target, plan.planned or {}, inputs))
            )
        write_assets(Path(self._folder.name), inputs)
        _, outputs = self._apply(target, plan, inputs, "update")
        return provider_pb2.UpdateResponse(properties=values.encode(outputs))

    @explained("delete")
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete a resource."""
        outputs = values.decode(request.properties)
        target = self._target(request.urn, outputs.get("region"))
        prior = self._prior(target, outputs)
        if request.timeout:
            prior = with_delete_timeout(prior, request.timeout)
        applied = target.client.apply(target.shape, target.client.plan_delete(target.shape, prior))
        if applied.error:
            raise applied.error
        return empty_pb2.Empty()

    @explained("read")
    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """A resource as it is now: for a refresh, an import or a look-up by id."""
        earlier, inputs = values.decode(request.properties), values.decode(request.inputs)
        target = self._target(request.urn, earlier.get("region") or inputs.get("region"))
        if STATE_KEY in earlier:
            prior = self._prior(target, earlier)
        else:
            prior = target.client.import_state(target.shape, request.id)
        state = target.client.read(target.shape, prior) if prior.value is not None else prior
        if state.value is None:
            return provider_pb2.ReadResponse()
        outputs = self._outputs(target, state.value, inputs, state)
        if STATE_KEY in earlier:
            before = self._outputs(target, prior.value or {}, inputs)
            # What a block does not say is read back as zero, which a refresh would report as a change made outside.
            outputs |= {
                name: before[name]
                for name in difference.unchanged_blocks(target.shape, prior.value, state.value)
                if name in before
            }
            found = _drifted(target.shape, inputs, before, outputs)
        else:
            found = {**values.settable(target.shape.object, outputs), autoname.DEFAULTS_KEY: []}
            if target.shape.regional and target.region != self._region:
                found["region"] = target.region
        return provider_pb2.ReadResponse(
            id=_resource_id(state.value), properties=values.encode(outputs), inputs=values.encode(found)
        )

    @explained("call")
    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Read a data source."""
        arguments = values.decode(request.args)
        shape = self._shape(request.tok, self._data_schemas)
        region = (
            str(values.reveal(arguments.get("region")) or self._region) if shape.regional else self._region
        )
        target = Target(request.tok, shape, self._client(region), region)
        answer = target.client.read_data(shape, self._config(target, arguments))
        result = self._outputs(target, answer, arguments)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(values.encode(result))  # `return` is a keyword in Python
        return response

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Ask the Terraform providers to give up what they do; what exists by then is still reported."""
        with self._lock:
            clients = list(self._clients.values())
        for client in clients:
            client.stop()
        return super().Cancel(request, context)

    def close(self) -> None:
        """End the Terraform providers."""
        with self._lock, ThreadPoolExecutor() as pool:
            list(pool.map(Client.close, self._clients.values()))
        self._folder.cleanup()

    # ---- what the requests share

    def _asset_path(self, asset: values.Asset) -> str:
        return asset_path(Path(self._folder.name), asset)

    def _shape(self, token: str, schemas: Mapping[str, Any]) -> Shape:
        if self._arguments is None:
            raise NotConfiguredError("the provider has not been configured")
        shape = self._shapes.get(token)
        if shape is None:
            terraform_type = names.terraform_type(token, schemas)
            shape = shapes.build(terraform_type, schemas[terraform_type], names.sdk_properties(token))
            self._shapes[token] = shape
        return shape

    def _target(self, urn: str, region: Any) -> Target:
        token = urn.split("::")[2].rpartition("$")[2]
        shape = self._shape(token, self._resource_schemas)
        region = values.reveal(region)
        if not shape.regional or not isinstance(region, str):
            region = self._region
        return Target(token, shape, self._client(region), region)

    def _moves(self, target: Target, inputs: Mapping[str, Any]) -> bool:
        wanted = values.reveal(inputs.get("region")) or self._region
        return target.shape.regional and wanted is not UNKNOWN and wanted != target.region

    def _config(self, target: Target, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The Terraform configuration of a property bag, with problems that say what to do."""
        regionless = {
            name: value for name, value in inputs.items() if name != "region" or not target.shape.regional
        }
        try:
            return values.to_terraform(target.shape.object, regionless, self._asset_path)
        except InvalidInputsError as invalid:
            raise InvalidInputsError([_explain(problem, target) for problem in invalid.problems]) from None

    def _prior(self, target: Target, outputs: Mapping[str, Any]) -> State:
        stored = values.reveal(outputs.get(STATE_KEY))
        if not isinstance(stored, str):
            raise ForeignStateError(
                f"the state of this {target.token} was not written by the sandbox: run a refresh or import it"
            )
        version, state, *rest = msgpack.unpackb(base64.b64decode(stored))
        value = unpack(state)
        if version != target.shape.version:
            value = target.client.upgrade(target.shape, version, value)
        return State(relocate(target.shape, value, Path(self._folder.name)), *rest)

    def _plan_update(
        self,
        target: Target,
        outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        ignored: list[str],
        timeout_seconds: float = 0,
    ) -> Plan:
        prior = self._prior(target, outputs)
        if prior.partial:
            prior = target.client.read(target.shape, prior)
            if prior.value is None:
                raise ResourceGoneError(
                    f"a {target.token} that an earlier change left unfinished no longer exists: run a refresh to "
                    f"take it out of the state"
                )
            outputs = self._outputs(target, prior.value, outputs)
        current = values.reveal(values.settable(target.shape.object, outputs))
        inputs = values.reveal(inputs)
        for path in ignored:
            inputs = paths.with_value_of(path, current, inputs)
        config = self._config(target, inputs)
        config = _with_timeouts(target.shape, config, "update", timeout_seconds, prior)
        return target.client.plan(target.shape, prior, config)

    def _apply(
        self,
        target: Target,
        plan: Plan,
        inputs: dict[str, Any],
        operation: str,
    ) -> tuple[str, dict[str, Any]]:
        """Carry out a plan: the resource's id and outputs; raises PartialFailureError where something came into being."""
        applied = target.client.apply(target.shape, plan)
        state = applied.state
        if state.value is None:
            raise applied.error or ProviderError(
                [Diagnostic((), f"the {operation} ended without a resource", "")]
            )
        resource_id = _resource_id(state.value)
        outputs = self._outputs(target, state.value, inputs, state)
        if applied.error and not resource_id:
            raise applied.error
        if applied.error:
            detail = provider_pb2.ErrorResourceInitFailed(
                id=resource_id,
                properties=values.encode(outputs),
                inputs=values.encode(inputs),
            )
            raise PartialFailureError(str(applied.error), detail)
        return resource_id, outputs

    def _outputs(
        self,
        target: Target,
        value: dict[str, Any],
        inputs: Mapping[str, Any],
        state: State | None = None,
    ) -> dict[str, Any]:
        """The outputs of a Terraform object; with `state`, also that state for the next operation."""
        outputs = values.from_terraform(target.shape.object, value)
        for (terraform_type, name), source in names.OUTPUT_SOURCES.items():
            if terraform_type == target.shape.terraform_type and name in target.shape.sdk_only:
                outputs[name] = value.get(source)
        for field in target.shape.object.fields:
            if field.asset and field.pulumi is not None:
                outputs[field.pulumi] = inputs.get(field.pulumi)
        if target.shape.regional:
            outputs["region"] = target.region
        # A secret is often repeated in another output: a tag in `tagsAll`, a name in an ARN.
        secrets = values.secret_texts(inputs)
        inputs = {**inputs, "tagsAll": inputs.get("tags")}
        outputs = {
            name: values.conceal(values.keep_secret(output, inputs.get(name)), secrets)
            for name, output in outputs.items()
        }
        if state is not None:
            outputs[STATE_KEY] = _store(target.shape, state)
        return outputs


def _store(shape: Shape, state: State) -> Secret:
    packed = msgpack.packb([shape.version, pack(state.value), state.private, state.partial])
    return Secret(base64.b64encode(packed).decode())


def _default_tags(given: Any) -> dict[str, Any]:
    """The provider's default tags, which the SDK sends as JSON text; each is a secret if that is one."""
    plain = values.reveal(given)
    tags = ((json.loads(plain) if isinstance(plain, str) and plain else plain) or {}).get("tags") or {}
    return {name: Secret(tag) for name, tag in tags.items()} if values.has_secret(given) else tags


def _logical_name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _resource_id(value: Mapping[str, Any]) -> str:
    return str(value.get("id") or value.get("arn") or value.get("name") or "")


def _explain(problem: Problem, target: Target) -> Problem:
    if problem.path in target.shape.sdk_only:
        return Problem(
            problem.path,
            f"the Terraform AWS provider {target.client.binary.version} behind the sandbox does not know this "
            f"argument of {target.token}; leave it out, or give the sandbox a newer provider",
        )
    if problem.reason.endswith("not an argument"):
        return Problem(problem.path, f"{problem.reason} of {target.token}")
    return problem


def _with_timeouts(
    shape: Shape, config: dict[str, Any], operation: str, seconds: float, prior: State
) -> dict[str, Any]:
    if "timeouts" not in config:
        return config
    return {**config, "timeouts": timeouts_config(shape, operation, seconds, prior)}


def _drifted(
    shape: Shape, inputs: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """The inputs as a program would have to give them today: those whose value changed outside have the new one."""
    found = dict(inputs)
    fresh = values.settable(shape.object, now)
    for name in inputs:
        if name.startswith("__") or shape.field(name) is None:
            continue
        if values.reveal(before.get(name)) != values.reveal(now.get(name)):
            found.pop(name)
            if name in fresh:
                found[name] = values.keep_secret(fresh[name], inputs[name])
    return found


def _diff_response(changes: list[difference.Change], delete_first: bool) -> provider_pb2.DiffResponse:
    if not changes:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
    roots = {change.path: str(paths.steps(change.path)[0]) for change in changes}
    replaces = sorted({roots[change.path] for change in changes if change.replaces})
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME,
        diffs=sorted(set(roots.values())),
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and delete_first,
        hasDetailedDiff=True,
        detailedDiff={
            change.path: provider_pb2.PropertyDiff(kind=_DIFF_KINDS[change.kind, change.replaces])
            for change in changes
        },
    )


if __name__ == "__main__":
    serve(AwsProvider())
