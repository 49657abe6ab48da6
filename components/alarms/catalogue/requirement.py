"""The figures of the requirement (S1, S3), as the rows of several parts use them."""

CPU_PERCENT, CPU_MINUTES = 80, 10
MEMORY_PERCENT, MEMORY_MINUTES = 85, 5
CONNECTIONS_PERCENT, IOPS_PERCENT = 80, 70
# How far a replica may be behind.
LAG_SECONDS = 5
