"""`python -m sandbox.emulator DIRECTORY`: see `sandbox.emulator.server.serve`."""

import sys
from pathlib import Path

from sandbox.emulator.server import serve

serve(Path(sys.argv[1]))
