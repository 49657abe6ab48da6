"""Names that people and AWS see.

A *logical* name identifies a resource in Pulumi's state and never holds a stage, region or account: changing
one deletes and creates the resource. A *physical* name is what AWS shows, and may.
"""

from dataclasses import dataclass

PRODUCT = "reptidex"


@dataclass(frozen=True, slots=True)
class PhysicalNames:
    """The physical names of one environment's resources, for those that must be known before they exist.

    Everything else is named by Pulumi (logical name plus seven random characters), which lets a replacement be
    created before its predecessor is deleted.
    """

    environment: str

    def of(self, role: str) -> str:
        """The name of the resource that plays `role`: `of("postgres")` is `reptidex-prod-postgres`."""
        return f"{PRODUCT}-{self.environment}-{role}"

    def alias(self, data_class: str) -> str:
        """The KMS alias of a data class's key: `alias/reptidex-prod-database`."""
        return f"alias/{self.of(data_class)}"
