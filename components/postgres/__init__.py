"""PostgreSQL on RDS: the instance, what surrounds it, and the arithmetic that sizes it."""
