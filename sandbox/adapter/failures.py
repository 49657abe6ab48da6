"""Failed requests of the engine: each ends with one message that a person can act on and that holds no secret."""

import functools
import sys
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import binary, names, values
from sandbox.adapter.assets import UnusableAssetError
from sandbox.adapter.conversion import InvalidInputsError
from sandbox.adapter.server import abort
from sandbox.adapter.terraform import ProviderError, ProviderStoppedError

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
