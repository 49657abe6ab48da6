"""Redis and Valkey: replication groups of ElastiCache, clusters of MemoryDB, and their users."""

from collections.abc import Iterator

from policies.resources import Resource
from policies.rule import (
    Demand,
    Finding,
    Level,
    ResourceRule,
    Setting,
    Settings,
    Severity,
    Violation,
    between,
    check,
    demands,
    has,
    is_filled_list,
    is_not_off,
    is_off,
    is_on,
    is_text,
)

REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
MEMORYDB_CLUSTER = "aws:memorydb/cluster:Cluster"
ELASTICACHE_USER = "aws:elasticache/user:User"
MEMORYDB_USER = "aws:memorydb/user:User"
STORES = (REPLICATION_GROUP, MEMORYDB_CLUSTER)
# Both services keep automatic snapshots for no longer (ElastiCache and MemoryDB user guides, "Automatic snapshots").
LONGEST_SNAPSHOT_RETENTION_DAYS = 35


def _snapshots(store: Resource, settings: Settings) -> Iterator[Finding]:
    days = settings["minimumDays"]
    yield from check(
        store.at("snapshotRetentionLimit"),
        between(days, LONGEST_SNAPSHOT_RETENTION_DAYS, unset=0),
        f"must be {days} to {LONGEST_SNAPSHOT_RETENTION_DAYS} days, and said so: the default is none",
    )


def _final_snapshot(store: Resource, _: Settings) -> Iterator[Finding]:
    name = "finalSnapshotIdentifier" if store.type == REPLICATION_GROUP else "finalSnapshotName"
    yield from check(store.at(name), is_text, "must name the snapshot")


def _failover(store: Resource, _: Settings) -> Iterator[Finding]:
    if store.type == MEMORYDB_CLUSTER:
        yield from check(
            store.at("numReplicasPerShard"), between(1, unset=1), "must leave each shard a replica"
        )
        return
    yield from check(store.at("automaticFailoverEnabled"), is_on, "must be true")
    yield from check(store.at("multiAzEnabled"), is_on, "must be true")
    if has(store.at("numCacheClusters")):
        yield from check(store.at("numCacheClusters"), between(2), "must be at least two nodes")
    else:
        yield from check(store.at("replicasPerNodeGroup"), between(1), "must leave each shard a replica")


def _encryption_at_rest(store: Resource, _: Settings) -> Iterator[Finding]:
    if store.type == MEMORYDB_CLUSTER:
        yield from check(store.at("kmsKeyArn"), is_text, "must name a key of your own")
        return
    yield from check(store.at("atRestEncryptionEnabled"), is_on, "must be true")
    yield from check(store.at("kmsKeyId"), is_text, "must name a key of your own")


def _encryption_in_transit(store: Resource, _: Settings) -> Iterator[Finding]:
    if store.type == MEMORYDB_CLUSTER:
        yield from check(store.at("tlsEnabled"), is_not_off, "must not be false")
        return
    yield from check(store.at("transitEncryptionEnabled"), is_on, "must be true")
    yield from check(
        store.at("transitEncryptionMode"), lambda value: value in (None, "required"), "must be required"
    )


def _authentication(store: Resource, _: Settings) -> Iterator[Finding]:
    if store.type == MEMORYDB_CLUSTER:
        yield from check(
            store.at("aclName"),
            lambda value: is_text(value) and value != "open-access",
            "must be a list of users",
        )
    elif not has(store.at("authToken")):
        yield from check(store.at("userGroupIds"), is_filled_list, "must name a group of users")


def _passwords(user: Resource, _: Settings) -> Iterator[Finding]:
    without = user.at("noPasswordRequired")
    yield from check(without, is_off, "must not be true")
    mode = user.at("authenticationMode.type")
    yield from check(
        mode,
        lambda value: value is None or (isinstance(value, str) and value != "no-password-required"),
        "must be password or iam",
    )
    if not has(mode) and not has(user.at("passwords")):
        yield Violation("neither `passwords` nor `authenticationMode` is set")


RULES = (
    ResourceRule(
        id="stores-keep-snapshots-long-enough",
        description="A store's daily snapshots reach back far enough to notice a mistake and undo it.",
        severity=Severity.HIGH,
        controls=("FSBP ElastiCache.1",),
        remedy="set snapshotRetentionLimit",
        on=STORES,
        settings={"minimumDays": Setting.days(prod=30, dev=7, of="how long snapshots are kept at least")},
        judge=_snapshots,
    ),
    ResourceRule(
        id="stores-leave-a-final-snapshot",
        description="A store that is deleted leaves a snapshot.",
        severity=Severity.HIGH,
        remedy="set finalSnapshotIdentifier (MemoryDB: finalSnapshotName) to a name that stays the same",
        on=STORES,
        dev=Level.OFF,
        judge=_final_snapshot,
    ),
    ResourceRule(
        id="stores-survive-the-loss-of-a-zone",
        description="A store has a replica in another zone, which takes over by itself.",
        severity=Severity.HIGH,
        controls=("FSBP ElastiCache.3", "CKV2_AWS_50"),
        remedy="set automaticFailoverEnabled, multiAzEnabled and at least one replica for each shard",
        on=STORES,
        dev=Level.OFF,
        judge=_failover,
    ),
    ResourceRule(
        id="stores-are-encrypted-with-an-own-key",
        description="A store's disks and snapshots are encrypted with a key that its owner controls.",
        severity=Severity.HIGH,
        controls=("FSBP ElastiCache.4", "CKV_AWS_29", "CKV_AWS_191"),
        remedy="set atRestEncryptionEnabled and kmsKeyId (MemoryDB: kmsKeyArn)",
        on=STORES,
        judge=_encryption_at_rest,
    ),
    ResourceRule(
        id="stores-speak-tls-only",
        description="A store refuses connections without TLS.",
        severity=Severity.HIGH,
        controls=("FSBP ElastiCache.5", "CKV_AWS_30"),
        remedy="set transitEncryptionEnabled to true and transitEncryptionMode to required",
        on=STORES,
        judge=_encryption_in_transit,
    ),
    ResourceRule(
        id="stores-know-their-users",
        description="Nobody uses a store without logging in.",
        severity=Severity.CRITICAL,
        controls=("FSBP ElastiCache.6", "CKV_AWS_31"),
        remedy="set userGroupIds or authToken (MemoryDB: aclName)",
        on=STORES,
        judge=_authentication,
    ),
    ResourceRule(
        id="store-users-have-credentials",
        description="No user of a store logs in without a password or a token.",
        severity=Severity.CRITICAL,
        controls=("FSBP ElastiCache.6",),
        remedy="set passwords or authenticationMode, and leave noPasswordRequired out",
        on=(ELASTICACHE_USER, MEMORYDB_USER),
        judge=_passwords,
    ),
    ResourceRule(
        id="stores-take-minor-upgrades",
        description="Security fixes arrive by themselves.",
        severity=Severity.HIGH,
        controls=("FSBP ElastiCache.2",),
        remedy="leave autoMinorVersionUpgrade out, or set it to true",
        on=STORES,
        judge=demands(Demand("autoMinorVersionUpgrade", is_not_off, "must not be false")),
    ),
    ResourceRule(
        id="stores-are-in-subnets-of-their-own",
        description="A store stands in subnets that were made for it.",
        severity=Severity.HIGH,
        controls=("FSBP ElastiCache.7",),
        remedy="set subnetGroupName",
        on=STORES,
        judge=demands(
            Demand(
                "subnetGroupName",
                lambda value: is_text(value) and value != "default",
                "must name a group of your own",
            )
        ),
    ),
)
