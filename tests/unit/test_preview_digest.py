"""Reading recorded previews, in both forms that the engine writes.

Proves on recordings of the real engine that digest, event log and streamed preview tell the same of every resource, and what
each alone can tell. Proves nothing of other versions of the engine than the one recorded.
"""

import json
from dataclasses import replace

import pytest

from ops.review.digest import Order, Planned, Preview, PreviewError, Special, combined, read
from ops.review.report import build
from tests.harness.recorded import EVENTS, STREAMED, preview, recorded, scenarios

CLASS_CHANGED = "instance-class-changed"


def without_dependencies(planned: Planned) -> Planned:
    """What both forms have: events hold no dependencies, and name the new id where the digest does not."""
    bare = [
        state and replace(state, dependencies=(), property_dependencies={}, id="")
        for state in (planned.old, planned.new)
    ]
    return replace(planned, old=bare[0], new=bare[1], detailed_diff=dict(planned.detailed_diff))


def by_urn(found: Preview) -> dict[str, Planned]:
    return {each.urn: without_dependencies(each) for each in found.resources}


@pytest.mark.parametrize("scenario", scenarios())
def test_both_forms_tell_the_same_of_every_change(scenario: str) -> None:
    digest, events = by_urn(read(recorded(scenario))), by_urn(read(recorded(scenario, EVENTS)))
    changed = [urn for urn, each in digest.items() if each.operation != "same"]
    for urn in changed:
        assert digest[urn].operation == events[urn].operation
        assert digest[urn].order == events[urn].order
        assert digest[urn].replace_reasons == events[urn].replace_reasons
        assert digest[urn].detailed_diff == events[urn].detailed_diff
        for side in ("old", "new"):
            one, other = getattr(digest[urn], side), getattr(events[urn], side)
            assert (one and one.inputs) == (other and other.inputs), urn
    assert set(digest) <= set(events)
    # The log has the engine's internal events too: those of the providers that nobody declared.
    assert all("::pulumi:providers:" in urn and "::default_" in urn for urn in set(events) - set(digest))


def test_a_streamed_preview_is_the_event_log() -> None:
    streamed, logged = (read(recorded(CLASS_CHANGED, form)) for form in (STREAMED, EVENTS))
    declared = {urn: each for urn, each in by_urn(logged).items() if "::default_" not in urn}
    assert by_urn(streamed) == declared
    assert not streamed.has_dependencies


def test_each_form_says_what_it_cannot_tell() -> None:
    digest, events = read(recorded(CLASS_CHANGED)), read(recorded(CLASS_CHANGED, EVENTS))
    assert digest.violations is None
    assert events.violations == ()
    assert (digest.has_dependencies, events.has_dependencies) == (True, False)
    both = combined(events, digest)
    assert both.violations == ()
    assert both.has_dependencies


def test_what_the_engine_marks_is_neither_text_nor_value() -> None:
    found = json.dumps([each.new.inputs for each in preview("initial-create").resources if each.new], default=lambda special: special.name)  # fmt: skip
    assert Special.UNKNOWN.name in found
    assert Special.SECRET.name in found
    assert "04da6b54" not in found
    assert "4dabf18193072939515e22adb298388d" not in found


def test_the_steps_of_a_replacement_are_one_change_and_their_order_is_told() -> None:
    replaced = [each for each in preview("identifier-changed").resources if each.operation == "replace"]
    assert replaced
    assert {each.order for each in replaced} == {Order.CREATE_FIRST}
    assert all(each.old and each.new for each in replaced)


def test_without_its_steps_the_order_of_a_replacement_is_not_guessed() -> None:
    document = json.loads(recorded("identifier-changed"))
    document["steps"] = [step for step in document["steps"] if step["op"] not in {"create-replacement", "delete-replaced"}]  # fmt: skip
    orders = {each.order for each in read(json.dumps(document)).resources if each.operation == "replace"}
    assert orders == {Order.UNRECORDED}


def test_deletion_first_is_told_from_the_order_of_the_steps() -> None:
    document = json.loads(recorded("identifier-changed"))
    document["steps"].reverse()
    orders = {each.order for each in read(json.dumps(document)).resources if each.operation == "replace"}
    assert orders == {Order.DELETE_FIRST}


def test_a_preview_that_fails_or_breaks_a_mandatory_policy_is_seen_in_every_form() -> None:
    assert preview("failed").failed
    assert read(recorded("failed")).failed
    assert read(recorded("failed", EVENTS)).failed
    assert preview("retention-lowered").breaks_mandatory_policy
    assert read(recorded("retention-lowered")).failed
    assert not preview("no-change").failed


def test_a_preview_that_was_cut_off_is_a_failed_one() -> None:
    *events, _summary, _cancel = recorded("no-change", EVENTS).splitlines()
    assert read("\n".join(events)).failed
    document = json.loads(recorded("no-change"))
    del document["changeSummary"]
    assert read(json.dumps(document)).failed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: the preview failed before it began"),
        ("error: no stack", "is not what `pulumi preview --json` prints"),
        ("[]", "an object was expected"),
        ('{"version": 3, "deployment": {}}', "holds deployment, version"),
        ('{"result": "succeeded", "duration": 1, "resources": []}', "not `--output json`"),
        ('{"steps": [{"op": "create"}]}', "does not understand"),
    ],
)
def test_what_is_no_preview_is_refused_with_what_to_do(text: str, message: str) -> None:
    with pytest.raises(PreviewError, match=message):
        read(text)


def test_recordings_of_different_previews_are_not_joined() -> None:
    with pytest.raises(PreviewError, match="another preview"):
        combined(read(recorded("no-change")), read(recorded(CLASS_CHANGED, EVENTS)))
    with pytest.raises(PreviewError, match="same form"):
        combined(read(recorded("no-change")), read(recorded("no-change")))


def test_a_difference_of_desired_states_is_read_with_its_policies_and_its_caveat() -> None:
    violation = {"resourceUrn": "urn:pulumi:dev::p::a:b:C::it", "policyPackName": "pack", "policyName": "rule", "enforcementLevel": "mandatory", "message": "no"}  # fmt: skip
    document = {**json.loads(recorded("no-change")), "tier": "desired-state", "label": "desired state only", "policyPacks": ["pack"], "policyEvents": [violation]}  # fmt: skip
    found = read(json.dumps(document))
    assert found.caveat == "desired state only"
    assert found.breaks_mandatory_policy
    assert "desired state only" in build({"dev": found}).stacks[0].limits
