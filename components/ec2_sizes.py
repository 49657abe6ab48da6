"""The vCPUs of EC2's sizes, which instance classes of RDS and node types of ElastiCache and MemoryDB share.

Source: Amazon EC2 Instance Types Guide, general purpose (m) and memory optimized (r) families. Burstable types (t) have
the same size names with vCPUs of their own.
"""

from collections.abc import Mapping
from types import MappingProxyType

VCPU_BY_SIZE: Mapping[str, int] = MappingProxyType(
    {
        "large": 2,
        "xlarge": 4,
        "2xlarge": 8,
        "4xlarge": 16,
        "8xlarge": 32,
        "12xlarge": 48,
        "16xlarge": 64,
        "24xlarge": 96,
        "32xlarge": 128,
        "48xlarge": 192,
    }
)

# The sizes that every family has.
TO_16XLARGE = tuple(VCPU_BY_SIZE)[:7]
