"""The recorder's scenarios.

Proves that each edit of a scenario still finds its text in the program. Does not record anything: that takes the engine.
"""

import pytest

from tests.harness.platform import ROOT
from tests.recorder.scenarios import SCENARIOS, Edit

EDITS = [(scenario.name, edit) for scenario in SCENARIOS for edit in scenario.edits]


@pytest.mark.parametrize(("name", "edit"), EDITS, ids=[f"{name}-{edit.path}" for name, edit in EDITS])
def test_every_edit_of_a_scenario_finds_its_text_once(name: str, edit: Edit) -> None:
    assert (ROOT / edit.path).read_text().count(edit.old) == 1, name
