"""One AWS plugin per test file and one emulated AWS account for all of them.

AWS is moto's own server, without the sandbox's additions: these tests prove the adapter, not the emulator.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from sandbox.adapter import binary
from sandbox.environment import aws_client, aws_environment, forget_real_accounts
from tests.sandbox.adapter.engine import REGION, Plugin, Resource, start_plugin
from tests.sandbox.adapter.examples import TOPIC

# boto3 and moto run in this process too, and look at the environment as soon as a test file imports them.
forget_real_accounts(os.environ)


@pytest.fixture(scope="session")
def moto_environ() -> Iterator[dict[str, str]]:
    """A moto server on a free port, as the environment that leads the AWS SDKs there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield aws_environment(port)
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
def topic(aws: Plugin) -> Iterator[Resource]:
    """A topic with a name, a display name and a tag."""
    made = aws.create(TOPIC, "alarms", {"displayName": "first", "tags": {"env": "dev"}})
    yield made
    aws.delete(made)


@pytest.fixture
def client(moto_environ: dict[str, str]) -> Callable[..., Any]:
    """boto3 clients of the emulated account, by service name."""

    def build(service: str, region: str = REGION) -> Any:
        return aws_client(service, region, moto_environ)

    return build
