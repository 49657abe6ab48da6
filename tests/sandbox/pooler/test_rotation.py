"""A whole rotation with real servers: the function's own steps, PostgreSQL, and tasks that ECS would start and stop.

Proves that logins are taken through all of it, the old one and the new one, and that the pool and the database
end with the same verifier. Secrets Manager is emulated, and the balancer is a name for the newest task: how long ECS and the
balancer take is not proven here.
"""

import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import moto.secretsmanager.models
import psycopg
import pytest
from moto import mock_aws

from contract.scram import userlist
from functions.rotation import steps
from functions.rotation.login import Login, RotationError, WrongPasswordError, run_through_pool
from functions.rotation.steps import Rotation
from tests.harness.ecs_service import CLUSTER, SERVICE, Clock, EcsService
from tests.sandbox.pooler.conftest import DATABASE, HOST, Database, Task, task

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class Pool:
    """The service: a deployment starts a task with the list of users of that moment, and then stops the one before."""

    def __init__(self, database: Database, secrets_manager: Any, users_secret: str, stack: ExitStack) -> None:
        self._database, self._secrets, self._users, self._stack = (
            database,
            secrets_manager,
            users_secret,
            stack,
        )
        self.task = self._start()

    def _start(self) -> Task:
        text = self._secrets.get_secret_value(SecretId=self._users)["SecretString"]
        listed = dict(re.findall(r'"(.+)" "(.+)"', text))
        return self._stack.enter_context(task(self._database, listed))

    def replace_tasks(self) -> None:
        """All of a deployment: it has ended before UpdateService answers."""
        before, self.task = self.task, self._start()
        before.stop()


class World:
    """Both secrets as the stack makes them, and the pool."""

    def __init__(self, database: Database, stack: ExitStack, clock: Clock) -> None:
        self.database = database
        self.secrets = boto3.client(
            "secretsmanager", "us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nobody"
        )
        self.app = self.secrets.create_secret(Name="app")["ARN"]
        for username in ("app_b", "app_a"):
            login = {"host": HOST, "port": 0, "dbname": DATABASE, "username": username}
            text = json.dumps({**login, "password": database.passwords[username]})
            self.secrets.put_secret_value(SecretId=self.app, SecretString=text)
        self.users = self.secrets.create_secret(Name="users", SecretString=userlist(database.verifiers))[
            "ARN"
        ]
        self.pool = Pool(database, self.secrets, self.users, stack)
        self.ecs = EcsService(clock, self.pool.replace_tasks)

    def rotate(self) -> None:
        step = Rotation(
            secret_id=self.app,
            version_id=str(uuid.uuid4()),
            userlist_secret_id=self.users,
            cluster_name=CLUSTER,
            service_name=SERVICE,
            address={"host": HOST, "port": 0, "dbname": DATABASE},
            secrets_manager=self.secrets,
            ecs=self.ecs,
            run=self.run,
        )
        for name in STEPS:
            steps.STEPS[name](step)

    def run(self, login: Login, statement: str) -> None:
        run_through_pool({**login, "port": self.pool.task.port}, statement)

    def login(self) -> dict[str, Any]:
        found = self.secrets.get_secret_value(SecretId=self.app, VersionStage="AWSCURRENT")
        return dict(json.loads(found["SecretString"]))


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    clock = Clock()
    monkeypatch.setattr(moto.secretsmanager.models, "time", clock)
    with mock_aws(), ExitStack() as stack:
        yield World(database, stack, clock)


def test_the_pool_ends_on_the_new_password_and_the_old_login_still_works(world: World) -> None:
    old = world.login()
    world.rotate()
    new = world.login()
    assert new["username"] != old["username"]
    for login in (old, new):
        with world.pool.task.connect(login["username"], login["password"]) as client:
            assert client.execute("select current_user").fetchone() == (login["username"],)


def test_the_database_has_the_very_verifier_that_the_pool_has(world: World) -> None:
    world.rotate()
    text = world.secrets.get_secret_value(SecretId=world.users)["SecretString"]
    username = world.login()["username"]
    assert f'"{username}" "{world.database.verifier_of(username)}"' in text


def test_no_login_at_the_newest_task_is_refused_through_two_rotations(world: World) -> None:
    """Clients that read the secret for each connection, as fast as they can, in one thread each.

    What they see of a task that is being stopped is not counted: that is the image's to show (test_image.py).
    """
    ended, served, refused = threading.Event(), [0, 0], list[str]()

    def work(number: int) -> None:
        while not ended.is_set():
            login, pooler = world.login(), world.pool.task
            try:
                with pooler.connect(login["username"], login["password"]) as client:
                    client.execute("select 1")
                served[number] += 1
            except psycopg.Error as error:
                if pooler is world.pool.task:  # else it reached a task that the balancer no longer names
                    refused.append(str(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(served))]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            before = sum(served)
            world.rotate()
            while sum(served) < before + 10 and not refused:
                ended.wait(0.01)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert refused == []
    assert all(served)


def test_a_wrong_password_in_the_database_is_told_from_one_in_the_pool(
    world: World, database: Database
) -> None:
    login = world.login()
    with pytest.raises(RotationError, match="refused app_a") as refused:
        world.run({**login, "password": "another"}, "select 1")
    assert not isinstance(refused.value, WrongPasswordError)
    with database.server.connect() as admin:
        admin.execute("alter role app_a password 'another'")
    with pytest.raises(WrongPasswordError, match="password authentication failed"):
        world.run(login, "select 1")


def test_a_pool_that_does_not_answer_is_an_error_without_a_password(world: World) -> None:
    login = world.login()
    world.pool.task.stop()
    with pytest.raises(RotationError, match="does not answer") as error:
        world.run(login, "select 1")
    assert login["password"] not in str(error.value)
