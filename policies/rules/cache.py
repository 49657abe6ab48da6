"""Redis and Valkey: replication groups of ElastiCache, clusters of MemoryDB, and their users."""

from policies import must
from policies.resources import Resource
from policies.rule import Findings, Level, Setting, Settings, Severity, Violation, resource_rule
from policies.values import between, is_filled_list, is_text

REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
MEMORYDB_CLUSTER = "aws:memorydb/cluster:Cluster"
ELASTICACHE_USER = "aws:elasticache/user:User"
MEMORYDB_USER = "aws:memorydb/user:User"
STORES = (REPLICATION_GROUP, MEMORYDB_CLUSTER)
# Both services keep automatic snapshots for no longer (ElastiCache and MemoryDB user guides, "Automatic snapshots").
LONGEST_SNAPSHOT_RETENTION_DAYS = 35
SNAPSHOT_DAYS = {"minimumDays": Setting.days(prod=30, dev=7, of="how long snapshots are kept at least")}


@resource_rule("stores-keep-snapshots-long-enough", Severity.HIGH, on=STORES, settings=SNAPSHOT_DAYS)
def _snapshots(store: Resource, settings: Settings) -> Findings:
    """A store's daily snapshots reach back far enough to notice a mistake and undo it.

    Remedy: set snapshotRetentionLimit
    Controls: FSBP ElastiCache.1
    """
    yield from must.be_days_between(
        store.at("snapshotRetentionLimit"),
        settings["minimumDays"],
        LONGEST_SNAPSHOT_RETENTION_DAYS,
        unset=0,
        note=", and said so: the default is none",
    )


@resource_rule("stores-leave-a-final-snapshot", Severity.HIGH, on=STORES, dev=Level.OFF)
def _final_snapshot(store: Resource, _: Settings) -> Findings:
    """A store that is deleted leaves a snapshot.

    Remedy: set finalSnapshotIdentifier (MemoryDB: finalSnapshotName) to a name that stays the same
    """
    name = "finalSnapshotIdentifier" if store.type == REPLICATION_GROUP else "finalSnapshotName"
    yield from must.name(store.at(name), "the snapshot")


@resource_rule("stores-survive-the-loss-of-a-zone", Severity.HIGH, on=STORES, dev=Level.OFF)
def _failover(store: Resource, _: Settings) -> Findings:
    """A store has a replica in another zone, which takes over by itself.

    Remedy: set automaticFailoverEnabled, multiAzEnabled and at least one replica for each shard
    Controls: FSBP ElastiCache.3, CKV2_AWS_50
    """
    if store.type == MEMORYDB_CLUSTER:
        yield from must.satisfy(
            store.at("numReplicasPerShard"), between(1, unset=1), "must leave each shard a replica"
        )
        return
    yield from must.be_true(store.at("automaticFailoverEnabled"))
    yield from must.be_true(store.at("multiAzEnabled"))
    if store.at("numCacheClusters").is_set:
        yield from must.satisfy(store.at("numCacheClusters"), between(2), "must be at least two nodes")
    else:
        yield from must.satisfy(
            store.at("replicasPerNodeGroup"), between(1), "must leave each shard a replica"
        )


@resource_rule("stores-are-encrypted-with-an-own-key", Severity.HIGH, on=STORES)
def _encryption_at_rest(store: Resource, _: Settings) -> Findings:
    """A store's disks and snapshots are encrypted with a key that its owner controls.

    Remedy: set atRestEncryptionEnabled and kmsKeyId (MemoryDB: kmsKeyArn)
    Controls: FSBP ElastiCache.4, CKV_AWS_29, CKV_AWS_191
    """
    if store.type == MEMORYDB_CLUSTER:
        yield from must.name_own_key(store.at("kmsKeyArn"))
        return
    yield from must.be_true(store.at("atRestEncryptionEnabled"))
    yield from must.name_own_key(store.at("kmsKeyId"))


@resource_rule("stores-speak-tls-only", Severity.HIGH, on=STORES)
def _encryption_in_transit(store: Resource, _: Settings) -> Findings:
    """A store refuses connections without TLS.

    Remedy: set transitEncryptionEnabled to true and transitEncryptionMode to required
    Controls: FSBP ElastiCache.5, CKV_AWS_30
    """
    if store.type == MEMORYDB_CLUSTER:
        yield from must.not_be_false(store.at("tlsEnabled"))
        return
    yield from must.be_true(store.at("transitEncryptionEnabled"))
    yield from must.be_unset_or(store.at("transitEncryptionMode"), "required")


@resource_rule("stores-know-their-users", Severity.CRITICAL, on=STORES)
def _authentication(store: Resource, _: Settings) -> Findings:
    """Nobody uses a store without logging in.

    Remedy: set userGroupIds or authToken (MemoryDB: aclName)
    Controls: FSBP ElastiCache.6, CKV_AWS_31
    """
    if store.type == MEMORYDB_CLUSTER:
        yield from must.satisfy(
            store.at("aclName"),
            lambda value: is_text(value) and value != "open-access",
            "must be a list of users",
        )
    elif not store.at("authToken").is_set:
        yield from must.satisfy(store.at("userGroupIds"), is_filled_list, "must name a group of users")


@resource_rule("store-users-have-credentials", Severity.CRITICAL, on=(ELASTICACHE_USER, MEMORYDB_USER))
def _passwords(user: Resource, _: Settings) -> Findings:
    """No user of a store logs in without a password or a token.

    Remedy: set passwords or authenticationMode, and leave noPasswordRequired out
    Controls: FSBP ElastiCache.6
    """
    yield from must.not_be_true(user.at("noPasswordRequired"))
    mode = user.at("authenticationMode.type")
    yield from must.satisfy(
        mode,
        lambda value: value is None or (isinstance(value, str) and value != "no-password-required"),
        "must be password or iam",
    )
    if not mode.is_set and not user.at("passwords").is_set:
        yield Violation("neither `passwords` nor `authenticationMode` is set")


@resource_rule("stores-take-minor-upgrades", Severity.HIGH, on=STORES)
def _upgrades(store: Resource, _: Settings) -> Findings:
    """Security fixes arrive by themselves.

    Remedy: leave autoMinorVersionUpgrade out, or set it to true
    Controls: FSBP ElastiCache.2
    """
    yield from must.not_be_false(store.at("autoMinorVersionUpgrade"))


@resource_rule("stores-are-in-subnets-of-their-own", Severity.HIGH, on=STORES)
def _subnets(store: Resource, _: Settings) -> Findings:
    """A store stands in subnets that were made for it.

    Remedy: set subnetGroupName
    Controls: FSBP ElastiCache.7
    """
    yield from must.satisfy(
        store.at("subnetGroupName"),
        lambda value: is_text(value) and value != "default",
        "must name a group of your own",
    )


RULES = (
    _snapshots,
    _final_snapshot,
    _failover,
    _encryption_at_rest,
    _encryption_in_transit,
    _authentication,
    _passwords,
    _upgrades,
    _subnets,
)
