"""The tags that every taggable resource carries."""

from collections.abc import Mapping
from dataclasses import dataclass

from contract.names import PRODUCT


@dataclass(frozen=True, kw_only=True, slots=True)
class Tags:
    """What cost reports, backup selections and incident responders need to know about a resource.

    The providers apply them to everything (`default_tags`); a component adds only `Name`.
    """

    stack: str
    environment: str
    owner: str
    cost_center: str
    data_class: str

    def as_mapping(self) -> Mapping[str, str]:
        """The tags with the keys that AWS shows."""
        return {
            "Project": PRODUCT,
            "Stack": self.stack,
            "Environment": self.environment,
            "Owner": self.owner,
            "CostCenter": self.cost_center,
            "DataClass": self.data_class,
            "ManagedBy": "pulumi",
        }
