"""Errors of the sandbox that are meant for people, and the exit codes of its commands."""

from contract.exit_codes import DescribedExitCode


class ExitCode(DescribedExitCode):
    """The exit codes of every verb."""

    DONE = 0, "done"
    FAILED = 1, "a step failed; the message says which and what to do"
    # Click's own code for it.
    WRONG_COMMAND_LINE = 2, "wrong command line"
    BUSY = 3, "another command works on this sandbox"
    NO_ENGINE = (
        4,
        "no Pulumi engine can be had on this machine; `up` and `preview` then show the offline preview instead",
    )
    # A shell's own code for SIGINT.
    INTERRUPTED = 130, "interrupted; run the same command again to go on"


class SandboxError(Exception):
    """Something a person has to know or do; shown as one message without a trace.

    `exit_code` is the code that the command ends with.
    """

    exit_code = ExitCode.FAILED


class BusyError(SandboxError):
    """Another command works on the same sandbox."""

    exit_code = ExitCode.BUSY


class NoEngineError(SandboxError):
    """No Pulumi engine, or no AWS provider for it, can be had on this machine."""

    exit_code = ExitCode.NO_ENGINE


class InterruptedByUserError(SandboxError):
    """Ctrl-C: the engine saved its state and ended."""

    exit_code = ExitCode.INTERRUPTED
