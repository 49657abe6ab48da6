"""Alarm names: the numbers that tell alarms of one name apart.

CloudWatch reads ten metrics in one alarm at most. A store with more nodes than that has several alarms of one name,
such as `cache-cpu`, `cache-cpu-2` and `cache-cpu-3`. The scale-up function knows them all by the name without a
number.
"""

import re

_NUMBER = re.compile(r"-\d+$")


def numbered(name: str, number: int) -> str:
    """The name of the alarm number `number` of those called `name`. Numbers begin with 1, which is not written."""
    return name if number == 1 else f"{name}-{number}"


def unnumbered(name: str) -> str:
    """The inverse of `numbered`: `name` without its number. It works for physical names too."""
    return _NUMBER.sub("", name)
