"""The gate of a workflow: the exit code that a report asks for."""

from enum import Enum

from ops.errors import ExitCode
from ops.review.finding import Risk
from ops.review.report import Report


class FailOn(Enum):
    """The mildest risk that fails. A graver one fails, too; the exit code is that of the gravest.

    The names are those of `Risk` and of `ExitCode`; a test compares them.
    """

    STATEFUL = "stateful"
    DISRUPTIVE = "disruptive"
    SECURITY = "security"
    BACKUPS = "backups"
    COST = "cost"
    ROUTINE = "routine"


def exit_code(report: Report, fail_on: FailOn | None) -> ExitCode:
    """The code for a report. A failed preview always fails; a change fails from `fail_on` up."""
    if report.failed:
        return ExitCode.FAILED_PREVIEW
    gravest = report.gravest
    if fail_on is None or gravest is None or gravest > Risk[fail_on.name]:
        return ExitCode.DONE
    return ExitCode[gravest.name]
