"""The typed configuration, without an engine.

Proves that both committed files load, and that each mistake is reported once, with its key path, the value and what is
allowed. Does not prove that the engine shows it before any resource is registered; tests/sandbox does.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from infra.config import reading
from infra.config.network import ExistingNetwork
from infra.config.reading import load_file
from infra.config.stack import ConfigError, StackConfig
from tests.harness.platform import EXISTING_NETWORK, STACKS, changed, committed, stack_file


@pytest.mark.parametrize("stack", STACKS)
def test_committed_stack_files_load(stack: str) -> None:
    config = load_file(stack_file(stack))
    assert config.stack == stack
    assert config.environment == stack


def test_windows_are_local_time_and_become_utc() -> None:
    config = load_file(stack_file("prod"))
    assert str(config.postgres.backup_window.to_utc(config.time_zone)) == "08:00-09:00"


def test_an_existing_vpc_is_told_from_a_new_one_by_its_id() -> None:
    config = changed("dev", "network.primary", EXISTING_NETWORK)
    assert isinstance(config.network.primary, ExistingNetwork)


# stack, key path changed, its new value, key path reported, what the message must say beside it
MISTAKES: list[tuple[str, str, Any, str, str]] = [
    ("dev", "postgress", {}, "postgress", "unknown key"),
    ("dev", "postgres.instance_klass", "db.t4g.medium", "postgres.instance_klass", "unknown key"),
    ("dev", "postgres.multi_az", "yes", "postgres.multi_az", "'yes' is not allowed; input should be a valid boolean"),
    ("dev", "postgres.port", "5433", "postgres.port", "'5433' is not allowed; input should be a valid integer"),
    ("prod", "postgres.backup_retention_days", 36, "postgres.backup_retention_days", "36 is not allowed; .* less than or equal to 35"),
    ("prod", "postgres.backup_retention_days", 0, "postgres.backup_retention_days", "0 is not allowed; .* greater than or equal to 1"),
    ("dev", "postgres.maintenance_window", "sun:03:30-sun:04:30", "postgres.backup_window", "'03:00-04:00' overlaps postgres.maintenance_window 'sun:03:30-sun:04:30'"),
    ("dev", "postgres.backup_window", "03:00-03:20", "postgres.backup_window", "03:00-03:20.* 30 min"),
    ("dev", "postgres.backup_window", "3am", "postgres.backup_window", "'3am' is not of the form hh:mm-hh:mm"),
    ("dev", "time_zone", "EDT5", "time_zone", "EDT5"),
    ("dev", "postgres.storage.max_allocated_storage_gib", 54, "postgres.storage.max_allocated_storage_gib", "54 is out of range: give 55 to 65536"),
    ("dev", "postgres.storage.iops", 6000, "postgres.storage.iops", "6000 cannot be set: .* under 400 GiB"),
    ("dev", "postgres.instance_class", "db.m7g.largee", "postgres.instance_class", "'db.m7g.largee' is not known: did you mean db.m7g.large"),
    ("dev", "postgres.parameter_group_family", "postgres16", "postgres.parameter_group_family", "'postgres16' does not fit engine version '17': use 'postgres17'"),
    ("dev", "postgres.engine_version", "16", "postgres.engine_version", "'16' is not supported: .*17"),
    ("dev", "postgres.engine_version", "17.6", "postgres.engine_version", "'17.6' is not allowed; .* pattern"),
    ("dev", "postgres.parameters", {"log_min_duration_statement": -2}, "postgres.parameters.log_min_duration_statement", "-2"),
    ("dev", "postgres.parameters", {"maintenance_work_mem": "5min"}, "postgres.parameters.maintenance_work_mem", "5min"),
    ("dev", "postgres.parameters", {"wal_compresion": "lz4"}, "postgres.parameters.wal_compresion", "wal_compression"),
    ("dev", "network.primary.cidr", "10.40.0.0/26", "network.primary.cidr", "10.40.0.0/26.*/23"),
    ("dev", "network.primary.cidr", "8.8.0.0/16", "network.primary.cidr", "8.8.0.0/16"),
    ("dev", "network.dr.cidr", "10.40.16.0/20", "network.dr.cidr", "10.40.0.0/16"),
    ("dev", "network.dr.availability_zones", ["us-west-2a", "us-east-1b"], "network.dr.availability_zones", "'us-east-1b' is not in region us-west-2"),
    ("dev", "network.dr.availability_zones", ["us-west-2a", "us-west-2a"], "network.dr.availability_zones", "names a zone twice"),
    ("prod", "durability", "disposable", "durability", "'disposable' switches the final snapshot .* off; prod takes 'retain' only"),
    ("dev", "postgres.clients", {"cidrs": ["0.0.0.0/0"]}, "postgres.clients.cidrs.0", "'0.0.0.0/0' is open to the internet; clients must be within 10.0.0.0/8"),
    ("dev", "postgres.clients", {"cidrs": ["128.0.0.0/1"]}, "postgres.clients.cidrs.0", "'128.0.0.0/1' is open to the internet"),
    ("dev", "postgres.clients", {"cidrs": ["10.0.0.1/8"]}, "postgres.clients.cidrs.0", "'10.0.0.1/8' is not an IPv4 range"),
    ("dev", "postgres.port", 5432, "postgres.port", "5432 is the port that scanners try"),
    ("dev", "postgres.admin_username", "postgres", "postgres.admin_username", "'postgres' is easily guessed"),
    ("dev", "postgres.monitoring.performance_insights_retention_days", 8, "postgres.monitoring.performance_insights_retention_days", "8 is not allowed; take 7"),
    ("dev", "logs.retention_days", 31, "logs.retention_days", "31 is not allowed; input should be 1, 3, 5"),
    ("dev", "secrets.recovery_window_days", 0, "secrets.recovery_window_days", "0 is not allowed; .* greater than or equal to 7"),
    ("dev", "account_id", "12345", "account_id", "'12345' is not allowed; .* pattern"),
    ("dev", "postgres.restore", {}, "postgres.restore", "names 0 sources; give exactly one of"),
    ("dev", "postgres.restore", {"snapshot_identifier": "a", "restore_time": "2026-11-01T00:00:00Z"}, "postgres.restore.restore_time", "does not go with snapshot_identifier"),
    ("dev", "postgres.restore", {"source_db_instance_identifier": "a", "restore_time": "2026-11-01T00:00:00"}, "postgres.restore.restore_time", "timezone"),
    ("dev", "postgres.restore", {"snapshot_identifier": ""}, "postgres.restore.snapshot_identifier", "'' is not allowed"),
    ("dev", "postgres.restore", {"source_automated_backups_arn": "arn:aws:rds:us-west-2:111111111111:auto-backup:ab-1"}, "postgres.restore.source_automated_backups_arn", "is not in us-east-1"),
    ("dev", "postgres.backup_window", 300, "postgres.backup_window", "300 is not text"),
    ("dev", "postgres.maintenance_window", None, "postgres.maintenance_window", "None is not text"),
    ("dev", "postgres.parameters", {"work_mem": None}, "postgres.parameters.work_mem", "None is not a number"),
    ("dev", "postgres.storage.allocated_storage_gib", 0, "postgres.storage.allocated_storage_gib", "0 is out of range: give 20 to"),
    ("dev", "postgres", "on", "postgres", "a plain value is not allowed; it holds keys of its own"),
    ("dev", "postgres.database_name", "select", "postgres.database_name", "'select' is a word of SQL"),
    ("dev", "postgres.database_name", "_x", "postgres.database_name", "'_x' is not allowed"),
    ("dev", "postgres.admin_username", "a" * 17, "postgres.admin_username", "is not allowed"),
    ("dev", "postgres.clients", {"cidrs": ["10.60.0.0/16", "10.60.0.0/16"]}, "postgres.clients.cidrs", "names a client twice"),
    ("dev", "network.interface_endpoints", ["kms", "kms"], "network.interface_endpoints", "names a service twice"),
    ("dev", "network.interface_endpoints", ["s3"], "network.interface_endpoints", "'s3' has a gateway endpoint already"),
    ("prod", "environment", "dev", "environment", "'dev' is not what stack prod is for"),
    ("dev", "regions.dr", "us-east-1", "regions.dr", "'us-east-1' is the primary region too"),
    ("dev", "regions.dr", "us-gov-west-1", "regions.dr", "'us-gov-west-1' is not allowed"),
    ("dev", "postgres.ca_certificate_identifier", "rds-ca-2019", "postgres.ca_certificate_identifier", "'rds-ca-2019' is not allowed; .*rds-ca-rsa2048-g1"),
    ("prod", "postgres.replicas.0.region", "eu-west-1", "postgres.replicas.0.region", "'eu-west-1' has no network; take us-east-1 or us-west-2"),
    ("prod", "postgres.replicas.1.name", "b", "postgres.replicas", "names a replica twice"),
    ("prod", "postgres.replicas.1.availability_zone", "us-east-1b", "postgres.replicas", "two replicas into one availability zone"),
    ("prod", "postgres.replicas.0.availability_zone", "us-west-2a", "postgres.replicas.0.availability_zone", "'us-west-2a' is not in region us-east-1"),
    ("prod", "postgres.replicas.0.availability_zone", "us-east-1d", "postgres.replicas.0.availability_zone", "'us-east-1d' has no subnet; the network's zones are us-east-1a"),
    ("prod", "postgres.replicas.0.availability_zone", None, "postgres.replicas.0.availability_zone", "is missing; name the zone"),
    ("prod", "postgres.replicas.2.availability_zone", "us-west-2a", "postgres.replicas.2.availability_zone", "'us-west-2a' does not go with multi_az"),
    ("prod", "postgres.replicas.0.name", "B", "postgres.replicas.0.name", "'B' is not allowed; .* pattern"),
    ("prod", "postgres.replicas.0.instance_class", "db.r7g.large", "postgres.replicas.0.parameters.max_connections", "would be 1802 on db.r7g.large, .*3604"),
    ("prod", "postgres.replicas.0.instance_class", "db.r7g.huge", "postgres.replicas.0.instance_class", "'db.r7g.huge' is not known"),
    ("prod", "postgres.replicas.0.parameters", {"max_wal_senders": 5}, "postgres.replicas.0.parameters.max_wal_senders", "set it on both"),
    ("prod", "postgres.replicas.0.max_allocated_storage_gib", 439, "postgres.replicas.0.max_allocated_storage_gib", "439 is out of range: give 440"),
    ("prod", "network", {"primary": {"cidr": "10.20.0.0/16", "availability_zones": ["us-east-1a", "us-east-1b", "us-east-1c"]}, "interface_endpoints": []}, "network.dr", "is missing"),
    ("prod", "dr.role", "master", "dr.role", "'master' is not allowed; .*'replica' or 'primary'"),
    ("prod", "dr.replica", "b", "dr.replica", "'b' is not a replica in us-west-2; those are: west"),
    ("dev", "dr", {"role": "primary"}, "dr.replica", "is missing; name the replica in us-west-2"),
    ("prod", "dr.backup_retention_days", 30, "dr.backup_retention_days", "30 is for after the promotion"),
    ("prod", "dr", {"role": "primary", "replica": "west", "backup_retention_days": 29}, "dr.backup_retention_days", "29 is not enough; prod keeps 30 to 35 days"),
    ("prod", "postgres.replicas.1.maintenance_window", "mon:05:30-mon:06:30", "postgres.replicas.1.maintenance_window", "overlaps that of replica 'b'"),
    ("prod", "postgres.replicas.2.maintenance_window", "tue:03:30-tue:04:30", "postgres.replicas.2.maintenance_window", "overlaps postgres.backup_window"),
    ("prod", "postgres.replicas.2.clients", {"cidrs": ["8.8.8.0/24"]}, "postgres.replicas.2.clients.cidrs.0", "open to the internet"),
    ("prod", "backups.daily.copy_retention_days", 29, "backups.daily.copy_retention_days", "29 is not enough; prod keeps every copy in the DR region for at least 30 days"),
    ("prod", "backups.automated_backups_replication", None, "backups.automated_backups_replication.retention_days", "is missing; prod keeps every copy"),
    ("prod", "backups.lock.min_retention_days", 36, "backups.lock.min_retention_days", "36 is above backups.daily.retention_days 35"),
    ("prod", "backups.exports.object_lock_days", 91, "backups.exports.object_lock_days", "91 is above backups.exports.retention_days 90"),
    ("prod", "backups.daily.start", "02:30", "backups.daily.start", "in RDS's backup window 08:00-09:00 UTC"),
    ("dev", "pgbouncer.image_digest", "latest", "pgbouncer.image_digest", "'latest' is not allowed; .* pattern"),
    ("dev", "pgbouncer.min_tasks", 1, "pgbouncer.min_tasks", "1 is not allowed; .* greater than or equal to 2"),
    ("prod", "pgbouncer.max_tasks", 51, "pgbouncer.max_tasks", "51 is not allowed; .* less than or equal to 50"),
    ("prod", "pgbouncer.server_connections", 10, "pgbouncer.max_tasks", "15 tasks at the peak .* cannot share 10 connections"),
    ("dev", "pgbouncer.min_tasks", 4, "pgbouncer.max_tasks", "3 is less than pgbouncer.min_tasks 4"),
    ("dev", "pgbouncer.direct_connections", 5000, "pgbouncer.max_tasks", "cannot share 0 connections"),
    ("dev", "pgbouncer.memory_mib", 256, "pgbouncer.memory_mib", "256 does not go with 256 CPU units; Fargate has 512, 1024, 2048"),
    ("dev", "pgbouncer.cpu_units", 2048, "pgbouncer.cpu_units", "2048 is not allowed; input should be 256, 512 or 1024"),
    ("dev", "pgbouncer.username", "App", "pgbouncer.username", "'App' is not allowed; .* pattern"),
    ("dev", "pgbouncer.client_connections", 70000, "pgbouncer.client_connections", "70000 is not allowed"),
    ("dev", "pgbouncer.clients", {"cidrs": ["0.0.0.0/0"]}, "pgbouncer.clients.cidrs.0", "'0.0.0.0/0' is open to the internet"),
    ("dev", "dns.zone_name", "reptidex", "dns.zone_name", "'reptidex' is not allowed; .* pattern"),
    ("dev", "cache.replicas_per_shard", 0, "cache.replicas_per_shard", "0 leaves one node, and nobody to fail over to"),
    ("prod", "sessions.replicas_per_shard", 0, "sessions.replicas_per_shard", "0 leaves one node"),
    ("prod", "cache.snapshot_retention_days", 0, "cache.snapshot_retention_days", "0 switches snapshots off; prod takes 1 to 35"),
    ("dev", "cache.snapshot_retention_days", 36, "cache.snapshot_retention_days", "36 is not allowed; .* 35"),
    ("dev", "cache.users", [], "cache.users", "is empty: authentication cannot be switched off"),
    ("dev", "cache.auth_enabled", False, "cache.auth_enabled", "unknown key"),
    ("dev", "cache.parameters", {"maxmemory-sample": 5}, "cache.parameters.maxmemory-sample", "is not known: did you mean maxmemory-samples"),
    ("dev", "cache.parameters", {"appendonly": True}, "cache.parameters.appendonly", "'appendonly' is not known"),
    ("dev", "cache.parameters", {"lazyfree-lazy-expire": True}, "cache.parameters.lazyfree-lazy-expire", "does not exist in family valkey8"),
    ("dev", "cache.parameters", {"maxmemory-samples": 0}, "cache.parameters.maxmemory-samples", "0 is out of range: give 1 to 64"),
    ("dev", "cache.parameters", {"maxmemory-policy": "noeviction"}, "cache.parameters.maxmemory-policy", "cannot be set here"),
    ("dev", "cache.parameter_group_family", "redis7", "cache.parameter_group_family", "'redis7' does not fit valkey 8.1: use 'valkey8'"),
    ("dev", "cache.engine_version", "6.2", "cache.engine_version", "valkey '6.2' is not supported on ElastiCache: .*8.1"),
    ("prod", "sessions.engine_version", "8.1", "sessions.engine_version", "valkey '8.1' is not supported on MemoryDB: .*7.3"),
    ("dev", "cache.engine", "memcached", "cache.engine", "'memcached' is not allowed; .*'valkey' or 'redis'"),
    ("dev", "cache.node_type", "cache.t4g.smal", "cache.node_type", "did you mean cache.t4g.small"),
    ("prod", "sessions.node_type", "cache.r7g.large", "sessions.node_type", "is not one of memorydb's: did you mean db"),
    ("dev", "cache.automatic_failover", False, "cache.automatic_failover", "false does not go with cluster_mode"),
    ("prod", "sessions.automatic_failover", False, "sessions.automatic_failover", "false is not for MemoryDB"),
    ("prod", "sessions.cluster_mode", False, "sessions.cluster_mode", "false is not for MemoryDB"),
    ("prod", "sessions.durability", "disk", "sessions.durability", "'disk' is not allowed; .*'memorydb' or 'elasticache'"),
    ("dev", "cache.snapshot_window", "03:00-03:30", "cache.snapshot_window", "is 30 minutes long; AWS takes no less than 60"),
    ("dev", "cache.maintenance_window", "sun:05:00-sun:05:30", "cache.maintenance_window", "is 30 minutes long"),
    ("dev", "sessions.maintenance_window", "sun:03:30-sun:04:30", "sessions.snapshot_window", "overlaps sessions.maintenance_window"),
    ("dev", "cache.users.0.keys", ["*"], "cache.users.0.keys.0", "is not allowed; .* pattern"),
    ("dev", "cache.users.0.keys", [], "cache.users.0.keys", "is missing; a read-write user needs at least one pattern"),
    ("dev", "cache.users.2.keys", ["cache:*"], "cache.users.2.keys", "is not for a messaging user"),
    ("dev", "cache.users.1.name", "query-cache", "cache.users", "names a user twice"),
    ("dev", "cache.users.1.name", "default", "cache.users.1.name", "'default' is who does not log in"),
    ("dev", "cache.users.1.role", "admin", "cache.users.1.role", "'admin' is not allowed; .*'read-write', 'counter'"),
    ("dev", "cache.clients", {"cidrs": ["0.0.0.0/0"]}, "cache.clients.cidrs.0", "'0.0.0.0/0' is open to the internet"),
    ("dev", "cache.scaling", {"max_shards": 3, "max_replicas_per_shard": 2, "target_cpu_percent": 60}, "cache.scaling", "is not for cache.t4g.micro"),
    ("prod", "cache.scaling.max_shards", 1, "cache.scaling.max_shards", "1 is less than the 2 to begin with"),
    ("prod", "cache.scaling.target_cpu_percent", 80, "cache.scaling.target_cpu_percent", "80 is not allowed; .* 70"),
    ("prod", "sessions.scaling", {"max_shards": 3, "max_replicas_per_shard": 2, "target_cpu_percent": 60}, "sessions.scaling", "is not for db.r7g.large"),
    ("dev", "cache.shards", 0, "cache.shards", "0 is not allowed"),
    ("dev", "scaling.mode", "on", "scaling.mode", "'on' is not allowed; .*'off', 'dry-run', 'approve' or 'act'"),
    ("prod", "scaling.cooldown_minutes", 29, "scaling.cooldown_minutes", "29 is not allowed; .* 30"),
    ("prod", "scaling.approval_minutes", 10, "scaling.approval_minutes", "10 is not allowed; .* 15"),
    ("prod", "scaling.max_instance_class", "db.r7g.large", "scaling.max_instance_class", "'db.r7g.large' is not among db.r7g.xlarge and the larger sizes of its family: db.r7g.xlarge, db.r7g.2xlarge"),
    ("prod", "scaling.max_instance_class", "db.m7g.2xlarge", "scaling.max_instance_class", "'db.m7g.2xlarge' is not among db.r7g.xlarge"),
    ("prod", "scaling.max_instance_class", "db.r7g.huge", "scaling.max_instance_class", "'db.r7g.huge' is not known"),
    ("prod", "postgres.replicas.0.parameters", {"max_connections": 4000}, "scaling.max_instance_class", "replica 'b': max_connections would be 4000 on db.r7g.xlarge, .* has up to 5000"),
    ("dev", "scaling.max_iops", 6000, "scaling.max_iops", "6000 cannot be set: .* under 400 GiB"),
    ("prod", "scaling.max_iops", 70000, "scaling.max_iops", "70000 is out of range: give 12000 to 64000 IOPS"),
    ("prod", "scaling.max_throughput_mib_per_s", 8000, "scaling.max_throughput_mib_per_s", "8000 is out of range"),
    ("prod", "postgres.storage.iops", 30000, "scaling.max_iops", "24000 is less than the declared 30000"),
    ("prod", "scaling.max_node_type", "cache.r7g.4xlarge", "scaling.max_node_type", "'cache.r7g.4xlarge' does not go with cache.scaling"),
    ("prod", "scaling.max_node_type", "cache.r6g.xlarge", "scaling.max_node_type", "'cache.r6g.xlarge' is not among cache.r7g.large and the larger sizes of its family"),
    ("dev", "scaling.max_node_type", "db.r7g.large", "scaling.max_node_type", "is not one of elasticache's"),
]  # fmt: skip


@pytest.mark.parametrize(("stack", "path", "value", "reported", "said"), MISTAKES, ids=lambda v: str(v)[:40])
def test_a_mistake_gives_one_clear_error(stack: str, path: str, value: Any, reported: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        changed(stack, path, value)
    headline, *problems = str(raised.value).splitlines()
    assert headline == f"the configuration of stack {stack} cannot be used"
    [problem] = problems
    assert problem.startswith(f"  {reported}: ")
    assert re.search(said, problem), problem


def test_a_missing_key_is_named() -> None:
    values = committed("dev")
    del values["postgres"]["instance_class"]
    with pytest.raises(ConfigError, match=r"postgres\.instance_class: is missing"):
        StackConfig.parse("dev", values)


@pytest.mark.parametrize("text", ["", "config: [", "just text"])
def test_a_file_that_is_no_configuration_gives_an_error_and_no_trace(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        load_file(file)


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "with space in it", "with/slash", "with@at", 'with"quote', "umläuteäöü"]
)
def test_a_password_that_rds_refuses_is_refused_here(password: str) -> None:
    assert not reading._is_acceptable(password)
    assert reading._is_acceptable("Good-Enough_1!")


def test_several_mistakes_are_reported_together() -> None:
    values = committed("dev")
    values["postgres"]["port"] = 80
    values["postgres"]["backup_retention_days"] = 99
    with pytest.raises(ConfigError) as raised:
        StackConfig.parse("dev", values)
    assert len(str(raised.value).splitlines()) == 3


def test_a_password_in_the_wrong_place_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError) as raised:
        changed("dev", "postgres.password", "canary-in-the-wrong-place")
    assert "postgres.password" in str(raised.value)
    assert "canary" not in str(raised.value)
