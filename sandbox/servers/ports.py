"""Loopback ports that nobody listens on."""

import random
import socket

# Below the range that Linux and macOS take ports of outgoing connections from, so that none of those comes between
# the choice of a port and its use.
_FIRST, _LAST = 20_000, 32_000


def free_port(host: str = "127.0.0.1") -> int:
    """A port of `host` that is free now. Chosen at random, so that servers started side by side do not meet."""
    while True:
        port = random.randint(_FIRST, _LAST)  # noqa: S311 - not a secret
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, port))
            except OSError:
                continue
        return port
