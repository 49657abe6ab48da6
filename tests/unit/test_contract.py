"""The ground floor and the outputs that are put together from it.

Proves that each output key is given by exactly one part, and that a target of scale-up survives its way through the
function's environment. Does not prove which values a stack has; tests/stack does.
"""

import json

import pytest

from contract.outputs import OutputKey
from contract.scale_up import RDS, Target, TargetName
from infra.outputs import merged

ALL = dict.fromkeys(OutputKey, "value")


def without(key: OutputKey) -> dict[OutputKey, str]:
    return {each: value for each, value in ALL.items() if each is not key}


def test_outputs_of_several_parts_come_in_the_order_of_their_keys() -> None:
    last, *others = reversed(OutputKey)
    assert list(merged({last: "last"}, dict.fromkeys(others, "value"))) == list(OutputKey)


def test_an_output_that_no_part_gives_is_refused() -> None:
    with pytest.raises(ValueError, match="pooler_port"):
        merged(without(OutputKey.POOLER_PORT))


def test_an_output_that_two_parts_give_is_refused() -> None:
    with pytest.raises(ValueError, match="cache_arn"):
        merged(ALL, {OutputKey.CACHE_ARN: "another"})


def test_a_target_is_the_same_after_its_way_through_the_environment() -> None:
    target = Target(
        name=TargetName.POSTGRES_CLASS,
        service=RDS,
        identifier="reptidex-prod-postgres",
        ladder=[{"DBInstanceClass": "db.r7g.large"}, {"DBInstanceClass": "db.r7g.xlarge"}],
        cooldown_minutes=60,
        alarms=["reptidex-prod-postgres-cpu"],
    )
    assert Target(**json.loads(json.dumps(target.as_json()))) == target
