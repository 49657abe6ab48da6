"""Files that other processes read while we write them."""

import tempfile
from pathlib import Path


def write_atomically(path: Path, content: str, mode: int = 0o600) -> None:
    """Write a file that others read: they see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(content)
    temporary = Path(file.name)
    temporary.chmod(mode)
    temporary.replace(path)
