"""A stack that breaks every rule at least once. It is nobody's: what it says of its environment is nothing."""

from datetime import date

from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from desired.judging import Declared
from policies.exemptions import Exemption
from policies.rules import (
    alarms,
    backups,
    cache,
    compute,
    encryption,
    identity,
    network,
    postgres,
    rds_groups,
    secrets,
    storage,
)
from policies.rules.stack.backups import RESTORE_TESTING_SELECTION
from tests.policies.resources import containers, document

STACK = "acme"
EVERYONE = document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
EVERYTHING = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
ELSEWHERE = "arn:aws:kms:eu-west-1:123456789012:key/0a"


def bad(type_: str, name: str = "it", **inputs: object) -> Declared:
    return Declared(type=type_, name=name, inputs=inputs, stack=STACK)


BAD_STACK = (
    Declared(type="pulumi:pulumi:Stack", stack=STACK, provider={}),
    bad(
        postgres.INSTANCE, "primary",
        identifier="primary", port=5432, username="postgres", autoMinorVersionUpgrade=False, caCertIdentifier="rds-ca-2019",
        publiclyAccessible=UNKNOWN_BOOLEAN_VALUE, kmsKeyId=ELSEWHERE,
    ),
    bad(postgres.INSTANCE, "replica", replicateSourceDb="primary", backupRetentionPeriod=1, publiclyAccessible=True),
    bad(rds_groups.PARAMETER_GROUP, family="postgres17"),
    bad(rds_groups.SUBNET_GROUP, subnetIds=["one"]),
    bad(cache.REPLICATION_GROUP, autoMinorVersionUpgrade=False),
    bad(cache.MEMORYDB_CLUSTER, aclName="open-access"),
    bad(cache.ELASTICACHE_USER),
    bad(backups.PLAN, rules=[{"lifecycle": {"deleteAfter": 1}, "copyActions": [{"lifecycle": {"deleteAfter": 1}}]}]),
    bad(backups.SELECTION, selectionTags=[{"type": "STRINGEQUALS", "key": "Backup", "value": "nobody"}]),
    bad(backups.REPLICATION),
    bad(backups.VAULT, forceDestroy=True),
    bad(backups.VAULT_LOCK, changeableForDays=3),
    bad(storage.BUCKET, bucket="bucket", forceDestroy=True),
    bad(storage.PUBLIC_ACCESS_BLOCK, bucket="bucket"),
    bad(storage.BUCKET_POLICY, bucket="bucket", policy=EVERYONE),
    bad(storage.BUCKET_ENCRYPTION, rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]),
    bad(storage.BUCKET_VERSIONING, versioningConfiguration={"status": "Suspended"}),
    bad(storage.BUCKET_OWNERSHIP),
    bad(storage.BUCKET_LIFECYCLE, rules=[{"expiration": {"days": 1}}]),
    bad(storage.OBJECT_LOCK, rule={"defaultRetention": {"mode": "COMPLIANCE", "days": 1}}),
    bad(encryption.KEY, isEnabled=False, deletionWindowInDays=7, policy=EVERYONE),
    bad(network.SECURITY_GROUP, ingress=[{"cidrBlocks": ["0.0.0.0/0"]}], egress=[{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}]),
    bad(network.DEFAULT_SECURITY_GROUP, ingress=[{"protocol": "-1", "self": True}]),
    bad(network.SUBNET, mapPublicIpOnLaunch=True),
    bad(network.VPC),
    bad(identity.POLICIES[0], policy=EVERYTHING),
    bad(identity.ROLE, assumeRolePolicy=EVERYONE),
    bad(identity.ATTACHMENTS[0], policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    bad(compute.SERVICE, networkConfiguration={"assignPublicIp": True}, platformVersion="1.3.0"),
    bad(compute.CLUSTER),
    bad(
        compute.TASK_DEFINITION,
        taskRoleArn="same", executionRoleArn="same",
        containerDefinitions=containers(user="root", logConfiguration=None, environment=[{"name": "PASSWORD", "value": "x"}]),
    ),
    bad(compute.FUNCTION, runtime="python3.8", vpcConfig={"subnetIds": ["one"]}, environment={"variables": {"TOKEN": "x"}}),
    bad(compute.PERMISSION, principal="*"),
    bad(compute.LOAD_BALANCER, loadBalancerType="network", subnets=["one"]),
    bad(compute.LISTENER, protocol="TCP"),
    bad(compute.REPOSITORY, forceDelete=True),
    bad(alarms.METRIC_ALARM),
    bad(alarms.COMPOSITE_ALARM, alarmActions=["arn:aws:sns:us-east-1:123456789012:gone"]),
    bad(alarms.LOG_GROUP, retentionInDays=1),
    bad(alarms.TOPIC, policy=EVERYONE),
    bad(alarms.EVENT_SUBSCRIPTION, enabled=False, sourceType="db-instance"),
    bad(secrets.SECRET, recoveryWindowInDays=0),
    bad(secrets.ROTATION, rotationRules={"automaticallyAfterDays": 365}),
    bad(secrets.SECRET_POLICY, policy=EVERYONE),
    bad(RESTORE_TESTING_SELECTION, protectedResourceType="EFS"),
)  # fmt: skip

EXPIRED = Exemption(
    rule="keys-rotate", resource="*", stack="*", reason="it was", owner="nobody", expires=date(2020, 1, 1)
)
