"""One comment on a pull request that is written anew whenever there is something newer to say.

It is found again by a hidden first line. Only a comment of the token's own user is ever edited or deleted: a stranger who
writes that line into a comment gets nothing, and our own comment is made beside it.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import tenacity
import urllib3

from ops.errors import OpsError

MARKER = "<!-- dbops: preview -->"
# GitHub answers 422 "Body is too long (maximum is 65536 characters)" beyond it.
MAXIMUM_CHARACTERS = 65_536
# The most that GitHub's "List issue comments" gives at once.
PAGE_SIZE = 100
# GitHub, "Rate limits for the REST API": what to wait where an answer names no time.
UNNAMED_LIMIT_SECONDS = 60
# Four waits between five attempts end within the 15 minutes that the workflow gives the job.
LONGEST_WAIT_SECONDS = 180
ATTEMPTS = 5
REFUSALS = {
    401: "GitHub does not accept the token in GITHUB_TOKEN; it is wrong, or it has expired",
    403: "the token in GITHUB_TOKEN may not do this; give it `pull-requests: write`",
    404: "there is no such pull request, or the token in GITHUB_TOKEN may not see it",
    422: "GitHub refuses the comment",
}
TIMEOUT = urllib3.Timeout(connect=10, read=30)


class _TryAgainError(OpsError):
    """What may go better later: a rate limit, a fault of GitHub's, a lost connection. `wait_seconds`: as GitHub says."""

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """One pull request; `repository` is `owner/name`."""

    repository: str
    number: int

    def __str__(self) -> str:
        return f"pull request {self.number} of {self.repository}"


class GitHub:
    """GitHub's API with a token. The token is in no error and in no representation."""

    def __init__(self, token: str, api_url: str, graphql_url: str) -> None:
        for url in (api_url, graphql_url):
            parts = urlsplit(url)
            if parts.scheme != "https" and parts.hostname != "127.0.0.1":
                raise OpsError(f"{url!r} is not an https address: the token would be sent in the clear")
        self._token = token
        self._api_url = api_url.rstrip("/")
        self._graphql_url = graphql_url
        # Neither tried again nor redirected: a redirect could carry the token elsewhere.
        self._connections = urllib3.PoolManager(retries=False, timeout=TIMEOUT)

    def login(self) -> str:
        """Who the token is: `github-actions[bot]` for a workflow's own. REST's `/user` refuses such a token."""
        answer = self._send("POST", self._graphql_url, {"query": "{ viewer { login } }"})
        try:
            return str(answer["data"]["viewer"]["login"])
        except (KeyError, TypeError):
            raise OpsError("GitHub does not say whose token GITHUB_TOKEN is; make another") from None

    def comments(self, pull_request: PullRequest) -> Iterator[dict[str, Any]]:
        """Every comment on the pull request, the oldest first."""
        page = 1
        while True:
            url = f"{self._issue(pull_request)}/comments?per_page={PAGE_SIZE}&page={page}"
            found = self._send("GET", url)
            yield from found
            if len(found) < PAGE_SIZE:
                return
            page += 1

    def create(self, pull_request: PullRequest, body: str) -> dict[str, Any]:
        """A new comment."""
        return dict(self._send("POST", f"{self._issue(pull_request)}/comments", {"body": body}))

    def update(self, pull_request: PullRequest, comment_id: int, body: str) -> dict[str, Any]:
        """The comment with another body."""
        return dict(self._send("PATCH", self._comment(pull_request, comment_id), {"body": body}))

    def delete(self, pull_request: PullRequest, comment_id: int) -> None:
        """Delete the comment."""
        self._send("DELETE", self._comment(pull_request, comment_id))

    def _issue(self, pull_request: PullRequest) -> str:
        return f"{self._api_url}/repos/{pull_request.repository}/issues/{pull_request.number}"

    def _comment(self, pull_request: PullRequest, comment_id: int) -> str:
        return f"{self._api_url}/repos/{pull_request.repository}/issues/comments/{comment_id}"

    def _send(self, method: str, url: str, body: Any = None) -> Any:
        try:
            answer = self._connections.request(
                method,
                url,
                body=None if body is None else json.dumps(body),
                headers={
                    "Accept": "application/vnd.github+json",
                    "Authorization": f"Bearer {self._token}",
                    "User-Agent": "dbops",
                    "X-GitHub-Api-Version": "2022-11-28",
                },
            )
        except urllib3.exceptions.HTTPError as error:
            raise _TryAgainError(f"{urlsplit(url).netloc} does not answer: {type(error).__name__}") from None
        if answer.status >= 300:
            raise self._error(answer)
        try:
            return answer.json() if answer.data else None
        except ValueError:
            raise _TryAgainError(f"{urlsplit(url).netloc} answers something that is not JSON") from None

    def _error(self, answer: urllib3.BaseHTTPResponse) -> OpsError:
        said = _message(answer).replace(self._token, "***")
        wait_seconds = _limit_seconds(answer, said)
        if wait_seconds is not None:
            return _TryAgainError(
                f"GitHub's rate limit is used up for {wait_seconds:.0f} s: {said}", wait_seconds
            )
        if answer.status >= 500:
            return _TryAgainError(f"GitHub answers {answer.status}: {said}")
        refusal = REFUSALS.get(answer.status, f"GitHub answers {answer.status}, which nothing here expects")
        return OpsError(f"{refusal}: {said}")


def _message(answer: urllib3.BaseHTTPResponse) -> str:
    """What GitHub says in an error, with its details; the reason alone where it says it in no form of its own."""
    try:
        document = answer.json()
        details = [error.get("message", "") for error in document.get("errors", [])]
        return "; ".join(filter(None, [document["message"], *details]))
    except (ValueError, LookupError, TypeError, AttributeError):
        return answer.reason or "no reason given"


def _limit_seconds(answer: urllib3.BaseHTTPResponse, said: str) -> float | None:
    """How long to wait for a rate limit to end; None when this is none. GitHub, "Rate limits for the REST API"."""
    if answer.status not in {403, 429}:
        return None
    if "retry-after" in answer.headers:
        return urllib3.Retry().parse_retry_after(answer.headers["retry-after"])
    if answer.headers.get("x-ratelimit-remaining") == "0":
        return max(0.0, float(answer.headers["x-ratelimit-reset"]) - time.time())
    return UNNAMED_LIMIT_SECONDS if answer.status == 429 or "secondary rate limit" in said else None


def with_marker(report: str) -> str:
    """The comment's body. Raises: OpsError when it is empty, or longer than GitHub takes."""
    if not report.strip():
        raise OpsError("the report is empty; nothing is posted")
    body = f"{MARKER}\n{report}"
    if len(body) > MAXIMUM_CHARACTERS:
        raise OpsError(
            f"the comment would have {len(body)} characters and GitHub takes {MAXIMUM_CHARACTERS}; shorten the report"
        )
    return body


def post(
    github: GitHub, pull_request: PullRequest, report: str, sleep: Callable[[float], None] = time.sleep
) -> str:
    """Make the one comment say `report`. Duplicates, as two runs at once can make, are deleted but for the oldest.

    All of it is done again after a failure that may pass: only a new look tells whether a comment was made whose answer
    was lost. Returns: the comment's address. Raises: OpsError.
    """
    body = with_marker(report)
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_worth_waiting),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=_wait_seconds,
        sleep=sleep,
        reraise=True,
    )
    return attempts(_post_once, github, pull_request, body)


def _post_once(github: GitHub, pull_request: PullRequest, body: str) -> str:
    login = github.login()
    own = [
        comment
        for comment in github.comments(pull_request)
        if comment["user"] and comment["user"]["login"] == login and comment["body"].startswith(MARKER)
    ]
    if not own:
        return str(github.create(pull_request, body)["html_url"])
    kept, *duplicates = own
    for duplicate in duplicates:
        github.delete(pull_request, duplicate["id"])
    return str(github.update(pull_request, kept["id"], body)["html_url"])


def _is_worth_waiting(error: BaseException) -> bool:
    return isinstance(error, _TryAgainError) and (error.wait_seconds or 0) <= LONGEST_WAIT_SECONDS


def _wait_seconds(state: tenacity.RetryCallState) -> float:
    """As long as GitHub says; else 1, 2, 4 and 8 seconds."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _TryAgainError) and error.wait_seconds is not None:
        return error.wait_seconds
    return float(2 ** (state.attempt_number - 1))
