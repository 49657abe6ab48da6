"""Resources of the emulated account through the real Terraform AWS provider.

Proves, for every type that the platform declares for replicas, backups, their buckets, private names and scaling up: it is created,
reads back and refreshes without a difference, changes in place and is deleted, by calls that are all emulated. Does not
prove the engine's part, nor a replica created with its own parameter group, maintenance window or storage ceiling: the
provider sets those afterwards, waits more than a minute for each step, and here they are changes to a replica.

The provider looks at a DB instance and at some other things after a minute at the earliest, so all the walks go side by
side, and each test waits for its own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from sandbox.emulated_account import EmulatedAccount
from tests.sandbox.adapter.engine import Plugin
from tests.sandbox.emulator.conftest import Connect
from tests.sandbox.emulator.provider_walks import backups, buckets, databases, names, scaling_up
from tests.sandbox.emulator.provider_walks.lab import Lab

WALKS: tuple[Callable[[Lab], None], ...] = (
    databases.walk_a_promotion,
    databases.walk_a_replica_that_gets_a_parameter_group,
    databases.walk_backups_in_another_region,
    databases.walk_a_replica_beside_its_source,
    databases.walk_a_replica_in_another_region,
    databases.walk_backups_after_a_promotion,
    buckets.walk_a_lifecycle,
    names.walk_a_name,
    names.walk_weighted_names,
    buckets.walk_a_bucket_and_its_settings,
    buckets.walk_replicated_buckets,
    backups.walk_vaults_and_plans,
    backups.walk_restore_testing,
    scaling_up.walk_what_scaling_up_keeps_and_reports,
)


@pytest.fixture(scope="module")
def walks(aws: Plugin, own_connect: Connect) -> Iterator[dict[str, Future[None]]]:
    """All walks, under way."""
    lab = Lab(aws, own_connect)
    with ThreadPoolExecutor(len(WALKS)) as pool:
        yield {walk.__name__: pool.submit(walk, lab) for walk in WALKS}


@pytest.mark.parametrize("walk", [walk.__name__ for walk in WALKS])
def test_a_walk_ends_without_a_difference(walks: dict[str, Future[None]], walk: str) -> None:
    walks[walk].result()


def test_every_call_of_the_provider_was_emulated(
    walks: dict[str, Future[None]], own_account: EmulatedAccount
) -> None:
    for walk in walks.values():
        walk.exception()  # waits; whether it went well is the other test's matter
    assert own_account.unknown_calls() == []
