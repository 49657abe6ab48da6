"""What all rules share: values, environments, exemptions, remediation, and the pack as the engine starts it.

Proves each of them by itself, and that the pack runs from a folder of any name. Does not prove that an engine accepts the
pack: tests/sandbox/test_policies.py does.
"""

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_policy import ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.deserialize import (
    SPECIAL_SECRET_SIG,
    SPECIAL_SIG_KEY,
    deserialize_properties,
    serialize_properties,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from desired.judging import Declared, judge, resource_args
from policies import exemptions
from policies.environment import Environment, environment_of
from policies.exemptions import Exemption, ExemptionError
from policies.pack import ENVIRONMENT_RULE, EXPIRY_RULE, UNKNOWN_RULE, all_policies, rule_ids
from policies.rule import Level, Rule, text_of
from policies.rules import RESOURCE_RULES, STACK_RULES
from policies.rules.encryption import KEY
from policies.rules.postgres import INSTANCE
from policies.values import MALFORMED, UNKNOWN, Node, plain, shown
from tests.harness.judged import TODAY, names, pack
from tests.harness.platform import ROOT
from tests.policies.changing import changed
from tests.policies.resources import base

FOLDER = ROOT / "policies"
ALL_RULES: tuple[Rule[Any], ...] = (*RESOURCE_RULES, *STACK_RULES)


# Values


def test_values_become_plain_and_unknown_ones_a_marker() -> None:
    arrived = unknown_checking_proxy(
        {
            "days": 30.0,
            "half": 0.5,
            "late": UNKNOWN_STRING_VALUE,
            "list": [{"late": UNKNOWN_STRING_VALUE}, "x"],
        }
    )
    assert plain(arrived) == {"days": 30, "half": 0.5, "late": UNKNOWN, "list": [{"late": UNKNOWN}, "x"]}


def test_an_unknown_inside_a_longer_text_is_unknown() -> None:
    assert plain(f"arn:aws:s3:::{UNKNOWN_STRING_VALUE}") is UNKNOWN


def test_a_secret_that_could_not_be_decrypted_is_unknown() -> None:
    assert plain("[secret]") is UNKNOWN


def test_snake_case_is_the_same_property_but_a_users_own_key_stays() -> None:
    assert plain({"kms_key_id": 1, "tags": {"cost_center": "a"}}) == {
        "kmsKeyId": 1,
        "tags": {"cost_center": "a"},
    }
    assert plain({"kms_key_id": 1, "kmsKeyId": 2}) == {"kmsKeyId": UNKNOWN}


def test_a_marker_taken_for_a_value_fails_loudly() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(UNKNOWN)


def test_a_place_in_the_properties_says_what_is_there() -> None:
    properties = Node("", {"a": {"b": [1, 2]}, "late": UNKNOWN, "text": "x"})
    assert [item.value for item in properties.at("a.b").items()] == [1, 2]
    assert properties.at("a.b").items()[1].path == "a.b[1]"
    assert properties.at("late.below").value is UNKNOWN
    assert properties.at("none.below").value is None
    assert properties.at("text.below").value is MALFORMED


@pytest.mark.parametrize("value", ["hunter2", ["hunter2"], {"hunter2": "hunter2"}])
def test_no_text_is_shown(value: Any) -> None:
    assert "hunter2" not in shown(value)


# Environments


@pytest.mark.parametrize(
    ("configured", "stack", "tags", "judged_for"),
    [
        ("dev", "prod", {"Environment": "prod"}, Environment.DEV),
        (None, "dev", {"Environment": "prod"}, Environment.DEV),
        (None, "acme-dev", {}, Environment.DEV),
        (None, "dev-tools-prod", {}, Environment.PROD),
        (None, "developer", {}, Environment.PROD),
        (None, "acme", {"Environment": "Development"}, Environment.DEV),
        (None, "acme", {"Environment": UNKNOWN}, Environment.PROD),
        (None, "acme", UNKNOWN, Environment.PROD),
        (None, "acme", None, Environment.PROD),
    ],
)
def test_the_environment_is_configured_or_named_or_tagged_and_else_prod(
    configured: str | None, stack: str, tags: Any, judged_for: Environment
) -> None:
    assert environment_of(configured, f"urn:pulumi:{stack}::p::t::n", tags) is judged_for


def test_the_configured_environment_reaches_every_rule() -> None:
    weak = changed(base("postgres-instance"), "multiAz", False)
    assert "databases-survive-the-loss-of-a-zone" in names(judge(pack(), [weak]))
    configured = {ENVIRONMENT_RULE: {"environment": "dev"}}
    assert "databases-survive-the-loss-of-a-zone" not in names(judge(pack(), [weak], config=configured))


def test_the_providers_tags_say_the_environment_too() -> None:
    provider = {"region": "us-east-1", "defaultTags": '{"tags": {"Environment": "dev"}}'}
    instance = Declared(type=INSTANCE, stack="acme", provider=provider)
    assert "databases-survive-the-loss-of-a-zone" not in names(judge(pack(), [instance]))


# Exemptions


def an_exemption(**change: Any) -> Exemption:
    values = {
        "rule": "keys-rotate", "resource": f"{KEY}::old-*", "stack": "prod", "reason": "r", "owner": "o", "expires": TODAY,
    }  # fmt: skip
    return Exemption(**{**values, **change})


def reported_of_a_key(exemption: Exemption, name: str = "old-key", stack: str = "prod") -> set[str]:
    key = Declared(type=KEY, name=name, stack=stack)
    return names(judge(all_policies([exemption], TODAY), [key]))


def test_an_exemption_covers_one_rule_of_one_resource_to_its_last_day() -> None:
    assert "keys-rotate" not in reported_of_a_key(an_exemption())
    assert "keys-say-who-may-use-them" in reported_of_a_key(an_exemption()), "another rule"
    assert "keys-rotate" in reported_of_a_key(an_exemption(), name="new-key")
    assert "keys-rotate" in reported_of_a_key(an_exemption(), stack="dev")
    assert EXPIRY_RULE not in reported_of_a_key(an_exemption())


def test_an_expired_exemption_fails_and_covers_nothing() -> None:
    assert {EXPIRY_RULE, "keys-rotate"} <= reported_of_a_key(an_exemption(expires=date(2026, 11, 30)))


def test_an_exemption_covers_what_is_unknown_as_well() -> None:
    key = Declared(type=KEY, name="old-key", inputs={"enableKeyRotation": UNKNOWN_STRING_VALUE})
    assert UNKNOWN_RULE in names(judge(pack(), [key]))
    assert UNKNOWN_RULE not in names(judge(all_policies([an_exemption()], TODAY), [key]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "no-such-rule"}, "there is no rule 'no-such-rule'"),
        ({"reason": " "}, "reason must be a text"),
        ({"expires": "soon"}, "expires must be a date such as 2027-03-31"),
        ({"until": "2027-01-01"}, "exactly the keys rule, resource, stack, reason, owner, expires"),
    ],
)
def test_a_wrong_exemption_is_one_clear_error(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    entry = {name: getattr(an_exemption(), name) for name in Exemption.__slots__}
    file = tmp_path / "exemptions.yaml"
    file.write_text(yaml.safe_dump([{**entry, **change}]))
    with pytest.raises(ExemptionError, match=said):
        exemptions.load(file, rule_ids())


def test_more_properties_may_be_declared_late() -> None:
    instance = changed(base("postgres-instance"), "multiAz", UNKNOWN_STRING_VALUE)
    assert UNKNOWN_RULE in names(judge(pack(), [instance], stack_too=False))
    config = {UNKNOWN_RULE: {"alsoLate": [f"{INSTANCE}/multiAz"]}}
    assert UNKNOWN_RULE not in names(judge(pack(), [instance], config=config, stack_too=False))


# Remediation


def remediated(rule: str, declared: Declared) -> Any:
    """What the policy makes of the inputs, handed over and taken back as the SDK does it."""
    policy = next(each for each in pack() if each.name == rule)
    assert isinstance(policy, ResourceValidationPolicy)
    args = resource_args(declared)
    inputs = unknown_checking_proxy(deserialize_properties(dict(declared.inputs), proxy_secrets=True))
    found = policy.remediate(
        ResourceValidationArgs(args.resource_type, inputs, args.urn, args.name, args.opts, args.provider)
    )
    return None if found is None else serialize_properties(found)  # type: ignore[arg-type]


FIXES = [(rule.id, name, value) for rule in RESOURCE_RULES for name, value in rule.fix.items()]


@pytest.mark.parametrize(("rule", "name", "value"), FIXES)
def test_what_is_safe_to_mend_is_mended(rule: str, name: str, value: bool) -> None:
    rules = {each.id: each for each in RESOURCE_RULES}
    secret = {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": "s"}
    broken = Declared(
        type=rules[rule].on[0], inputs={name: not value, "note": secret, "late": UNKNOWN_STRING_VALUE}
    )
    mended = remediated(rule, broken)
    assert mended[name] is value
    assert mended["note"] == secret, "what was secret stays so"
    assert mended["late"] == UNKNOWN_STRING_VALUE
    assert remediated(rule, Declared(type=broken.type, inputs=rules[rule].fix)) is None, (
        "what is good stays as it is"
    )


def test_nothing_is_mended_that_dev_may_have() -> None:
    assert [rule.id for rule in RESOURCE_RULES if rule.fix and rule.dev is not Level.MANDATORY] == []


# The pack


def test_every_rule_says_what_it_is() -> None:
    ids = [rule.id for rule in ALL_RULES]
    assert len(set(ids)) == len(ids)
    for rule in ALL_RULES:
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", rule.id), rule.id
        assert rule.description.endswith("."), rule.id
        assert rule.remedy, rule.id
        for control in rule.controls:
            assert re.fullmatch(
                r"(FSBP|NIST) [A-Za-z0-9]+\.\d+|CIS \d+\.\d+(\.\d+)?|CKV2?_AWS_\d+", control
            ), control


def test_a_rules_texts_are_those_of_its_docstring() -> None:
    assert text_of(
        "Keys rotate.\n\n    Remedy: set it: to true\n    Controls: CIS 4.6, FSBP KMS.4\n    "
    ) == {
        "description": "Keys rotate.",
        "remedy": "set it: to true",
        "controls": ("CIS 4.6", "FSBP KMS.4"),
    }
    assert text_of("Keys rotate.\n\nRemedy: set it")["controls"] == ()


@pytest.mark.parametrize(
    "docstring",
    [None, "", "Keys rotate.", "Keys rotate.\n\nset it", "Keys rotate.\n\nRemedy: set it\nControl: CIS 4.6"],
)
def test_a_docstring_of_another_form_makes_no_rule(docstring: str | None) -> None:
    with pytest.raises(ValueError, match="docstring must hold"):
        text_of(docstring)


def test_the_readme_lists_every_rule_and_its_configuration() -> None:
    readme = (FOLDER / "README.md").read_text()
    rows = [
        f"| `{rule.id}` | {rule.severity} | {rule.prod} | {rule.dev} | {', '.join(rule.controls)} |"
        for rule in ALL_RULES
    ]
    assert [row for row in rows if row not in readme] == []
    keys = {f"`{key}`" for rule in ALL_RULES for key in rule.config_schema()}
    assert {key for key in keys if key not in readme} == set()
    assert (
        readme.count("\n| `") - len(rows)
        == len({(rule.id, key) for rule in ALL_RULES for key in rule.config_schema()}) + 5
    )


def test_the_pack_runs_from_a_folder_of_any_name(tmp_path: Path) -> None:
    """A published pack is its folder, unpacked somewhere else: nothing of this repository is beside it."""
    elsewhere = tmp_path / "pack-v1"
    shutil.copytree(FOLDER, elsewhere, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-P", "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(elsewhere)]
    with subprocess.Popen(command, cwd=elsewhere, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            assert served.stdout.readline().strip().isdigit(), "the port it serves on"
        finally:
            served.terminate()


def test_a_wrong_exemptions_file_stops_the_pack_with_one_message(tmp_path: Path) -> None:
    elsewhere = tmp_path / "pack"
    shutil.copytree(FOLDER, elsewhere, ignore=shutil.ignore_patterns("__pycache__"))
    (elsewhere / "exemptions.yaml").write_text("- rule: keys-rotate\n")
    done = subprocess.run(
        [sys.executable, "-P", str(elsewhere)], capture_output=True, text=True, check=False, cwd=elsewhere
    )
    assert done.returncode == 1
    assert "must have exactly the keys" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_pack_pins_what_the_project_pins() -> None:
    def pins(file: Path) -> set[str]:
        return set(re.findall(r"^[\w.-]+==[^ ]+", file.read_text(), re.MULTILINE))

    own = pins(FOLDER / "requirements.txt")
    assert {"pulumi-policy", "pyyaml"} <= {pin.partition("==")[0] for pin in own}
    assert own <= pins(ROOT / "requirements" / "runtime.txt")
