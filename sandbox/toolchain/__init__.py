"""The Pulumi toolchain of the sandbox: the command line with its engine, a language host, provider plugins.

For each part the order is the same: what the user has installed, the official download, the fallback that needs
nothing but published source. `prepare()` is the only entry.
"""

from sandbox.toolchain.prepare import Toolchain, prepare

__all__ = ["Toolchain", "prepare"]
