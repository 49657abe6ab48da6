"""Terraform's own steps around a provider's plan: the proposed object before it, and the parts known after it."""

from typing import Any, cast

from sandbox.adapter.conversion import absent
from sandbox.adapter.shapes import Field, Object, Series
from sandbox.adapter.values import UNKNOWN


def proposed_new(shape: Object, prior: dict[str, Any] | None, config: dict[str, Any]) -> dict[str, Any]:
    """The configuration, with what it leaves to the provider taken from the prior object.

    This is Terraform's own step before a plan: a computed attribute that the configuration does not set keeps its
    value, in nested blocks too, where each block is matched with the one it was before.
    """
    before = prior if prior is not None else {field.terraform: absent(field) for field in shape.fields}
    return {
        field.terraform: _proposed_field(field, before.get(field.terraform), config.get(field.terraform))
        for field in shape.fields
    }


def with_known_parts(shape: Object, planned: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """A planned object in which a map or list with one unknown inside is not unknown as a whole."""
    given = {
        field.terraform: config[field.terraform]
        for field in shape.fields
        if planned.get(field.terraform) is UNKNOWN and config.get(field.terraform) not in (None, UNKNOWN)
    }
    return {**planned, **given}


def _proposed_field(field: Field, prior: Any, config: Any) -> Any:
    if not field.block:
        return prior if config is None and field.computed else config
    if config is None or config is UNKNOWN:
        return config
    block = _block_of(field)
    if isinstance(field.type, Object):
        return _proposed_block(block, prior, config)
    if field.type.kind == "map":
        return {key: _proposed_block(block, (prior or {}).get(key), item) for key, item in config.items()}
    matches = _earlier_blocks(field.type.kind, block, list(prior or []), config)
    return [_proposed_block(block, earlier, item) for earlier, item in zip(matches, config, strict=True)]


def _block_of(field: Field) -> Object:
    """The type of a nested block, alone or in a series."""
    return cast("Object", field.type.element if isinstance(field.type, Series) else field.type)


def _proposed_block(block: Object, prior: Any, config: Any) -> Any:
    if not isinstance(config, dict):
        return config
    return proposed_new(block, prior if isinstance(prior, dict) else None, config)


def _earlier_blocks(kind: str, block: Object, prior: list[Any], config: list[Any]) -> list[Any]:
    """For each configured block of a list or set the one that it was before, or None."""
    if kind == "list":
        return [prior[index] if index < len(prior) else None for index in range(len(config))]
    matches = []
    for item in config:
        match = next((old for old in prior if could_have_been(block, old, item)), None)
        if match is not None:
            prior.remove(match)
        matches.append(match)
    return matches


def could_have_been(block: Object, prior: Any, config: Any) -> bool:
    """True when a block of a prior set may have come from `config`: they agree on all that the configuration sets."""
    if not isinstance(prior, dict) or not isinstance(config, dict):
        return prior is config
    return all(
        _field_could_have_been(field, prior.get(field.terraform), config.get(field.terraform))
        for field in block.fields
    )


def _field_could_have_been(field: Field, prior: Any, config: Any) -> bool:
    if not field.block:
        return (config is None and field.computed) or bool(prior == config)
    block = _block_of(field)
    if isinstance(field.type, Object):
        return could_have_been(block, prior, config)
    if config is UNKNOWN or len(prior or []) != len(config or []):
        return False
    if field.type.kind == "map":
        return all(
            could_have_been(block, (prior or {}).get(key), item) for key, item in (config or {}).items()
        )
    return all(could_have_been(block, old, item) for old, item in zip(prior or [], config or [], strict=True))
