"""Suggestions for names that are not known, as the end of an error message."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str, at_most: int = 3) -> str:
    """`did you mean a or b` with the `known` names nearest to `name`, or `otherwise` where none is near."""
    nearest = difflib.get_close_matches(name, list(known), n=at_most)
    return f"did you mean {' or '.join(nearest)}" if nearest else otherwise
