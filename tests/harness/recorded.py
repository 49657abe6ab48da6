"""The previews that `python -m tests.recorder` recorded, by scenario."""

import lzma
from pathlib import Path

from tests.harness.platform import ROOT

PREVIEWS = ROOT / "tests" / "golden" / "previews"
DIGEST, EVENTS, STREAMED = ".digest.json.xz", ".events.jsonl.xz", ".streamed.jsonl.xz"


def recorded(scenario: str, form: str = DIGEST) -> str:
    """A recorded preview as the engine printed it; `form` is DIGEST, EVENTS or STREAMED."""
    return lzma.decompress((PREVIEWS / f"{scenario}{form}").read_bytes()).decode()


def scenarios() -> list[str]:
    """The names of what is recorded."""
    return sorted(path.name.removesuffix(DIGEST) for path in Path(PREVIEWS).glob(f"*{DIGEST}"))
