"""The report itself: golden pages of recorded previews, the size of a comment, intended changes and exit codes.

Proves on recordings of the real engine what a reviewer reads, that the gravest fits first, that nothing in a preview
acts as markup and what ends the command with which code. Does not prove how GitHub or a browser draws it: both were looked at
by hand.
"""

import html.parser
import json
import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import OpsError
from ops.review import overrides
from ops.review.digest import read
from ops.review.finding import Risk
from ops.review.gate import FailOn, exit_code
from ops.review.html import html as as_html
from ops.review.json_report import as_json
from ops.review.markdown import MAXIMUM_CHARACTERS, markdown
from ops.review.overrides import Intent
from ops.review.report import Report, build
from tests.harness.platform import ROOT
from tests.harness.recorded import DIGEST, EVENTS, PREVIEWS, multiplied, preview, recorded, scenarios
from tests.recorder.scenarios import SCENARIOS

REPORTS = ROOT / "tests" / "golden" / "reports"
# GitHub's own limit, of which the comment leaves some for the line that marks it.
GITHUB_CHARACTERS = 65_536
TODAY = date(2026, 11, 24)


def report_on(scenario: str, *intents: Intent) -> Report:
    [stack] = [each.stack for each in SCENARIOS if each.name == scenario]
    return build({stack: preview(scenario)}, intents)


# One page is kept whole, to be opened in a browser. The others have the same head except for the title: only their
# bodies are kept.
WHOLE_PAGE = "kms-key-changed"
BODY = "<body>\n"
# A page on the creation of a whole stack is too long to review as a golden file; its Markdown is one.
PAGES: list[tuple[str, str, Any]] = [(scenario, "md", markdown) for scenario in scenarios()]
PAGES += [
    (scenario, "html", as_html)
    # The whole page comes first: the others are compared with its head, also in the run that rewrites it.
    for scenario in sorted(scenarios(), key=lambda name: (name != WHOLE_PAGE, name))
    if scenario not in {"initial-create", "database-renamed"}
]


def golden_file(scenario: str, suffix: str) -> Path:
    return REPORTS / f"{scenario}{'.body' if is_body_only(scenario, suffix) else ''}.{suffix}"


def is_body_only(scenario: str, suffix: str) -> bool:
    return suffix == "html" and scenario != WHOLE_PAGE


def head(report: Report) -> str:
    """The head of the whole golden page with the title of another report."""
    title = "<title>Infrastructure preview: {}</title>".format
    golden = golden_file(WHOLE_PAGE, "html").read_text().partition(BODY)[0]
    before, found, after = golden.partition(title(report_on(WHOLE_PAGE).verdict))
    assert found
    return before + title(report.verdict) + after


@pytest.mark.parametrize(("scenario", "suffix", "render"), PAGES)
def test_the_report_is_the_golden_one(scenario: str, suffix: str, render: Any, update_golden: bool) -> None:
    golden = golden_file(scenario, suffix)
    report = report_on(scenario)
    written = render(report)
    shared = head(report) if is_body_only(scenario, suffix) else ""
    if update_golden:
        REPORTS.mkdir(exist_ok=True)
        golden.write_text(written.removeprefix(shared))
    assert written == shared + golden.read_text(), (
        "if this is meant: pytest --update-golden, and review the diff"
    )


def test_every_golden_report_is_of_a_recording() -> None:
    assert set(REPORTS.iterdir()) == {golden_file(scenario, suffix) for scenario, suffix, _ in PAGES}
    assert {path.name.split(".")[0] for path in PREVIEWS.iterdir()} == {each.name for each in SCENARIOS}


def test_every_edit_of_a_scenario_still_applies() -> None:
    missing = [
        (scenario.name, edit.old)
        for scenario in SCENARIOS
        for edit in scenario.edits
        if edit.old not in (ROOT / edit.path).read_text()
    ]
    assert missing == []


# What it says


def test_the_verdict_is_that_of_the_gravest_change() -> None:
    verdicts = {scenario: report_on(scenario).verdict for scenario in scenarios()}
    assert verdicts["no-change"] == "no changes"
    assert verdicts["kms-key-changed"] == "data at risk in dev"
    assert verdicts["instance-class-changed"] == "interrupts service in dev"
    assert verdicts["security-group-opened"] == "opens access in dev"
    assert verdicts["retention-lowered"] == "a mandatory policy is broken in dev"
    assert verdicts["failed"] == "the preview of dev failed"
    both = build({"dev": preview("no-change"), "prod": preview("kms-key-changed")})
    assert both.verdict == "data at risk in prod"


def test_an_unknown_value_names_the_resources_that_it_waits_for() -> None:
    [service] = [row for row in report_on("replica-added").stacks[0].rows if row.name == "pooler-service"]
    assert [value.note for value in service.values] == ["known after apply, from pooler-task (replace)"]


def test_a_change_says_how_many_resources_depend_on_it() -> None:
    rows = {row.name: row.dependents for row in report_on("instance-class-changed").stacks[0].rows}
    assert rows["postgres-instance"] is not None
    assert rows["postgres-instance"] > 5
    events_only = build({"dev": read(recorded("instance-class-changed", EVENTS))}).stacks[0]
    assert {row.dependents for row in events_only.rows} == {None}
    assert any("what depends on what is not in this recording" in limit for limit in events_only.limits)


def test_policy_results_stand_beside_the_resource() -> None:
    [row] = report_on("retention-lowered").stacks[0].rows
    assert [result.level for result in row.policies] == ["mandatory"]
    digest_only = build({"dev": read(recorded("retention-lowered"))}).stacks[0]
    assert "policy results are not in this recording" in digest_only.policy_summary


def test_the_picture_has_components_where_resources_are_too_many() -> None:
    whole, small = report_on("initial-create").stacks[0].picture, report_on("replica-added").stacks[0].picture
    assert any(re.search(r": \d+ resources$", node.caption) for node in whole.nodes)
    assert {node.label for node in small.nodes} >= {"postgres-replica-b-instance", "pooler-service"}
    assert small.edges


def test_the_picture_leaves_out_what_a_longer_way_says() -> None:
    drawn = report_on("replica-added").stacks[0].picture
    labels = [node.label for node in drawn.nodes]
    edges = {(labels[source], labels[user]) for source, user in drawn.edges}
    assert ("postgres-replica-b-monitoring-role", "postgres-replica-b-monitoring-permission") in edges
    assert ("postgres-replica-b-monitoring-permission", "postgres-replica-b-instance") in edges
    assert ("postgres-replica-b-monitoring-role", "postgres-replica-b-instance") not in edges


# How long it is


@pytest.mark.parametrize("scenario", ["identifier-changed", "database-renamed"])
def test_a_thousand_changes_fit_into_a_comment_and_the_gravest_are_all_there(scenario: str) -> None:
    report = build({"dev": read(multiplied(scenario, 1000))})
    assert len(report.stacks[0].rows) > 900
    comment = markdown(report)
    assert len(comment) <= MAXIMUM_CHARACTERS < GITHUB_CHARACTERS
    assert report.verdict in comment
    stateful = [row for row in report.stacks[0].rows if row.risk is Risk.STATEFUL]
    shown = sum(f"| `{row.name}`" in comment for row in stateful)
    assert shown == len(stateful) or "more here had no room" in comment
    assert shown > 50
    assert as_html(report).count('<article class="change') == len(report.stacks[0].rows)


@pytest.mark.parametrize("limit", [2_000, 5_000, 8_000])
def test_what_has_no_room_is_counted_and_tables_stay_whole(limit: int) -> None:
    comment = markdown(report_on("database-renamed"), limit)
    assert len(comment) <= limit
    assert "had no room: see the full report" in comment
    assert comment.count("<details>") == comment.count("</details>")
    assert comment.count("```") % 2 == 0


def test_a_row_that_holds_data_is_placed_before_anything_routine() -> None:
    comment = markdown(report_on("kms-key-changed"), 2_500)
    assert "| `cache-replication-group`" in comment


# That nothing in it acts


HOSTILE = "</code></details><script>alert(1)</script> | `` @everyone ![x](https://evil.example) <!-- dbops: preview --> \n\n# big"


class Tags(html.parser.HTMLParser):
    """Every element of a page, and where its attributes lead."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [
            value or "" for name, value in attrs if name in {"href", "src", "action"} or name.startswith("on")
        ]


CHANGED = json.dumps(
    [step for step in json.loads(recorded("instance-class-changed"))["steps"] if step["op"] == "update"]
)


def hostile_report(text: str) -> Report:
    document: dict[str, Any] = {"steps": json.loads(CHANGED)}
    for step in document["steps"]:
        step["newState"]["inputs"].update({"description": text, "instanceClass": text})
        step["urn"] += text.replace("::", "")
    document["diagnostics"] = [{"severity": "error", "message": text}]
    return build({"dev": read(json.dumps(document))})


def test_nothing_of_a_preview_acts_in_the_page() -> None:
    page = as_html(hostile_report(HOSTILE))
    tags = Tags()
    tags.feed(page)
    assert "script" not in tags.names
    assert all(link.startswith("#") for link in tags.links)
    assert "default-src 'none'" in page


@settings(max_examples=60)
@given(st.text("|`<>&@!#[]()*_\\\n ~-x/:.h", max_size=40))
def test_no_text_leaves_its_cell_in_markdown(text: str) -> None:
    comment = markdown(hostile_report(f"x{text}x"))
    in_text = re.sub(r"(`+)text\n.*?\n\1", "", comment, flags=re.DOTALL)
    for line in in_text.splitlines():
        if line.startswith("| "):
            bare = re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", lambda span: span[2].replace("\\|", ""), line)
            assert len(re.findall(r"(?<!\\)\|", bare)) in {5, 8}, line


def test_nothing_of_a_preview_acts_in_the_comment() -> None:
    comment = markdown(hostile_report(HOSTILE))
    without_code = re.sub(r"(`+)[^`].*?\1", "", re.sub(r"(`{3,})\w+\n.*?\n\1", "", comment, flags=re.DOTALL))
    assert "<script" not in without_code
    assert "<!--" not in without_code
    assert "@everyone" not in without_code
    assert "https:" not in without_code


# What ends the command


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["preview-report", *arguments])


@pytest.fixture
def recording(tmp_path: Path) -> Any:
    def write(scenario: str) -> str:
        path = tmp_path / f"{scenario}.json"
        path.write_text(recorded(scenario))
        return f"dev={path}"

    return write


@pytest.mark.parametrize(
    ("scenario", "level", "code"),
    [
        ("kms-key-changed", None, 0),
        ("kms-key-changed", "stateful", 5),
        ("kms-key-changed", "routine", 5),
        ("instance-class-changed", "stateful", 0),
        ("instance-class-changed", "disruptive", 6),
        ("security-group-opened", "disruptive", 0),
        ("security-group-opened", "security", 7),
        ("scaling-target-changed", "routine", 10),
        ("alarm-threshold-changed", "routine", 10),
        ("no-change", "routine", 0),
        ("failed", None, 4),
        ("retention-lowered", "stateful", 4),
    ],
)
def test_the_exit_code_is_that_of_the_gravest_change_from_the_level_up(
    recording: Any, scenario: str, level: str | None, code: int
) -> None:
    done = run(recording(scenario), *([f"--fail-on={level}"] if level else []))
    assert done.exit_code == code
    assert done.stdout.startswith("## Infrastructure preview: ")


def test_every_level_has_its_own_code() -> None:
    codes = {exit_code(report_on("kms-key-changed"), level) for level in FailOn}
    assert codes == {5}
    assert [level.value for level in FailOn] == [risk.name.lower() for risk in Risk if risk is not Risk.NOISE]


@pytest.mark.parametrize("argument", ["preview.json", "=preview.json", "dev="])
def test_a_recording_without_its_stack_is_a_wrong_command_line(argument: str) -> None:
    assert run(argument).exit_code == 2


def test_what_cannot_be_read_or_written_is_said_without_a_trace(tmp_path: Path, recording: Any) -> None:
    assert isinstance(run(f"dev={tmp_path}/none.json").exception, OpsError)
    assert isinstance(
        run(recording("no-change"), "--html", f"{tmp_path}/none/report.html").exception, OpsError
    )
    (tmp_path / "empty.json").write_text("")
    assert "failed before it began" in str(run(f"dev={tmp_path}/empty.json").exception)


def test_the_json_holds_what_the_page_holds() -> None:
    document = json.loads(as_json(report_on("kms-key-changed")))
    [store] = [row for row in document["stacks"][0]["rows"] if row["name"] == "cache-replication-group"]
    assert store["risk"] == "stateful"
    assert store["forced_by"] == ["kmsKeyId"]


def test_the_command_of_the_readme_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recording that it reads is made by the command above it, which needs an engine.

    tests.recorder runs that one.
    """
    [line] = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("dbops preview-report")]  # fmt: skip
    command = shlex.split(line, comments=True)
    monkeypatch.chdir(tmp_path)
    for argument in command[2:4]:
        name = argument.partition("=")[2]
        Path(name).write_text(
            recorded("instance-class-changed", EVENTS if name.endswith("jsonl") else DIGEST)
        )
    done = run(*command[2:])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "report.html").is_file()


# Changes that are meant


def test_an_intended_change_is_shown_and_does_not_count() -> None:
    intents = overrides.from_labels(
        f"intended:dev/{name}-replication-group" for name in ("cache", "sessions")
    )
    assert report_on("kms-key-changed", intents[0]).gravest is Risk.STATEFUL, "the other one is not meant"
    meant = report_on("kms-key-changed", *intents)
    assert report_on("kms-key-changed").gravest is Risk.STATEFUL
    assert meant.gravest is not Risk.STATEFUL
    assert meant.notes == ()
    assert "intended: by a label" in markdown(meant)
    assert meant.verdict == "data at risk in dev"


def test_an_intent_for_another_stack_or_resource_does_nothing_and_says_so() -> None:
    for resource in ("prod/cache-replication-group", "dev/cache", "cache-replication-group"):
        report = report_on("kms-key-changed", Intent(resource=resource, says="intended"))
        assert report.gravest is Risk.STATEFUL
        assert report.notes == (f"nothing is changed by the name of {resource}, which was intended",)


def test_a_name_that_two_resources_share_means_neither() -> None:
    document = json.loads(recorded("kms-key-changed"))
    for step in document["steps"]:
        if step["op"] != "same":
            step["urn"] = step["urn"].rsplit("::", 1)[0] + "::twin"
    twins = build({"dev": read(json.dumps(document))}, [Intent(resource="dev/twin", says="intended")])
    assert twins.gravest is Risk.STATEFUL


def test_nothing_overrides_a_failed_preview() -> None:
    rows = report_on("retention-lowered").stacks[0].rows
    meant = report_on("retention-lowered", *(Intent(resource=row.urn, says="intended") for row in rows))
    assert exit_code(meant, FailOn.STATEFUL) == 4


def test_labels_that_say_nothing_are_left_alone() -> None:
    found = overrides.from_labels(["bug", "intended:prod/postgres-instance", "not intended:prod/x"])
    assert [intent.resource for intent in found] == ["prod/postgres-instance"]


OVERRIDE = {
    "resource": "urn:pulumi:dev::dataplatform::aws:rds/instance:Instance::it",
    "reason": "moves to another key, restored from the snapshot first",
    "approver": "a database engineer",
    "expires": "2026-12-01",
}


def override_file(tmp_path: Path, **changed: str | None) -> Path:
    entry = {key: value for key, value in {**OVERRIDE, **changed}.items() if value is not None}
    path = tmp_path / "overrides.yaml"
    lines = [
        f"{'-' if index == 0 else ' '} {key}: {value}" for index, (key, value) in enumerate(entry.items())
    ]
    path.write_text("overrides:\n" + "\n".join(f"  {line}" for line in lines))
    return path


def test_an_override_says_who_why_and_until_when(tmp_path: Path) -> None:
    [intent], notes = overrides.read_file(override_file(tmp_path), TODAY)
    assert (intent.resource, notes) == (OVERRIDE["resource"], [])
    assert intent.says == "intended: moves to another key, restored from the snapshot first (a database engineer, until 2026-12-01)"  # fmt: skip


def test_an_expired_override_counts_no_more_and_says_so(tmp_path: Path) -> None:
    assert overrides.read_file(override_file(tmp_path), date(2026, 12, 1))[1] == []
    intents, [note] = overrides.read_file(override_file(tmp_path), date(2026, 12, 2))
    assert intents == []
    assert "expired on 2026-12-01" in note


@pytest.mark.parametrize(
    "changed",
    [{"reason": None}, {"reason": "yes"}, {"approver": None}, {"expires": None}, {"expires": "soon"}, {"resource": "dev/it"}, {"more": "x"}],
)  # fmt: skip
def test_an_override_without_its_reasons_is_refused(tmp_path: Path, changed: dict[str, str | None]) -> None:
    with pytest.raises(OpsError, match="is not a list of overrides"):
        overrides.read_file(override_file(tmp_path, **changed), TODAY)
