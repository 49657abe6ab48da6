"""Physical names for resources whose program gives none, and the provider's default tags.

Both happen in `Check`, as in Pulumi's own AWS provider, so that policies and diffs see the complete inputs. Which
properties were filled in is remembered under `__defaults`, the key that Pulumi's provider uses.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.adapter import names
from sandbox.adapter.shapes import Shape
from sandbox.adapter.values import Secret

DEFAULTS_KEY = "__defaults"
_SUFFIX_DIGITS = 7

# Types named by another property than `name`: Terraform type: Pulumi property.
_NAME_PROPERTIES: Mapping[str, str] = {
    "aws_db_instance": "identifier",
    "aws_elasticache_cluster": "clusterId",
    "aws_elasticache_replication_group": "replicationGroupId",
    "aws_rds_cluster": "clusterIdentifier",
    "aws_s3_bucket": "bucket",
}
# Services that accept lower case only.
_LOWER_CASE = ("aws_db_", "aws_rds_", "aws_elasticache_", "aws_memorydb_", "aws_s3_bucket", "aws_ecr_")
_PREFIXES: Mapping[str, str] = {"aws_kms_alias": "alias/"}


def name_property(token: str, shape: Shape) -> str | None:
    """The property that names a resource of this type and that a program may leave out, if there is one."""
    candidate = _NAME_PROPERTIES.get(shape.terraform_type, "name")
    field = shape.field(candidate)
    if field is None or not field.is_input or not names.is_optional_argument(token, candidate):
        return None
    return candidate


def add_name(
    token: str,
    shape: Shape,
    inputs: dict[str, Any],
    earlier: Mapping[str, Any],
    *,
    logical_name: str,
    seed: bytes,
) -> dict[str, Any]:
    """The inputs with a physical name, `<logical name>-<7 hex digits>`, unless the program gives a name or prefix.

    `earlier` are the inputs of the same resource before, whose generated name is kept. The same `seed` gives the same
    name; without one the name is random.
    """
    inputs = {key: value for key, value in inputs.items() if key != DEFAULTS_KEY}
    name = name_property(token, shape)
    if name is None or inputs.get(name) is not None or inputs.get(f"{name}Prefix") is not None:
        return {**inputs, DEFAULTS_KEY: []}
    if name in earlier.get(DEFAULTS_KEY, []) and earlier.get(name) is not None:
        return {**inputs, name: earlier[name], DEFAULTS_KEY: [name]}
    digits = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(_SUFFIX_DIGITS)
    generated = f"{_PREFIXES.get(shape.terraform_type, '')}{logical_name}-{digits[:_SUFFIX_DIGITS]}"
    if shape.terraform_type.startswith(_LOWER_CASE):
        generated = generated.lower()
    return {**inputs, name: generated, DEFAULTS_KEY: [name]}


def delete_first(token: str, shape: Shape, inputs: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """Whether the old resource has to go before its replacement: both would have the name that the program gives."""
    name = name_property(token, shape)
    if name is None or name in inputs.get(DEFAULTS_KEY, [name]):
        return False
    return inputs.get(name) is not None and inputs.get(name) == earlier.get(name)


def add_tags(shape: Shape, inputs: dict[str, Any], default_tags: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with the provider's default tags under the resource's own."""
    if not default_tags or shape.field("tags") is None or shape.terraform_field("tags_all") is None:
        return inputs
    tags = inputs.get("tags")
    if isinstance(tags, Secret) and isinstance(tags.value, Mapping):
        return {**inputs, "tags": Secret({**default_tags, **tags.value})}
    if tags is None or isinstance(tags, Mapping):
        return {**inputs, "tags": {**default_tags, **(tags or {})}}
    return inputs  # unknown as a whole, or wrong and about to be reported
