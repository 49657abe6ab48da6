"""Errors of the sandbox that are meant for people."""


class SandboxError(Exception):
    """Something a person has to know or do; shown as one message without a trace.

    `exit_code` is what the command ends with; EXIT_CODES says what each one means.
    """

    exit_code = 1


class BusyError(SandboxError):
    """Another command works on the same sandbox."""

    exit_code = 3


class NoEngineError(SandboxError):
    """No Pulumi engine, or no AWS provider for it, can be had on this machine."""

    exit_code = 4


class InterruptedByUserError(SandboxError):
    """Ctrl-C: the engine saved its state and ended."""

    exit_code = 130


EXIT_CODES = {
    0: "done",
    1: "a step failed; the message says which and what to do",
    2: "wrong command line",
    3: "another command works on this sandbox",
    4: "no Pulumi engine can be had on this machine; `up` and `preview` then show the offline preview instead",
    130: "interrupted; run the same command again to go on",
}
