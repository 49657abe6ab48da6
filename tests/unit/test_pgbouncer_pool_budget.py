"""The pool budget: for every input that it takes, all tasks together stay within the database.

Proves the arithmetic. Does not prove that PgBouncer keeps to its limit: the sandbox tests run three against one server.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.pgbouncer.pool_budget import (
    RESERVED_CONNECTIONS,
    BudgetError,
    PoolBudget,
    peak_tasks,
    pool_budget,
)
from components.postgres.sizing import find_instance_class, planned_max_connections

inputs = st.fixed_dictionaries(
    {
        "max_connections": st.integers(1, 5_000),
        "headroom_connections": st.integers(0, 500),
        "max_tasks": st.integers(1, 100),
        "deployment_maximum_percent": st.integers(100, 200),
        "users": st.integers(1, 10),
        "useful_connections": st.none() | st.integers(0, 5_000),
    }
)


@given(inputs)
def test_no_accepted_budget_can_overrun_the_database(given_: dict[str, Any]) -> None:
    wanted = given_["max_tasks"]
    counted = wanted * given_["deployment_maximum_percent"] // 100
    tasks = counted + wanted
    try:
        budget = pool_budget(**given_)
    except BudgetError:
        # Only where a task would be left with less than a connection for each user.
        available = given_["max_connections"] - RESERVED_CONNECTIONS - given_["headroom_connections"]
        useful = given_["useful_connections"]
        assert min(available, available if useful is None else useful) < tasks * given_["users"]
        return
    taken = tasks * budget.max_db_connections
    assert taken + RESERVED_CONNECTIONS + given_["headroom_connections"] <= given_["max_connections"]
    assert given_["useful_connections"] is None or taken <= given_["useful_connections"]
    # Every user gets in, and their pools with one reserve fit under the task's own limit.
    assert budget.default_pool_size >= 1
    assert budget.reserve_pool_size >= 0
    assert given_["users"] * budget.default_pool_size + budget.reserve_pool_size <= budget.max_db_connections
    # Nothing but the remainder of a division is left lying.
    assert (
        budget.max_db_connections
        < given_["users"] * (budget.default_pool_size + 1) + budget.reserve_pool_size
    )


@given(inputs)
def test_more_tasks_never_get_more_each(given_: dict[str, Any]) -> None:
    def share(max_tasks: int) -> int:
        try:
            return pool_budget(**{**given_, "max_tasks": max_tasks}).max_db_connections
        except BudgetError:
            return 0

    assert share(given_["max_tasks"] + 1) <= share(given_["max_tasks"])


@given(max_tasks=st.integers(1, 20), percent=st.integers(100, 200), starts_first=st.lists(st.booleans()))
def test_no_course_of_a_deployment_has_more_tasks_alive_than_the_peak(
    max_tasks: int, percent: int, starts_first: list[bool]
) -> None:
    """ECS replaces every task, in any order that its two limits allow, and none that it stops has gone when the last starts."""
    old, new, stopping = max_tasks, 0, 0
    most = max_tasks
    order = iter(starts_first)
    while new < max_tasks:
        may_start = old + new < max_tasks * percent // 100
        if old and (not may_start or not next(order, True)):
            old, stopping = old - 1, stopping + 1
        else:
            new += 1
        most = max(most, old + new + stopping)
    assert most <= peak_tasks(max_tasks, percent)


def test_the_worst_moment_counts_the_tasks_of_a_deployment_and_those_that_drain() -> None:
    assert peak_tasks(4, 200) == 12
    assert peak_tasks(3, 150) == 7
    assert peak_tasks(4, 100) == 8


def test_a_budget_by_hand() -> None:
    # 818 - 11 - 50 = 757 over 12 tasks are 63 each; a tenth of that is 6 in reserve, and 57 over 2 users are 28 each.
    assert pool_budget(
        max_connections=planned_max_connections(find_instance_class("db.m7g.large")),
        headroom_connections=50,
        max_tasks=4,
        deployment_maximum_percent=200,
        users=2,
    ) == PoolBudget(max_db_connections=63, default_pool_size=28, reserve_pool_size=6)


def test_the_useful_number_of_connections_limits_all_tasks_together() -> None:
    budget = pool_budget(
        max_connections=5_000,
        headroom_connections=50,
        max_tasks=4,
        deployment_maximum_percent=200,
        users=1,
        useful_connections=240,
    )
    assert budget.max_db_connections == 20


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("max_tasks", 0, "max_tasks 0 is out of range: give at least 1"),
        ("deployment_maximum_percent", 99, "give 100 to 200"),
        ("deployment_maximum_percent", 201, "give 100 to 200"),
        ("headroom_connections", -1, "headroom_connections -1 is out of range: give at least 0"),
        ("users", 0, "users 0 is out of range: give at least 1"),
        ("max_connections", 0, "max_connections 0 is out of range: give at least 1"),
        (
            "max_tasks",
            40,
            "120 tasks at the peak of a deployment .* cannot share 69 connections.*at most 34 tasks",
        ),
    ],
)
def test_what_does_not_add_up_is_refused_and_says_what_would(field: str, value: int, reason: str) -> None:
    good = {
        "max_connections": 100,
        "headroom_connections": 20,
        "max_tasks": 2,
        "deployment_maximum_percent": 200,
        "users": 2,
    }
    pool_budget(**good)
    with pytest.raises(BudgetError, match=reason) as refused:
        pool_budget(**{**good, field: value})
    assert refused.value.field == field
