"""Who may assume a role."""

from typing import Any


def service_trust(service: str, account_id: str, source_arn: str | None = None) -> dict[str, Any]:
    """The trust policy that lets an AWS service assume a role, on behalf of `source_arn` in this account only.

    Without `source_arn` it is on behalf of anything in this account: not every service names a source each time.
    Source: IAM guide, "The confused deputy problem" (aws:SourceAccount and aws:SourceArn).
    """
    condition = {"StringEquals": {"aws:SourceAccount": account_id}}
    if source_arn is not None:
        condition["ArnLike"] = {"aws:SourceArn": source_arn}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": condition,
            }
        ],
    }
