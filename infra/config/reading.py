"""The readers of `Pulumi.<stack>.yaml`: one with the Pulumi engine, one without."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import config as engine_config

from contract.names import PROJECT
from infra.config.stack import ConfigError, StackConfig

# Not part of the models: it is a Pulumi secret, arrives as an Output, and is never compared or shown.
ADMIN_PASSWORD_KEY = "admin_password"  # noqa: S105 - the key of a password, not a password
# RDS guide, "Constraints for master password".
MINIMUM_PASSWORD_LENGTH, MAXIMUM_PASSWORD_LENGTH = 8, 128
REFUSED_IN_PASSWORDS = frozenset('/@" ')


def load_file(path: Path) -> StackConfig:
    """The configuration in a committed `Pulumi.<stack>.yaml`, without an engine. Raises ConfigError."""
    stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is not YAML: {error}") from None
    keys = content.get("config") if isinstance(content, dict) else None
    return StackConfig.parse(stack, _in_namespace(keys or {}))


def load_engine() -> StackConfig:
    """The configuration that the Pulumi engine hands to a running program. Raises ConfigError."""
    # pulumi.Config can read a key but not list them, and a misspelt key must not pass in silence.
    keys = {**engine_config.get_config_env(), **engine_config.CONFIG.get()}
    for key in sorted(_in_namespace(keys)):
        if engine_config.is_config_secret(f"{PROJECT}:{key}"):
            raise ConfigError(
                f"{key}: holds a secret; only {ADMIN_PASSWORD_KEY} may, so set it without --secret"
            )
    return StackConfig.parse(
        pulumi.get_stack(), {key: _decoded(text) for key, text in _in_namespace(keys).items()}
    )


def load_admin_password() -> pulumi.Output[str] | None:
    """The admin user's password where the stack sets one; None: it is generated. Raises ConfigError if it is plain."""
    password = pulumi.Config(PROJECT).get(ADMIN_PASSWORD_KEY)
    if password is None:
        return None
    if not engine_config.is_config_secret(f"{PROJECT}:{ADMIN_PASSWORD_KEY}"):
        raise ConfigError(
            f"{ADMIN_PASSWORD_KEY}: stands in plain text; remove it and run: pulumi config set --secret {ADMIN_PASSWORD_KEY}"
        )
    if not _is_acceptable(password):
        refused = " ".join(sorted(REFUSED_IN_PASSWORDS)).strip()
        raise ConfigError(
            f"{ADMIN_PASSWORD_KEY}: RDS would refuse it; take {MINIMUM_PASSWORD_LENGTH} to {MAXIMUM_PASSWORD_LENGTH} "
            f"printable ASCII characters without space and {refused}"
        )
    return pulumi.Output.secret(password)


def _is_acceptable(password: str) -> bool:
    return (
        MINIMUM_PASSWORD_LENGTH <= len(password) <= MAXIMUM_PASSWORD_LENGTH
        and password.isascii()
        and password.isprintable()
        and not REFUSED_IN_PASSWORDS & set(password)
    )


def _in_namespace(keys: Mapping[str, Any]) -> dict[str, Any]:
    prefix = f"{PROJECT}:"
    own = {key.removeprefix(prefix): value for key, value in keys.items() if key.startswith(prefix)}
    own.pop(ADMIN_PASSWORD_KEY, None)
    return own


def _decoded(text: str) -> Any:
    """The engine passes objects as JSON and everything else as bare text."""
    try:
        return json.loads(text) if text.startswith("{") else text
    except json.JSONDecodeError:
        return text
