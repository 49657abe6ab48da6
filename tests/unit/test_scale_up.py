"""Scaling up, alarm by alarm, in an emulated RDS, ElastiCache, DynamoDB and SNS.

Proves that two alarms at once take one step whatever the order of their calls, that a try which breaks off after any call is
safely repeated, that ceiling and cooldown hold for every sequence of alarms, and what approval, dry run and refusals do. Does
not prove how long AWS takes to change an instance: here it has changed as soon as the call returns.
"""

import functools
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from moto.rds.models import rds_backends

from contract.scale_up import Mode, Target
from functions.scale_up import handler as scale_up
from functions.scale_up.steps import ScaleUp, UnknownAlarmError
from functions.scale_up.table import Step
from sandbox.emulator import elasticache, rds

REGION = "us-east-1"
LADDER = ["db.r7g.large", "db.r7g.xlarge", "db.r7g.2xlarge"]
STORAGE = [(12000, 500), (15000, 625), (18000, 750)]
NODES = ["cache.r7g.large", "cache.r7g.xlarge"]
COOLDOWN_MINUTES, STORAGE_COOLDOWN_MINUTES, APPROVAL_MINUTES = 60, 360, 120
TARGETS = [
    Target(
        name="postgres-class",
        service="rds",
        identifier="postgres",
        ladder=[{"DBInstanceClass": name} for name in LADDER],
        cooldown_minutes=COOLDOWN_MINUTES,
        alarms=["cpu", "memory", "connections"],
    ),
    Target(
        name="postgres-storage",
        service="rds",
        identifier="postgres",
        ladder=[{"Iops": iops, "StorageThroughput": throughput} for iops, throughput in STORAGE],
        cooldown_minutes=STORAGE_COOLDOWN_MINUTES,
        alarms=["iops"],
    ),
    Target(
        name="cache-node",
        service="elasticache",
        identifier="cache",
        ladder=[{"CacheNodeType": name} for name in NODES],
        cooldown_minutes=COOLDOWN_MINUTES,
        alarms=["cache-cpu", "cache-memory"],
    ),
]
ALARMS = [alarm for target in TARGETS for alarm in target.alarms]


class BrokenOffError(Exception):
    """A function that ends in the middle."""


@functools.cache
def clients(caller: str) -> dict[str, Any]:
    """A caller's clients: making them takes longer than all that a test does with them."""
    return {
        name: boto3.client(name, region_name=REGION, aws_access_key_id="nobody", aws_secret_access_key="nobody")
        for name in ("rds", "elasticache", "dynamodb", "sns")
    }  # fmt: skip


class World:
    """The account; `calls` are those that were made to it, as operation and parameters."""

    def __init__(self, mode: Mode = Mode.ACT, *, apply_immediately: bool = True) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        self.mode, self.apply_immediately = mode, apply_immediately
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.breaks_off_after: int | None = None
        admin = clients("admin")
        self.rds, self.elasticache = admin["rds"], admin["elasticache"]
        self.rds.create_db_instance(
            DBInstanceIdentifier="postgres", Engine="postgres", EngineVersion="17", DBInstanceClass=LADDER[0],
            MasterUsername="u", MasterUserPassword="not-a-secret", StorageType="gp3", AllocatedStorage=400,
            Iops=STORAGE[0][0], StorageThroughput=STORAGE[0][1],
        )  # fmt: skip
        self.elasticache.create_cache_parameter_group(
            CacheParameterGroupName="cache", CacheParameterGroupFamily="valkey8", Description="of a test"
        )
        self.elasticache.create_replication_group(
            ReplicationGroupId="cache", ReplicationGroupDescription="of a test", Engine="valkey", EngineVersion="8.1",
            CacheNodeType=NODES[0], CacheParameterGroupName="cache", NumCacheClusters=1,
        )  # fmt: skip
        admin["dynamodb"].create_table(
            TableName="steps", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "target", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "target", "AttributeType": "S"}],
        )  # fmt: skip
        self.topic = admin["sns"].create_topic(Name="notifications")["TopicArn"]

    def watched(self, clients: dict[str, Any]) -> dict[str, Any]:
        """These clients, whose calls this world notes from now on, and after one of which it may break off."""
        for client in clients.values():
            for event, hook in (
                ("provide-client-params.*.*", self._note),
                ("after-call.*.*", self._break_off),
            ):
                client.meta.events.unregister(event, unique_id=event)
                client.meta.events.register(event, hook, unique_id=event)
        return clients

    def _note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.calls.append((model.name, dict(params)))

    def _break_off(self, **_: object) -> None:
        if len(self.calls) == self.breaks_off_after:
            raise BrokenOffError

    def scale_up(self, caller: str = "function") -> ScaleUp:
        return ScaleUp(
            mode=self.mode,
            approval_minutes=APPROVAL_MINUTES,
            apply_immediately=self.apply_immediately,
            targets=TARGETS,
            table_name="steps",
            topic_arn=self.topic,
            function_name="reptidex-test-scale-up",
            region=REGION,
            clients=self.watched(clients(caller)),
            now=lambda: self.now,
        )

    def event(self, alarm: str, state: str = "ALARM") -> dict[str, Any]:
        """As CloudWatch sends it (CloudWatch guide, "Lambda alarm actions")."""
        return {
            "source": "aws.cloudwatch",
            "alarmArn": f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:{alarm}",
            "accountId": "123456789012",
            "time": self.now.isoformat(),
            "region": REGION,
            "alarmData": {"alarmName": alarm, "state": {"value": state, "reason": "Threshold Crossed"}},
        }

    def alarm(self, alarm: str) -> str:
        return self.scale_up().on_alarm(self.event(alarm))

    def approve(self, message: str) -> str:
        """Do what a message asks for, as the function's handler would."""
        [payload] = re.findall(r"--payload '(.+)'", message)
        answer = json.loads(payload)
        return self.scale_up().on_approval(answer["approve"], answer["step"])

    def later(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    @property
    def database(self) -> Any:
        return self.rds.describe_db_instances(DBInstanceIdentifier="postgres")["DBInstances"][0]

    @property
    def database_class(self) -> str:
        return str(self.database["DBInstanceClass"])

    @property
    def storage(self) -> tuple[int, int]:
        return self.database["Iops"], self.database["StorageThroughput"]

    @property
    def node_type(self) -> str:
        [group] = self.elasticache.describe_replication_groups()["ReplicationGroups"]
        return str(group["CacheNodeType"])

    @property
    def sizes(self) -> tuple[str, tuple[int, int], str]:
        return self.database_class, self.storage, self.node_type

    @property
    def rungs(self) -> list[int]:
        """How far up each ladder it is."""
        return [LADDER.index(self.database_class), STORAGE.index(self.storage), NODES.index(self.node_type)]

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The calls that asked for another size."""
        return [params for name, params in self.calls if name.startswith("Modify")]

    @property
    def messages(self) -> list[str]:
        return [params["Message"] for name, params in self.calls if name == "Publish"]

    def last_step(self, target: str) -> Step | None:
        return self.scale_up()._table.last(target)


@pytest.fixture(scope="module", autouse=True)
def _emulated() -> Iterator[None]:
    rds.install()
    elasticache.install()
    with pytest.MonkeyPatch.context() as environment:
        # An account's network is made with its first database: without the thousands of images that nobody asks for.
        environment.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        yield


def account() -> Any:
    """A new account."""
    return mock_aws()


@pytest.fixture
def world() -> Iterator[World]:
    with account():
        yield World()


@pytest.mark.parametrize("alarm", ["cpu", "memory", "connections"])
def test_the_class_grows_by_one_step_of_the_ladder(world: World, alarm: str) -> None:
    world.alarm(alarm)
    assert world.sizes == (LADDER[1], STORAGE[0], NODES[0])
    assert world.changes == [
        {"DBInstanceIdentifier": "postgres", "DBInstanceClass": LADDER[1], "ApplyImmediately": True}
    ]


def test_iops_and_throughput_grow_together(world: World) -> None:
    world.alarm("iops")
    assert world.sizes == (LADDER[0], STORAGE[1], NODES[0])
    [change] = world.changes
    assert change["AllocatedStorage"] == 400, "RDS takes IOPS together with the storage only"


@pytest.mark.parametrize("alarm", ["cache-cpu", "cache-memory", "cache-cpu-2", "cache-memory-12"])
def test_the_nodes_of_the_cache_grow_by_one_step(world: World, alarm: str) -> None:
    world.alarm(alarm)
    assert world.sizes == (LADDER[0], STORAGE[0], NODES[1])
    assert world.changes == [
        {"ReplicationGroupId": "cache", "CacheNodeType": NODES[1], "ApplyImmediately": True}
    ]


def test_it_says_what_it_does_before_and_after_with_both_sizes_and_why(world: World) -> None:
    world.alarm("cpu")
    before, after = world.messages
    assert before == "growing postgres-class from db.r7g.large to db.r7g.xlarge\nAlarm cpu: Threshold Crossed"
    assert after.startswith("accepted: postgres-class from db.r7g.large to db.r7g.xlarge. AWS is at it")
    operations = [name for name, _ in world.calls]
    assert operations.index("Publish") < operations.index("ModifyDBInstance") < len(operations) - 2


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_an_alarm_that_ends_does_nothing(world: World, state: str) -> None:
    world.scale_up().on_alarm(world.event("cpu", state))
    assert world.calls == []


@pytest.mark.parametrize("alarm", ["disk", "cache-cpu-x", "cpus", "postgres-class"])
def test_an_alarm_of_no_target_is_an_error(world: World, alarm: str) -> None:
    with pytest.raises(UnknownAlarmError, match=f"no target names alarm {alarm}"):
        world.alarm(alarm)
    assert world.calls == []


# ---- at once, and again


class Turns:
    """Has several threads make their calls in the order that `order` says; one that is through gives up its turns."""

    def __init__(self, order: list[int], count: int) -> None:
        self._order, self._running = iter(order), set(range(count))
        self._changed = threading.Condition()
        self._turn = self._next()

    def _next(self) -> int:
        return next((each for each in self._order if each in self._running), min(self._running, default=-1))

    def taken_by(self, index: int, call: Callable[..., Any]) -> Any:
        """Make one thread's call when it is its turn."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._turn == index, timeout=60)
            try:
                return call()
            finally:
                self._turn = self._next()
                self._changed.notify_all()

    def end(self, index: int) -> None:
        with self._changed:
            self._running.discard(index)
            if self._turn == index:
                self._turn = self._next()
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class InTurn:
    """A client whose calls wait for their turn."""

    client: Any
    turns: Turns
    index: int

    def __getattr__(self, name: str) -> Any:
        if name == "exceptions":
            return self.client.exceptions
        call = getattr(self.client, name)
        return lambda **parameters: self.turns.taken_by(self.index, lambda: call(**parameters))


def at_once(world: World, alarms: list[str], order: list[int]) -> None:
    """All alarms in threads of their own, their calls in this order."""
    turns = Turns(order, len(alarms))

    def call(index: int, alarm: str) -> None:
        try:
            each = world.scale_up()
            found = {name: InTurn(client, turns, index) for name, client in each.clients.items()}
            replace(each, clients=found).on_alarm(world.event(alarm))
        finally:
            turns.end(index)

    threads = [threading.Thread(target=call, args=each) for each in enumerate(alarms)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


@settings(max_examples=25)
@given(st.lists(st.integers(0, 2), max_size=24))
def test_alarms_at_once_take_one_step_in_whatever_order_they_call(order: list[int]) -> None:
    with account():
        world = World()
        at_once(world, ["cpu", "memory", "connections"], order)
        assert world.database_class == LADDER[1]
        assert len(world.changes) == 1


@settings(max_examples=15)
@given(st.lists(st.integers(0, 1), max_size=24))
@example(
    [1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
)  # one sees what the other has changed, before it is written down as done
def test_one_alarm_that_comes_twice_at_once_takes_one_step(order: list[int]) -> None:
    with account():
        world = World()
        at_once(world, ["cpu", "cpu"], order)
        assert world.database_class == LADDER[1]


@settings(max_examples=15)
@given(st.lists(st.integers(0, 1), max_size=24))
def test_alarms_at_once_make_one_proposal(order: list[int]) -> None:
    with account():
        world = World(Mode.APPROVE)
        at_once(world, ["cpu", "memory"], order)
        assert len(world.messages) == 1
        assert world.changes == []


def calls_of_a_proposal() -> int:
    with account():
        world = World(Mode.APPROVE)
        world.alarm("cpu")
        return len(world.calls)


@pytest.mark.parametrize("alarm", ["cpu", "iops", "cache-cpu"])
@pytest.mark.parametrize("apply_immediately", [True, False])
def test_a_try_that_breaks_off_after_any_call_is_repeated_safely(alarm: str, apply_immediately: bool) -> None:
    target = next(each.name for each in TARGETS if alarm in each.alarms)
    with account():
        calm = World(apply_immediately=apply_immediately)
        calm.alarm(alarm)
        number = len(calm.calls)
        expected = calm.sizes, calm.database["PendingModifiedValues"], calm.last_step(target)
    assert number >= 8
    for breaks_off_after in range(1, number + 1):
        with account():
            world = World(apply_immediately=apply_immediately)
            event = world.event(alarm)
            world.breaks_off_after = breaks_off_after
            with pytest.raises(BrokenOffError):
                world.scale_up().on_alarm(event)
            world.breaks_off_after = None
            for _ in range(2):
                world.scale_up().on_alarm(event)
            found = (
                world.sizes,
                world.database["PendingModifiedValues"],
                world.last_step(target),
            )
            assert found == expected, f"after call {breaks_off_after}"
            assert len(world.changes) == 1, f"after call {breaks_off_after}"
            assert any(message.startswith("accepted") for message in world.messages)


def test_an_approval_that_breaks_off_after_any_call_is_repeated_safely() -> None:
    proposing = calls_of_a_proposal()
    with account():
        world = World(Mode.APPROVE)
        world.approve(world.alarm("cpu"))
        approving = len(world.calls) - proposing
    for breaks_off_after in range(proposing + 1, proposing + approving + 1):
        with account():
            world = World(Mode.APPROVE)
            message = world.alarm("cpu")
            world.breaks_off_after = breaks_off_after
            with pytest.raises(BrokenOffError):
                world.approve(message)
            world.breaks_off_after = None
            world.approve(message)
            assert world.database_class == LADDER[1], f"after call {breaks_off_after}"
            assert len(world.changes) == 1, f"after call {breaks_off_after}"


def test_a_proposal_that_breaks_off_is_made_by_the_next_try() -> None:
    for breaks_off_after in range(1, calls_of_a_proposal() + 1):
        with account():
            world = World(Mode.APPROVE)
            event = world.event("cpu")
            world.breaks_off_after = breaks_off_after
            with pytest.raises(BrokenOffError):
                world.scale_up().on_alarm(event)
            world.breaks_off_after = None
            world.approve(world.scale_up().on_alarm(event))
            assert world.database_class == LADDER[1]


def test_another_alarm_does_not_go_on_with_what_broke_off(world: World) -> None:
    world.breaks_off_after = 3
    with pytest.raises(BrokenOffError):
        world.alarm("cpu")
    assert world.last_step("postgres-class") is not None, "the step was taken, and not asked for"
    world.breaks_off_after = None
    assert "less than 60 minutes ago" in world.alarm("memory")
    assert world.database_class == LADDER[0]
    world.later(COOLDOWN_MINUTES)
    world.alarm("memory")
    assert world.database_class == LADDER[1]


# ---- ceiling and cooldown

Happening = tuple[str, int]
happenings = st.lists(st.tuples(st.sampled_from(ALARMS), st.integers(0, 500)), max_size=8)


@settings(max_examples=20)
@given(happenings)
def test_no_sequence_of_alarms_leaves_the_ladder_or_takes_two_steps_within_a_cooldown(
    sequence: list[Happening],
) -> None:
    with account():
        world = World()
        steps: dict[str, list[datetime]] = {target.name: [] for target in TARGETS}
        after = world.rungs
        for alarm, minutes in sequence:
            world.later(minutes)
            target = next(each for each in TARGETS if alarm in each.alarms)
            count = len(world.changes)
            world.alarm(alarm)
            before, after = after, world.rungs
            grown = [now - then for now, then in zip(after, before, strict=True)]
            assert sorted(grown) in ([0, 0, 0], [0, 0, 1])
            assert len(world.changes) - count == sum(grown)
            if sum(grown):
                steps[target.name].append(world.now)
        for target in TARGETS:
            times = steps[target.name]
            assert len(times) < len(target.ladder)
            cooldown = timedelta(minutes=target.cooldown_minutes)
            assert all(later - earlier >= cooldown for earlier, later in itertools.pairwise(times))


def test_the_cooldown_ends_to_the_minute(world: World) -> None:
    world.alarm("cpu")
    world.later(COOLDOWN_MINUTES - 1 / 60)
    assert "not before 13:00 UTC" in world.alarm("memory")
    assert world.database_class == LADDER[1]
    world.later(1 / 60)
    world.alarm("connections")
    assert world.database_class == LADDER[2]


def test_at_the_ceiling_it_says_so_and_how_to_raise_it(world: World) -> None:
    world.rds.modify_db_instance(
        DBInstanceIdentifier="postgres", DBInstanceClass=LADDER[-1], ApplyImmediately=True
    )
    world.alarm("cpu")
    [message] = world.messages
    assert "It is db.r7g.2xlarge, the largest size allowed. Raise the ceiling" in message
    assert world.changes == []


def test_what_is_not_on_the_ladder_is_left_alone(world: World) -> None:
    world.rds.modify_db_instance(
        DBInstanceIdentifier="postgres", DBInstanceClass="db.m7g.large", ApplyImmediately=True
    )
    world.alarm("cpu")
    [message] = world.messages
    assert "It is db.m7g.large, which is not one of: db.r7g.large; db.r7g.xlarge" in message
    assert world.changes == []


def test_a_class_that_grew_by_hand_meanwhile_is_not_made_smaller_by_a_try_that_is_repeated(
    world: World,
) -> None:
    event = world.event("cpu")
    world.breaks_off_after = 3
    with pytest.raises(BrokenOffError):
        world.scale_up().on_alarm(event)
    world.breaks_off_after = None
    world.rds.modify_db_instance(
        DBInstanceIdentifier="postgres", DBInstanceClass=LADDER[2], ApplyImmediately=True
    )
    assert "was begun, but it is db.r7g.2xlarge by now" in world.scale_up().on_alarm(event)
    assert world.database_class == LADDER[2]


# ---- refusals


def test_an_instance_that_is_not_available_is_left_alone(world: World) -> None:
    rds_backends["123456789012"][REGION].databases["postgres"].status = "modifying"
    world.alarm("cpu")
    [message] = world.messages
    assert "postgres is modifying, and must be available" in message
    assert world.changes == []


def test_changes_that_wait_for_the_window_are_not_swept_along(world: World) -> None:
    world.rds.modify_db_instance(DBInstanceIdentifier="postgres", MultiAZ=True)
    world.elasticache.modify_replication_group(ReplicationGroupId="cache", CacheNodeType=NODES[1])
    for alarm, waiting in (("cpu", "MultiAZ"), ("iops", "MultiAZ"), ("cache-cpu", "CacheNodeType")):
        assert f"wait for its maintenance window ({waiting}): apply them first" in world.alarm(alarm)
    assert world.changes == []


def test_in_the_window_it_asks_and_does_not_ask_again() -> None:
    with account():
        world = World(apply_immediately=False)
        assert "AWS does it in the maintenance window" in world.alarm("cpu")
        assert world.database_class == LADDER[0]
        assert world.database["PendingModifiedValues"] == {"DBInstanceClass": LADDER[1]}
        world.later(COOLDOWN_MINUTES)
        world.alarm("memory")
        assert len(world.changes) == 1


# ---- dry run and approval


def test_a_dry_run_says_what_it_would_do_and_touches_nothing() -> None:
    with account():
        world = World(Mode.DRY_RUN)
        before = world.sizes
        assert world.alarm("cpu").startswith("would grow postgres-class from db.r7g.large to db.r7g.xlarge\n")
        assert world.sizes == before
        assert {name for name, _ in world.calls} == {"GetItem", "DescribeDBInstances", "Publish"}


@pytest.fixture
def asking() -> Iterator[World]:
    with account():
        yield World(Mode.APPROVE)


def test_a_proposal_changes_nothing_until_its_command_is_run(asking: World) -> None:
    message = asking.alarm("cpu")
    assert asking.changes == []
    assert (
        "would grow postgres-class from db.r7g.large to db.r7g.xlarge, if somebody approves within 120 minutes"
        in message
    )
    assert "aws lambda invoke --region us-east-1 --function-name reptidex-test-scale-up --cli-binary-format raw-in-base64-out" in message  # fmt: skip
    assert asking.approve(message).startswith("accepted")
    assert asking.database_class == LADDER[1]


def test_an_approval_that_is_repeated_takes_no_second_step(asking: World) -> None:
    message = asking.alarm("cpu")
    asking.approve(message)
    assert asking.approve(message) == "postgres-class from db.r7g.large to db.r7g.xlarge is done already"
    asking.later(COOLDOWN_MINUTES)
    asking.approve(message)
    assert len(asking.changes) == 1


def test_a_proposal_ends(asking: World) -> None:
    message = asking.alarm("cpu")
    asking.later(APPROVAL_MINUTES)
    assert asking.approve(message).startswith("not approved: the proposal is older than 120 minutes")
    assert asking.changes == []
    again = asking.alarm("cpu")
    assert asking.approve(message).startswith("not approved: step")
    assert asking.approve(again).startswith("accepted")


def test_a_proposal_for_what_has_changed_meanwhile_is_void(asking: World) -> None:
    message = asking.alarm("cpu")
    asking.rds.modify_db_instance(
        DBInstanceIdentifier="postgres", DBInstanceClass=LADDER[1], ApplyImmediately=True
    )
    assert "is no longer the next step: it is db.r7g.xlarge" in asking.approve(message)
    assert asking.changes == []


def test_a_proposal_for_what_is_busy_waits(asking: World) -> None:
    message = asking.alarm("cpu")
    database = rds_backends["123456789012"][REGION].databases["postgres"]
    database.status = "backing-up"
    assert asking.approve(message) == "not approved: postgres is backing-up, and must be available."
    database.status = "available"
    assert asking.approve(message).startswith("accepted")


def test_an_approval_counts_in_approval_mode_only(asking: World) -> None:
    message = asking.alarm("cpu")
    asking.mode = Mode.DRY_RUN
    assert asking.approve(message) == "not approved: the mode is dry-run by now"
    assert asking.changes == []


def test_what_nobody_proposed_cannot_be_approved(asking: World) -> None:
    for target, step in (("postgres-class", "0a1b2c3d4e5f"), ("everything", "0a1b2c3d4e5f")):
        assert "is not the last one that was proposed" in asking.scale_up().on_approval(target, step)
    assert asking.changes == []


# ---- as Lambda runs it


def test_the_handler_reads_its_environment_and_tells_alarms_from_approvals(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = [{name: getattr(target, name) for name in Target.__dataclass_fields__} for target in TARGETS]
    for name, value in {
        "MODE": "approve", "APPROVAL_MINUTES": "120", "APPLY_IMMEDIATELY": "true", "TABLE_NAME": "steps", "TOPIC_ARN": world.topic,
        "TARGETS": json.dumps(targets), "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    message = scale_up.handler(world.event("cpu"), None)
    [payload] = re.findall(r"--payload '(.+)'", message)
    assert scale_up.handler(json.loads(payload), None).startswith("accepted")
    assert world.database_class == LADDER[1]
