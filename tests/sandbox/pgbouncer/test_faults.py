"""What clients see of a fault between PgBouncer and PostgreSQL, with the rendered settings and real processes.

Proves times to the first success, in a private network on one machine, and that nothing is lost where the server stays. Does not prove how long RDS takes
to promote a standby and move its name: that comes first, and the record's own 5 s.
"""

from collections.abc import Callable

import pytest

from components.pgbouncer.settings import TCP_USER_TIMEOUT_MS
from tests.sandbox.pgbouncer.faults import Report, namespaces_allowed, run_fault

pytestmark = [
    pytest.mark.usefixtures("programs"),
    pytest.mark.skipif(
        not namespaces_allowed(), reason="needs `unshare`, and the right to make network namespaces"
    ),
]
USER_TIMEOUT_SECONDS = TCP_USER_TIMEOUT_MS / 1000
# RDS's names may be kept for this long.
RDS_TTL_SECONDS = 5
# A machine that is busy with something else delays any single run. Who is stuck is checked in every one.
TRIALS = 3


def served_within(
    fault: str,
    limit: Callable[[Report], float],
    *,
    all_within: Callable[[Report], float],
    ttl_seconds: int = 0,
) -> None:
    """Fail unless every client is served in every trial, and in one of them in time."""
    reports = []
    for _ in range(TRIALS):
        report = run_fault(fault, ttl_seconds)
        print(report)
        assert report.stuck == report.failed_logins == 0
        assert not report.lost
        assert report.first_success is not None
        assert report.all_clients is not None
        if report.first_success <= limit(report) and report.all_clients <= all_within(report):
            return
        reports.append(report)
    pytest.fail(f"none of {TRIALS} trials was in time: {reports}")


def test_a_killed_primary_is_left_as_soon_as_its_name_moves() -> None:
    served_within("killed", lambda seen: seen.flip + 0.5, all_within=lambda seen: seen.flip + 1)


def test_a_name_is_followed_no_later_than_its_record_allows() -> None:
    served_within(
        "killed",
        lambda seen: seen.flip + RDS_TTL_SECONDS + 0.5,
        all_within=lambda seen: seen.flip + RDS_TTL_SECONDS + 1,
        ttl_seconds=RDS_TTL_SECONDS,
    )


def test_a_silent_primary_is_given_up_after_the_user_timeout() -> None:
    served_within(
        "silent",
        lambda seen: max(seen.flip, USER_TIMEOUT_SECONDS) + 1,
        # A client that got an idle connection just before keepalives found it dead waits once more.
        all_within=lambda _seen: 2 * USER_TIMEOUT_SECONDS + 1,
    )


def test_connections_that_are_reset_are_replaced_at_once_and_nothing_is_lost() -> None:
    served_within("reset", lambda _seen: 0.5, all_within=lambda _seen: 1)


def test_a_primary_that_is_stopped_in_order_is_left_as_soon_as_its_name_moves() -> None:
    served_within("failover", lambda seen: seen.flip + 0.5, all_within=lambda seen: seen.flip + 1)


def test_after_a_move_of_the_name_reconnect_takes_everybody_along_and_breaks_nothing() -> None:
    report = run_fault("moved")
    print(report)
    assert report.broken == report.refused == report.failed_logins == report.stuck == 0
    assert report.all_clients is not None
    assert report.all_clients <= report.flip + 5


def test_a_pooler_that_is_stopped_breaks_no_transaction_and_its_clients_go_to_the_other() -> None:
    report = run_fault("stopped")
    print(report)
    # Refused ones were never begun: a client may run them again without a second thought.
    assert report.broken == report.lost == report.stuck == 0
    assert report.all_clients is not None
    assert report.all_clients <= 5
