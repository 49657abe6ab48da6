"""IAM policy documents: trust policies, and the statements that several components need."""

from collections.abc import Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]
Document = dict[str, Any]


def document(*statements: Statement) -> Document:
    """A policy document of the given statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    actions: str | Sequence[str],
    resources: Any,
    *,
    sid: str | None = None,
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement that allows `actions` on `resources`."""
    return {
        **({} if sid is None else {"Sid": sid}),
        "Effect": "Allow",
        "Action": actions if isinstance(actions, str) else list(actions),
        "Resource": resources,
        **({} if condition is None else {"Condition": condition}),
    }


def service_trust(service: str, account_id: str, source_arn: str | None = None) -> Document:
    """The trust policy that lets an AWS service assume a role, on behalf of `source_arn` in this account only.

    Without `source_arn` it is on behalf of anything in this account: not every service names a source each time.
    Source: IAM guide, "The confused deputy problem" (aws:SourceAccount and aws:SourceArn).
    """
    condition = {"StringEquals": {"aws:SourceAccount": account_id}}
    if source_arn is not None:
        condition["ArnLike"] = {"aws:SourceArn": source_arn}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }
    )


def refuse_unencrypted_transport(action: str, resources: Any) -> Statement:
    """A statement that refuses `action` over plain HTTP to everybody."""
    return {
        "Sid": "RefuseUnencryptedTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def via(service: str, region: str) -> Mapping[str, Mapping[str, str]]:
    """The condition that a KMS key is used through one AWS service of a region."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{region}.amazonaws.com"}}
