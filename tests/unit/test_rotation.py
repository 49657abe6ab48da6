"""Rotation of the pool's passwords, step by step, in an emulated Secrets Manager and ECS.

Proves which secrets each step reads and writes, that every step can be repeated, and that the user in use is never touched.
Does not prove that PostgreSQL and PgBouncer take part in it; tests/sandbox/pooler/test_rotation.py does.
"""

import base64
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import moto.secretsmanager.models
import pytest
from moto import mock_aws

from contract.logins import PASSWORD_LENGTH
from contract.scram import SALT_BYTES, userlist, verifier
from functions.rotation import steps
from functions.rotation.login import Login, RotationError, WrongPasswordError
from functions.rotation.steps import Rotation
from tests.harness.ecs_service import CLUSTER, SERVICE, Clock, EcsService

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FIRST = {"app_a": "first-a", "app_b": "first-b"}


@dataclass
class Database:
    """Roles with their verifiers, and a pool that knows the verifiers of its last deployment."""

    world: "World"
    verifiers: dict[str, str]
    statements: list[str] = field(default_factory=list)

    def run(self, login: Login, statement: str) -> None:
        username = login["username"]
        if {**login, **self.world.address} != login:
            raise RotationError("nobody listens there")
        if not matches(login["password"], self.world.users_at_deployment[username]):
            raise RotationError("the pool refuses it")
        if self.world.users_at_deployment[username] != self.verifiers[username]:
            raise WrongPasswordError("the database refuses what the pool passes on")
        self.statements.append(statement)
        if changed := re.fullmatch(r"ALTER ROLE CURRENT_USER PASSWORD '(.+)'", statement):
            self.verifiers[username] = changed.group(1)


def matches(password: str, stored: str) -> bool:
    """Whether a verifier is of this password."""
    salt = base64.b64decode(stored.split("$")[1].split(":")[1])
    return verifier(password, salt) == stored


class World:
    """Both secrets as the stack makes them, the database, and the pool."""

    def __init__(self, clock: Clock) -> None:
        self.secrets = boto3.client("secretsmanager", region_name="us-east-1")
        first = {name: verifier(password, b"s" * SALT_BYTES) for name, password in FIRST.items()}
        self.address: dict[str, Any] = {"host": "pool", "port": 6432, "dbname": "d"}
        self.app = self.secrets.create_secret(Name="app")["ARN"]
        for username in ("app_b", "app_a"):  # the one that rests first
            content = {**self.address, "username": username, "password": FIRST[username]}
            self.secrets.put_secret_value(SecretId=self.app, SecretString=json.dumps(content))
        self.users = self.secrets.create_secret(Name="users", SecretString=userlist(first))["ARN"]
        self.users_at_deployment = dict(first)
        self.database = Database(self, dict(first))
        self.ecs = EcsService(clock, self.replace_tasks)

    def rotation(self, version_id: str) -> Rotation:
        return Rotation(
            secret_id=self.app,
            version_id=version_id,
            userlist_secret_id=self.users,
            cluster_name=CLUSTER,
            service_name=SERVICE,
            address=self.address,
            secrets_manager=self.secrets,
            ecs=self.ecs,
            run=self.database.run,
        )

    def step(self, name: str, version_id: str) -> None:
        steps.STEPS[name](self.rotation(version_id))

    def replace_tasks(self) -> None:
        self.users_at_deployment = self.listed()

    def rotate(self) -> str:
        version_id = str(uuid.uuid4())
        for name in STEPS:
            self.step(name, version_id)
        return version_id

    def listed(self) -> dict[str, str]:
        text = self.secrets.get_secret_value(SecretId=self.users)["SecretString"]
        return dict(re.findall(r'"(.+)" "(.+)"', text))

    def login(self, stage: str = "AWSCURRENT") -> dict[str, Any]:
        found = self.secrets.get_secret_value(SecretId=self.app, VersionStage=stage)
        return dict(json.loads(found["SecretString"]))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    clock = Clock()
    monkeypatch.setattr(moto.secretsmanager.models, "time", clock)
    with mock_aws():
        yield World(clock)


def test_a_rotation_ends_with_the_other_user_and_a_new_password(world: World) -> None:
    world.rotate()
    current = world.login()
    assert current["username"] == "app_b"
    assert len(current["password"]) == PASSWORD_LENGTH
    assert {key: current[key] for key in ("host", "port", "dbname")} == {
        "host": "pool",
        "port": 6432,
        "dbname": "d",
    }
    world.database.run(current, "SELECT 1")


def test_whoever_has_not_read_the_secret_again_goes_on_working(world: World) -> None:
    old = world.login()
    world.rotate()
    world.database.run(old, "SELECT 1")
    assert world.login("AWSPREVIOUS") == old


def test_another_address_of_the_pool_is_used_at_once_and_reaches_the_secret_with_the_next_password(
    world: World,
) -> None:
    world.address = {"host": "elsewhere", "port": 6433, "dbname": "e"}
    world.rotate()
    current = world.login()
    assert {key: current[key] for key in world.address} == world.address
    world.database.run(current, "SELECT 1")


def test_the_users_take_turns_for_ever(world: World) -> None:
    usernames = []
    for _ in range(5):
        world.rotate()
        usernames.append(world.login()["username"])
        world.database.run(world.login(), "SELECT 1")
    assert usernames == ["app_b", "app_a", "app_b", "app_a", "app_b"]


@pytest.mark.parametrize("repeated", STEPS)
def test_every_step_can_be_repeated(world: World, repeated: str) -> None:
    version_id = str(uuid.uuid4())
    for name in STEPS:
        world.step(name, version_id)
        if name == repeated:
            world.step(name, version_id)
    world.database.run(world.login(), "SELECT 1")
    assert world.login()["username"] == "app_b"


def test_a_rotation_that_broke_off_after_the_database_had_the_password_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_id = str(uuid.uuid4())
    world.step("createSecret", version_id)
    with monkeypatch.context() as broken:
        broken.setattr(Rotation, "_write_userlist", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.step("setSecret", version_id)
    for name in STEPS:
        world.step(name, version_id)
    world.database.run(world.login(), "SELECT 1")


def test_nothing_is_changed_when_the_pool_does_not_answer(world: World) -> None:
    version_id, before = str(uuid.uuid4()), world.listed()
    world.step("createSecret", version_id)
    world.users_at_deployment["app_b"] = world.users_at_deployment["app_a"]
    with pytest.raises(RotationError):
        world.step("setSecret", version_id)
    assert world.listed() == before
    assert world.ecs.deployments == 0


def test_the_secret_stays_when_the_new_password_does_not_work(world: World) -> None:
    version_id, old = str(uuid.uuid4()), world.login()
    world.step("createSecret", version_id)
    world.database.verifiers["app_b"] = world.database.verifiers["app_a"]  # somebody else's doing
    world.step("setSecret", version_id)
    with pytest.raises(RotationError):
        world.step("testSecret", version_id)
    assert world.login() == old
    world.database.run(old, "SELECT 1")


def test_a_deployment_that_went_back_is_no_rotation(world: World) -> None:
    version_id, old = str(uuid.uuid4()), world.login()
    world.step("createSecret", version_id)
    world.ecs.goes_back = True
    world.step("setSecret", version_id)
    with pytest.raises(RotationError, match=r"older than the pool's list of users: the deployment went back"):
        world.step("testSecret", version_id)
    assert world.login() == old
    world.ecs.goes_back = False
    for name in STEPS:
        world.step(name, version_id)
    world.database.run(world.login(), "SELECT 1")


@pytest.mark.parametrize("is_slow", [True, False])
def test_a_try_that_is_repeated_leaves_a_deployment_alone(world: World, is_slow: bool) -> None:
    version_id = str(uuid.uuid4())
    world.ecs.is_slow = is_slow
    world.step("createSecret", version_id)
    for _ in range(3):
        world.step("setSecret", version_id)
    assert world.ecs.deployments == 1


def test_the_database_is_told_a_verifier_and_never_a_password(world: World) -> None:
    world.rotate()
    changes = [statement for statement in world.database.statements if statement.startswith("ALTER")]
    assert len(changes) == 1
    assert world.login()["password"] not in changes[0]


def test_a_version_that_is_put_in_meanwhile_never_changes_the_user_in_use(world: World) -> None:
    version_id, old = str(uuid.uuid4()), world.login()
    world.step("createSecret", version_id)
    world.secrets.put_secret_value(SecretId=world.app, SecretString=json.dumps({**old, "dbname": "e"}))
    with pytest.raises(
        RotationError, match=r"pending version is of user app_b.*previous one of app_a.*rotate again"
    ):
        world.step("setSecret", version_id)
    assert world.database.statements == []
    world.database.run(old, "SELECT 1")


def test_a_step_that_is_repeated_after_the_end_changes_nothing(world: World) -> None:
    version_id = world.rotate()
    statements, deployments = len(world.database.statements), world.ecs.deployments
    world.secrets.update_secret_version_stage(
        SecretId=world.app, VersionStage="AWSPENDING", MoveToVersionId=version_id
    )
    world.step("setSecret", version_id)
    assert (len(world.database.statements), world.ecs.deployments) == (statements, deployments)


def test_two_versions_of_one_user_are_an_error_that_says_what_to_do(world: World) -> None:
    world.secrets.put_secret_value(SecretId=world.app, SecretString=json.dumps(world.login()))
    with pytest.raises(RotationError, match=r"both of user app_a.*put a version with each"):
        world.step("createSecret", str(uuid.uuid4()))
