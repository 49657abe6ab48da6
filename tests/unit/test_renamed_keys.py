"""Keys of the stack files that have another name now.

Proves that an old key is refused once, with the new name, and without its value. Does not prove what a key does.
"""

import re

import pytest

from infra.config.stack import RENAMED_KEYS, ConfigError, StackConfig
from tests.harness.platform import committed


def with_old_key(old: str) -> dict[str, object]:
    """The configuration of prod with one key under its old name."""
    values = committed("prod")
    *parents, last = old.split(".")
    *_, new = RENAMED_KEYS[old].split(".")
    part = values
    for parent in parents:
        part = part[parent]
    part[last] = part.pop(new, {"max_shards": 2})
    return values


@pytest.mark.parametrize(("old", "new"), RENAMED_KEYS.items())
def test_an_old_key_is_refused_once_with_its_new_name(old: str, new: str) -> None:
    with pytest.raises(ConfigError) as raised:
        StackConfig.parse("prod", with_old_key(old))
    headline, *problems = str(raised.value).splitlines()
    assert headline == "the configuration of stack prod cannot be used"
    assert problems == [f"  {old}: was renamed; write {new} instead"]


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [("scaling", "scale_up", 5), ("sessions.durability", "sessions.service", "bogus")],
)
def test_a_mistake_under_the_new_name_is_reported_as_well(old: str, new: str, value: object) -> None:
    values = committed("prod")
    *parents, last = old.split(".")
    part = values
    for parent in parents:
        part = part[parent]
    part[last] = {}
    part[new.rpartition(".")[2]] = value
    with pytest.raises(ConfigError) as raised:
        StackConfig.parse("prod", values)
    _, *problems = str(raised.value).splitlines()
    assert {line.strip().partition(":")[0] for line in problems} == {old, new}


def test_every_new_name_is_a_key() -> None:
    values = committed("prod")
    for new in set(RENAMED_KEYS.values()) - {"sessions.autoscaling"}:
        part, *rest = new.split(".")
        assert part in values, new
        assert not rest or rest[0] in values[part], new
    for old in RENAMED_KEYS:
        assert not re.search(rf"\b{re.escape(old)}\b", str(sorted(values))), old
