"""`python -m sandbox`: see `sandbox.cli`."""

import sys

from sandbox.errors import SandboxError
from sandbox.systems import require_system

try:
    require_system()
except SandboxError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(error.exit_code)

# Not above: another system lacks modules that it needs.
from sandbox.cli import main

main()
