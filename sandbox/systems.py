"""The operating systems that the sandbox runs on. Imports nothing that another system lacks, such as `fcntl`."""

import sys

from sandbox.errors import SandboxError

# The systems that Pulumi and the Terraform AWS provider have releases for, of those that have what the sandbox needs.
SYSTEMS = {"linux": "Linux", "darwin": "macOS"}


def require_system() -> None:
    """Raise SandboxError, with the systems that will do, where this one will not."""
    if sys.platform not in SYSTEMS:
        allowed = " and ".join(SYSTEMS.values())
        raise SandboxError(
            f"this system is {sys.platform}, and the sandbox runs on {allowed}: use one of them, or WSL"
        )
