"""Scaling up, alarm by alarm, in an emulated RDS, ElastiCache, DynamoDB and SNS.

Proves that ceiling and cooldown hold for every sequence of alarms, and what approval, dry run and refusals do. Does
not prove how long AWS takes to change an instance: here it has changed as soon as the call returns. Calls that come
twice, at once or break off are in test_scale_up_repeated.py.
"""

import itertools
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.scale_up import Mode, Target
from functions.scale_up import handler as scale_up
from functions.scale_up.steps import UnknownAlarmError
from tests.harness.scale_up import (
    ALARMS,
    APPROVAL_MINUTES,
    COOLDOWN_MINUTES,
    LADDER,
    NODES,
    REGION,
    STORAGE,
    TARGETS,
    World,
    new_world,
)


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as world:
        yield world


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


# ---- ceiling and cooldown

Happening = tuple[str, int]
happenings = st.lists(st.tuples(st.sampled_from(ALARMS), st.integers(0, 500)), max_size=8)


@settings(max_examples=20)
@given(happenings)
def test_no_sequence_of_alarms_leaves_the_ladder_or_takes_two_steps_within_a_cooldown(
    sequence: list[Happening],
) -> None:
    with new_world() as world:
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


def refusal(world: World) -> str:
    """The one message of an alarm that changes nothing."""
    world.alarm("cpu")
    assert world.changes == []
    [message] = world.messages
    return message


def test_at_the_ceiling_it_says_so_and_how_to_raise_it(world: World) -> None:
    world.change_class(LADDER[-1])
    assert "It is db.r7g.2xlarge, the largest size allowed. Raise the ceiling" in refusal(world)


def test_what_is_not_on_the_ladder_is_left_alone(world: World) -> None:
    world.change_class("db.m7g.large")
    assert "It is db.m7g.large, which is not one of: db.r7g.large; db.r7g.xlarge" in refusal(world)


# ---- refusals


def test_an_instance_that_is_not_available_is_left_alone(world: World) -> None:
    world.set_database_status("modifying")
    assert "postgres is modifying, and must be available" in refusal(world)


def test_changes_that_wait_for_the_window_are_not_swept_along(world: World) -> None:
    world.rds.modify_db_instance(DBInstanceIdentifier="postgres", MultiAZ=True)
    world.elasticache.modify_replication_group(ReplicationGroupId="cache", CacheNodeType=NODES[1])
    for alarm, waiting in (("cpu", "MultiAZ"), ("iops", "MultiAZ"), ("cache-cpu", "CacheNodeType")):
        assert f"wait for its maintenance window ({waiting}): apply them first" in world.alarm(alarm)
    assert world.changes == []


def test_in_the_window_it_asks_and_does_not_ask_again() -> None:
    with new_world(apply_immediately=False) as world:
        assert "AWS does it in the maintenance window" in world.alarm("cpu")
        assert world.database_class == LADDER[0]
        assert world.database["PendingModifiedValues"] == {"DBInstanceClass": LADDER[1]}
        world.later(COOLDOWN_MINUTES)
        world.alarm("memory")
        assert len(world.changes) == 1


# ---- dry run and approval


def test_a_dry_run_says_what_it_would_do_and_touches_nothing() -> None:
    with new_world(Mode.DRY_RUN) as world:
        before = world.sizes
        assert world.alarm("cpu").startswith("would grow postgres-class from db.r7g.large to db.r7g.xlarge\n")
        assert world.sizes == before
        assert {name for name, _ in world.calls} == {"GetItem", "DescribeDBInstances", "Publish"}


@pytest.fixture
def asking() -> Iterator[World]:
    with new_world(Mode.APPROVE) as world:
        yield world


def test_a_proposal_changes_nothing_until_its_command_is_run(asking: World) -> None:
    message = asking.alarm("cpu")
    assert asking.changes == []
    assert (
        "would grow postgres-class from db.r7g.large to db.r7g.xlarge, if somebody approves within 120 minutes"
        in message
    )
    command = "aws lambda invoke --region us-east-1 --function-name reptidex-test-scale-up"
    assert f"{command} --cli-binary-format raw-in-base64-out" in message
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
    asking.change_class(LADDER[1])
    assert "is no longer the next step: it is db.r7g.xlarge" in asking.approve(message)
    assert asking.changes == []


def test_a_proposal_for_what_is_busy_waits(asking: World) -> None:
    message = asking.alarm("cpu")
    asking.set_database_status("backing-up")
    assert asking.approve(message) == "not approved: postgres is backing-up, and must be available."
    asking.set_database_status("available")
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
    variables = {
        "MODE": "approve",
        "APPROVAL_MINUTES": "120",
        "APPLY_IMMEDIATELY": "true",
        "TABLE_NAME": "steps",
        "TOPIC_ARN": world.topic,
        "TARGETS": json.dumps(targets),
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nobody",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    message = scale_up.handler(world.event("cpu"), None)
    [payload] = re.findall(r"--payload '(.+)'", message)
    assert scale_up.handler(json.loads(payload), None).startswith("accepted")
    assert world.database_class == LADDER[1]
