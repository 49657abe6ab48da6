"""Who may assume a role."""

from typing import Any


def service_trust(service: str, account_id: str, source_arn: str) -> dict[str, Any]:
    """The trust policy that lets an AWS service assume a role, on behalf of `source_arn` in this account only.

    Source: IAM guide, "The confused deputy problem" (aws:SourceAccount and aws:SourceArn).
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account_id},
                    "ArnLike": {"aws:SourceArn": source_arn},
                },
            }
        ],
    }
