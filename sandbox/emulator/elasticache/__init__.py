"""ElastiCache: parameter, subnet and user groups, users, replication groups with their nodes, and snapshots.

moto knows few of these calls, and forgets most of what a replication group is given; here they are answered from a
state of their own. What a node really serves is not part of it, nor are Memcached, serverless caches and global
datastores.
"""

from moto.elasticache.responses import ElastiCacheResponse

from sandbox.emulator.elasticache.calls import Calls
from sandbox.emulator.elasticache.parameter_groups import ParameterGroups
from sandbox.emulator.elasticache.replication_calls import ReplicationGroups
from sandbox.emulator.elasticache.snapshots import Snapshots
from sandbox.emulator.elasticache.subnet_groups import SubnetGroups
from sandbox.emulator.elasticache.tags import Tags
from sandbox.emulator.elasticache.users import UserGroups, Users
from sandbox.emulator.extending import extend


def install() -> None:
    """Put these calls into moto."""
    extend(
        ElastiCacheResponse,
        Calls,
        ParameterGroups,
        SubnetGroups,
        Users,
        UserGroups,
        ReplicationGroups,
        Snapshots,
        Tags,
    )
