"""The one comment on a pull request, posted to a stand-in for GitHub's API on this machine.

Proves what is sent: which comment is created, updated, deleted or left alone, over pages, rate limits, faults and refusals,
and that the token shows nowhere. Does not prove that GitHub answers so: the stand-in is written from its documentation, checks
no permission and no length by itself, and keeps time by nobody's clock.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import OpsError
from ops.review.comment import (
    ATTEMPTS,
    LONGEST_WAIT_SECONDS,
    MARKER,
    MAXIMUM_CHARACTERS,
    GitHub,
    PullRequest,
    post,
    with_marker,
)

TOKEN = "canary-" + "8c1f"
BOT = "github-actions[bot]"
PULL_REQUEST = PullRequest(repository="reptidex/dataplatform", number=7)
COMMENTS = "/repos/reptidex/dataplatform/issues/7/comments"
LIMIT = {"message": "API rate limit exceeded for installation"}


@dataclass
class Answer:
    """What the stand-in says once instead of what it would; `after`: it does what is asked all the same."""

    status: int
    document: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    only: str = ""


@dataclass
class Fake:
    """GitHub's comments of one pull request, in memory."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    scripted: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    viewer: Any = field(default_factory=lambda: {"data": {"viewer": {"login": BOT}}})
    url: str = ""

    def add(self, body: str, login: str | None = BOT) -> int:
        number = len(self.comments) + 1
        user = {"login": login} if login else None
        self.comments.append(
            {"id": number, "user": user, "body": body, "html_url": f"https://comment/{number}"}
        )
        return number

    def bodies(self) -> dict[int, str]:
        return {comment["id"]: comment["body"] for comment in self.comments}

    def wrote(self) -> list[tuple[str, str]]:
        return [request for request in self.requests if request[0] != "GET" and request[1] != "/graphql"]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        self.requests.append((method, path))
        scripted = next((each for each in self.scripted if each.only in f"{method} {path}"), None)
        if scripted:
            self.scripted.remove(scripted)
            if scripted.after:
                self._do(method, path, body)
            return scripted.status, scripted.document, scripted.headers
        return (*self._do(method, path, body), {})

    def _do(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/graphql":
            return 200, self.viewer
        if method == "GET" and (query := re.fullmatch(rf"{COMMENTS}\?per_page=(\d+)&page=(\d+)", path)):
            size, page = int(query[1]), int(query[2])
            assert size <= 100, "GitHub gives at most 100"
            return 200, self.comments[(page - 1) * size : page * size]
        if (method, path) == ("POST", COMMENTS):
            return 201, self.comments[self.add(body["body"]) - 1]
        [number] = re.findall(r"^/repos/reptidex/dataplatform/issues/comments/(\d+)$", path)
        [comment] = [each for each in self.comments if each["id"] == int(number)]
        if method == "DELETE":
            self.comments.remove(comment)
            return 204, None
        assert method == "PATCH"
        comment["body"] = body["body"]
        return 200, comment


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A server on the loopback interface."""
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.tokens.add(self.headers["Authorization"])
            size = int(self.headers["Content-Length"] or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            status, document, headers = fake.answer(self.command, self.path, body)
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(0 if status == 204 else len(content)))
            self.end_headers()
            if status != 204:
                self.wfile.write(content)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()
    assert fake.tokens <= {f"Bearer {TOKEN}"}


@pytest.fixture
def waits() -> list[float]:
    """The seconds that would have been waited."""
    return []


def say(fake: Fake, report: str, waits: list[float] | None = None) -> str:
    github = GitHub(TOKEN, fake.url, f"{fake.url}/graphql")
    return post(github, PULL_REQUEST, report, sleep=([] if waits is None else waits).append)


# Which comment


def test_the_first_report_is_a_new_comment(fake: Fake) -> None:
    fake.add("a person's words", login="ann")
    assert say(fake, "report") == "https://comment/2"
    assert fake.bodies() == {1: "a person's words", 2: f"{MARKER}\nreport"}


def test_the_next_report_takes_its_place(fake: Fake) -> None:
    say(fake, "first")
    assert say(fake, "second") == "https://comment/1"
    assert fake.bodies() == {1: f"{MARKER}\nsecond"}


@pytest.mark.parametrize("others", [99, 100, 250])
def test_our_comment_is_found_behind_others(fake: Fake, others: int) -> None:
    for _ in range(others):
        fake.add("a person's words", login="ann")
    ours = fake.add(f"{MARKER}\nold")
    fake.add("later words", login="ann")
    say(fake, "new")
    assert fake.wrote() == [("PATCH", f"/repos/reptidex/dataplatform/issues/comments/{ours}")]


@pytest.mark.parametrize("login", ["mallory", "github-actions", None])
def test_a_strangers_comment_with_the_marker_is_left_alone(fake: Fake, login: str | None) -> None:
    fake.add(f"{MARKER}\nall is well", login=login)
    say(fake, "report")
    assert fake.bodies() == {1: f"{MARKER}\nall is well", 2: f"{MARKER}\nreport"}


def test_our_own_comment_that_only_quotes_the_marker_is_left_alone(fake: Fake) -> None:
    fake.add(f"the marker is {MARKER}")
    say(fake, "report")
    assert len(fake.comments) == 2


def test_of_two_comments_the_oldest_stays(fake: Fake) -> None:
    fake.add(f"{MARKER}\none")
    fake.add("ours, about something else")
    fake.add(f"{MARKER}\ntwo")
    fake.add(f"{MARKER}\nthree", login="mallory")
    say(fake, "report")
    assert fake.bodies() == {
        1: f"{MARKER}\nreport", 2: "ours, about something else", 4: f"{MARKER}\nthree"
    }  # fmt: skip


def test_a_token_without_an_owner_posts_nothing(fake: Fake) -> None:
    fake.viewer = {"data": None, "errors": [{"message": "no"}]}
    with pytest.raises(OpsError, match="whose token"):
        say(fake, "report")
    assert fake.wrote() == []


# How long


def test_a_report_may_fill_the_comment(fake: Fake) -> None:
    say(fake, "x" * (MAXIMUM_CHARACTERS - len(MARKER) - 1))
    assert len(fake.comments[0]["body"]) == 65_536


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("x" * (MAXIMUM_CHARACTERS - len(MARKER)), r"65537 characters and GitHub takes 65536"),
        (" \n", "empty"),
    ],
)
def test_a_report_that_github_would_refuse_is_not_sent(fake: Fake, report: str, said: str) -> None:
    with pytest.raises(OpsError, match=said):
        say(fake, report)
    assert fake.requests == []


def test_characters_count_and_not_bytes() -> None:
    assert with_marker("ä" * 60_000)


# Waiting


def in_seconds(seconds: int) -> str:
    return str(int(time.time()) + seconds)


@pytest.mark.parametrize(
    ("answer", "least", "most"),
    [
        (lambda: Answer(429, LIMIT, {"Retry-After": "17"}), 17, 17),
        (lambda: Answer(403, LIMIT, {"Retry-After": "17"}), 17, 17),
        (lambda: Answer(429, LIMIT, {"Retry-After": formatdate(time.time() + 100, usegmt=True)}), 60, 100),
        (
            lambda: Answer(403, LIMIT, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": in_seconds(120)}),
            60,
            120,
        ),
        (
            lambda: Answer(429, LIMIT, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": in_seconds(-9)}),
            0,
            0,
        ),
        (lambda: Answer(429, LIMIT), 60, 60),
        (lambda: Answer(403, {"message": "You have exceeded a secondary rate limit"}), 60, 60),
        (lambda: Answer(502, b"<html>"), 1, 1),
        (lambda: Answer(200, b"<html>", only="GET"), 1, 1),
    ],
)
def test_what_passes_is_waited_for(
    fake: Fake, waits: list[float], answer: Callable[[], Answer], least: float, most: float
) -> None:
    """Times are made in the test: collecting all of them may take a minute."""
    fake.scripted = [answer()]
    say(fake, "report", waits)
    assert len(waits) == 1
    assert least <= waits[0] <= most
    assert len(fake.comments) == 1


def test_faults_are_waited_for_longer_each_time_and_not_for_ever(fake: Fake, waits: list[float]) -> None:
    fake.scripted = [Answer(503, {"message": "busy"}) for _ in range(ATTEMPTS)]
    with pytest.raises(OpsError, match="GitHub answers 503: busy"):
        say(fake, "report", waits)
    assert waits == [1, 2, 4, 8]
    assert len(fake.requests) == ATTEMPTS


def test_a_limit_that_lasts_too_long_ends_at_once(fake: Fake, waits: list[float]) -> None:
    fake.scripted = [Answer(429, LIMIT, {"Retry-After": str(LONGEST_WAIT_SECONDS + 1)})]
    with pytest.raises(OpsError, match=r"rate limit is used up for 181 s: API rate"):
        say(fake, "report", waits)
    assert waits == []


def test_a_comment_whose_answer_was_lost_is_not_made_twice(fake: Fake, waits: list[float]) -> None:
    fake.scripted = [Answer(502, {}, after=True, only=f"POST {COMMENTS}")]
    assert say(fake, "report", waits) == "https://comment/1"
    assert fake.bodies() == {1: f"{MARKER}\nreport"}


def test_a_server_that_is_away_is_tried_again_and_named(waits: list[float]) -> None:
    with pytest.raises(OpsError, match=r"127\.0\.0\.1:9 does not answer"):
        post(
            GitHub(TOKEN, "http://127.0.0.1:9", "http://127.0.0.1:9/graphql"), PULL_REQUEST, "x", waits.append
        )
    assert len(waits) == ATTEMPTS - 1


# Refusals, as a person sees them


def command(fake: Fake, body: Path, **environment: str | None) -> Any:
    arguments = [
        "post-comment",
        "--repository",
        "reptidex/dataplatform",
        "--pull-request",
        "7",
        "--body-file",
        str(body),
    ]
    variables = {
        "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": fake.url, "GITHUB_GRAPHQL_URL": f"{fake.url}/graphql", **environment
    }  # fmt: skip
    return CliRunner().invoke(app, arguments, env=variables)


@pytest.fixture
def body(tmp_path: Path) -> Path:
    file = tmp_path / "report.md"
    file.write_text("räport")
    return file


def test_the_command_says_where_the_comment_is(fake: Fake, body: Path) -> None:
    done = command(fake, body)
    assert done.exit_code == 0
    assert done.output == "https://comment/1\n"
    assert fake.comments[0]["body"].endswith("räport")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "does not accept the token"),
        (403, "give it `pull-requests: write`"),
        (404, "no such pull request"),
        (422, "GitHub refuses the comment"),
        (301, "GitHub answers 301, which nothing here expects"),
    ],
)
def test_a_refusal_is_one_sentence_without_the_token(fake: Fake, body: Path, status: int, said: str) -> None:
    refusal = {"message": f"not with {TOKEN}", "errors": [{"message": "in detail"}]}
    fake.scripted = [Answer(status, refusal, {"Location": f"{fake.url}/elsewhere"})]
    done = command(fake, body)
    assert isinstance(done.exception, OpsError)
    message = str(done.exception)
    assert said in message
    assert message.endswith("not with ***; in detail")
    assert TOKEN not in message + done.output
    assert len(fake.requests) == 1, "a refusal is not tried again, and nothing is followed"


@pytest.mark.parametrize("errors", [["a text"], [None], "texts", None])
def test_a_refusal_in_another_form_is_still_a_sentence(fake: Fake, errors: Any) -> None:
    fake.scripted = [Answer(422, {"message": "no", "errors": errors})]
    with pytest.raises(OpsError, match="GitHub refuses the comment"):
        say(fake, "report")


def test_without_a_token_nothing_is_sent(fake: Fake, body: Path) -> None:
    for token in (None, "", " "):
        assert "GITHUB_TOKEN is not set" in str(command(fake, body, GITHUB_TOKEN=token).exception)
    assert fake.requests == []


def test_the_token_is_no_argument_and_in_no_representation(fake: Fake) -> None:
    help_text = CliRunner().invoke(app, ["post-comment", "--help"]).output
    assert "--token" not in help_text
    assert TOKEN not in repr(GitHub(TOKEN, fake.url, fake.url))


def test_the_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(OpsError, match="not an https address"):
        GitHub(TOKEN, "http://api.github.com", "https://api.github.com/graphql")
    with pytest.raises(OpsError, match="not an https address"):
        GitHub(TOKEN, "https://api.github.com", "http://127.0.0.1.example.com/graphql")


def test_what_is_no_repository_is_refused(fake: Fake, body: Path) -> None:
    done = CliRunner().invoke(
        app, ["post-comment", "--repository", "dataplatform", "--pull-request", "7", "--body-file", str(body)],
        env={"GITHUB_TOKEN": TOKEN},
    )  # fmt: skip
    assert "it is owner/name" in str(done.exception)
