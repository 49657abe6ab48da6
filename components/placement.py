"""The placement of resources: account, region and stack, and how long they keep data and logs."""

from dataclasses import dataclass, replace
from typing import Any, Self

import pulumi
from pulumi_aws import cloudwatch

from components.durability import Durability
from components.policy_documents import service_trust
from contract.names import PhysicalNames


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """The facts that all resources of one stack in one region share; made once for each region."""

    account_id: str
    region: str
    names: PhysicalNames
    log_retention_days: int
    durability: Durability

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def with_durability(self, durability: Durability) -> Self:
        """The same placement for resources that are kept in another way."""
        return replace(self, durability=durability)

    def stateful(self, *options: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """The merged `options`, with the protection that stateful resources have."""
        merged = pulumi.ResourceOptions()
        for each in (*options, self.durability.options()):
            merged = pulumi.ResourceOptions.merge(merged, each)
        return merged

    def service_trust(self, service: str, source_arn: str | None = None) -> dict[str, Any]:
        """The trust policy that lets an AWS service of this account assume a role; see `policy_documents`."""
        return service_trust(service, self.account_id, source_arn)

    def log_group(
        self,
        name: str,
        *,
        log_group_name: str,
        kms_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> cloudwatch.LogGroup:
        """Stateful. An encrypted log group of a fixed name, registered as `name`.

        A service that finds none creates its own: unencrypted, and kept for ever.
        """
        return cloudwatch.LogGroup(
            name,
            name=log_group_name,
            retention_in_days=self.log_retention_days,
            kms_key_id=kms_key_arn,
            opts=self.stateful(opts),
        )
