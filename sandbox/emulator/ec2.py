"""EC2: the rule of a security group that names another one has its description, too.

Source: Amazon EC2 API Reference, UserIdGroupPair and SecurityGroupRule.
"""

from moto.ec2.models.security_groups import SecurityGroupRule

from sandbox.emulator.extending import extend


class Rule(SecurityGroupRule):
    """A rule whose description is read from wherever it was given; one that was changed is with the range."""

    @property
    def description(self) -> str | None:
        """What it is for."""
        return self.ip_range.get("Description", self.source_group.get("Description"))


def install() -> None:
    """Put this into moto."""
    extend(SecurityGroupRule, Rule)
