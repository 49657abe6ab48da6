"""The policy pack with its own exemptions, judging on a day that does not move."""

from collections.abc import Iterable
from datetime import date

from desired.judging import Report
from policies import exemptions
from policies.pack import Policies, all_policies, rule_ids
from tests.harness.platform import ROOT

EXEMPTIONS_FILE = ROOT / "policies" / "exemptions.yaml"
TODAY = date(2026, 12, 1)


def pack(*, with_exemptions: bool = True, today: date = TODAY) -> Policies:
    """All policies of the pack, with its own exemptions or none."""
    exempt = exemptions.load(EXEMPTIONS_FILE, rule_ids()) if with_exemptions else ()
    return all_policies(exempt, today)


def names(reports: Iterable[Report]) -> set[str]:
    """The policies that reported something."""
    return {name for name, _, _ in reports}
