"""Rules that ElastiCache and MemoryDB have in common, each with the error of the service that applies it.

Sources: the Amazon ElastiCache and the Amazon MemoryDB API Reference (ModifyCacheParameterGroup, UpdateParameterGroup,
CopySnapshot) and user guides ("Exporting a backup", "Exporting a snapshot").
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from moto.s3.models import s3_backends

Values = dict[str, Any]
# Makes the error of the service that refuses, from its message: the two services have other codes for the same refusal.
Refusal = Callable[[str], Exception]
Parameter = TypeVar("Parameter")

HASH_SLOTS = 16384
MAXIMUM_PARAMETERS_A_CALL = 20
# A file of a snapshot begins with the version of its format.
SNAPSHOT_FILE = b"REDIS0011"


def at_most_twenty(parameters: Sequence[Parameter], refusal: Refusal) -> Sequence[Parameter]:
    """The parameters of a request. Raises the error of `refusal` if they are more than one call can set or reset."""
    if len(parameters) > MAXIMUM_PARAMETERS_A_CALL:
        raise refusal(
            f"The request includes too many parameters: {len(parameters)} of at most {MAXIMUM_PARAMETERS_A_CALL}."
        )
    return parameters


def check_family(expected: str, found: str, refusal: Refusal) -> None:
    """Raise the error of `refusal` if a parameter group is not of the engine version's family."""
    if found != expected:
        raise refusal(f"Expected a parameter group of family {expected} but found one of family {found}.")


def slot_ranges(shards: int) -> list[str]:
    """The hash slots of each shard, as both services show them: all slots, evenly."""
    bounds = [HASH_SLOTS * shard // shards for shard in range(shards + 1)]
    return [f"{first}-{end - 1}" for first, end in pairwise(bounds)]


def members_after(members: Iterable[str], added: Iterable[str], removed: Iterable[str]) -> list[str]:
    """The members of a group or a list after a change."""
    gone = set(removed)
    return [*(each for each in members if each not in gone), *added]


def active_security_groups(identifiers: Iterable[str]) -> list[Values]:
    """Security groups as a node or a cluster shows them."""
    return [{"SecurityGroupId": each, "Status": "active"} for each in identifiers]


def export_snapshot(
    account_id: str, region: str, bucket: str, files: Iterable[str], refusal: Exception
) -> None:
    """Write a snapshot's files, one for each shard, to a bucket. Raises `refusal` unless the bucket is in `region`."""
    buckets = s3_backends[account_id]["aws"]
    found = buckets.buckets.get(bucket)
    if found is None or found.region_name != region:
        raise refusal
    for file in files:
        buckets.put_object(bucket, file, SNAPSHOT_FILE)
