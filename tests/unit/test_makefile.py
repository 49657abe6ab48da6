"""The first `make` in a fresh clone, with stand-ins for Python and for what it installs.

Proves that standard output is the command's alone. Does not prove that an installation succeeds.
"""

import subprocess
from pathlib import Path

from tests.harness.platform import ROOT

# Installs nothing, and answers for the sandbox.
PYTHON = """\
#!/bin/sh
if [ "$2" = sandbox ]; then echo '{}'; fi
"""


def test_the_installation_before_up_leaves_standard_output_to_its_json(tmp_path: Path) -> None:
    for name in (".venv/bin", "requirements"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("Makefile", "requirements/dev.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    python = tmp_path / ".venv/bin/python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    done = subprocess.run(
        ["make", f"PYTHON={python}", "up", "ARGS=--json"],
        cwd=tmp_path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "{}\n"
    assert "first: the pinned Python packages" in done.stderr
