"""What the task's reporter makes of PgBouncer's `SHOW POOLS`.

Proves the sums and the shape of the lines. Does not prove that a real console answers so, which
tests/sandbox/pooler/test_image.py does, nor that CloudWatch makes metrics of them.
"""

import json

import pytest

from components.pgbouncer.image import metrics

HEADER = (
    "database,user,cl_active,cl_waiting,cl_active_cancel_req,cl_waiting_cancel_req,sv_active,sv_active_cancel,"
    "sv_being_canceled,sv_idle,sv_used,sv_tested,sv_login,maxwait,maxwait_us,pool_mode,load_balance_hosts"
)
POOLS = f"""{HEADER}
pgbouncer,pgbouncer,1,0,0,0,0,0,0,0,0,0,0,0,0,statement,
reptidex,app_a,10,3,0,0,4,0,0,1,1,0,1,2,500000,transaction,
reptidex,app_b,2,1,0,0,1,1,1,0,0,1,0,0,250000,transaction,
reptidex_ro,app_a,5,0,0,0,0,0,0,2,0,0,0,0,0,transaction,
"""


def test_users_of_a_database_add_up_and_the_longest_wait_counts() -> None:
    assert metrics.measure(POOLS) == {
        "reptidex": {
            "ClientsActive": 12,
            "ClientsWaiting": 4,
            "MaxWaitSeconds": 2.5,
            "ServersActive": 5,
            "Servers": 11,
        },
        "reptidex_ro": {
            "ClientsActive": 5,
            "ClientsWaiting": 0,
            "MaxWaitSeconds": 0,
            "ServersActive": 0,
            "Servers": 2,
        },
    }


def test_the_console_is_not_a_database_of_the_pool() -> None:
    assert metrics.measure(f"{HEADER}\n" + POOLS.splitlines()[1]) == {}


def test_a_line_is_one_json_object_whose_metrics_all_have_a_value_and_a_dimension() -> None:
    [line] = metrics.embedded(
        "Pool", "reptidex", metrics.measure(POOLS)["reptidex"], 1_700_000_000_000
    ).splitlines()
    document = json.loads(line)
    [directive] = document["_aws"]["CloudWatchMetrics"]
    assert document["_aws"]["Timestamp"] == 1_700_000_000_000
    assert directive["Namespace"] == "Pool"
    assert directive["Dimensions"] == [["Database"]]
    assert document["Database"] == "reptidex"
    assert {metric["Name"] for metric in directive["Metrics"]} == set(metrics.UNITS)
    assert all(isinstance(document[metric["Name"]], int | float) for metric in directive["Metrics"])


@pytest.mark.parametrize(("now", "seconds"), [(0, 90), (30, 60), (59.9, 30.1), (30.2, 59.8), (29.8, 60.2)])
def test_the_reporter_wakes_in_the_middle_of_the_next_minute(now: float, seconds: float) -> None:
    """A moment early or late must not make two reports of one minute and none of another."""
    assert metrics.until_next(now) == pytest.approx(seconds)
