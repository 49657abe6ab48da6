"""Scaling up by alarms that come at once or twice, and by calls that break off, in an emulated account.

Proves that two alarms at once take one step whatever the order of their calls, and that a try which breaks off after
any call is safely repeated. Does not prove how long AWS takes to change an instance: here it has changed as soon as
the call returns.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.scale_up import Mode
from tests.harness.scale_up import COOLDOWN_MINUTES, LADDER, TARGETS, BrokenOffError, World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as world:
        yield world


class Turns:
    """The turns of several threads, which call in this order. A thread that has ended gives up its turns."""

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
    with new_world() as world:
        at_once(world, ["cpu", "memory", "connections"], order)
        assert world.database_class == LADDER[1]
        assert len(world.changes) == 1


@settings(max_examples=15)
@given(st.lists(st.integers(0, 1), max_size=24))
@example(
    [1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
)  # one sees what the other has changed, before it is written down as done
def test_one_alarm_that_comes_twice_at_once_takes_one_step(order: list[int]) -> None:
    with new_world() as world:
        at_once(world, ["cpu", "cpu"], order)
        assert world.database_class == LADDER[1]


@settings(max_examples=15)
@given(st.lists(st.integers(0, 1), max_size=24))
def test_alarms_at_once_make_one_proposal(order: list[int]) -> None:
    with new_world(Mode.APPROVE) as world:
        at_once(world, ["cpu", "memory"], order)
        assert len(world.messages) == 1
        assert world.changes == []


def calls_of_a_proposal() -> int:
    with new_world(Mode.APPROVE) as world:
        world.alarm("cpu")
        return len(world.calls)


@pytest.mark.parametrize("alarm", ["cpu", "iops", "cache-cpu"])
@pytest.mark.parametrize("apply_immediately", [True, False])
def test_a_try_that_breaks_off_after_any_call_is_repeated_safely(alarm: str, apply_immediately: bool) -> None:
    target = next(each.name for each in TARGETS if alarm in each.alarms)
    with new_world(apply_immediately=apply_immediately) as calm:
        calm.alarm(alarm)
        number = len(calm.calls)
        expected = calm.sizes, calm.database["PendingModifiedValues"], calm.last_step(target)
    assert number >= 8
    for breaks_off_after in range(1, number + 1):
        with new_world(apply_immediately=apply_immediately) as world:
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
    with new_world(Mode.APPROVE) as world:
        world.approve(world.alarm("cpu"))
        approving = len(world.calls) - proposing
    for breaks_off_after in range(proposing + 1, proposing + approving + 1):
        with new_world(Mode.APPROVE) as world:
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
        with new_world(Mode.APPROVE) as world:
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


def test_a_class_that_grew_by_hand_meanwhile_is_not_made_smaller_by_a_try_that_is_repeated(
    world: World,
) -> None:
    event = world.event("cpu")
    world.breaks_off_after = 3
    with pytest.raises(BrokenOffError):
        world.scale_up().on_alarm(event)
    world.breaks_off_after = None
    world.change_class(LADDER[2])
    assert "was begun, but it is db.r7g.2xlarge by now" in world.scale_up().on_alarm(event)
    assert world.database_class == LADDER[2]
