"""What a report shows of values that may be secrets.

Proves that secrets of known formats, under telling names and drawn at random are hidden wherever they stand, that every output
of a report is free of them, and that what a reviewer needs is still shown. Does not prove that a secret which looks like a
word is found: nothing could.
"""

import base64
import hashlib
import json
import secrets
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ops.cli import app
from ops.redaction import HIDDEN, names_a_secret, shown, shown_text
from tests.harness.recorded import EVENTS, recorded

ALPHABET = string.ascii_letters + string.digits

# Nothing that looks like a secret stands in this file: a scanner of the repository would be right to complain.
FORMATS = {
    "AWS access key": "AK" + "IA" + "QWERTYUIOPASDFGH",
    "AWS secret key": "aws_secret_access_key=" + "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "ZZZZZZZZZZ",
    "GitHub token": "gh" + "p_" + "a1B2" * 9,
    "fine-grained GitHub token": "github" + "_pat_" + "11ABCDEFG0" * 3,
    "GitLab token": "gl" + "pat-" + "abcdefghij0123456789",
    "Slack token": "xox" + "b-123456789012-123456789012-abcdefghijklmnop",
    "Stripe key": "sk" + "_live_" + "a1b2c3d4e5f6g7h8i9j0k1l2",
    "JWT": ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "HS256"}, {"sub": "x" * 20}, {"s": "y" * 20})),
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n" + "abcd" * 20 + "\n-----END RSA PRIVATE KEY-----",
    "connection string": "postgresql://app:" + "hunter2" + "@db.internal:5432/app",
    "SCRAM verifier": "SCRAM-SHA-256" + "$4096:c2FsdA==$c3RvcmVk:c2VydmVy",
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_a_secret_of_a_known_format_is_hidden_in_the_middle_of_a_text(kind: str) -> None:
    found = shown_text(f"the value is {FORMATS[kind]} and that is all")
    assert HIDDEN in found
    assert "and that is all" in found
    for part in FORMATS[kind].replace("postgresql://app:", "").split("@")[0].split("="):
        assert len(part) < 8 or part in {"aws_secret_access_key"} or part not in found


@given(st.binary(min_size=32, max_size=32), st.text("abc ", max_size=10))
def test_what_looks_drawn_at_random_is_hidden_wherever_it_stands(seed: bytes, around: str) -> None:
    token = hashlib.sha256(seed).hexdigest()
    assert token not in json.dumps(shown({"list": [{"note": f"{around} {token} {around}"}]}))


def test_tokens_of_32_bytes_are_hidden_in_every_spelling() -> None:
    """Drawn from a fixed seed: of truly random ones, one in many thousands looks like words."""
    for number in range(500):
        drawn = hashlib.sha256(str(number).encode()).digest()
        for token in (drawn.hex(), base64.b64encode(drawn).decode(), base64.urlsafe_b64encode(drawn).decode().rstrip("=")):  # fmt: skip
            assert token not in shown_text(f"value {token}"), token


@given(st.text(ALPHABET, min_size=1, max_size=12))
def test_whatever_is_under_a_telling_name_is_hidden(value: str) -> None:
    value = f"<{value}>"
    for name in ("password", "masterPassword", "DB_PASSWORD", "api_key", "authToken", "clientSecret", "secretString"):  # fmt: skip
        assert value not in json.dumps(shown({name: value}))
        assert value not in json.dumps(shown({name: {"deep": [value]}}))
        assert value not in json.dumps(shown([{"name": name, "value": value}]))
        assert value not in json.dumps(shown(json.dumps({"environment": [{"name": name, "value": value}]})))
        assert value not in shown_text(f'{name}="{value}" {name}: {value}')


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["a-", "a.", "Ab", "password", "://a:", "a: ", "password=", "\"'", "aB3"])
def test_a_long_text_is_judged_in_one_pass(piece: str) -> None:
    """Nobody may stop the report with a text: one that took the square of its length would reach the time limit here."""
    shown_text(piece * (300_000 // len(piece)))


def test_a_secret_is_found_behind_an_innocent_name() -> None:
    assert shown_text("options: password=hunter2 host=db") == f"options: password={HIDDEN} host=db"


@pytest.mark.parametrize(
    "value",
    [
        "arn:aws:kms:us-east-1:111111111111:key/61515621-ffc5-4ae9-a980-ef938d7ba92b",
        "arn:aws:secretsmanager:us-east-1:111111111111:secret:reptidex-dev-postgres-admin-AbCdEf",
        "urn:pulumi:dev::dataplatform::reptidex:postgres:PostgresPrimary$aws:rds/instance:Instance::postgres-instance",
        "sha256:" + "0123456789abcdef" * 4,
        "sg-4495a3ce3aaadff49",
        "db.r7g.2xlarge",
        "reptidex-prod-pooler-userlist",
        "/aws/rds/instance/reptidex-dev-postgres/postgresql",
        "performanceInsightsRetentionPeriod",
        "AmazonECSTaskExecutionRolePolicy",
        "AWSServiceRoleForElastiCache",
        "secretsmanager:GetSecretValue",
        "iam:PassRole",
        "rds-ca-rsa2048-g1",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com/reptidex-dev-pooler",
        "2026-11-24T02:10:24.123456Z",
        "databases-take-minor-upgrades-and-no-major-ones",
    ],
)
def test_what_a_reviewer_needs_is_shown(value: str) -> None:
    assert shown_text(value) == value


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("password", True), ("db_passwords", True), ("PGPASSWORD", True), ("x-api-key", True), ("authToken", True), ("scram_verifier", True),
        ("kmsKeyId", False), ("secretArn", False), ("passwordLength", False), ("tokenExpiry", False), ("author", False), ("secretsmanager", False),
        ("manageMasterUserPassword", True), ("password_encryption", False), ("recoveryWindowInDays", False), ("passRole", False), ("authenticationMode", False),
    ],
)  # fmt: skip
def test_names_that_hold_a_secret_are_told_from_those_about_one(name: str, is_secret: bool) -> None:
    assert names_a_secret(name) is is_secret


UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def planted(canaries: list[str]) -> tuple[str, str]:
    """A recorded preview with canaries wherever somebody could put a secret; its digest and its events."""
    one = iter(canaries * 50)
    digest = json.loads(recorded("instance-class-changed"))
    for step in digest["steps"]:
        if step["op"] == "update":
            old, new = step["oldState"]["inputs"], step["newState"]["inputs"]
            old["masterPassword"], new["masterPassword"] = next(one), next(one)
            new["description"] = f"log in with {next(one)} please"
            new["tags"] = {"note": next(one), next(one): "by key"}
            new["environment"] = json.dumps([{"name": "DB_PASSWORD", "value": next(one)}, {"name": "NOTE", "value": next(one)}])  # fmt: skip
            new["policy"] = json.dumps({"Statement": [{"Sid": next(one), "Effect": "Allow", "Action": "*", "Principal": next(one)}]})  # fmt: skip
            new["parameters"] = [{"name": next(one), "value": next(one), "applyMethod": "pending-reboot"}]
            step["detailedDiff"] = {f"tags.{next(one)}": {"kind": "update-replace", "inputDiff": True}}
            step["replaceReasons"] = [next(one)]
            # A URN is exempt from judging by chance: its name is long and no secret. A known format is hidden even there.
            step["urn"] += f"-{canaries[0]}"
            new["waiting"] = UNKNOWN
            step["newState"]["propertyDependencies"] = {"waiting": [step["urn"]]}
    digest["diagnostics"] = [{"severity": level, "message": f"cannot reach {next(one)}"} for level in ("error", "warning")]  # fmt: skip
    urn = next(step["urn"] for step in digest["steps"] if step["op"] == "update")
    violation = {"resourceUrn": urn, "message": f"`x` is {next(one)}", "policyName": next(one), "policyPackName": next(one), "enforcementLevel": "advisory"}  # fmt: skip
    elsewhere = {**violation, "resourceUrn": "", "message": next(one)}
    events = [*recorded("instance-class-changed", EVENTS).splitlines(), *(json.dumps({"sequence": 0, "policyEvent": each}) for each in (violation, elsewhere))]  # fmt: skip
    return json.dumps(digest), "\n".join(events)


def test_no_canary_reaches_any_output(tmp_path: Any) -> None:
    canaries = ["gh" + "p_" + "".join(secrets.choice(ALPHABET) for _ in range(36)) for _ in range(3)]
    canaries += [secrets.token_hex(32) for _ in range(5)]
    digest, events = planted(canaries)
    assert all(canary in digest + events for canary in canaries)
    (tmp_path / "digest.json").write_text(digest)
    (tmp_path / "events.jsonl").write_text(events)
    arguments = [
        "preview-report",
        f"dev={tmp_path}/digest.json",
        f"dev={tmp_path}/events.jsonl",
        "--json",
        "-",
    ]
    done = CliRunner().invoke(app, [*arguments, "--markdown", f"{tmp_path}/out.md", "--html", f"{tmp_path}/out.html"])  # fmt: skip
    assert done.exit_code == 4, done.output
    outputs = {"output": done.output, **{path.name: path.read_text() for path in tmp_path.glob("out.*")}}
    assert len(outputs) == 3
    for name, text in outputs.items():
        assert HIDDEN in text
        assert [canary for canary in canaries if canary in text] == [], name


def test_a_file_that_cannot_be_read_is_not_quoted(tmp_path: Any) -> None:
    canary = secrets.token_urlsafe(32)
    (tmp_path / "broken.json").write_text(f'{{"sequence": 1, "password": "{canary}"')
    done = CliRunner().invoke(app, ["preview-report", f"dev={tmp_path}/broken.json"])
    assert canary not in done.output + str(done.exception)
