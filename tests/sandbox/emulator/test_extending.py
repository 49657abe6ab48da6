"""The way an extension gets into a class of moto's.

Proves that members take the place of others, that the replaced method is still found, and that nothing is replaced
twice. Does not prove anything of moto: the classes are of this file.
"""

import pytest

from sandbox.emulator.extending import extend, original


class Theirs:
    """Stands for a class of moto's."""

    def greet(self, name: str) -> str:
        return f"hello {name}"

    @property
    def color(self) -> str:
        return "red"


class Ours(Theirs):
    def greet(self, name: str) -> str:
        return f"{original(Theirs.greet)(self, name)}, again"

    @property
    def color(self) -> str:
        return "green"

    def added(self) -> str:
        return self.greet("you")


class Others(Theirs):
    def greet(self, name: str) -> str:
        return name


def test_an_extension_replaces_and_adds_and_reaches_the_original() -> None:
    assert original(Theirs.greet)(Theirs(), "you") == "hello you"
    for _ in range(2):  # the second time changes nothing
        extend(Theirs, Ours)
        assert Theirs().greet("you") == "hello you, again"
        assert Theirs().color == "green"
        assert Theirs().added() == "hello you, again"  # type: ignore[attr-defined]
        assert original(Theirs.greet)(Theirs(), "you") == "hello you"


def test_two_extensions_with_a_member_of_one_name_are_refused() -> None:
    extend(Theirs, Ours)
    with pytest.raises(TypeError, match="two extensions of Theirs have a member greet"):
        extend(Theirs, Others)
    assert Theirs().greet("you") == "hello you, again"
