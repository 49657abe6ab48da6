"""Parameter groups of PostgreSQL and of Redis and Valkey: one engine, and a table and a computation for each service.

Read in this order: `spec` (a row of a table), `units` and `convert` (one value), `group` (the values of a group), then
`postgres_table`, `postgres_formulas` and `postgres`, or `cache_table` and `cache`.
"""
