"""The way an extension gets into moto's classes, and the way back to the method that it replaced."""

import types
from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])

# moto's own member, by the member that took its place.
_replaced: dict[Any, Any] = {}


def extend(target: type, *extensions: type) -> None:
    """Give moto's class `target` every method and property of the extensions, in place of its own where it has one.

    For classes that moto refers to from many places, where a subclass would not be noticed. To extend a class again
    with the same extensions changes nothing. Raises TypeError if two extensions have a member of one name: the second
    would take the first one's place without a word.
    """
    for extension in extensions:
        for name, member in vars(extension).items():
            if isinstance(member, types.FunctionType | property):
                _replace(target, name, member)


def _replace(target: type, name: str, member: Any) -> None:
    present = getattr(target, name, None)
    if present is member:
        return
    if vars(target).get(name) in _replaced:
        raise TypeError(f"two extensions of {target.__name__} have a member {name}")
    _replaced[member] = present
    setattr(target, name, member)


def original(method: Method) -> Method:
    """The method that moto itself has, for an extension that adds to it.

    `method` is named as moto's class has it: `original(RDSBackend.delete_db_instance)(self, identifier)`. Unlike `super()`,
    it is found although `self` is no instance of the extension.
    """
    found: Method = _replaced.get(method) or method
    return found
