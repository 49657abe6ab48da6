"""One emulated account for all tests of this folder: the real server process, spoken to with boto3.

And one for each file that needs an account of its own, with the real Terraform AWS provider in front of it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.adapter import binary
from sandbox.emulated_account import EmulatedAccount
from sandbox.environment import aws_environment
from tests.sandbox.adapter.engine import REGION, Plugin, start_plugin

Connect = Callable[..., Any]
ACCOUNT_ID = "444455556666"


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAccount]:
    account = EmulatedAccount(Path(tmp_path_factory.mktemp("account")))
    with account.start(ACCOUNT_ID, stays=False):
        yield account


@pytest.fixture(scope="module")
def own_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAccount]:
    """An account that only the tests of one file speak to."""
    account = EmulatedAccount(Path(tmp_path_factory.mktemp("account")))
    with account.start(ACCOUNT_ID, stays=False):
        yield account


@pytest.fixture(scope="module")
def own_connect(own_account: EmulatedAccount) -> Connect:
    return clients_of(own_account)


@pytest.fixture(scope="module")
def aws(own_account: EmulatedAccount) -> Iterator[Plugin]:
    """The provider in front of that account."""
    try:
        binary.find()
    except binary.ProviderBinaryNotFound as missing:
        pytest.skip(str(missing).splitlines()[0])
    plugin = start_plugin("sandbox.adapter.aws", aws_environment(own_account.port or 0))
    try:
        plugin.configure(region=REGION, maxRetries="3", defaultTags='{"tags":{"Project":"reptidex"}}')
        yield plugin
    finally:
        plugin.close()


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
