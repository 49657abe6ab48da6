"""Calls that the emulated account cannot answer, in each protocol AWS has.

Proves that such a call fails at once with its name, in the shape its protocol has for errors (boto3 parses it), and
can be listed afterwards. Every operation used here is one that moto 5.2.5 lacks; a newer moto may know it.
Does not prove that the answers to known calls are AWS's.
"""

import json
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from botocore.exceptions import ClientError

from sandbox.emulated_account import EmulatedAccount
from sandbox.emulator.call_list import UnknownCall, UnknownCalls
from sandbox.emulator.unknown_calls import refuse_unknown_calls
from tests.harness.provider import ACCOUNT_ID
from tests.sandbox.emulator.conftest import Connect

UNKNOWN: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "query": ("rds", "describe_db_recommendations", {}, "DescribeDBRecommendations"),
    "ec2": ("ec2", "describe_fast_launch_images", {}, "DescribeFastLaunchImages"),
    "json": ("kms", "connect_custom_key_store", {"CustomKeyStoreId": "x"}, "ConnectCustomKeyStore"),
    "json, another signing name": (
        "cloudwatch",
        "describe_anomaly_detectors",
        {},
        "DescribeAnomalyDetectors",
    ),
    "rest-json": ("backup", "list_backup_jobs", {}, "ListBackupJobs"),
    "rest-xml": ("route53", "list_cidr_collections", {}, "ListCidrCollections"),
    "a service without any emulation": ("grafana", "list_versions", {}, "ListVersions"),
}


@pytest.mark.parametrize("protocol", UNKNOWN)
def test_an_unknown_call_fails_at_once_with_its_name(
    connect: Connect, account: EmulatedAccount, protocol: str
) -> None:
    service, method, request, operation = UNKNOWN[protocol]
    with pytest.raises(ClientError) as raised:
        getattr(connect(service), method)(**request)
    response = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Code"] == "NotEmulated"
    assert f"{service} {operation}" in response["Error"]["Message"]
    assert (service, operation) in [(call.service, call.operation) for call in account.unknown_calls()]
    assert f"REFUSED: {service} {operation}" in account.log_file.read_text()


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (KeyError("canary-7d1c"), "EmulatorFailure", "KeyError"),
        (NotImplementedError("canary-7d1c"), "NotEmulated", "neither moto nor the sandbox implements it"),
    ],
)
def test_a_fault_of_the_emulator_is_no_passing_fault_and_its_text_stays_inside(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], fault: Exception, code: str, reason: str
) -> None:
    """moto's error texts may quote the request, and a request may hold a secret."""

    def faulty(environ: Any, start_response: Any) -> list[bytes]:
        raise fault

    calls = UnknownCalls(tmp_path / "calls")
    environ: dict[str, Any] = {
        "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/kms/aws4_request"
    }
    setup_testing_defaults(environ)
    environ["HTTP_X_AMZ_TARGET"] = "TrentService.CreateKey"
    statuses: list[str] = []
    body = b"".join(
        refuse_unknown_calls(faulty, calls)(environ, lambda status, headers: statuses.append(status))
    )
    assert statuses == ["400 Bad Request"]
    assert json.loads(body)["__type"] == code
    assert calls.read() == [UnknownCall("kms", "CreateKey", reason)]
    assert "canary-7d1c" not in body.decode() + "".join(capfd.readouterr())


def test_the_same_call_is_listed_once(connect: Connect, account: EmulatedAccount) -> None:
    for _ in range(2):
        with pytest.raises(ClientError):
            connect("kms").disconnect_custom_key_store(CustomKeyStoreId="x")
    found = [call for call in account.unknown_calls() if call.operation == "DisconnectCustomKeyStore"]
    assert found == [UnknownCall("kms", "DisconnectCustomKeyStore", found[0].reason)]


def test_an_error_of_the_service_itself_is_left_alone(connect: Connect) -> None:
    with pytest.raises(ClientError) as raised:
        connect("rds").describe_db_instances(DBInstanceIdentifier="no-such-instance")
    assert raised.value.response["Error"]["Code"] == "DBInstanceNotFound"


def test_two_regions_share_an_account_and_nothing_else(connect: Connect) -> None:
    east, west = connect("kms", "us-east-1"), connect("kms", "us-west-2")
    arn = east.create_key()["KeyMetadata"]["Arn"]
    assert arn.startswith(f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/")
    assert arn not in [key["KeyArn"] for key in west.list_keys()["Keys"]]
