"""S3: replication rules, Object Lock on buckets in use, and policies that deny under a condition, where moto differs.

Sources: the Amazon S3 API Reference (PutBucketReplication, ReplicationRule, PutObjectLockConfiguration) and the Amazon S3 User Guide
("Requirements and considerations for replication"). Nothing is replicated here.
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

import json
import secrets
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.parse import PROTOCOL_PARSERS, RequestDict
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import (
    InvalidBucketState,
    MissingBucket,
    ReplicationConfigurationNotFoundError,
    S3ClientError,
)
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response
from werkzeug.datastructures import Headers, MultiDict

from sandbox.emulator.extending import extend, original

Values = dict[str, Any]


class Bucket(FakeBucket):
    """Methods of moto's bucket that answer differently from AWS."""

    def get_permission(self, action: str, resource: str) -> Any:
        """What the policy says of an action; statements with conditions, which moto cannot judge, do not count."""
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        policy["Statement"] = [entry for entry in policy["Statement"] if not entry.get("Condition")]
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


class Backend(S3Backend):
    """Methods of S3Backend that answer differently from AWS."""

    def put_object_lock_configuration(
        self,
        bucket_name: str,
        lock_enabled: bool,
        mode: str | None = None,
        days: int | None = None,
        years: int | None = None,
    ) -> None:
        """The bucket may have objects; they keep the retention that they have."""
        bucket = self.get_bucket(bucket_name)
        if not bucket.is_versioned:
            raise InvalidBucketState(
                "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
            )
        bucket.object_lock_enabled = bucket.object_lock_enabled or lock_enabled
        bucket.default_lock_mode = mode
        bucket.default_lock_days, bucket.default_lock_years = days or 0, years or 0

    def get_object_lock_configuration(
        self, bucket_name: str
    ) -> tuple[bool, str | None, int | None, int | None]:
        """Of a period's two units, moto counts the one that was not asked for as zero; it is none."""
        enabled, mode, days, years = original(S3Backend.get_object_lock_configuration)(self, bucket_name)
        return enabled, mode, days or None, years or None

    def put_bucket_replication(self, bucket_name: str, replication: Values) -> None:
        for rule in replication["Rules"]:
            rule.setdefault("ID", secrets.token_urlsafe(30))
            self._check_replication_rule(rule)
        self.get_bucket(bucket_name).replication = replication  # type: ignore[attr-defined]

    def _check_replication_rule(self, rule: Values) -> None:
        destination = rule["Destination"]
        try:
            bucket = self.get_bucket(destination["Bucket"].rpartition(":")[2])
        except MissingBucket:
            raise S3ClientError("InvalidRequest", "Destination bucket must exist.") from None
        if not bucket.is_versioned:
            raise S3ClientError("InvalidRequest", "Destination bucket must have versioning enabled.")
        if "Filter" in rule and "DeleteMarkerReplication" not in rule:
            raise S3ClientError(
                "InvalidRequest",
                "DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration"
                " schema.",
            )
        criteria = rule.get("SourceSelectionCriteria", {}).get("SseKmsEncryptedObjects", {})
        if criteria.get("Status") == "Enabled" and "EncryptionConfiguration" not in destination:
            raise S3ClientError(
                "InvalidRequest",
                "EncryptionConfiguration must be specified if SseKmsEncryptedObjects tag is present.",
            )


class Response(S3Response):
    """Calls that moto reads wrongly."""

    def _replication_config_from_xml(self, xml: str) -> Values:
        """The configuration of a request, in the shape that AWS's description of the service gives it."""
        operation = get_service_model("s3").operation_model("PutBucketReplication")
        request: RequestDict = {
            "method": "PUT",
            "values": MultiDict(),
            "headers": Headers(),
            "body": xml,
            "url_path": "",
            "url_params": {},
        }
        configuration: Values = PROTOCOL_PARSERS["rest-xml"](operation).parse(request)[
            "ReplicationConfiguration"
        ]
        return configuration

    def get_bucket_replication(self) -> str | TYPE_RESPONSE:
        """The configuration as it was put."""
        self.data["Action"] = "GetBucketReplication"
        replication = self.backend.get_bucket_replication(self.bucket_name)
        if not replication:
            raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
        return self.serialized(ActionResult({"ReplicationConfiguration": replication}))


def install() -> None:
    """Put all of this into moto."""
    extend(FakeBucket, Bucket)
    extend(S3Backend, Backend)
    extend(S3Response, Response)
