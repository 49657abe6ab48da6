"""The recorded previews that a report is made from: files by stack, of which two of one stack are joined."""

from collections.abc import Iterable

from ops.errors import OpsError
from ops.files import read_text
from ops.review import digest


def read_all(recordings: Iterable[tuple[str, str]]) -> dict[str, digest.Preview]:
    """The preview of each stack, from pairs of a stack and a file. Raises: OpsError."""
    previews: dict[str, digest.Preview] = {}
    for stack, file in recordings:
        try:
            read = digest.read(read_text(file))
            previews[stack] = digest.combined(previews[stack], read) if stack in previews else read
        except UnicodeDecodeError as error:
            raise OpsError(f"{file} is no text; give what `pulumi preview --json` printed") from error
        except digest.PreviewError as error:
            raise OpsError(f"{file} {error}") from error
    return previews
