"""Every property that a rule about resources guards, with values that it must take and values that it must refuse.

`base` names a good resource of tests/policies/resources.py. The same table serves the tests of each rule, and the
mutation of both of our stacks.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from desired.judging import Declared
from tests.policies.resources import (
    CONTAINER,
    KEY_ARN,
    OURS,
    PRIVATE,
    PUBLIC,
    ROLE_ARN,
    SUBNETS,
    TLS_NOT_ONLY,
    TLS_ONLY,
    allow,
    containers,
    document,
)


@dataclass(frozen=True)
class Guard:
    """One guarded property. `unset` says whether it may be missing; `dev` are values that are good and bad there."""

    rule: str
    base: str
    path: str
    good: tuple[Any, ...]
    bad: tuple[Any, ...]
    unset: bool = False
    dev: tuple[tuple[Any, ...], tuple[Any, ...]] | None = None
    # Of our own resources of the type, those that the rule is about.
    about: Callable[[Declared], bool] = lambda _: True

    def __str__(self) -> str:
        return f"{self.rule}:{self.base}.{self.path}"


def primary(declared: Declared) -> bool:
    return "replicateSourceDb" not in declared.inputs


def replica(declared: Declared) -> bool:
    return not primary(declared)


def _has(name: str) -> Callable[[Declared], bool]:
    return lambda declared: name in declared.inputs


PRIMARY, REPLICA, WEST = "postgres-instance", "postgres-replica-b-instance", "postgres-replica-west-instance"
PARAMETERS, CACHE, SESSIONS = "postgres-parameters", "cache-replication-group", "sessions-cluster"
PLAN, LIFECYCLE, LOCK = "backup-plan-plan", "exports-lifecycle", "exports-object-lock"
TASK, FUNCTION, BALANCER, LISTENER = (
    "pooler-task",
    "pooler-rotation-function",
    "pooler-balancer",
    "pooler-listener",
)
# Good values and bad ones.
Values = tuple[tuple[Any, ...], tuple[Any, ...]]
MUST_BE_ON: Values = ((True, "true"), (False, "false", "yes", 1))
MAY_NOT_BE_ON: Values = ((False, "false"), (True, "true", "no", 0))
MAY_NOT_BE_OFF: Values = ((True, "true"), (False, "false", 1))
MUST_BE_NAMED: Values = ((KEY_ARN,), ("", "  ", True))
PARAMETER_VALUES = {"rds.force_ssl": "1", "log_statement": "ddl", "log_min_duration_statement": "0"}


def parameters(**change: str | None) -> list[dict[str, Any]]:
    """The good parameters with other values; None leaves one out."""
    values = {**PARAMETER_VALUES, **change}
    return [{"name": name, "value": value} for name, value in values.items() if value is not None]


BACKUP_DAYS = Guard(
    "databases-keep-backups-long-enough", PRIMARY, "backupRetentionPeriod",
    (30, 30.0, 31, 35, "30"), (29, 36, 0, -1, True, "x", 30.5), dev=((7, 8, 35), (6, 36, 0)), about=primary,
)  # fmt: skip

GUARDS = (
    BACKUP_DAYS,
    Guard("replicas-keep-either-no-backups-or-enough", REPLICA, "backupRetentionPeriod",
          (0, 30, 35, "0"), (1, 29, 36, True), unset=True, dev=((0, 7), (1, 6, 36)), about=replica),
    Guard("databases-are-not-public", PRIMARY, "publiclyAccessible", (False, "false"), (True, "true", 0)),
    Guard("databases-are-encrypted-with-an-own-key", PRIMARY, "storageEncrypted", *MUST_BE_ON, about=primary),
    Guard("databases-are-encrypted-with-an-own-key", PRIMARY, "kmsKeyId", *MUST_BE_NAMED, about=primary),
    Guard("databases-are-encrypted-with-an-own-key", REPLICA, "storageEncrypted", *MAY_NOT_BE_OFF, unset=True, about=replica),
    Guard("databases-are-encrypted-with-an-own-key", WEST, "kmsKeyId", *MUST_BE_NAMED, about=lambda each: each.name == WEST),
    Guard("databases-survive-the-loss-of-a-zone", PRIMARY, "multiAz", *MUST_BE_ON, about=primary),
    Guard("databases-are-monitored-by-the-second", PRIMARY, "monitoringInterval", (1, 60, "15"), (0, 2, 61, True)),
    Guard("databases-are-monitored-by-the-second", PRIMARY, "monitoringRoleArn", (ROLE_ARN,), ("",)),
    Guard("databases-show-their-queries", PRIMARY, "performanceInsightsEnabled", *MUST_BE_ON),
    Guard("databases-show-their-queries", PRIMARY, "performanceInsightsKmsKeyId", *MUST_BE_NAMED),
    Guard("databases-are-protected-from-deletion", PRIMARY, "deletionProtection", *MUST_BE_ON, about=primary),
    Guard("databases-leave-a-final-snapshot", PRIMARY, "skipFinalSnapshot", *MAY_NOT_BE_ON, unset=True, about=primary),
    Guard("databases-leave-a-final-snapshot", PRIMARY, "finalSnapshotIdentifier", ("last",), ("",), about=primary),
    Guard("backups-outlive-their-database", PRIMARY, "deleteAutomatedBackups", (False, "false"), (True, 0), about=primary),
    Guard("databases-write-their-logs-where-they-last", PRIMARY, "enabledCloudwatchLogsExports",
          (["postgresql", "upgrade"], ["upgrade", "postgresql", "iam-db-auth-error"]), ([], ["postgresql"], ["upgrade"], "upgrade")),
    Guard("databases-accept-iam-authentication", PRIMARY, "iamDatabaseAuthenticationEnabled", *MUST_BE_ON),
    Guard("databases-take-minor-upgrades-and-no-major-ones", PRIMARY, "autoMinorVersionUpgrade", *MAY_NOT_BE_OFF, unset=True),
    Guard("databases-take-minor-upgrades-and-no-major-ones", PRIMARY, "allowMajorVersionUpgrade", *MAY_NOT_BE_ON, unset=True),
    Guard("snapshots-carry-their-databases-tags", PRIMARY, "copyTagsToSnapshot", *MUST_BE_ON),
    Guard("databases-avoid-the-default-port", PRIMARY, "port", (5433, 1150, 65535, "5431"), (5432, "5432", 1149, 65536)),
    Guard("databases-avoid-the-usual-admin-names", PRIMARY, "username", ("reptidex",), ("postgres", "Admin", ""), about=primary),
    Guard("databases-show-a-current-certificate", PRIMARY, "caCertIdentifier",
          ("rds-ca-rsa4096-g1",), ("rds-ca-2019", ""), unset=True),
    Guard("databases-have-their-own-parameters", PRIMARY, "parameterGroupName", ("own",), ("default.postgres17", "")),
    Guard("databases-are-in-subnets-of-their-own", PRIMARY, "dbSubnetGroupName", ("own",), ("default", ""), about=primary),
    Guard("databases-speak-tls-only", PARAMETERS, "parameters",
          (parameters(),), (parameters(**{"rds.force_ssl": "0"}), parameters(**{"rds.force_ssl": None}), [])),
    Guard("databases-log-changes-and-slow-statements", PARAMETERS, "parameters",
          (parameters(log_statement="mod"),), (parameters(log_statement=None), parameters(log_min_duration_statement=None))),
    Guard("database-subnets-span-zones", "postgres-subnets", "subnetIds", (list(SUBNETS),), ([], ["subnet-a"], "subnet-a")),
    Guard("stores-keep-snapshots-long-enough", CACHE, "snapshotRetentionLimit", (30, 35), (29, 36, 0), dev=((7,), (6,))),
    Guard("stores-keep-snapshots-long-enough", SESSIONS, "snapshotRetentionLimit", (30, 35), (29, 36, 0)),
    Guard("stores-leave-a-final-snapshot", CACHE, "finalSnapshotIdentifier", ("last",), ("",)),
    Guard("stores-leave-a-final-snapshot", SESSIONS, "finalSnapshotName", ("last",), ("",)),
    Guard("stores-survive-the-loss-of-a-zone", CACHE, "automaticFailoverEnabled", *MUST_BE_ON),
    Guard("stores-survive-the-loss-of-a-zone", CACHE, "multiAzEnabled", *MUST_BE_ON),
    Guard("stores-survive-the-loss-of-a-zone", CACHE, "replicasPerNodeGroup", (1, 5), (0,)),
    Guard("stores-survive-the-loss-of-a-zone", "one-shard", "numCacheClusters", (2, 3), (1, 0)),
    Guard("stores-survive-the-loss-of-a-zone", SESSIONS, "numReplicasPerShard", (1, 2), (0,), unset=True),
    Guard("stores-are-encrypted-with-an-own-key", CACHE, "atRestEncryptionEnabled", *MUST_BE_ON),
    Guard("stores-are-encrypted-with-an-own-key", CACHE, "kmsKeyId", *MUST_BE_NAMED),
    Guard("stores-are-encrypted-with-an-own-key", SESSIONS, "kmsKeyArn", *MUST_BE_NAMED),
    Guard("stores-speak-tls-only", CACHE, "transitEncryptionEnabled", *MUST_BE_ON),
    Guard("stores-speak-tls-only", CACHE, "transitEncryptionMode", ("required",), ("preferred",), unset=True),
    Guard("stores-speak-tls-only", SESSIONS, "tlsEnabled", *MAY_NOT_BE_OFF, unset=True),
    Guard("stores-know-their-users", CACHE, "userGroupIds", (["g"],), ([],)),
    Guard("stores-know-their-users", SESSIONS, "aclName", ("own",), ("open-access", "")),
    Guard("store-users-have-credentials", "user", "noPasswordRequired", *MAY_NOT_BE_ON, unset=True),
    Guard("store-users-have-credentials", "user", "authenticationMode.type", ("iam", "password"), ("no-password-required",)),
    Guard("stores-take-minor-upgrades", CACHE, "autoMinorVersionUpgrade", *MAY_NOT_BE_OFF, unset=True),
    Guard("stores-are-in-subnets-of-their-own", CACHE, "subnetGroupName", ("own",), ("default", "")),
    Guard("backup-plans-keep-backups-long-enough", PLAN, "rules.0.lifecycle.deleteAfter", (30, 400), (29, 0), unset=True, dev=((7,), (6,))),
    Guard("backup-copies-are-kept-long-enough", PLAN, "rules.0.copyActions.0.lifecycle.deleteAfter", (30,), (29,), unset=True),
    Guard("replicated-backups-are-kept-long-enough", "dr-automated-backups-replication", "retentionPeriod", (30, 35), (29, 36)),
    Guard("replicated-backups-are-encrypted-with-an-own-key", "dr-automated-backups-replication", "kmsKeyId", *MUST_BE_NAMED),
    Guard("vaults-are-encrypted-with-an-own-key", "backups-vault", "kmsKeyArn", *MUST_BE_NAMED),
    Guard("vaults-are-not-emptied-on-their-way-out", "backups-vault", "forceDestroy", *MAY_NOT_BE_ON, unset=True),
    Guard("vault-locks-hold-long-enough", "backups-lock", "minRetentionDays", (30, 31), (29, 0), dev=((7,), (6,))),
    Guard("vault-locks-can-be-taken-off", "backups-lock", "changeableForDays", (), (3, 0), unset=True),
    *(
        Guard("buckets-block-public-access", "exports-public-access", name, *MUST_BE_ON)
        for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ),
    Guard("buckets-are-not-emptied-on-their-way-out", "exports-bucket", "forceDestroy", *MAY_NOT_BE_ON, unset=True),
    Guard("buckets-speak-tls-only", "exports-policy", "policy",
          (document(OURS, TLS_ONLY), {"Statement": TLS_ONLY}), (document(OURS), document(TLS_NOT_ONLY), "no json", "[]")),
    Guard("bucket-policies-are-not-public", "exports-policy", "policy", PRIVATE, PUBLIC),
    Guard("buckets-are-encrypted-with-an-own-key", "exports-encryption",
          "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", ("aws:kms", "aws:kms:dsse"), ("AES256",)),
    Guard("buckets-are-encrypted-with-an-own-key", "exports-encryption",
          "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId", *MUST_BE_NAMED),
    Guard("buckets-are-encrypted-with-an-own-key", "exports-encryption", "rules.0.bucketKeyEnabled", *MUST_BE_ON),
    Guard("buckets-keep-old-versions", "exports-versioning", "versioningConfiguration.status", ("Enabled",), ("Suspended",)),
    Guard("buckets-refuse-access-lists", "exports-ownership", "rule.objectOwnership", ("BucketOwnerEnforced",), ("ObjectWriter",)),
    Guard("lifecycles-delete-nothing-too-early", LIFECYCLE, "rules.0.expiration.days", (30, 365), (29, 1), unset=True, dev=((7,), (6,))),
    Guard("lifecycles-delete-nothing-too-early", LIFECYCLE, "rules.0.expiration.date", (), ("2027-01-01",), unset=True),
    Guard("lifecycles-delete-nothing-too-early", LIFECYCLE, "rules.0.noncurrentVersionExpiration.noncurrentDays",
          (30,), (29,), unset=True, dev=((1,), (0,))),
    Guard("lifecycles-clear-unfinished-uploads", LIFECYCLE, "rules",
          ([{"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}],),
          ([{"expiration": {"days": 90}}], [{"status": "Disabled", "abortIncompleteMultipartUpload": {}}])),
    Guard("object-locks-hold-long-enough", LOCK, "rule.defaultRetention.days", (30,), (29, 0), dev=((1,), (0,))),
    Guard("object-locks-hold-long-enough", LOCK, "rule.defaultRetention", ({"years": 1}, {"days": 30}), ({"years": 0}, {})),
    Guard("object-locks-can-be-taken-off", LOCK, "rule.defaultRetention.mode", ("GOVERNANCE",), ("COMPLIANCE",)),
    Guard("keys-rotate", "keys-database", "enableKeyRotation", *MUST_BE_ON),
    Guard("keys-are-enabled", "keys-database", "isEnabled", *MAY_NOT_BE_OFF, unset=True),
    Guard("keys-can-be-brought-back", "keys-database", "deletionWindowInDays", (30,), (29, 7, 31), unset=True, dev=((7, 30), (6, 31))),
    Guard("keys-say-who-may-use-them", "keys-database", "policy", PRIVATE, PUBLIC),
    Guard("security-groups-keep-the-internet-out", "inline", "ingress.0.cidrBlocks.0",
          ("10.0.0.0/8", "203.0.113.7/32"), ("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/7", "no range"), unset=True),
    Guard("security-groups-keep-the-internet-out", "inline", "ingress.0.ipv6CidrBlocks", (["2001:db8::/32"],), (["::/0"], ["2000::/3"]), unset=True),
    Guard("security-groups-keep-the-internet-out", "rule", "cidrBlocks", (["10.0.0.0/16"],), (["10.0.0.0/16", "0.0.0.0/0"],), unset=True),
    Guard("security-groups-keep-the-internet-out", "network-endpoints-from-vpc", "cidrIpv4", ("10.0.0.0/8",), ("0.0.0.0/0",), unset=True),
    Guard("security-groups-do-not-let-everything-out", "inline", "egress", ([],), ([{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}],), unset=True),
    Guard("security-groups-do-not-let-everything-out", "pooler-tasks-to-aws", "ipProtocol", ("tcp",), ("-1", -1),
          unset=True, about=_has("cidrIpv4")),
    Guard("security-group-rules-say-what-for", "network-endpoints-from-vpc", "description", ("HTTPS",), ("", " ")),
    Guard("security-group-rules-say-what-for", "inline", "ingress.0.description", ("HTTPS",), ("",)),
    Guard("default-security-groups-are-empty", "network-default-security-group", "ingress", ([],), ([{"protocol": "-1"}],), unset=True),
    Guard("default-security-groups-are-empty", "network-default-security-group", "egress", ([],), ([{"protocol": "-1"}],), unset=True),
    Guard("subnets-give-out-no-public-addresses", "network-data-a", "mapPublicIpOnLaunch", *MAY_NOT_BE_ON, unset=True),
    Guard("policies-allow-what-is-needed-and-not-everything", "network-flow-log-permission", "policy",
          (document(allow()), document({**allow("*"), "Effect": "Deny"})),
          (document(allow("*")), document(allow(["s3:GetObject", "s3:*"])), {"Statement": allow("*")}, "no json",
           document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}))),
    Guard("policies-allow-what-is-needed-and-not-everything", "inline-role", "inlinePolicies.0.policy", (document(allow()),), (document(allow("*")),)),
    Guard("policies-decrypt-with-named-keys", "network-flow-log-permission", "policy",
          (document(allow("kms:Decrypt", KEY_ARN)), document(allow("kms:Encrypt", "*")),
           document(allow("kms:Decrypt", "*", Condition={"StringEquals": {"kms:ViaService": "rds.us-east-1.amazonaws.com"}}))),
          (document(allow("kms:Decrypt", "*")), document(allow("kms:D*", "arn:aws:kms:*:1:key/*")), document(allow("kms:ReEncrypt*", "*")))),
    Guard("roles-say-who-may-become-them", "pooler-task-role", "assumeRolePolicy", PRIVATE, PUBLIC),
    Guard("nobody-is-an-administrator", "attachment", "policyArn", ("arn:aws:iam::1:policy/own",), ("arn:aws:iam::aws:policy/AdministratorAccess",)),
    Guard("services-have-no-public-address", "pooler-service", "networkConfiguration.assignPublicIp", *MAY_NOT_BE_ON, unset=True),
    Guard("services-run-on-the-latest-platform", "pooler-service", "platformVersion", ("LATEST",), ("1.3.0",), unset=True),
    Guard("clusters-show-what-their-tasks-do", "pooler-cluster", "settings",
          ([{"name": "containerInsights", "value": "enhanced"}],), ([{"name": "containerInsights", "value": "disabled"}], [])),
    Guard("tasks-have-a-network-of-their-own", TASK, "networkMode", ("awsvpc",), ("host", "bridge")),
    Guard("tasks-have-a-network-of-their-own", TASK, "pidMode", ("task",), ("host",), unset=True),
    Guard("tasks-have-a-network-of-their-own", TASK, "ipcMode", ("none",), ("host",), unset=True),
    Guard("containers-have-few-privileges", TASK, "containerDefinitions", (containers(), [CONTAINER]),
          (containers(privileged=True), containers(readonlyRootFilesystem=False), containers(user="root"), containers(user=""),
           containers(user="0:0"), [{**CONTAINER, "user": None}], "no json", json.dumps({"name": "c"}))),
    Guard("containers-find-credentials-in-secrets", TASK, "containerDefinitions", (containers(),),
          (containers(environment=[{"name": "DB_PASSWORD", "value": "x"}]), containers(environment=[{"name": "api_key"}]), "no json")),
    Guard("containers-write-logs", TASK, "containerDefinitions", (containers(),), (containers(logConfiguration=None),)),
    Guard("tasks-have-two-roles", TASK, "taskRoleArn", (ROLE_ARN,), (), unset=True),
    Guard("functions-run-on-supported-runtimes", FUNCTION, "runtime", ("python3.13", "provided.al2023"), ("python3.8", "nodejs18.x", "")),
    Guard("functions-find-credentials-in-secrets", FUNCTION, "environment.variables", ({"SECRET_ARN": "x"},), ({"TOKEN": "x"}, ["x"]), unset=True),
    Guard("functions-survive-the-loss-of-a-zone", FUNCTION, "vpcConfig.subnetIds", (list(SUBNETS),), (["subnet-a"], [])),
    Guard("functions-are-called-by-whom-they-serve", "pooler-rotation-permission", "principal", ("123456789012",), ("",)),
    Guard("load-balancers-are-internal", BALANCER, "internal", *MUST_BE_ON),
    Guard("load-balancers-are-protected-from-deletion", BALANCER, "enableDeletionProtection", *MUST_BE_ON),
    Guard("load-balancers-survive-the-loss-of-a-zone", BALANCER, "subnets", (list(SUBNETS),), (["subnet-a"], [])),
    Guard("load-balancers-survive-the-loss-of-a-zone", BALANCER, "enableCrossZoneLoadBalancing", *MUST_BE_ON),
    Guard("load-balancers-survive-the-loss-of-a-zone", "mapped", "subnetMappings", ([{}, {}],), ([{}],)),
    Guard("listeners-speak-tls-only", LISTENER, "protocol", ("TLS", "HTTPS"), ("TCP", "HTTP")),
    Guard("images-are-scanned-and-stay-what-they-are", "pooler-images-repository", "imageTagMutability", ("IMMUTABLE",), ("MUTABLE",)),
    Guard("images-are-scanned-and-stay-what-they-are", "pooler-images-repository", "imageScanningConfiguration.scanOnPush", *MUST_BE_ON),
    Guard("repositories-are-not-emptied-on-their-way-out", "pooler-images-repository", "forceDelete", *MAY_NOT_BE_ON, unset=True),
    Guard("alarms-tell-somebody", "alarm", "alarmActions", (["arn:aws:sns:us-east-1:1:t"],), ([],)),
    Guard("alarms-tell-somebody", "alarm", "actionsEnabled", *MAY_NOT_BE_OFF, unset=True),
    Guard("database-events-tell-somebody", "postgres-events-instance", "enabled", *MAY_NOT_BE_OFF, unset=True),
    Guard("database-events-tell-somebody", "postgres-events-instance", "snsTopic", ("arn:aws:sns:us-east-1:1:t",), ("",)),
    Guard("logs-are-kept-long-enough", "postgres-log-postgresql", "retentionInDays", (365, 400, 0), (364, 1, False), unset=True, dev=((30,), (29,))),
    Guard("logs-are-encrypted-with-an-own-key", "postgres-log-postgresql", "kmsKeyId", *MUST_BE_NAMED),
    Guard("topics-are-encrypted-with-an-own-key", "notifications-topic", "kmsMasterKeyId", (KEY_ARN,), ("alias/aws/sns", "")),
    Guard("topics-are-not-public", "notifications-policy", "policy", PRIVATE, PUBLIC),
    Guard("topics-are-not-public", "notifications-topic", "policy", PRIVATE, PUBLIC, unset=True),
    Guard("secrets-can-be-brought-back", "postgres-admin-secret", "recoveryWindowInDays", (30,), (29, 0, 31), unset=True, dev=((7, 30), (6, 0))),
    Guard("secrets-are-encrypted-with-an-own-key", "postgres-admin-secret", "kmsKeyId", *MUST_BE_NAMED),
    Guard("secrets-are-encrypted-with-an-own-key", "postgres-admin-secret", "replicas.0.kmsKeyId", *MUST_BE_NAMED, about=_has("replicas")),
    Guard("rotated-secrets-rotate-often-enough", "rotation-schedule", "rotationRules.automaticallyAfterDays", (1, 90), (91, 0)),
    Guard("rotated-secrets-rotate-often-enough", "rotation-schedule", "rotationRules", ({"scheduleExpression": "rate(30 days)"},), ({},)),
    Guard("secret-policies-are-not-public", "secret-policy", "policy", PRIVATE, PUBLIC),
    Guard("what-holds-data-says-whose-it-is", PRIMARY, "tags.Owner", ("somebody",), ("",), unset=True),
)  # fmt: skip
