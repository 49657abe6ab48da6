"""The Pulumi toolchain of the sandbox: the command line with its engine, a language host, provider plugins.

One version of each is proven and taken: found on this machine, downloaded from its publisher, or, for the command line,
built from published source. `prepare()` is the only entry.
"""

from sandbox.toolchain.prepare import Toolchain, prepare

__all__ = ["Toolchain", "prepare"]
