"""The ends of a command: one table of exit codes for all verbs, and the error that is meant for people."""

from contract.exit_codes import DescribedExitCode


class ExitCode(DescribedExitCode):
    """The exit codes of every verb."""

    DONE = 0, "done, and no change of the level that `--fail-on` names or of a graver one"
    FAILED = 1, "not done, or refused: the message says why"
    # Click's own code for it.
    WRONG_COMMAND_LINE = 2, "the command line is wrong"
    FAILED_PREVIEW = 4, "a preview failed or breaks a mandatory policy"
    # From here on: the gravest change, where `--fail-on` names it or a milder one.
    STATEFUL = 5, "the gravest change is stateful"
    DISRUPTIVE = 6, "the gravest change is disruptive"
    SECURITY = 7, "the gravest change is security"
    BACKUPS = 8, "the gravest change is backups"
    COST = 9, "the gravest change is cost"
    ROUTINE = 10, "the gravest change is routine"


class OpsError(Exception):
    """Something a person has to know or do; shown as one message without a trace.

    `exit_code` is the code that the command ends with.
    """

    exit_code = ExitCode.FAILED
