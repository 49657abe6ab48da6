"""Real PostgreSQL, PgBouncer and Valkey servers on this machine, with given settings on a free loopback port.

A server comes in two ways. When the process that owns it ends in any way, the server and its folder go, too.

- For the length of a `with` block: `postgres.primary(...)`, `postgres.replica_of(...)`, `pgbouncer.pooler(...)`,
  `valkey.primary(...)` and `valkey.replica_of(...)`.
- For as long as its owner wants: `new_primary`, `new_replica` and `new_pooler` of the same modules make a server. Its
  methods `start`, `stop`, `crash` and `remove` are the turns of its life.

`programs` says where the servers come from.
"""
