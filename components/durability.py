"""The one choice from which everything that protects data follows."""

from enum import StrEnum

import pulumi


class Durability(StrEnum):
    """Whether what a stateful resource holds must outlive a mistake.

    `RETAIN` turns on, together: Pulumi's `protect` and `retain_on_delete`, the AWS deletion protection, the final
    snapshot, and automated backups that outlive their instance. `DISPOSABLE` turns all of them off, for
    environments whose data can be made again.
    """

    RETAIN = "retain"
    DISPOSABLE = "disposable"

    @property
    def retains(self) -> bool:
        """True where data must survive."""
        return self is Durability.RETAIN

    def options(self) -> pulumi.ResourceOptions:
        """The Pulumi half of the choice, to be merged into a stateful resource's options."""
        return pulumi.ResourceOptions(protect=self.retains, retain_on_delete=self.retains)
