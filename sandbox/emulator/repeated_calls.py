"""What happens to a call that is repeated because its answer was lost on the way: it gets the same answer again.

An AWS SDK repeats a call whose connection broke, under the same invocation id. The account may have carried it out already,
and what is made once cannot be made again: the second try would be told that the subnet or the subscription exists. Seen on
a machine with far more to do than cores.
"""

import sys
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from sandbox.emulator.unknown_calls import Application, Environ, StartResponse

# Both are sent by every SDK of AWS (SDKs and Tools Reference Guide, "Retry behavior").
INVOCATION_ID, ATTEMPT = "HTTP_AMZ_SDK_INVOCATION_ID", "HTTP_AMZ_SDK_REQUEST"
# Many more than can be under way at once: an SDK waits 20 s at most before it tries again.
REMEMBERED_ANSWERS = 1000

Answer = tuple[tuple[Any, ...], list[bytes]]


def answer_repeats_alike(application: Application) -> Application:
    """Wrap `application`, which is called one call at a time, so that each invocation is carried out once."""
    answers: OrderedDict[str, Answer] = OrderedDict()

    def wrapped(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        invocation = environ.get(INVOCATION_ID)
        if invocation is None:
            return application(environ, start_response)
        if invocation in answers:
            print(f"REPEATED: {environ.get(ATTEMPT)}", file=sys.stderr, flush=True)
            # A connection that is closed before all of it was read is reset, and the answer lost once more.
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            arguments, body = answers[invocation]
            start_response(*arguments)
            return body
        started: list[tuple[Any, ...]] = []

        def remember(*arguments: Any) -> Any:
            started.append(arguments)
            return start_response(*arguments)

        body = list(application(environ, remember))
        answers[invocation] = (started[-1], body)
        if len(answers) > REMEMBERED_ANSWERS:
            answers.popitem(last=False)
        return body

    return wrapped
