"""One AWS plugin per test file and one emulated AWS account for all of them.

AWS is moto's own server, without the sandbox's additions: these tests prove the adapter, not the emulator.
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from sandbox.adapter import binary
from tests.sandbox.adapter.engine import REGION, Plugin, start_plugin


@pytest.fixture(scope="session")
def provider_binary() -> binary.ProviderBinary:
    """The Terraform AWS provider of this machine."""
    try:
        return binary.find()
    except binary.ProviderBinaryNotFound as missing:
        pytest.skip(str(missing).splitlines()[0])


@pytest.fixture(scope="session")
def moto_environ() -> Iterator[dict[str, str]]:
    """A moto server on a free port, as the environment that leads the AWS SDKs there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    server.stop()


@pytest.fixture(scope="module")
def aws(provider_binary: binary.ProviderBinary, moto_environ: dict[str, str]) -> Iterator[Plugin]:
    """A configured AWS plugin that the tests of one file share."""
    plugin = start_plugin("sandbox.adapter.aws", moto_environ)
    try:
        plugin.configure(region=REGION, maxRetries="1", defaultTags='{"tags":{"project":"dataplatform"}}')
        yield plugin
    finally:
        plugin.close()


@pytest.fixture
def client(moto_environ: dict[str, str]) -> Callable[..., Any]:
    """boto3 clients of the emulated account, by service name."""

    def build(service: str, region: str = REGION) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=moto_environ["AWS_ENDPOINT_URL"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return build
