"""One emulated account for all tests of this folder: the real server process, spoken to with boto3."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.emulated_account import EmulatedAccount
from tests.harness.provider import ACCOUNT_ID

Connect = Callable[..., Any]


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAccount]:
    account = EmulatedAccount(Path(tmp_path_factory.mktemp("account")))
    with account.start(ACCOUNT_ID, stays=False):
        yield account


@pytest.fixture(scope="module")
def own_connect(own_account: EmulatedAccount) -> Connect:
    return clients_of(own_account)


@pytest.fixture(scope="session")
def connect(account: EmulatedAccount) -> Connect:
    return clients_of(account)


def clients_of(account: EmulatedAccount) -> Connect:
    """`connect("rds", region)` makes a client; it does not retry, so that every answer is the account's first."""

    def client(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{account.port}",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    return client
