"""Redis and Valkey on ElastiCache and MemoryDB: the stores, who may use them, and the arithmetic that sizes them."""
