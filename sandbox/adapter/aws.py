# ruff: noqa: ARG002 - the protocol decides what a method is given
"""`pulumi-resource-aws` over the Terraform AWS provider: `python -m sandbox.adapter.aws`.

The engine speaks Pulumi's provider protocol to this process; this process speaks Terraform's plugin protocol to the
real provider, one provider process for each region in use.
"""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import autoname, conversion, difference, names, paths, resource, values
from sandbox.adapter.assets import write_assets
from sandbox.adapter.conversion import InvalidInputsError, Problem
from sandbox.adapter.failures import explained
from sandbox.adapter.scratch import scratch_folder
from sandbox.adapter.server import ProviderServer, check_failure, serve
from sandbox.adapter.target import ENGINE_ARGUMENTS, Target, Targets
from sandbox.adapter.terraform import Plan, State
from sandbox.adapter.timeouts import with_delete_timeout, with_timeouts

_DIFF_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class AwsProvider(ProviderServer):
    """The provider's side of the engine's requests."""

    def __init__(self) -> None:
        super().__init__("pulumi-aws")
        self._folder = scratch_folder()
        self._targets = Targets(Path(self._folder.name))
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
            for name in {*old, *new} - {*ENGINE_ARGUMENTS}
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
        self._targets.configure(values.decode(request.args))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    # ---- resources

    @explained("check")
    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Complete the inputs with a name and default tags, and report what Terraform's provider finds wrong."""
        inputs, earlier = values.decode(request.news), values.decode(request.olds)
        target = self._targets.resource(request.urn, inputs.get("region"))
        inputs = autoname.add_name(
            target.token,
            target.shape,
            inputs,
            earlier,
            logical_name=_logical_name(request.urn),
            seed=request.randomSeed,
        )
        inputs = autoname.add_tags(target.shape, inputs, self._targets.default_tags)
        try:
            config = resource.config(target, inputs)
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
        target, outputs, inputs = self._existing(request.urn, request.olds, request.news)
        plan = resource.plan_update(target, outputs, inputs, list(request.ignoreChanges))
        changes = difference.changes(target.shape, plan)
        if target.moves(inputs):
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
        target = self._targets.resource(request.urn, inputs.get("region"))
        config = resource.config(target, inputs)
        config = with_timeouts(target.shape, config, "create", request.timeout, State(None))
        plan = target.client.plan(target.shape, State(None), config)
        resource_id, outputs = _carry_out(target, plan, inputs, "create", request.preview)
        return provider_pb2.CreateResponse(id=resource_id, properties=values.encode(outputs))

    @explained("update")
    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or say what it would look like."""
        target, earlier, inputs = self._existing(request.urn, request.olds, request.news)
        plan = resource.plan_update(target, earlier, inputs, list(request.ignoreChanges), request.timeout)
        _, outputs = _carry_out(target, plan, inputs, "update", request.preview)
        return provider_pb2.UpdateResponse(properties=values.encode(outputs))

    @explained("delete")
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete a resource."""
        target, outputs, _ = self._existing(request.urn, request.properties)
        prior = resource.prior_state(target, outputs)
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
        target, earlier, inputs = self._existing(request.urn, request.properties, request.inputs)
        known = resource.STATE_KEY in earlier
        if known:
            prior = resource.prior_state(target, earlier)
        else:
            prior = target.client.import_state(target.shape, request.id)
        state = target.client.read(target.shape, prior) if prior.value is not None else prior
        if state.value is None:
            return provider_pb2.ReadResponse()
        outputs = resource.outputs_of(target, state.value, inputs, state)
        if known:
            before = resource.outputs_of(target, prior.value or {}, inputs)
            # What a block does not say is read back as zero, which a refresh would report as a change made outside.
            outputs |= {
                name: before[name]
                for name in difference.unchanged_blocks(target.shape, prior.value, state.value)
                if name in before
            }
            found = resource.drifted(target.shape, inputs, before, outputs)
        else:
            found = {**conversion.settable(target.shape.object, outputs), autoname.DEFAULTS_KEY: []}
            if target.shape.regional and target.region != target.provider_region:
                found["region"] = target.region
        return provider_pb2.ReadResponse(
            id=resource.resource_id(state.value),
            properties=values.encode(outputs),
            inputs=values.encode(found),
        )

    @explained("call")
    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Read a data source."""
        arguments = values.decode(request.args)
        target = self._targets.data_source(request.tok, arguments.get("region"))
        answer = target.client.read_data(target.shape, resource.config(target, arguments))
        result = resource.outputs_of(target, answer, arguments)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(values.encode(result))  # `return` is a keyword in Python
        return response

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Ask the Terraform providers to give up what they do; what exists by then is still reported."""
        self._targets.stop()
        return super().Cancel(request, context)

    def close(self) -> None:
        """End the Terraform providers."""
        self._targets.close()
        self._folder.cleanup()

    def _existing(
        self, urn: str, state: struct_pb2.Struct, given: struct_pb2.Struct | None = None
    ) -> tuple[Target, dict[str, Any], dict[str, Any]]:
        """The opening of a request about a resource that exists: its target, its outputs and the inputs given.

        The target is in the region that the outputs name. They name none only when a resource is imported, which is
        then looked for in the region that its inputs name.
        """
        outputs, inputs = values.decode(state), values.decode(given or struct_pb2.Struct())
        region = outputs.get("region") or inputs.get("region")
        return self._targets.resource(urn, region), outputs, inputs


def _carry_out(
    target: Target, plan: Plan, inputs: dict[str, Any], operation: str, preview: bool
) -> tuple[str, dict[str, Any]]:
    """The id and the outputs of a resource after a plan; in a preview, no id, and the outputs that it would have."""
    if preview:
        return "", resource.outputs_of(target, plan.planned or {}, inputs)
    write_assets(target.folder, inputs)
    return resource.apply(target, plan, inputs, operation)


def _logical_name(urn: str) -> str:
    return urn.split("::", 3)[3]


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
