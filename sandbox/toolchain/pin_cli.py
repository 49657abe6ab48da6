"""`make pin-cli`: record the hashes of the pinned Pulumi release, for a committed file.

It takes them from the publisher's checksum file. A recorded hash is worth more than that file: a release that is
replaced afterwards on the publisher's site no longer passes. Review the change as that of a lock file.
"""

import sys
import tempfile
from pathlib import Path

from sandbox.console import console, step
from sandbox.errors import SandboxError
from sandbox.files import write_atomically
from sandbox.toolchain import hashes, pulumi_cli
from sandbox.toolchain.download import LIMITS, Limits
from sandbox.toolchain.routes import RouteFailed


def pin(limits: Limits = LIMITS) -> dict[str, str]:
    """Write the hashes of all platforms to the recorded file.

    Returns: SHA-256 by the archive's name. Raises: RouteFailed, and leaves the file as it was.
    """
    with (
        step(f"recording the hashes of Pulumi {pulumi_cli.VERSION}") as progress,
        tempfile.TemporaryDirectory() as folder,
    ):
        published = pulumi_cli.published_hashes(Path(folder), progress, limits)
        archives = {name: published[name] for name in pulumi_cli.release_names() if name in published}
        if missing := set(pulumi_cli.release_names()) - set(archives):
            url = pulumi_cli.release_url(pulumi_cli.CHECKSUM_FILE)
            raise RouteFailed(f"{url} is damaged or does not name {', '.join(sorted(missing))}")
        progress.outcome = str(hashes.CLI_FILE)
    lines = [f'"{name}" = "{found}"' for name, found in sorted(archives.items())]
    write_atomically(
        hashes.CLI_FILE,
        "# SHA-256 of the Pulumi releases that are taken. Written by `make pin-cli`; from\n"
        f"# {pulumi_cli.release_url(pulumi_cli.CHECKSUM_FILE)}\n\n"
        f'version = "{pulumi_cli.VERSION}"\n\n[archives]\n' + "\n".join(lines) + "\n",
        mode=0o644,
    )
    return archives


def main() -> None:
    """Pin, and end with one message when that is impossible."""
    try:
        pin()
    except (RouteFailed, SandboxError) as error:
        console.print(f"error: {error}", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
