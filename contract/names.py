"""Names that people and AWS see.

A *logical* name identifies a resource in Pulumi's state and never holds a stage, region or account: changing
one deletes and creates the resource. A *physical* name is what AWS shows, and may.
"""

from dataclasses import dataclass

PRODUCT = "reptidex"
# The name in Pulumi.yaml, which is also the namespace of every key in a stack file.
PROJECT = "dataplatform"


# Roles of resources whose physical names several parts of the program need.
POSTGRES, CACHE, SESSIONS, POOLER = "postgres", "cache", "sessions", "pooler"


def replica_role(replica: str) -> str:
    """The role of the replica that the stack file calls `replica`: `postgres-b`."""
    return f"{POSTGRES}-{replica}"


@dataclass(frozen=True, slots=True)
class PhysicalNames:
    """The physical names of one stack's resources, for those that must be known before they exist.

    They hold the stack's name, so that a second stack can stand beside the first in one account: a restore needs it.

    Everything else is named by Pulumi (logical name plus seven random characters), which lets a replacement be
    created before its predecessor is deleted.
    """

    stack: str

    def of(self, role: str) -> str:
        """The name of the resource that plays `role`: `of("postgres")` is `reptidex-prod-postgres`."""
        return f"{PRODUCT}-{self.stack}-{role}"

    def alias(self, data_class: str) -> str:
        """The KMS alias of a data class's key: `alias/reptidex-prod-database`."""
        return f"alias/{self.of(data_class)}"
