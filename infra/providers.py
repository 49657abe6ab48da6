"""The two AWS providers: one for each region, explicit everywhere, with the tags that everything carries."""

from dataclasses import dataclass

import pulumi_aws as aws

from components.tagging import Tags
from infra.config.stack import StackConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Providers:
    """The providers of the primary and of the DR region."""

    primary: aws.Provider
    dr: aws.Provider


def declare_providers(config: StackConfig) -> Providers:
    """Both providers; they refuse to work in any account but the stack's own."""
    tags = Tags(
        stack=config.stack,
        environment=config.environment,
        owner=config.tags.owner,
        cost_center=config.tags.cost_center,
        data_class=config.tags.data_class,
    )

    def provider(role: str, region: str) -> aws.Provider:
        return aws.Provider(
            role,
            region=region,
            allowed_account_ids=[config.account_id],
            default_tags=aws.ProviderDefaultTagsArgs(tags=tags.as_mapping()),
        )

    return Providers(
        primary=provider("primary", config.regions.primary), dr=provider("dr", config.regions.dr)
    )
