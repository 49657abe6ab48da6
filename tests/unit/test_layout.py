"""The tree itself: dependency arrows, file names, documents and paths.

Proves by reading the files that imports point one way, that every test is collected, and that documents name what
exists. Proves nothing about behaviour.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.outputs import OUTPUT_KEYS
from tests.harness.platform import ROOT

# Who may import whom beside itself. The offline preview runs the real program, inside one function, and has its policies
# judge it. The policy pack judges stacks of others too, and is published as its folder. The operators' commands work on what
# others wrote to files.
ARROWS = {
    "contract": set[str](),
    "policies": set[str](),
    "components": {"contract"},
    "functions": {"contract"},
    "ops": {"contract"},
    "infra": {"components", "contract"},
    "desired": {"infra", "policies", "contract"},
    "sandbox": {"desired", "infra", "contract"},
    "tests": {"contract", "components", "desired", "functions", "infra", "ops", "policies", "sandbox"},
}
OUR_PACKAGES = tuple(ARROWS)


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def imports(tree: ast.AST) -> set[str]:
    """The top-level packages that a module imports anywhere."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", ARROWS)
def test_dependencies_point_one_way(package: str) -> None:
    for path in tracked(f"{package}/*.py"):
        found = imports(ast.parse(path.read_text())) & set(OUR_PACKAGES) - {package}
        assert found <= ARROWS[package], f"{path.relative_to(ROOT)} imports {found - ARROWS[package]}"


def test_the_sandbox_knows_the_program_only_inside_functions() -> None:
    for path in tracked("sandbox/*.py"):
        tree = ast.parse(path.read_text())
        assert not imports(ast.Module(body=[n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], type_ignores=[])) & {"infra", "desired"}, path  # fmt: skip


def test_components_read_neither_configuration_nor_environment_nor_cloud() -> None:
    for path in tracked("components/*.py"):
        assert not imports(ast.parse(path.read_text())) & {"os", "boto3", "pydantic"}, path
        assert not re.search(r"pulumi\.(Config|get_stack|get_project)\b", path.read_text()), path


def test_no_module_of_a_program_hides_one_of_the_standard_library() -> None:
    """Pulumi puts the folder of a program, and that of a policy pack, on the path itself."""
    for path in tracked("infra/*.py", ":(glob)policies/*.py"):
        assert path.stem in {"__init__", "__main__"} or path.stem not in sys.stdlib_module_names, path


def test_every_file_with_tests_is_collected() -> None:
    for path in tracked("tests/*.py"):
        if re.search(r"^ *(async )?def test_", path.read_text(), re.MULTILINE):
            assert path.name.startswith("test_"), path


def test_every_test_file_says_what_it_proves_and_what_it_does_not() -> None:
    for path in tracked("tests/**/test_*.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert re.search(r"\b[Pp]roves?\b", docstring), path
        assert re.search(r"\bnot\b|\bnothing\b", docstring), path


def test_every_path_that_a_document_names_exists() -> None:
    for document in tracked("*.md"):
        for path in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text()):
            assert (document.parent / path).exists(), f"{document.relative_to(ROOT)} names {path}"


def test_every_requirement_names_files_that_exist() -> None:
    text = (ROOT / "docs" / "requirements.md").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| [A-Z]\d+ ", line)]
    assert len(rows) == 26, "every requirement has its row"
    for path in re.findall(r"`([a-z0-9_./-]+/[a-z0-9_./-]+|Pulumi\.\w+\.yaml)`", text):
        assert (ROOT / path).exists(), path


def test_every_make_command_that_a_document_shows_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in tracked("*.md"):
        shown = set(re.findall(r"(?:^|`)make ([a-z]+)", document.read_text(), re.MULTILINE))
        assert shown <= targets, f"{document.relative_to(ROOT)}: {shown - targets}"


def test_the_readme_lists_every_output() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [key for key in OUTPUT_KEYS if f"`{key}`" not in readme] == []


def test_no_lock_file_and_no_requirement_names_where_packages_are_downloaded() -> None:
    assert not (ROOT / "uv.lock").exists()
    for path in tracked("requirements/*.txt", "policies/*.txt"):
        assert not re.search(r"https?://|--index-url|--find-links", path.read_text()), path


def test_the_committed_stacks_hold_no_secret_and_no_state() -> None:
    for path in tracked("Pulumi.*.yaml"):
        assert "secure:" not in path.read_text(), path
        assert "encryptionsalt" not in path.read_text(), path
