"""The tree itself: dependency arrows, file names, documents and paths.

Proves by reading the files that imports point one way, that every test is collected, and that documents name what
exists. Proves nothing about behaviour.
"""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

from components.function import modules
from components.pgbouncer.rotation import package as rotation_package
from components.scale_up.function import CONTRACT_MODULES
from contract.names import PROJECT
from contract.outputs import OutputKey
from sandbox.paths import project_name
from tests.harness.platform import ROOT

# Each package with the packages that it may import. `contract` is the ground floor. The policy pack judges stacks of
# others too, and is published as its folder, so it imports nothing of ours. The operators' commands work on files and
# AWS's answers.
ARROWS = {
    "contract": set[str](),
    "policies": set[str](),
    "functions": {"contract"},
    "ops": {"contract"},
    "components": {"contract"},
    "infra": {"components", "contract"},
    "desired": {"infra", "policies", "contract"},
    "sandbox": {"desired", "infra", "contract"},
    "tests": {"contract", "components", "desired", "functions", "infra", "ops", "policies", "sandbox"},
}
# Files that a package puts into an archive by their path: no import, and an arrow all the same.
PACKED = {"components": {"functions", "contract"}}
# Parts of a package that must not know another part.
FORBIDDEN = {
    "sandbox/emulator": ("sandbox.servers", "sandbox.adapter", "sandbox.toolchain"),
    "sandbox/servers": ("sandbox.emulator",),
}
OUR_PACKAGES = tuple(ARROWS)
MAXIMUM_FILE_LINES, MAXIMUM_FUNCTION_LINES = 450, 50
# `declare` is the platform on one page, and may be as long as a page.
MAXIMUM_DECLARE_LINES = 60


def scale_up_modules() -> set[str]:
    """The files of the scale-up function's package."""
    return {path for path, _ in modules("scale_up", *CONTRACT_MODULES)}


def rotation_modules() -> set[str]:
    """The files of the rotation function's package that are ours."""
    return {path for path, _ in rotation_package() if path.startswith(("functions/", "contract/"))}


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


def module_name(path: Path) -> str:
    """The dotted name of a file's module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(path: Path, names: set[str]) -> set[str]:
    """The modules of `names` that a file imports when it is loaded, not those inside functions."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= submodules if submodules <= names else {node.module, *submodules}
    return found & names


@pytest.mark.parametrize("package", ARROWS)
def test_dependencies_point_one_way(package: str) -> None:
    for path in tracked(f"{package}/*.py"):
        found = imports(ast.parse(path.read_text())) & set(OUR_PACKAGES) - {package}
        assert found <= ARROWS[package], f"{path.relative_to(ROOT)} imports {found - ARROWS[package]}"


def test_every_package_of_the_project_has_its_arrows() -> None:
    assert {path.parts[-2] for path in tracked(":(glob)*/__init__.py")} == set(ARROWS)


def test_imports_and_packed_files_make_no_circle_of_packages() -> None:
    arrows = {package: ARROWS[package] | PACKED.get(package, set()) for package in ARROWS}
    TopologicalSorter(arrows).prepare()  # raises CycleError, which names the circle


def test_imports_make_no_circle_of_modules() -> None:
    paths = {module_name(path): path for path in tracked(*(f"{package}/*.py" for package in ARROWS))}
    # A package's own file is loaded before its modules, and imports none of them.
    graph = {name: imported_modules(path, set(paths)) - {name} for name, path in paths.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("part", FORBIDDEN)
def test_parts_of_a_package_keep_apart(part: str) -> None:
    for path in tracked(f"{part}/*.py"):
        text = path.read_text()
        assert not [name for name in FORBIDDEN[part] if name in text], path


@pytest.mark.parametrize(
    ("function", "packed"), [("scale_up", scale_up_modules()), ("rotation", rotation_modules())]
)
def test_each_function_packs_the_modules_that_it_imports(function: str, packed: set[str]) -> None:
    paths = {module_name(path): path for path in tracked("functions/*.py", "contract/*.py")}
    needed, waiting = set[str](), {f"functions.{function}.handler"}
    while waiting:
        name = waiting.pop()
        needed.add(name)
        parents = {name.rpartition(".")[0], name.partition(".")[0]} & set(paths)
        waiting |= (imported_modules(paths[name], set(paths)) | parents) - needed
    assert {paths[name].relative_to(ROOT).as_posix() for name in needed} == packed


def test_the_ground_floor_is_standard_library_only() -> None:
    for path in tracked("contract/*.py"):
        assert imports(ast.parse(path.read_text())) <= sys.stdlib_module_names | {"contract"}, path


def test_files_can_be_read_in_one_sitting() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for path in tracked("*.py")
        if len(path.read_text().splitlines()) > MAXIMUM_FILE_LINES
    }
    assert long == {}


def test_functions_are_small() -> None:
    for path in tracked("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                allowed = MAXIMUM_DECLARE_LINES if node.name == "declare" else MAXIMUM_FUNCTION_LINES
                assert lines <= allowed, f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"


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


def test_a_value_goes_from_the_stack_file_to_its_resource_in_four_files() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", text, re.MULTILINE)
    assert {key.partition(".")[0] for key, _ in rows} == {
        "postgres",
        "cache",
        "pgbouncer",
        "alarms",
        "backups",
    }
    prod = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    for key, links in rows:
        part, *rest = key.split(".")
        value = prod[f"{PROJECT}:{part}"]
        for name in rest:
            value = value[name]
        files = re.findall(r"\]\(\.\./([^)]+)\)", links)
        assert len(files) == 3, "the stack file is the first of the four"
        for file in files:
            assert re.search(rf"\b{rest[-1]}\b", (ROOT / file).read_text()), f"{file} does not name {key}"


def test_the_project_has_one_name() -> None:
    assert project_name(ROOT) == PROJECT


def test_every_make_command_that_a_document_shows_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in tracked("*.md"):
        shown = set(re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(), re.MULTILINE))
        assert shown <= targets, f"{document.relative_to(ROOT)}: {shown - targets}"


def test_the_readme_lists_every_output() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [key for key in OutputKey if f"`{key}`" not in readme] == []


def test_no_lock_file_and_no_requirement_names_where_packages_are_downloaded() -> None:
    assert not (ROOT / "uv.lock").exists()
    for path in tracked("requirements/*.txt", "policies/*.txt"):
        assert not re.search(r"https?://|--index-url|--find-links", path.read_text()), path


def test_the_committed_stacks_hold_no_secret_and_no_state() -> None:
    for path in tracked("Pulumi.*.yaml"):
        assert "secure:" not in path.read_text(), path
        assert "encryptionsalt" not in path.read_text(), path
