"""The guard between a sandbox and real accounts: proves what an engine's environment may and may not hold.

Does not prove that the AWS SDKs honour it; the sandbox's other tests do, by reaching the emulated account.
"""

import os

import pytest

from sandbox.environment import (
    aws_environment,
    forget_real_accounts,
    refuse_real_account,
    without_foreign_variables,
)
from sandbox.errors import SandboxError

REAL = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "token",
    "AWS_ENDPOINT_URL_RDS": "https://rds.us-east-1.amazonaws.com",
    "AWS_SHARED_CREDENTIALS_FILE": "/home/me/.aws/credentials",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/",
    "TF_AWS_STS_ENDPOINT": "https://sts.amazonaws.com",
    "PULUMI_ACCESS_TOKEN": "pul-x",
    "PULUMI_BACKEND_URL": "s3://state",
}


def test_nothing_of_the_users_accounts_gets_into_a_sandbox() -> None:
    harmless = {"HOME": "/home/me", "TF_PLUGIN_CACHE_DIR": "/home/me/plugins"}
    environment = {**without_foreign_variables({**REAL, **harmless}), **aws_environment(4566)}
    refuse_real_account(environment)
    assert environment["TF_PLUGIN_CACHE_DIR"] == "/home/me/plugins", "where the provider may be found"
    assert environment["HOME"] == "/home/me"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert not set(REAL.values()) & set(environment.values())


def test_the_command_itself_forgets_them_too() -> None:
    environment = {**REAL, "HOME": "/home/me"}
    assert forget_real_accounts(environment) == sorted(REAL)
    assert environment == {
        "HOME": "/home/me",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("AWS_ENDPOINT_URL", "https://rds.us-east-1.amazonaws.com", "speaks to 127.0.0.1 only"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1.evil.example", "speaks to 127.0.0.1 only"),
        ("AWS_ENDPOINT_URL_S3", "https://s3.amazonaws.com", "speaks to 127.0.0.1 only"),
        ("AWS_ENDPOINT_URL", None, "calls would reach AWS"),
        ("AWS_ACCESS_KEY_ID", "AKIA0000000000000000", "a real credential"),
        ("AWS_SECRET_ACCESS_KEY", None, "a real credential"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/home/me/.aws/credentials", "could hold real credentials"),
        ("AWS_PROFILE", "production", "AWS_PROFILE is set"),
        ("AWS_SESSION_TOKEN", "token", "AWS_SESSION_TOKEN is set"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is set"),
        ("TF_AWS_STS_ENDPOINT", "https://sts.amazonaws.com", "TF_AWS_STS_ENDPOINT is set"),
    ],
)
def test_an_environment_that_could_lead_to_a_real_account_is_refused(
    name: str, value: str | None, complaint: str
) -> None:
    environment = aws_environment(4566)
    if value is None:
        del environment[name]
    else:
        environment[name] = value
    with pytest.raises(SandboxError, match=complaint):
        refuse_real_account(environment)
