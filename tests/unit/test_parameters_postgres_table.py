"""Proves the table of PostgreSQL's parameters against PostgreSQL 17's own catalogue.

The catalogue below was read from `pg_settings` of a running PostgreSQL 17.12. What RDS adds or narrows beyond
its user guide is not proved here; only RDS itself can do that.
"""

import csv

import pytest

from components.parameters.postgres_table import LIBRARY_BY_PREFIX, MANAGED_BY_RDS, PARAMETERS

# name, vartype, unit, context, min_val, max_val, enumvals
PG_SETTINGS = """\
password_encryption,enum,,user,,,md5 scram-sha-256
shared_preload_libraries,string,,postmaster,,,
cron.database_name,string,,postmaster,,,
pg_stat_statements.track,enum,,superuser,,,none top all
pg_stat_statements.max,integer,,postmaster,100,1073741823,
auto_explain.log_min_duration,integer,ms,superuser,-1,2147483647,
auto_explain.log_analyze,bool,,superuser,,,
auto_explain.log_timing,bool,,superuser,,,
auto_explain.log_buffers,bool,,superuser,,,
auto_explain.log_nested_statements,bool,,superuser,,,
auto_explain.log_format,enum,,superuser,,,text xml json yaml
auto_explain.sample_rate,real,,superuser,0,1,
log_min_duration_statement,integer,ms,superuser,-1,2147483647,
log_statement,enum,,superuser,,,none ddl mod all
log_connections,bool,,superuser-backend,,,
log_disconnections,bool,,superuser-backend,,,
log_lock_waits,bool,,superuser,,,
log_temp_files,integer,kB,superuser,-1,2147483647,
log_autovacuum_min_duration,integer,ms,sighup,-1,2147483647,
track_io_timing,bool,,superuser,,,
idle_session_timeout,integer,ms,user,0,2147483647,
idle_in_transaction_session_timeout,integer,ms,user,0,2147483647,
max_connections,integer,,postmaster,1,262143,
max_locks_per_transaction,integer,,postmaster,10,2147483647,
max_prepared_transactions,integer,,postmaster,0,262143,
shared_buffers,integer,8kB,postmaster,16,1073741823,
effective_cache_size,integer,8kB,user,1,2147483647,
work_mem,integer,kB,user,64,2147483647,
maintenance_work_mem,integer,kB,user,64,2147483647,
autovacuum_work_mem,integer,kB,sighup,-1,2147483647,
autovacuum_max_workers,integer,,postmaster,1,262143,
autovacuum_naptime,integer,s,sighup,1,2147483,
autovacuum_vacuum_scale_factor,real,,sighup,0,100,
autovacuum_vacuum_insert_scale_factor,real,,sighup,0,100,
autovacuum_analyze_scale_factor,real,,sighup,0,100,
autovacuum_vacuum_cost_limit,integer,,sighup,-1,10000,
autovacuum_vacuum_cost_delay,real,ms,sighup,-1,100,
wal_compression,enum,,superuser,,,pglz lz4 zstd on off
default_toast_compression,enum,,user,,,pglz lz4
checkpoint_timeout,integer,s,sighup,30,86400,
max_wal_size,integer,MB,sighup,2,2147483647,
min_wal_size,integer,MB,sighup,2,2147483647,
max_slot_wal_keep_size,integer,MB,sighup,-1,2147483647,
max_wal_senders,integer,,postmaster,0,262143,
max_replication_slots,integer,,postmaster,0,262143,
hot_standby_feedback,bool,,sighup,,,
random_page_cost,real,,user,0,1.79769e+308,
effective_io_concurrency,integer,,user,0,1000,
jit,bool,,user,,,
max_worker_processes,integer,,postmaster,0,262143,
max_parallel_workers,integer,,user,0,1024,
"""

# Narrower here than in PostgreSQL, for the reason each row's purpose gives.
NARROWED = {"max_connections", "min_wal_size", "wal_compression"}


def settings_rows() -> list[list[str]]:
    return list(csv.reader(PG_SETTINGS.splitlines()))


def test_every_parameter_is_either_in_the_catalogue_or_of_rds_alone() -> None:
    catalogue = {row[0] for row in settings_rows()}
    assert catalogue == {name for name, spec in PARAMETERS.items() if not spec.rds_only}
    assert all(name.startswith("rds.") for name, spec in PARAMETERS.items() if spec.rds_only)


@pytest.mark.parametrize("row", settings_rows(), ids=lambda row: row[0])
def test_a_row_says_what_postgresql_says(row: list[str]) -> None:
    name, vartype, unit, context, minimum, maximum, enumvals = row
    spec = PARAMETERS[name]
    assert ("string" if spec.type == "list" else spec.type) == vartype
    assert (spec.unit or "") == unit
    assert spec.static == (context == "postmaster")
    if vartype == "enum":
        assert set(spec.allowed) <= set(enumvals.split())
        assert set(spec.allowed) == set(enumvals.split()) or name in NARROWED
    if vartype in ("integer", "real"):
        assert spec.minimum is not None
        assert spec.minimum >= float(minimum)
        assert spec.minimum == float(minimum) or name in NARROWED
        # PostgreSQL writes "no limit" of a real as the largest double.
        assert spec.maximum == (None if float(maximum) > 1e300 else float(maximum))


def test_every_library_prefix_is_in_use_and_every_row_has_a_purpose() -> None:
    prefixes = {name.partition(".")[0] for name in PARAMETERS if "." in name}
    assert prefixes == {*LIBRARY_BY_PREFIX, "rds"}
    assert all(spec.purpose for spec in PARAMETERS.values())
    assert not set(MANAGED_BY_RDS) & set(PARAMETERS)


def test_every_number_has_a_least_value() -> None:
    numbers = [spec for spec in PARAMETERS.values() if spec.type in ("integer", "real")]
    assert [spec.name for spec in numbers if spec.minimum is None] == []
