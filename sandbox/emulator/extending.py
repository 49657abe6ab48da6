"""How an extension gets into moto."""

import types


def extend(target: type, extension: type) -> None:
    """Give moto's class `target` every method and property of `extension`, in place of its own where it has one.

    For classes that moto refers to from many places, where a subclass would not be noticed.
    """
    for name, member in vars(extension).items():
        if isinstance(member, types.FunctionType | property):
            setattr(target, name, member)
