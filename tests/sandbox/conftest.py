"""The toolchain, found or built once, small projects to use it on, and an emulated account behind the real provider."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.adapter import binary
from sandbox.adapter.binary import ProviderBinary
from sandbox.emulated_account import EmulatedAccount
from sandbox.engine import Engine
from sandbox.errors import NoEngineError
from sandbox.toolchain import Toolchain, prepare
from sandbox.working_copy import WorkingCopy
from tests.harness.provider import ACCOUNT_ID, Make, provider
from tests.sandbox.adapter.engine import Plugin, Resource

# The first run on a machine builds the command line: minutes, once. SANDBOX_CACHE_DIR names a cache that has it.
# What a program does that has started, says so, and goes on until the engine ends it.
ENDLESS = "with open({started!r}, 'w') as fifo:\n    fifo.write('started\\n')\nimport threading\nthreading.Event().wait()\n"
CHECK_INTERVAL_SECONDS = 0.5
PROGRAM = """\
import pulumi

config = pulumi.Config()
pulumi.export("word", config.require("word"))
pulumi.export("password", pulumi.Output.secret("canary-5f0e"))
"""


# Whole stacks wait for the provider, ten minutes and more: begun first, they wait while everything else runs.
LONGEST_FIRST = ("test_prod.py", "test_dev.py", "test_promotion.py", "test_restore.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the modules; `--no-loadscope-reorder` keeps it. Within a module nothing changes its place."""
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """A real engine with everything it needs."""
    try:
        return prepare()
    except NoEngineError as error:
        pytest.skip(f"no Pulumi engine or AWS provider can be had on this machine: {error}")


@pytest.fixture(scope="session")
def provider_binary(request: pytest.FixtureRequest) -> ProviderBinary:
    """The Terraform AWS provider: this machine's, or the one that the toolchain downloads."""
    try:
        return binary.find()
    except binary.ProviderBinaryNotFound:
        # Not a parameter: on a machine that has the provider, it needs no engine.
        request.getfixturevalue("toolchain")
        return binary.find()


def wait_for_start(process: subprocess.Popen[Any], started: Path) -> str:
    """Wait until a program has written to the FIFO `started`; fail when its starter ends before that.

    Returns: what was written.
    """
    # Opened for both, so that it neither waits for a writer nor sees its end.
    with os.fdopen(os.open(started, os.O_RDWR), buffering=1) as fifo:
        while not select.select([fifo], [], [], CHECK_INTERVAL_SECONDS)[0]:
            assert process.poll() is None, f"the program never started: exit status {process.returncode}"
        return fifo.readline().strip()


@dataclass(frozen=True)
class Project:
    """A Pulumi project in a folder of its own, with a stack `dev`."""

    directory: Path

    def write_program(self, text: str) -> None:
        (self.directory / "program" / "__main__.py").write_text(text)

    @property
    def committed_config(self) -> Path:
        return self.directory / "Pulumi.dev.yaml"

    @property
    def state(self) -> Path:
        return self.directory / ".sandbox" / "dev"

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start `python -m sandbox` in the project, in a process group of its own, as a terminal would."""
        process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-P", "-m", "sandbox", *arguments],
            cwd=self.directory,
            env={k: v for k, v in os.environ.items() if k != "SANDBOX_STATE_DIR"} | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return process

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m sandbox` in the project to its end."""
        with self.start(*arguments, **variables) as process:
            output, errors = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def engine(self, toolchain: Toolchain) -> tuple[Engine, dict[str, str]]:
        """An engine for the project without an emulated account behind it, its stack made, and its environment."""
        engine = Engine(self.directory, "dev", self.state, WorkingCopy(self.committed_config, self.state))
        environment = engine.environment(toolchain, port=9)  # the discard port: nobody answers
        engine.prepare_stack(environment)
        return engine, environment


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose program declares nothing but outputs, so that only engine and language host are in play."""
    directory = tmp_path / "project"
    (directory / "program").mkdir(parents=True)
    (directory / "Pulumi.yaml").write_text(
        yaml.safe_dump({"name": "tiny", "main": "program", "runtime": {"name": "python"}})
    )
    project = Project(directory)
    project.committed_config.write_text(
        yaml.safe_dump(
            {
                "secretsprovider": "awskms://alias/real",
                "encryptedkey": "bm90LW91cnM=",
                "config": {"tiny:word": "hello", "tiny:account_id": "444455556666"},
            }
        )
    )
    project.write_program(PROGRAM)
    return project


@pytest.fixture(scope="module")
def own_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAccount]:
    """An emulated account that only this module's tests speak to."""
    account = EmulatedAccount(Path(tmp_path_factory.mktemp("account")))
    with account.start(ACCOUNT_ID, stays=False):
        yield account


@pytest.fixture(scope="module")
def aws(own_account: EmulatedAccount, provider_binary: ProviderBinary) -> Iterator[Plugin]:
    """The real Terraform AWS provider in front of that account."""
    with provider(own_account) as plugin:
        yield plugin


@pytest.fixture(scope="module")
def made(aws: Plugin) -> Iterator[list[Resource]]:
    """The resources that `make` made, in order. Those still listed in the end are deleted in reverse order."""
    resources: list[Resource] = []
    yield resources
    for resource in reversed(resources):
        aws.delete(resource)


@pytest.fixture(scope="module")
def make(aws: Plugin, made: list[Resource]) -> Make:
    """Makes a resource through the provider."""

    def make(type_: str, name: str, inputs: Mapping[str, Any]) -> Resource:
        made.append(aws.create(type_, name, inputs))
        return made[-1]

    return make
