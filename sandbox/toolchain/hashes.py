"""Recorded hashes of what is downloaded, and the hash of an unpacked folder."""

import base64
import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

PROVIDER_FILE = Path(__file__).with_name("provider_hashes.toml")
# Written by `make pin-cli`; it need not be there.
CLI_FILE = Path(__file__).with_name("cli_hashes.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderHashes:
    """Hashes of one version of the Terraform AWS provider.

    `files` are the names in its archive, `zips` the SHA-256 of the archives of all platforms, `folders` the `h1:` of
    the unpacked archive by platform, where it is known.
    """

    version: str
    files: tuple[str, ...]
    zips: tuple[str, ...]
    folders: dict[str, str]


def provider_hashes() -> ProviderHashes:
    """The recorded hashes of the Terraform AWS provider."""
    found = tomllib.loads(PROVIDER_FILE.read_text())
    return ProviderHashes(
        version=found["version"],
        files=tuple(found["files"]),
        zips=tuple(found["zips"]),
        folders=found["folders"],
    )


def cli_hashes(version: str) -> dict[str, str]:
    """The recorded SHA-256 of each archive of the Pulumi CLI; empty when none was recorded for this version."""
    if not CLI_FILE.is_file():
        return {}
    found = tomllib.loads(CLI_FILE.read_text())
    return dict(found["archives"]) if found["version"] == version else {}


def folder_hash(folder: Path) -> str:
    """The `h1:` of the files in a folder, as Go modules and Terraform's lock files have it."""
    lines = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
