"""The environment in which the engine and its providers run: everything of ours, nothing that leads to AWS.

A sandbox must not be able to reach a real account, whatever the user's shell holds. So every AWS, Pulumi and Terraform
variable is dropped and replaced, the shared credential files are out of sight, and `refuse_real_account` checks the result
before anything is started with it.
"""

import os
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import SandboxError

DUMMY_CREDENTIAL = "sandbox"
# For calls that name no region of their own; every provider of the program names one.
DEFAULT_REGION = "us-east-1"
# The emulated account never throttles and is never away for a moment: a call that failed twice is a fault to see now.
MAX_ATTEMPTS = 2
# What the user may have set for another account, backend or stack.
FOREIGN_PREFIXES = ("AWS_", "MOTO_", "PULUMI_", "TF_")
# Leads to the provider's binary, and to no account.
KEPT = ("TF_PLUGIN_CACHE_DIR",)
LOOPBACK = "127.0.0.1"


def is_foreign(name: str) -> bool:
    """Whether a variable of the user's may not get into a sandbox."""
    return name.startswith(FOREIGN_PREFIXES) and name not in KEPT


def without_foreign_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without a trace of AWS accounts, Pulumi settings and Terraform settings."""
    return {name: value for name, value in environment.items() if not is_foreign(name)}


def forget_real_accounts(environment: MutableMapping[str, str]) -> list[str]:
    """Drop them from this process's own environment, which its AWS clients and its children inherit.

    Returns: the names of the variables that were dropped.
    """
    dropped = sorted(filter(is_foreign, environment))
    for name in dropped:
        del environment[name]
    environment["AWS_CONFIG_FILE"] = environment["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    return dropped


def aws_environment(port: int) -> dict[str, str]:
    """What makes every AWS SDK speak to the emulated account on `port`, and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{port}",
        "AWS_ACCESS_KEY_ID": DUMMY_CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": DUMMY_CREDENTIAL,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
        # A proxy of the user's would take the calls for ones to the outside.
        "NO_PROXY": f"{LOOPBACK},localhost",
        "no_proxy": f"{LOOPBACK},localhost",
    }


def aws_client(service: str, region: str, environment: Mapping[str, str]) -> Any:
    """A boto3 client of the emulated account that `environment` leads to. It never uses a proxy of the user's."""
    # Slow to import, and most commands need none.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=region,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}),
    )


def refuse_real_account(environment: Mapping[str, str]) -> None:
    """Raise SandboxError unless `environment` leads to an emulated account only."""
    endpoints = {
        name: value
        for name, value in environment.items()
        if name == "AWS_ENDPOINT_URL" or name.startswith("AWS_ENDPOINT_URL_")
    }
    for name, endpoint in endpoints.items():
        if urlsplit(endpoint).hostname != LOOPBACK:
            raise SandboxError(f"{name} is {endpoint!r}: a sandbox speaks to {LOOPBACK} only")
    if "AWS_ENDPOINT_URL" not in endpoints:
        raise SandboxError("AWS_ENDPOINT_URL is not set: calls would reach AWS")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if environment.get(name) != DUMMY_CREDENTIAL:
            raise SandboxError(f"{name} is not the sandbox's own: a real credential must not get here")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        if environment.get(name) != os.devnull:
            raise SandboxError(f"{name} is {environment.get(name)!r}: it could hold real credentials")
    allowed = aws_environment(0)
    for name in environment:
        # TF_AWS_<service>_ENDPOINT is what the Terraform provider called AWS_ENDPOINT_URL_<service> before.
        if name.startswith(("AWS_", "TF_AWS_")) and name not in allowed and name not in endpoints:
            raise SandboxError(f"{name} is set: the sandbox does not know whether it leads to a real account")
