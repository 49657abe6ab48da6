"""Types, values and assets that several tests of the AWS adapter use."""

import hashlib
from collections.abc import Callable
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.adapter.values import Asset

GROUP = "aws:ec2/securityGroup:SecurityGroup"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
PARAMETER = "aws:ssm/parameter:Parameter"
QUEUE = "aws:sqs/queue:Queue"
ROLE = "aws:iam/role:Role"
SUBNET = "aws:ec2/subnet:Subnet"
TOPIC = "aws:sns/topic:Topic"
VPC = "aws:ec2/vpc:Vpc"

DIFF = provider_pb2.DiffResponse
KIND = provider_pb2.PropertyDiff
CANARY = "canary-8f2d41b7-not-to-be-seen"

# A function that makes boto3 clients.
Client = Callable[..., Any]

# The marks of the engine's own wire format, which the adapter has to know; not taken from the adapter.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def file_asset(**description: Any) -> Asset:
    """A file as the engine describes it."""
    return Asset({_SIGNATURE: _ASSET, **description})


def archive_asset(**description: Any) -> Asset:
    """An archive as the engine describes it."""
    return Asset({_SIGNATURE: _ARCHIVE, **description})


def text_asset(text: str) -> Asset:
    """A file with this content."""
    return file_asset(hash=hashlib.sha256(text.encode()).hexdigest(), text=text)
