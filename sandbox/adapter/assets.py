"""Files and archives that a program hands to AWS, as files that the Terraform provider can read.

A file is named after the hash of its content, so that Terraform sees a new path exactly when the content is new.
Archives become ZIP files with sorted members and no times or owners: the same content is the same file.
"""

import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sandbox.adapter.shapes import Shape
from sandbox.adapter.values import Asset

_PREFIX = "pulumi-asset-"
# ZIP has no earlier time than this one.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class UnusableAssetError(Exception):
    """A file or archive that cannot be read here."""


def asset_path(folder: Path, asset: Asset) -> str:
    """Where an asset's content lies, or will once it is written."""
    if not asset.hash:
        raise UnusableAssetError("a file or archive came without the hash of its content")
    return str(folder / f"{_PREFIX}{asset.hash}{'.zip' if asset.is_archive else ''}")


def write_assets(folder: Path, inputs: Any) -> None:
    """Write every asset in a property bag to its path; raises UnusableAssetError."""
    for asset in _assets_in(inputs):
        target = Path(asset_path(folder, asset))
        if not target.exists():
            draft = target.with_name(f"{target.name}.{os.getpid()}-{id(asset)}")
            if asset.is_archive:
                _write_archive(draft, asset)
            else:
                draft.write_bytes(_content(asset))
            draft.replace(target)


def relocate(shape: Shape, state: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A Terraform object with the paths of assets moved to `folder`: each adapter process has its own."""
    moved = dict(state)
    for field in shape.object.fields:
        path = state.get(field.terraform)
        if field.asset and isinstance(path, str) and Path(path).name.startswith(_PREFIX):
            moved[field.terraform] = str(folder / Path(path).name)
    return moved


def _assets_in(value: Any) -> Iterator[Asset]:
    if isinstance(value, Asset):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _assets_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _assets_in(item)


def _content(asset: Asset) -> bytes:
    description = asset.description
    if description.get("text") is not None:
        return str(description["text"]).encode()
    if description.get("path"):
        try:
            return Path(description["path"]).read_bytes()
        except OSError as error:
            raise UnusableAssetError(
                f"cannot read the file {description['path']}: {error.strerror}"
            ) from None
    if description.get("uri"):
        raise UnusableAssetError(f"the sandbox fetches nothing: give {description['uri']} as a local file")
    # An empty text travels as no text at all.
    return b""


def _write_archive(target: Path, archive: Asset) -> None:
    path = archive.description.get("path")
    if path and zipfile.is_zipfile(path):
        shutil.copyfile(path, target)
        return
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in sorted(_members(archive)):
            member = zipfile.ZipInfo(name, _NO_TIME)
            member.external_attr = 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(member, content)


def _members(archive: Asset) -> Iterator[tuple[str, bytes]]:
    description = archive.description
    if description.get("uri"):
        raise UnusableAssetError(f"the sandbox fetches nothing: give {description['uri']} as a local archive")
    if description.get("path"):
        folder = Path(description["path"])
        if not folder.is_dir():
            raise UnusableAssetError(f"{folder} is neither a folder nor a ZIP archive")
        for file in folder.rglob("*"):
            if file.is_file():
                yield file.relative_to(folder).as_posix(), file.read_bytes()
    for name, item in (description.get("assets") or {}).items():
        if item.is_archive:
            for inner, content in _members(item):
                yield f"{name}/{inner}", content
        else:
            yield name, _content(item)
