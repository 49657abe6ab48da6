"""The outputs of a stack, put together from those of its parts."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pulumi

from contract.outputs import OutputKey

# Values are plain or known later (pulumi.Output); contract/outputs.py says the type of each.
Outputs = Mapping[OutputKey, Any]


def merged(*parts: Outputs) -> Outputs:
    """The outputs of all parts, in the order of `OutputKey`. Raises ValueError unless each key is given once."""
    given = Counter(key for part in parts for key in part)
    wrong = [key for key in OutputKey if given[key] != 1]
    if wrong:
        raise ValueError(f"outputs are given by no part or by several: {', '.join(wrong)}")
    values = {key: value for part in parts for key, value in part.items()}
    return {key: values[key] for key in OutputKey}


def export(outputs: Outputs) -> None:
    """Export the values from the running stack."""
    for key, value in outputs.items():
        pulumi.export(key, value)
