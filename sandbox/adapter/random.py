# ruff: noqa: ARG002 - the protocol decides what a method is given
"""`pulumi-resource-random` of the sandbox: `python -m sandbox.adapter.random`.

Passwords, strings, ids and UUIDs. As in pulumi-random, a resource is made once and kept; any change of an input makes
a new one. A password's `bcryptHash` is not made: nothing of this platform reads it, and it would take a library of
its own.
"""

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import values
from sandbox.adapter.server import ProviderServer, abort, check_failure, serve, type_token
from sandbox.adapter.values import UNKNOWN, Secret

# pulumi-random's own set of special characters.
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"


class InvalidInputError(Exception):
    """An input that no random value can satisfy: `property` and what is wrong with it."""

    def __init__(self, property_: str, reason: str) -> None:
        self.property = property_
        super().__init__(f"{property_} {reason}")


def random_text(inputs: Mapping[str, Any]) -> str:
    """A string of `length` characters from the wanted classes, with at least the wanted number of each.

    Raises InvalidInputError where no class is left or the minimums do not fit.
    """
    length = _whole_number(inputs, "length", None, 1)
    minimum_total, alphabet, chosen = 0, "", []
    for switch, minimum, characters in (
        ("lower", "minLower", string.ascii_lowercase),
        ("upper", "minUpper", string.ascii_uppercase),
        ("numeric", "minNumeric", string.digits),
        ("special", "minSpecial", inputs.get("overrideSpecial") or _SPECIAL),
    ):
        wanted = inputs.get(switch)
        if switch == "numeric" and wanted is None:
            wanted = inputs.get("number")  # the older name
        at_least = _whole_number(inputs, minimum, 0, 0)
        minimum_total += at_least
        # A minimum of a class brings that class in, as in the real provider.
        chosen += [secrets.choice(characters) for _ in range(at_least)]
        if wanted is None or wanted:
            alphabet += characters
    if minimum_total > length:
        raise InvalidInputError("length", f"is {length}, less than the sum of the minimums, {minimum_total}")
    if not alphabet and minimum_total < length:
        raise InvalidInputError(
            "special", "and every other class of characters is off; leave at least one on"
        )
    chosen += [secrets.choice(alphabet) for _ in range(length - minimum_total)]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _whole_number(inputs: Mapping[str, Any], name: str, default: int | None, least: int) -> int:
    value = inputs.get(name)
    if value is None:
        value = default
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InvalidInputError(name, f"is {value}; give a whole number of at least {least}")
    return value


# ---- each type's outputs, from its plain inputs: (id, outputs) ---------------------------------------------------

_Made = tuple[str, dict[str, Any]]


def _password(inputs: Mapping[str, Any]) -> _Made:
    return "none", {"result": Secret(random_text(inputs))}


def _string(inputs: Mapping[str, Any]) -> _Made:
    result = random_text(inputs)
    return result, {"result": result}


def _id(inputs: Mapping[str, Any]) -> _Made:
    data = secrets.token_bytes(_whole_number(inputs, "byteLength", None, 1))
    prefix = inputs.get("prefix") or ""
    plain = base64.urlsafe_b64encode(data).decode().rstrip("=")
    outputs = {
        "b64Url": prefix + plain,
        "b64Std": prefix + base64.b64encode(data).decode(),
        "hex": prefix + data.hex(),
        "dec": prefix + str(int.from_bytes(data, "big")),
    }
    return plain, outputs


def _uuid(_inputs: Mapping[str, Any]) -> _Made:
    result = str(uuid.uuid4())
    return result, {"result": result}


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], _Made]] = {
    "random:index/randomId:RandomId": _id,
    "random:index/randomPassword:RandomPassword": _password,
    "random:index/randomString:RandomString": _string,
    "random:index/randomUuid:RandomUuid": _uuid,
}

# What the SDK shows of each type besides its inputs, unknown until the resource is made.
_RESULTS: Mapping[str, tuple[str, ...]] = {
    "random:index/randomId:RandomId": ("b64Std", "b64Url", "dec", "hex"),
    "random:index/randomPassword:RandomPassword": ("result",),
    "random:index/randomString:RandomString": ("result",),
    "random:index/randomUuid:RandomUuid": ("result",),
}
_SECRET_RESULTS = ("random:index/randomPassword:RandomPassword",)


class RandomProvider(ProviderServer):
    """The provider's side of the engine's requests."""

    def __init__(self) -> None:
        super().__init__("pulumi-random")

    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse types that the sandbox lacks and inputs that cannot be satisfied."""
        make = _maker(request.urn, context)
        inputs = values.decode(request.news)
        failures = []
        if not values.has_unknown(inputs):
            try:
                make(values.reveal(inputs))
            except InvalidInputError as invalid:
                failures.append(check_failure(invalid.property, str(invalid), inputs))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Every changed input needs a new resource."""
        old, new = (
            values.reveal(values.decode(request.old_inputs)),
            values.reveal(values.decode(request.news)),
        )
        changed = sorted(
            name for name in {*old, *new} - {*request.ignoreChanges} if old.get(name) != new.get(name)
        )
        kinds = provider_pb2.PropertyDiff
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=changed,
            diffs=changed,
            hasDetailedDiff=bool(changed),
            detailedDiff={
                name: kinds(
                    kind=kinds.ADD_REPLACE
                    if name not in old
                    else kinds.DELETE_REPLACE
                    if name not in new
                    else kinds.UPDATE_REPLACE
                )
                for name in changed
            },
        )

    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make the value, or say that there will be one."""
        make = _maker(request.urn, context)
        inputs = values.decode(request.properties)
        if request.preview:
            token = type_token(request.urn)
            result = Secret(UNKNOWN) if token in _SECRET_RESULTS else UNKNOWN
            made = dict.fromkeys(_RESULTS[token], result)
            return provider_pb2.CreateResponse(properties=values.encode({**inputs, **made}))
        try:
            resource_id, outputs = make(values.reveal(inputs))
        except InvalidInputError as invalid:
            abort(context, values.redact(f"{type_token(request.urn)}: {invalid}", inputs))
            raise
        return provider_pb2.CreateResponse(id=resource_id, properties=values.encode({**inputs, **outputs}))

    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """A random value exists only in the state, so it is always as it was."""
        if not request.properties.fields:
            abort(
                context, f"{type_token(request.urn)} cannot be imported: the sandbox makes random values only"
            )
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Forget the value."""
        return empty_pb2.Empty()


def _maker(urn: str, context: grpc.ServicerContext) -> Callable[[Mapping[str, Any]], _Made]:
    if type_token(urn) not in _MAKERS:
        known = ", ".join(sorted(token.rpartition(":")[2] for token in _MAKERS))
        abort(context, f"{type_token(urn)} is not a type of the sandbox's random provider; it has {known}")
    return _MAKERS[type_token(urn)]


if __name__ == "__main__":
    serve(RandomProvider())
