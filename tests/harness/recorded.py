"""The previews that `python -m tests.recorder` recorded, by scenario."""

import functools
import json
import lzma
from pathlib import Path

from ops.review import digest
from tests.harness.platform import ROOT

PREVIEWS = ROOT / "tests" / "golden" / "previews"
DIGEST, EVENTS, STREAMED = ".digest.json.xz", ".events.jsonl.xz", ".streamed.jsonl.xz"


@functools.cache
def recorded(scenario: str, form: str = DIGEST) -> str:
    """A recorded preview as the engine printed it; `form` is DIGEST, EVENTS or STREAMED."""
    return lzma.decompress((PREVIEWS / f"{scenario}{form}").read_bytes()).decode()


def scenarios() -> list[str]:
    """The names of what is recorded."""
    return sorted(path.name.removesuffix(DIGEST) for path in Path(PREVIEWS).glob(f"*{DIGEST}"))


@functools.cache
def preview(scenario: str) -> digest.Preview:
    """A recorded preview as `dbops preview-report` reads it from both forms."""
    return digest.combined(digest.read(recorded(scenario)), digest.read(recorded(scenario, EVENTS)))


def multiplied(scenario: str, changes: int) -> str:
    """A digest with as many changes: those of a recorded one over and over, each time of other resources."""
    document = json.loads(recorded(scenario))
    steps = [step for step in document["steps"] if step["op"] != "same" and "$" in step["urn"]]
    urns = {step["urn"] for step in steps}
    text = json.dumps(steps)
    copies = [
        step
        for number in range(changes // len(urns) + 1)
        for step in json.loads(_renamed(text, urns, number))
    ]
    wanted = set(list(dict.fromkeys(step["urn"] for step in copies))[:changes])
    return json.dumps({**document, "steps": [step for step in copies if step["urn"] in wanted]})


def _renamed(text: str, urns: set[str], number: int) -> str:
    for urn in urns:
        text = text.replace(f'{urn}"', f'{urn}-{number}"')
    return text
