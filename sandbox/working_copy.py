"""The sandbox's own copy of a stack's configuration file.

The committed `Pulumi.<stack>.yaml` belongs to the real stack: its secrets are encrypted by AWS, and the engine writes
to the file it is given. So each run of the sandbox writes a working copy: the committed configuration, the sandbox's
own encryption salt, and on top whatever was set with `pulumi config set` inside `make shell`. Such a value stays
until the sandbox is taken down; removing a committed one (`pulumi config rm`) lasts until the next command only.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import SandboxError
from sandbox.files import write_atomically

Config = dict[str, Any]

# For a program that does not care in which account it runs.
DEFAULT_ACCOUNT_ID = "123456789012"
# Configuration of the AWS provider that comes before the environment: other endpoints, other credentials.
LEADS_ELSEWHERE = re.compile(
    r"aws:(config:)?(endpoints|accessKey|secretKey|token|profile|sharedCredentialsFiles|sharedConfigFiles|assumeRole\w*)"
)


class WorkingCopy:
    """The working copy, in `directory`, of the committed configuration file of a stack.

    `file` is the one that the engine reads and writes. `base_file` is the committed part of it, by which the values
    that were set in the sandbox are told from the rest.
    """

    def __init__(self, committed: Path, directory: Path) -> None:
        self.committed = committed
        self.file = directory / committed.name
        self.base_file = directory / f"committed-{committed.name}"

    @property
    def encryption_salt(self) -> str | None:
        """The salt of this sandbox's own secrets; None before the stack exists."""
        salt = _read(self.file).get("encryptionsalt")
        return str(salt) if salt else None

    @property
    def account_id(self) -> str:
        """The AWS account that the stack names as its own (`<project>:account_id`), for the emulated one to be."""
        ids = [str(value) for key, value in _entries(self.committed).items() if key.endswith(":account_id")]
        return next((value for value in ids if re.fullmatch(r"\d{12}", value)), DEFAULT_ACCOUNT_ID)

    def write(self, encryption_salt: str) -> None:
        """Write the working copy anew from the committed file. Raises: SandboxError for what cannot work here."""
        committed = _entries(self.committed)
        encrypted = sorted(key for key, value in committed.items() if _is_encrypted(value))
        if encrypted:
            raise SandboxError(
                f"{self.committed.name} holds values encrypted for the real stack, which only its own key in AWS can"
                f" decrypt: {', '.join(encrypted)}; keep secrets out of the committed file (the program generates"
                " them), or give this sandbox its own value with `pulumi config set --secret` after taking the line"
                " out"
            )
        overlay = self._set_in_sandbox()
        entries = {**committed, **overlay}
        elsewhere = sorted(filter(LEADS_ELSEWHERE.fullmatch, entries))
        if elsewhere:
            raise SandboxError(
                f"{', '.join(elsewhere)} in {self.committed.name}, or set in this sandbox, could lead to a real account:"
                " a sandbox has endpoints and credentials of its own; take it out (`pulumi config rm`)"
            )
        write_atomically(self.base_file, yaml.safe_dump({"config": committed}))
        write_atomically(self.file, yaml.safe_dump({"config": entries, "encryptionsalt": encryption_salt}))

    def _set_in_sandbox(self) -> Config:
        base = _entries(self.base_file)
        return {
            key: value
            for key, value in _entries(self.file).items()
            if key not in base or _as_written(base[key]) != _as_written(value)
        }


def _as_written(value: Any) -> Any:
    """A top-level value as `pulumi config set` leaves it when it rewrites the file: every scalar becomes a string."""
    if isinstance(value, dict | list | str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_encrypted(value: Any) -> bool:
    """Whether a value holds a secret as the engine writes it, at the top or inside an object."""
    if isinstance(value, dict):
        return set(value) == {"secure"} or any(map(_is_encrypted, value.values()))
    return isinstance(value, list) and any(map(_is_encrypted, value))


def _read(path: Path) -> Config:
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise SandboxError(f"{path.name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise SandboxError(f"{path.name} is not a mapping")
    return content


def _entries(path: Path) -> Config:
    entries = _read(path).get("config") or {}
    if not isinstance(entries, dict):
        raise SandboxError(f"{path.name}: `config` is not a mapping")
    return entries
