"""Effects of a change on AWS, as tables: what holds data, what interrupts, what opens, what weakens, what costs.

A type that no table knows is judged by its operation alone: creation and change are routine, deletion and replacement
disruptive.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

INSTANCE = "aws:rds/instance:Instance"
REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
MEMORYDB = "aws:memorydb/cluster:Cluster"
ECS_SERVICE = "aws:ecs/service:Service"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BUCKET = "aws:s3/bucket:Bucket"
KEY = "aws:kms/key:Key"
VAULT = "aws:backup/vault:Vault"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
STACK = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stateful:
    """What is lost with a resource, and the properties that protect it, where its type has them.

    `final_snapshot` holds the last snapshot's name: without it there is none.
    """

    holds: str
    deletion_protection: str | None = None
    skip_final_snapshot: str | None = None
    final_snapshot: str | None = None
    recovery_days: str | None = None


# `HOLD_DATA` in policies/rules/tags.py is a second table on purpose. Report and pack judge the same programs
# independently: the oracle does not import what it judges. tests/unit/test_data_types.py compares the two.
STATEFUL: Mapping[str, Stateful] = {
    INSTANCE: Stateful(
        holds="a database",
        deletion_protection="deletionProtection",
        skip_final_snapshot="skipFinalSnapshot",
        final_snapshot="finalSnapshotIdentifier",
    ),
    "aws:rds/cluster:Cluster": Stateful(
        holds="databases",
        deletion_protection="deletionProtection",
        skip_final_snapshot="skipFinalSnapshot",
        final_snapshot="finalSnapshotIdentifier",
    ),
    REPLICATION_GROUP: Stateful(holds="a store", final_snapshot="finalSnapshotIdentifier"),
    MEMORYDB: Stateful(holds="a store", final_snapshot="finalSnapshotName"),
    BUCKET: Stateful(holds="objects"),
    KEY: Stateful(holds="the key to what it encrypts", recovery_days="deletionWindowInDays"),
    VAULT: Stateful(holds="recovery points"),
    SECRET: Stateful(holds="credentials", recovery_days="recoveryWindowInDays"),
    LOG_GROUP: Stateful(holds="logs"),
    "aws:dynamodb/table:Table": Stateful(holds="a table", deletion_protection="deletionProtectionEnabled"),
    "aws:efs/fileSystem:FileSystem": Stateful(holds="files"),
    "aws:ebs/volume:Volume": Stateful(holds="a volume", final_snapshot="finalSnapshot"),
    "aws:ecr/repository:Repository": Stateful(holds="images"),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": Stateful(
        holds="replicated backups"
    ),
    "aws:rds/snapshot:Snapshot": Stateful(holds="a snapshot"),
    "random:index/randomPassword:RandomPassword": Stateful(holds="a generated password"),
}

# Replaced as a matter of course, or without anybody noticing.
REPLACED_IN_PASSING = frozenset({
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:appautoscaling/policy:Policy",
    "random:index/randomId:RandomId",
    "random:index/randomString:RandomString",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What a change of a property does. `deferrable`: without `applyImmediately` it waits for the maintenance window.

    None: somebody has to do something first.
    """

    says: str
    deferrable: bool | None = True


# RDS User Guide, "Settings for DB instances" (downtime notes), "Upgrading the PostgreSQL DB engine", "Working with
# storage"; ElastiCache user guide, "Modifying a cluster" and "Scaling"; MemoryDB guide, "Scaling"; ECS guide,
# "Rolling updates".
DISRUPTIVE: Mapping[tuple[str, str], Effect] = {
    (INSTANCE, "instanceClass"): Effect(says="restarts the instance; with Multi-AZ it fails over, else it is down meanwhile"),
    (INSTANCE, "engineVersion"): Effect(says="restarts the instance on another engine version"),
    (INSTANCE, "port"): Effect(says="restarts the instance, and clients must use the new port", deferrable=False),
    (INSTANCE, "identifier"): Effect(says="restarts the instance, and its address changes"),
    (INSTANCE, "parameterGroupName"): Effect(says="needs a reboot before the group is in force", deferrable=None),
    (INSTANCE, "caCertIdentifier"): Effect(says="may restart the instance; clients must trust the new authority"),
    (INSTANCE, "dbSubnetGroupName"): Effect(says="moves the instance to another network, with an interruption"),
    (INSTANCE, "storageType"): Effect(says="may interrupt, and slows storage down while it is optimised"),
    (INSTANCE, "networkType"): Effect(says="restarts the instance"),
    (REPLICATION_GROUP, "nodeType"): Effect(says="replaces node by node and fails over; connections are cut"),
    (REPLICATION_GROUP, "engineVersion"): Effect(says="upgrades node by node and fails over; connections are cut"),
    (REPLICATION_GROUP, "parameterGroupName"): Effect(says="may need a reboot of the nodes", deferrable=None),
    (REPLICATION_GROUP, "numNodeGroups"): Effect(says="moves slots between shards while serving", deferrable=False),
    (REPLICATION_GROUP, "clusterMode"): Effect(says="clients must speak the other protocol", deferrable=False),
    (MEMORYDB, "nodeType"): Effect(says="replaces node by node and fails over; connections are cut", deferrable=False),
    (MEMORYDB, "engineVersion"): Effect(says="upgrades node by node and fails over", deferrable=False),
    (MEMORYDB, "numShards"): Effect(says="moves slots between shards while serving", deferrable=False),
    (ECS_SERVICE, "taskDefinition"): Effect(says="starts new tasks and drains the old ones", deferrable=False),
    (ECS_SERVICE, "networkConfiguration"): Effect(says="starts new tasks and drains the old ones", deferrable=False),
    (ECS_SERVICE, "loadBalancers"): Effect(says="starts new tasks behind another target group", deferrable=False),
}  # fmt: skip

# RDS User Guide, "How to perform a major version upgrade for RDS for PostgreSQL": the instance is down while it runs,
# and can only be restored to what it was before.
MAJOR_UPGRADE = "upgrades to another major version: down while it runs, and the only way back is a restore"

# What stands by when something fails: losing it interrupts nothing today.
STANDBYS: Mapping[tuple[str, str], str] = {
    (INSTANCE, "multiAz"): "the standby",
    (REPLICATION_GROUP, "multiAzEnabled"): "the spread over zones",
    (REPLICATION_GROUP, "automaticFailoverEnabled"): "automatic failover",
}

# What lets go of a protection when it becomes this.
OPENED: Mapping[str, tuple[Any, str]] = {
    "publiclyAccessible": (True, "reachable from the internet"),
    "storageEncrypted": (False, "no longer encrypted"),
    "atRestEncryptionEnabled": (False, "no longer encrypted at rest"),
    "transitEncryptionEnabled": (False, "TLS no longer required"),
    "tlsEnabled": (False, "TLS no longer required"),
    "iamDatabaseAuthenticationEnabled": (False, "no login by IAM any more"),
    "enableKeyRotation": (False, "the key no longer rotates"),
    "blockPublicAcls": (False, "public access no longer blocked"),
    "blockPublicPolicy": (False, "public access no longer blocked"),
    "ignorePublicAcls": (False, "public access no longer blocked"),
    "restrictPublicBuckets": (False, "public access no longer blocked"),
    "readonlyRootFilesystem": (False, "the task may write to its root file system"),
    "assignPublicIp": (True, "tasks get public addresses"),
}
# Properties that say under which key something is encrypted end so.
KEY_PROPERTY_ENDINGS = ("kmsKeyId", "KmsKeyId", "kmsKeyArn", "KmsKeyArn", "kmsMasterKeyId")
# Parameters of parameter groups that require TLS or record who did what; off means opened.
PROTECTING_PARAMETERS = frozenset(
    {"rds.force_ssl", "log_connections", "log_disconnections", "password_encryption"}
)

# Properties that hold an IAM policy document.
POLICY_DOCUMENTS = frozenset({"policy", "assumeRolePolicy", "inlinePolicy", "accessPolicy", "resourcePolicy"})
# Types that grant something to a subject named by one of their properties: a new one widens what exists.
GRANTS: Mapping[str, str] = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role",
    "aws:iam/rolePolicy:RolePolicy": "role",
    "aws:iam/userPolicy:UserPolicy": "user",
    "aws:lambda/permission:Permission": "function",
    "aws:kms/grant:Grant": "keyId",
    INGRESS_RULE: "securityGroupId",
}
WORLD = frozenset({"0.0.0.0/0", "::/0"})

# A smaller number, or a switch that becomes this, leaves less to go back to.
RETENTIONS = frozenset({
    "backupRetentionPeriod", "snapshotRetentionLimit", "retentionInDays", "recoveryWindowInDays", "deletionWindowInDays",
    "deleteAfter", "days", "minRetentionDays", "maxRetentionDays", "noncurrentDays", "retentionPeriod", "performanceInsightsRetentionPeriod",
})  # fmt: skip
WEAKENED: Mapping[str, tuple[Any, str]] = {
    "skipFinalSnapshot": (True, "no final snapshot on deletion"),
    "deletionProtection": (False, "no deletion protection"),
    "deletionProtectionEnabled": (False, "no deletion protection"),
    "deleteAutomatedBackups": (True, "automated backups go with the instance"),
    "forceDestroy": (True, "deletion no longer stops at what it holds"),
    "copyTagsToSnapshot": (False, "snapshots lose their tags, and with them what selects them"),
}
# Types whose deletion leaves less to go back to, without being what is backed up.
BACKUP_TYPES = frozenset({
    "aws:backup/plan:Plan", "aws:backup/selection:Selection", "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    "aws:backup/restoreTestingPlan:RestoreTestingPlan", "aws:backup/restoreTestingSelection:RestoreTestingSelection",
})  # fmt: skip

# AWS bills by these; more of them costs more.
COST_PROPERTIES: Mapping[str, frozenset[str]] = {
    INSTANCE: frozenset({"instanceClass", "allocatedStorage", "maxAllocatedStorage", "iops", "storageThroughput", "storageType", "multiAz", "performanceInsightsRetentionPeriod", "monitoringInterval"}),
    REPLICATION_GROUP: frozenset({"nodeType", "numCacheClusters", "numNodeGroups", "replicasPerNodeGroup"}),
    MEMORYDB: frozenset({"nodeType", "numShards", "numReplicasPerShard"}),
    ECS_SERVICE: frozenset({"desiredCount"}),
    "aws:ecs/taskDefinition:TaskDefinition": frozenset({"cpu", "memory"}),
    "aws:appautoscaling/target:Target": frozenset({"minCapacity", "maxCapacity"}),
}  # fmt: skip
# AWS bills these by the hour, and by more than a dollar a month (keys and secrets cost less).
BILLED = frozenset({
    INSTANCE, REPLICATION_GROUP, MEMORYDB, ECS_SERVICE,
    VPC_ENDPOINT, "aws:ec2/natGateway:NatGateway", "aws:lb/loadBalancer:LoadBalancer",
    "aws:ec2/instance:Instance", "aws:rds/cluster:Cluster",
})  # fmt: skip

# Follows from other properties or from the provider's version.
NOISE_PROPERTIES = frozenset({"tagsAll"})
