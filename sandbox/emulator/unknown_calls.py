"""What happens to a call that the emulated account cannot answer: it fails, at once, with its name.

moto answers such a call with HTTP 500, which every AWS SDK takes for a passing fault and retries for minutes. Here
it gets HTTP 400 in the shape the call's protocol has for errors, a line in the log, and an entry in a list that
`python -m sandbox status` shows.
"""

import io
import json
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import botocore.exceptions
import botocore.session
from botocore.model import ServiceModel

from sandbox.emulator.call_list import UnknownCall, UnknownCalls

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

NOT_EMULATED = "NotEmulated"
EMULATOR_FAILURE = "EmulatorFailure"

# Signing names that differ from the service's name in botocore.
SERVICE_OF_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "elasticloadbalancing": "elbv2",
    "states": "stepfunctions",
}


def refuse_unknown_calls(application: Application, calls: UnknownCalls) -> Application:
    """Wrap moto's application so that an unknown call, or a fault of moto's own, is refused as described above."""

    def wrapped(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        response = _Held(start_response)
        try:
            body = list(application(environ, response))
        except NotImplementedError:
            return refuse(request, NOT_EMULATED, "neither moto nor the sandbox implements it", start_response)
        except Exception as error:  # noqa: BLE001 - any fault of the emulation is one answer
            # Neither the error's text nor what led to it: they may quote the request, and with it a secret.
            traceback.print_tb(error.__traceback__)
            return refuse(request, EMULATOR_FAILURE, type(error).__name__, start_response)
        if response.is_unrouted and request.method != "HEAD":
            return refuse(request, NOT_EMULATED, "the service has no such path", start_response)
        response.release()
        return body

    def refuse(request: "Request", code: str, reason: str, start_response: StartResponse) -> Iterable[bytes]:
        call = UnknownCall(request.service, request.operation, reason)
        calls.add(call)
        problem = "is not emulated by the sandbox" if code == NOT_EMULATED else "failed in the emulator"
        message = f"{call.service} {call.operation} {problem}: {reason}"
        print(f"REFUSED: {message}", file=sys.stderr, flush=True)
        headers, body = error_response(request.protocol, code, message)
        start_response("400 Bad Request", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    return wrapped


class _Held:
    """A start_response that waits until the body is known to be worth sending."""

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self._arguments: tuple[Any, ...] = ()

    def __call__(self, *arguments: Any) -> Callable[[bytes], None]:
        self._arguments = arguments
        return lambda _: None

    @property
    def is_unrouted(self) -> bool:
        """Whether this is the web framework's own page for a path nobody serves; AWS never answers in HTML."""
        status, headers = self._arguments[:2]
        return status.startswith("404") and any(
            name.lower() == "content-type" and "text/html" in value for name, value in headers
        )

    def release(self) -> None:
        self._start_response(*self._arguments)


class Request:
    """The parts of an AWS request that tell which call it is."""

    def __init__(self, environ: Environ) -> None:
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]
        self.target: str = environ.get("HTTP_X_AMZ_TARGET", "")
        self.content_type: str = environ.get("CONTENT_TYPE", "")
        scope = re.search(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        signing_name = scope.group(1) if scope else "an unsigned request"
        self.service = SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)
        self.action = self._read_action(environ)

    def _read_action(self, environ: Environ) -> str:
        if not self.content_type.startswith("application/x-www-form-urlencoded"):
            return ""
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]

    @property
    def operation(self) -> str:
        """The operation's name; where nothing tells it, method and path."""
        if self.target:
            return self.target.rpartition(".")[2]
        return self.action or self._rest_operation() or f"{self.method} {self.path}"

    @property
    def protocol(self) -> str:
        """One of json, query, ec2, rest-json, rest-xml."""
        if self.target:
            return "json"
        if self.action:
            return "ec2" if self.service == "ec2" else "query"
        model = service_model(self.service)
        return str(model.resolved_protocol) if model else "rest-json"

    def _rest_operation(self) -> str:
        model = service_model(self.service)
        if model is None:
            return ""
        for name in model.operation_names:
            http = model.operation_model(name).http
            pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(http["requestUri"].partition("?")[0]))
            if http["method"] == self.method and re.fullmatch(pattern, self.path):
                return str(name)
        return ""


@cache
def service_model(service: str) -> ServiceModel | None:
    """AWS's own description of a service, as botocore carries it; None when it has none of that name."""
    try:
        return botocore.session.get_session().get_service_model(service)
    except botocore.exceptions.UnknownServiceError:
        return None


def error_response(protocol: str, code: str, message: str) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of an error as each AWS protocol has it."""
    text = escape(message)
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors>"
            "<RequestID>sandbox</RequestID></Response>"
        )
        return [("Content-Type", "text/xml")], body.encode()
    if protocol == "query":
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>"
            "<RequestId>sandbox</RequestId></ErrorResponse>"
        )
        return [("Content-Type", "text/xml")], body.encode()
    if protocol == "rest-xml":
        body = f"<Error><Code>{code}</Code><Message>{text}</Message><RequestId>sandbox</RequestId></Error>"
        return [("Content-Type", "application/xml")], body.encode()
    json_body = json.dumps({"__type": code, "message": message}).encode()
    content_type = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
    return [("Content-Type", content_type), ("x-amzn-ErrorType", code)], json_body
