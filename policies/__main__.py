import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def load_package() -> None:
    """Import this folder as the package `policies`: a published pack lies in a folder of any name."""
    spec = importlib.util.spec_from_file_location(
        "policies", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{FOLDER} holds no package")
    module = importlib.util.module_from_spec(spec)
    sys.modules["policies"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    load_package()
    from policies.pack import serve

    serve(FOLDER / "exemptions.yaml")
