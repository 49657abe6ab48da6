"""The one choice from which everything that protects data follows."""

from enum import StrEnum

import pulumi
import pulumi_random as random


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

    def final_snapshot(
        self, name: str, identifier: str, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str] | None:
        """The identifier of the snapshot that is taken when `identifier` is deleted; None: there is none.

        It is unique, so that it collides with no snapshot of an earlier resource, and stable, so that it is never a
        change. `name` begins the name in the state.
        """
        if not self.retains:
            return None
        suffix = random.RandomId(
            f"{name}-final-snapshot", byte_length=4, keepers={"identifier": identifier}, opts=opts
        )
        return suffix.hex.apply(lambda text: f"{identifier}-final-{text}")
