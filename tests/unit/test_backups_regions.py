"""Proves which pairs of regions and which keys are refused before AWS is asked.

Does not prove that the list of pairs is AWS's list of today: AWS adds to it.
"""

import re

import pytest

from components.backups.regions import (
    REPLICATION_DESTINATIONS,
    RegionError,
    require_key_region,
    require_supported_pair,
)

KEY = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d"


def test_backups_are_replicated_from_virginia_to_oregon_and_back() -> None:
    require_supported_pair("us-east-1", "us-west-2")
    require_supported_pair("us-west-2", "us-east-1")


@pytest.mark.parametrize(
    ("source", "destination", "known"),
    [
        ("ap-northeast-3", "us-east-1", "only to ap-northeast-1"),
        ("us-east-1", "ap-northeast-3", "only to .*us-west-2"),
        ("us-east-1", "us-east-1", "only to .*us-west-2"),
        ("af-south-1", "us-east-1", "only to nowhere"),
    ],
)
def test_a_pair_that_rds_does_not_offer_is_refused_with_those_it_does(
    source: str, destination: str, known: str
) -> None:
    with pytest.raises(RegionError, match=f"from {source} to {destination}, {known}"):
        require_supported_pair(source, destination)


def test_every_listed_region_is_a_region_and_none_replicates_to_itself() -> None:
    for source, destinations in REPLICATION_DESTINATIONS.items():
        assert source not in destinations
        assert all(re.fullmatch(r"[a-z]{2}-[a-z]+-\d", region) for region in {source, *destinations})


def test_a_key_of_the_region_is_returned_as_it_is() -> None:
    assert require_key_region(KEY, "us-west-2") == KEY


def test_a_key_of_another_region_is_refused_with_both_regions() -> None:
    with pytest.raises(RegionError, match="is in us-west-2, and is needed in us-east-1"):
        require_key_region(KEY, "us-east-1")


@pytest.mark.parametrize(
    "arn", ["alias/aws/rds", "0a1b2c3d", "arn:aws:rds:us-west-2:123456789012:db:reptidex"]
)
def test_what_is_not_the_arn_of_a_key_is_refused(arn: str) -> None:
    with pytest.raises(RegionError, match="is not the ARN of a KMS key"):
        require_key_region(arn, "us-west-2")
