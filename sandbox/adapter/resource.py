"""One resource between the engine and Terraform: its configuration, its state, its plan and its outputs.

Terraform's state of a resource travels in Pulumi's state, under one key that is always a secret.
"""

import base64
from collections.abc import Mapping
from typing import Any

import msgpack
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import conversion, names, paths, values
from sandbox.adapter.assets import asset_path, relocate
from sandbox.adapter.conversion import InvalidInputsError, Problem
from sandbox.adapter.failures import ForeignStateError, PartialFailureError, ResourceGoneError
from sandbox.adapter.shapes import Shape
from sandbox.adapter.target import Target
from sandbox.adapter.terraform import Diagnostic, Plan, ProviderError, State, pack, unpack
from sandbox.adapter.timeouts import with_timeouts
from sandbox.adapter.values import Secret

# The key of Terraform's state in a resource's outputs. The engine does not display keys with two underscores.
STATE_KEY = "__terraform"


def config(target: Target, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The Terraform configuration of a property bag; raises InvalidInputsError, whose problems say what to do."""
    regionless = {
        name: value for name, value in inputs.items() if name != "region" or not target.shape.regional
    }
    try:
        return conversion.to_terraform(
            target.shape.object, regionless, lambda asset: asset_path(target.folder, asset)
        )
    except InvalidInputsError as invalid:
        raise InvalidInputsError([_explain(problem, target) for problem in invalid.problems]) from None


def prior_state(target: Target, outputs: Mapping[str, Any]) -> State:
    """Terraform's state of a resource, from its outputs; raises ForeignStateError where they have none."""
    stored = values.reveal(outputs.get(STATE_KEY))
    if not isinstance(stored, str):
        raise ForeignStateError(
            f"the state of this {target.token} was not written by the sandbox: run a refresh or import it"
        )
    version, state, *rest = msgpack.unpackb(base64.b64decode(stored))
    value = unpack(state)
    if version != target.shape.version:
        value = target.client.upgrade(target.shape, version, value)
    return State(relocate(target.shape, value, target.folder), *rest)


def plan_update(
    target: Target,
    outputs: Mapping[str, Any],
    inputs: Mapping[str, Any],
    ignored: list[str],
    timeout_seconds: float = 0,
) -> Plan:
    """The plan that gets a resource from its `outputs` to its `inputs`, but for the property paths in `ignored`.

    Raises: ResourceGoneError for a resource that an earlier change left unfinished, and that is gone by now.
    """
    prior = prior_state(target, outputs)
    if prior.partial:
        prior = target.client.read(target.shape, prior)
        if prior.value is None:
            raise ResourceGoneError(
                f"a {target.token} that an earlier change left unfinished no longer exists: run a refresh to "
                f"take it out of the state"
            )
        outputs = outputs_of(target, prior.value, outputs)
    current = values.reveal(conversion.settable(target.shape.object, outputs))
    inputs = values.reveal(inputs)
    for path in ignored:
        inputs = paths.with_value_of(path, current, inputs)
    configuration = with_timeouts(target.shape, config(target, inputs), "update", timeout_seconds, prior)
    return target.client.plan(target.shape, prior, configuration)


def apply(
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
    id_ = resource_id(state.value)
    outputs = outputs_of(target, state.value, inputs, state)
    if applied.error and not id_:
        raise applied.error
    if applied.error:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=id_,
            properties=values.encode(outputs),
            inputs=values.encode(inputs),
        )
        raise PartialFailureError(str(applied.error), detail)
    return id_, outputs


def outputs_of(
    target: Target,
    value: dict[str, Any],
    inputs: Mapping[str, Any],
    state: State | None = None,
) -> dict[str, Any]:
    """The outputs of a Terraform object; with `state`, also that state for the next operation."""
    outputs = conversion.from_terraform(target.shape.object, value)
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


def resource_id(value: Mapping[str, Any]) -> str:
    """The id of a Terraform object in Pulumi; "" where it has none yet."""
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


def drifted(
    shape: Shape, inputs: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """The inputs as a program would have to give them today: those whose value changed outside have the new one."""
    found = dict(inputs)
    fresh = conversion.settable(shape.object, now)
    for name in inputs:
        if name.startswith("__") or shape.field(name) is None:
            continue
        if values.reveal(before.get(name)) != values.reveal(now.get(name)):
            found.pop(name)
            if name in fresh:
                found[name] = values.keep_secret(fresh[name], inputs[name])
    return found
