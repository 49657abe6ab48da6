"""Good resources for the tests of rules: our own prod stack's, and some of types that it does not have.

The parts of documents that the guards vary stand here too.
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

from desired.judging import Declared, recorded
from policies.rules import alarms, cache, compute, identity, network, secrets
from tests.harness.platform import declared

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/0a"
ROLE_ARN = "arn:aws:iam::123456789012:role/r"
SUBNETS = ("subnet-a", "subnet-b")


def document(*statements: Mapping[str, Any]) -> str:
    """A policy document of those statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    action: str | list[str] = "s3:GetObject", resource: str = "arn:aws:s3:::b", **more: Any
) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


OURS = allow(Principal={"AWS": ROLE_ARN})
EVERYONE = allow(Principal="*")
EVERYONE_OF_AWS = allow(Principal={"AWS": ["*"]})
EVERYONE_BUT = {"Effect": "Allow", "NotPrincipal": {"AWS": ROLE_ARN}, "Action": "s3:*", "Resource": "*"}
EVERYONE_OF_OURS = allow(Principal="*", Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}})
EVERYONE_ELSE = allow(Principal="*", Condition={"StringNotEquals": {"aws:SourceAccount": "123456789012"}})
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
TLS_NOT_ONLY = {**TLS_ONLY, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
# Good and bad documents about who may do something; as text, as an object, and as no document.
PUBLIC = (
    *(document(OURS, bad) for bad in (EVERYONE, EVERYONE_OF_AWS, EVERYONE_BUT, EVERYONE_ELSE)),
    {"Statement": EVERYONE},
    "no json",
    "[]",
)
PRIVATE = (document(OURS), document(EVERYONE_OF_OURS), {"Statement": OURS})

CONTAINER = {
    "name": "c",
    "user": "10001:10001",
    "readonlyRootFilesystem": True,
    "logConfiguration": {"logDriver": "awslogs"},
    "environment": [{"name": "SECRET_ARN", "value": "x"}],
}


def containers(**change: Any) -> str:
    return json.dumps([CONTAINER, {**CONTAINER, **change}])


def good(type_: str, name: str, **inputs: Any) -> Declared:
    return Declared(type=type_, name=name, inputs=inputs)


NETWORK_RULE = {"cidrBlocks": ["10.0.0.0/8"], "protocol": "tcp", "fromPort": 443, "description": "what for"}
# Of types, or in a form, that our own stacks do not have.
OTHERS = (
    good(alarms.METRIC_ALARM, "alarm", alarmActions=["arn:aws:sns:us-east-1:1:t"]),
    good(secrets.SECRET_POLICY, "secret-policy", policy=document(OURS)),
    good(secrets.ROTATION, "rotation-schedule", rotationRules={"automaticallyAfterDays": 30}),
    good(network.SECURITY_GROUP, "inline", ingress=[NETWORK_RULE], egress=[NETWORK_RULE]),
    good(
        network.SECURITY_GROUP_RULE,
        "rule",
        type="ingress",
        cidrBlocks=["10.0.0.0/8"],
        protocol="tcp",
        description="what for",
    ),
    good(identity.ATTACHMENTS[0], "attachment", policyArn="arn:aws:iam::1:policy/p"),
    good(
        identity.ROLE,
        "inline-role",
        assumeRolePolicy=document(OURS),
        inlinePolicies=[{"name": "p", "policy": document(allow())}],
    ),
    good(cache.ELASTICACHE_USER, "user", authenticationMode={"type": "iam"}),
    good(
        cache.REPLICATION_GROUP,
        "one-shard",
        automaticFailoverEnabled=True,
        multiAzEnabled=True,
        numCacheClusters=2,
    ),
    good(compute.LOAD_BALANCER, "mapped", subnetMappings=[{"subnetId": each} for each in SUBNETS]),
    good(compute.FUNCTION, "image", packageType="Image"),
)


@functools.cache
def ours(stack: str) -> tuple[Declared, ...]:
    """Everything that one of our own stacks declares."""
    return tuple(recorded(declared(stack)))


def base(name: str) -> Declared:
    """The good resource of that name."""
    ours_of_aws = (each for each in ours("prod") if each.type.startswith("aws:"))
    return next(each for each in (*OTHERS, *ours_of_aws) if each.name == name)
