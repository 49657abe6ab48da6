"""The random provider as a plugin process: what is generated, what is secret, and when a new value is made.

Proves it through the plugin's own protocol. Does not prove that values match the official provider's for one seed: it
has none to give."""

import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies
from pulumi.runtime.proto import provider_pb2

from sandbox.adapter import values
from sandbox.adapter.random import InvalidInputError, random_text
from sandbox.adapter.values import UNKNOWN, Secret
from tests.sandbox.adapter.engine import Plugin, RequestFailedError, Resource, start_plugin, urn

PASSWORD = "random:index/randomPassword:RandomPassword"
STRING = "random:index/randomString:RandomString"
ID = "random:index/randomId:RandomId"

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"


@pytest.fixture(scope="module")
def random() -> Iterator[Plugin]:
    plugin = start_plugin("sandbox.adapter.random", {})
    try:
        plugin.configure()
        yield plugin
    finally:
        plugin.close()


def test_a_password_is_secret_and_a_string_is_not(random: Plugin) -> None:
    password = random.create(PASSWORD, "p", {"length": 32})
    assert isinstance(password.outputs["result"], Secret)
    assert len(password.outputs["result"].value) == 32
    assert password.id == "none"
    text = random.create(STRING, "s", {"length": 8, "special": False})
    assert re.fullmatch("[A-Za-z0-9]{8}", text.outputs["result"])
    assert text.id == text.outputs["result"]


def test_the_result_is_unknown_in_a_preview(random: Plugin) -> None:
    assert random.preview(PASSWORD, "p", {"length": 32})["result"] == Secret(UNKNOWN)
    assert random.preview(STRING, "s", {"length": UNKNOWN})["result"] is UNKNOWN


def test_an_id_has_all_its_spellings(random: Plugin) -> None:
    made = random.create(ID, "i", {"byteLength": 4, "prefix": "x-"})
    assert re.fullmatch("x-[0-9a-f]{8}", made.outputs["hex"])
    assert made.outputs["dec"] == "x-" + str(int(made.outputs["hex"][2:], 16))
    assert made.outputs["b64Url"] == "x-" + made.id


def test_a_uuid_has_its_form(random: Plugin) -> None:
    made = random.create("random:index/randomUuid:RandomUuid", "u", {})
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made.outputs["result"])


@pytest.mark.parametrize("change", [{"length": 33}, {"keepers": {"round": "2"}}, {"special": False}])
def test_any_changed_input_makes_a_new_value(random: Plugin, change: dict[str, Any]) -> None:
    inputs = {"length": 32, "keepers": {"round": "1"}}
    made = random.create(PASSWORD, "p", inputs)
    assert random.diff(made, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE
    assert list(random.diff(made, {**inputs, **change}).replaces) == list(change)


def test_a_refresh_keeps_the_value(random: Plugin) -> None:
    made = random.create(PASSWORD, "p", {"length": 12})
    read = random.read(made)
    assert read == Resource(made.type, made.name, made.id, made.inputs, made.outputs)
    random.delete(made)


def test_a_type_that_is_not_there_is_named(random: Plugin) -> None:
    with pytest.raises(
        RequestFailedError, match="random:index/randomPet:RandomPet is not a type of the sandbox"
    ):
        random.check("random:index/randomPet:RandomPet", "p", {})


@pytest.mark.parametrize(
    ("inputs", "property_", "words"),
    [
        ({}, "", "length: length is None; give a whole number of at least 1"),
        ({"length": 4, "minUpper": 3, "minNumeric": 2}, "length", "less than the sum of the minimums, 5"),
        (
            {"length": 4, "lower": False, "upper": False, "numeric": False, "special": False},
            "special",
            "other class of characters is off",
        ),
    ],
)
def test_a_request_that_cannot_be_satisfied_is_a_failure(
    random: Plugin, inputs: dict[str, Any], property_: str, words: str
) -> None:
    [failure] = random.check(PASSWORD, "p", inputs).failures
    assert failure.property == property_
    assert words in failure.reason


def test_a_refused_request_does_not_show_the_secret_that_caused_it(random: Plugin) -> None:
    secret = Secret("canary-not-a-number")
    request = provider_pb2.CreateRequest(urn=urn(STRING, "s"), properties=values.encode({"length": secret}))
    with pytest.raises(RequestFailedError, match=r"length is \[secret\]; give a whole number"):
        random.request("Create", request)


@hypothesis.given(
    strategies.fixed_dictionaries(
        {"length": strategies.integers(20, 60)},
        optional={
            "minLower": strategies.integers(0, 5),
            "minUpper": strategies.integers(0, 5),
            "minNumeric": strategies.integers(0, 5),
            "minSpecial": strategies.integers(0, 5),
            "overrideSpecial": strategies.sampled_from(["!", "_-."]),
            "upper": strategies.booleans(),
            "special": strategies.booleans(),
        },
    )
)
def test_a_text_has_its_length_its_minimums_and_no_other_characters(inputs: Mapping[str, Any]) -> None:
    text = random_text(inputs)
    special = inputs.get("overrideSpecial") or SPECIAL
    assert len(text) == inputs["length"]
    for minimum, characters, switch in (
        ("minLower", string.ascii_lowercase, "lower"),
        ("minUpper", string.ascii_uppercase, "upper"),
        ("minNumeric", string.digits, "numeric"),
        ("minSpecial", special, "special"),
    ):
        count = sum(character in characters for character in text)
        assert count >= inputs.get(minimum, 0)
        if inputs.get(switch) is False:
            assert count == inputs.get(minimum, 0)
    assert set(text) <= set(string.ascii_letters + string.digits + special)


def test_a_length_must_be_given() -> None:
    with pytest.raises(InvalidInputError, match="length"):
        random_text({})
