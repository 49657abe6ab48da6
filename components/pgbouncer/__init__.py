"""The connection pooler: its settings, its share of the database's connections and its passwords."""
