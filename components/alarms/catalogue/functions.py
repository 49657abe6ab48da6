"""Functions: the rows of Lambda's errors, and of queues for calls that failed for good."""

from components.alarms.catalogue.builders import MINUTE_SECONDS, above, minutes, ticket
from components.alarms.rows import Metric, Row

# Functions run seldom, so one error in one period of this length is enough.
PERIOD_SECONDS = 5 * MINUTE_SECONDS


def rotation_row(function_name: str) -> Row:
    """The row of the password rotation's function. Secrets Manager repeats a failed call and notifies nobody."""
    return ticket(
        "rotation-failed",
        "a step of the rotation of the pool's password failed",
        Metric(
            namespace="AWS/Lambda",
            name="Errors",
            statistic="Sum",
            dimensions={"FunctionName": function_name},
        ),
        family="rotation",
        limit=above(0, "Count"),
        evaluation=minutes(5, period_seconds=PERIOD_SECONDS),
    )


def dead_letter_row(queue_name: str) -> Row:
    """The row of a dead-letter queue, which holds the calls of a job that failed for good."""
    return ticket(
        f"{queue_name}-dead-letters",
        f"a job failed for good: its call is in {queue_name}",
        Metric(
            namespace="AWS/SQS",
            name="ApproximateNumberOfMessagesVisible",
            statistic="Maximum",
            dimensions={"QueueName": queue_name},
        ),
        family="jobs",
        limit=above(0, "Count"),
        evaluation=minutes(5, period_seconds=PERIOD_SECONDS),
    )
