"""Files and archives written for the Terraform provider: proves that the same
content is the same file, at a path of its own. Does not prove that a service takes it."""

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.adapter.assets import UnusableAssetError, asset_path, relocate, write_assets
from sandbox.adapter.shapes import Field, Object, Primitive, Shape
from sandbox.adapter.values import Asset
from tests.sandbox.adapter.examples import archive_asset, file_asset


def file(**description: Any) -> Asset:
    return file_asset(**{"hash": "f1", **description})


def archive(**description: Any) -> Asset:
    return archive_asset(**{"hash": "a1", **description})


def written(folder: Path, asset: Asset) -> bytes:
    write_assets(folder, {"nested": [{"asset": asset}]})
    return Path(asset_path(folder, asset)).read_bytes()


def test_a_text_and_a_file_are_written_as_they_are(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"\x00binary")
    assert written(tmp_path, file(text="grüße")) == "grüße".encode()
    assert written(tmp_path, file(hash="f2", path=str(source))) == b"\x00binary"
    assert written(tmp_path, file(hash="f3")) == b""


def test_an_archive_does_not_depend_on_times_or_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, names in ((one, ("a", "b")), (two, ("b", "a"))):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(name)
            os.utime(folder / name, (0, len(str(folder)) * 10**7))
    first = written(tmp_path, archive(path=str(one)))
    assert first == written(tmp_path, archive(hash="a2", path=str(two)))
    members = {"b": file(text="b"), "a": file(text="a")}
    assert first == written(tmp_path, archive(hash="a3", assets=members))


def test_archives_nest(tmp_path: Path) -> None:
    inner = archive(assets={"x.py": file(text="x")})
    written(tmp_path, archive(hash="a4", assets={"lib": inner, "main.py": file(text="m")}))
    with zipfile.ZipFile(tmp_path / "pulumi-asset-a4.zip") as made:
        assert made.namelist() == ["lib/x.py", "main.py"]


def test_a_zip_is_taken_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "code.zip"
    with zipfile.ZipFile(source, "w") as made:
        made.writestr("main.py", "x")
    assert written(tmp_path, archive(path=str(source))) == source.read_bytes()


@pytest.mark.parametrize(
    ("asset", "words"),
    [
        (file(uri="https://example.com/x"), "fetches nothing"),
        (archive(uri="https://example.com/x.zip"), "fetches nothing"),
        (file(path="/no/such/file"), "cannot read the file /no/such/file: No such file"),
        (archive(path="/no/such/folder"), "neither a folder nor a ZIP archive"),
        (file(hash=""), "without the hash"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, asset: Asset, words: str) -> None:
    with pytest.raises(UnusableAssetError, match=words):
        written(tmp_path, asset)


def test_the_path_in_a_state_moves_to_this_processs_folder(tmp_path: Path) -> None:
    field = Field("filename", "code", Primitive("string"), optional=True, asset=True)
    shape = Shape("aws_lambda_function", 0, Object((field,)), frozenset(), regional=True)
    moved = relocate(shape, {"filename": "/gone/pulumi-asset-a1.zip", "other": 1}, tmp_path)
    assert moved == {"filename": asset_path(tmp_path, archive()), "other": 1}
    assert relocate(shape, {"filename": "/mine/code.zip"}, tmp_path) == {"filename": "/mine/code.zip"}
