"""Real PostgreSQL, PgBouncer and Valkey servers on this machine, each for the length of a `with` block.

`postgres.primary(...)`, `postgres.replica_of(...)`, `pgbouncer.pooler(...)`, `valkey.primary(...)` and
`valkey.replica_of(...)` start a server with given settings on a free loopback port. When the block ends, or the process
that runs it ends in any way, the server and its folder go. `programs` says where the servers come from.
"""
