"""Processes of the adapter: when they start and, in every way that an engine can go, that they end.

The engine is played by the test or by a stand-in process that is killed. Starting the Terraform provider takes
seconds, so each test looks at several things. Proves the ends of processes, not what they answer.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import values
from sandbox.environment import without_foreign_variables
from sandbox.toolchain.routes import write_executable
from tests.sandbox.adapter.engine import REGION, STATE, Plugin, RequestFailedError, start_plugin
from tests.sandbox.adapter.examples import QUEUE, TOPIC
from tests.sandbox.adapter.test_leash import eventually, is_running

OVERRIDE = "SANDBOX_TERRAFORM_AWS_PROVIDER"


@pytest.fixture
def plugin(provider_binary: Any, moto_environ: dict[str, str]) -> Any:
    started = start_plugin("sandbox.adapter.aws", moto_environ)
    yield started
    started.close()


def provider_processes(plugin: Plugin) -> list[int]:
    """The Terraform providers of an adapter, and whatever else it started."""
    return [child.pid for child in psutil.Process(plugin.process.pid).children(recursive=True)]


def test_the_adapter_and_its_provider_end_when_the_engine_is_killed(
    provider_binary: Any, moto_environ: dict[str, str], tmp_path: Path
) -> None:
    script = tmp_path / "engine.py"
    script.write_text(
        textwrap.dedent("""
            import os, time
            from tests.sandbox.adapter.engine import start_plugin
            plugin = start_plugin("sandbox.adapter.aws", os.environ)
            plugin.configure(region="us-east-1")
            print(plugin.process.pid, flush=True)
            time.sleep(600)
        """)
    )
    root = Path(__file__).parents[3]
    engine = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        env={**without_foreign_variables(os.environ), **moto_environ, "PYTHONPATH": str(root)},
    )
    assert engine.stdout is not None
    adapter = int(engine.stdout.readline())
    started = [adapter, *(child.pid for child in psutil.Process(adapter).children(recursive=True))]
    assert len(started) >= 2
    engine.kill()
    engine.wait()
    engine.stdout.close()
    assert eventually(lambda: not any(is_running(process_id) for process_id in started), seconds=15)


def test_when_the_adapter_is_killed_its_provider_ends_and_its_folders_go_at_the_next_start(
    plugin: Plugin, moto_environ: dict[str, str]
) -> None:
    def folders() -> list[Path]:
        return list(Path(tempfile.gettempdir()).glob(f"reptidex-{plugin.process.pid}-*"))

    plugin.configure(region=REGION)
    providers = provider_processes(plugin)
    assert providers
    start_plugin("sandbox.adapter.aws", moto_environ).close()
    assert len(folders()) == 2  # for files and for the provider's socket; another adapter leaves them alone
    plugin.process.kill()
    assert eventually(lambda: not any(is_running(process_id) for process_id in providers), seconds=15)
    plugin.process.wait()
    start_plugin("sandbox.adapter.aws", moto_environ).close()
    assert folders() == []


def test_the_provider_starts_with_the_configuration_and_all_ends_with_cancel_and_sigint(
    plugin: Plugin,
) -> None:
    assert provider_processes(plugin) == []
    with pytest.raises(RequestFailedError, match="the provider has not been configured"):
        plugin.check(TOPIC, "t", {})
    info = plugin.request("GetPluginInfo", empty_pb2.Empty())
    assert info.version.startswith("7.")
    assert plugin.request("Handshake", provider_pb2.ProviderHandshakeRequest()).accept_secrets
    plugin.configure(region=REGION)
    providers = provider_processes(plugin)

    # Ctrl-C in a terminal: the engine is still at work.
    os.killpg(plugin.process.pid, signal.SIGINT)
    assert plugin.inputs(TOPIC, "t", {})["name"]

    # A provider that dies is an error of the next request, not of the adapter.
    for process_id in providers:
        os.kill(process_id, signal.SIGKILL)
    with pytest.raises(RequestFailedError, match="does not run: it ended with exit code -9"):
        plugin.check(TOPIC, "t", {})

    plugin.cancel()
    os.killpg(plugin.process.pid, signal.SIGINT)
    assert plugin.process.wait(30) == 0
    assert eventually(lambda: not any(is_running(process_id) for process_id in providers))


def test_cancel_ends_what_is_running_and_what_exists_is_recorded(plugin: Plugin) -> None:
    plugin.configure(region=REGION)
    failures: list[RequestFailedError] = []

    def create() -> None:
        try:
            plugin.create(QUEUE, "q", {})
        except RequestFailedError as failure:
            failures.append(failure)

    running = threading.Thread(target=create)
    running.start()
    # The queue is made at once; the provider then waits 25 s to see it settle.
    assert eventually(lambda: bool(queues(plugin)))
    plugin.cancel()
    running.join(20)
    assert len(failures) == 1
    partial = failures[0].partial
    assert partial is not None
    assert partial.id.endswith(values.decode(partial.inputs)["name"])
    assert isinstance(values.decode(partial.properties)[STATE], values.Secret)


def queues(plugin: Plugin) -> list[str]:
    answer = plugin.invoke("aws:sqs/getQueues:getQueues", queueNamePrefix="q-")
    return list(answer["queueUrls"])


def refused(environ: dict[str, str], **arguments: str) -> str:
    """The message with which an adapter of its own refuses these arguments of the provider."""
    plugin = start_plugin("sandbox.adapter.aws", environ)
    try:
        with pytest.raises(RequestFailedError) as failure:
            plugin.configure(**arguments)
        return failure.value.message
    finally:
        plugin.close()


def test_an_adapter_without_a_region_says_what_to_set(
    provider_binary: Any, moto_environ: dict[str, str]
) -> None:
    message = refused({**moto_environ, "AWS_REGION": "", "AWS_DEFAULT_REGION": ""})
    assert "no AWS region is set: set aws:region" in message


def test_an_adapter_without_a_binary_says_where_it_looked(moto_environ: dict[str, str]) -> None:
    message = refused({**moto_environ, OVERRIDE: "/nowhere/terraform"}, region=REGION)
    assert "SANDBOX_TERRAFORM_AWS_PROVIDER is '/nowhere/terraform'" in message


def test_the_reason_of_a_crash_is_told_though_a_long_trace_follows(
    moto_environ: dict[str, str], tmp_path: Path
) -> None:
    crashing = tmp_path / "terraform-provider-aws"
    write_executable(crashing, "#!/bin/sh\necho 'panic: nil map' >&2\nseq 1000 >&2\nexit 2\n")
    message = refused({**moto_environ, OVERRIDE: str(crashing)}, region=REGION)
    assert re.search(r"does not run: .* \(panic: nil map\)", message)


def test_a_binary_that_is_no_provider_is_named(moto_environ: dict[str, str], tmp_path: Path) -> None:
    wrong = tmp_path / "terraform-provider-aws"
    write_executable(wrong, "#!/bin/sh\necho hello\n")
    message = refused({**moto_environ, OVERRIDE: str(wrong)}, region=REGION)
    assert "it answered 'hello' instead of a plugin protocol 5 handshake" in message
