"""Keys of KMS, which only their own region can use."""

from collections.abc import Mapping
from typing import Any

from policies.resources import Resource, Stack
from policies.rule import Findings, Settings, Severity, Violation, stack_rule
from policies.rules.alarms import LOG_GROUP, TOPIC
from policies.rules.backups import REPLICATION, VAULT
from policies.rules.cache import MEMORYDB_CLUSTER, REPLICATION_GROUP
from policies.rules.encryption import KEY
from policies.rules.postgres import INSTANCE
from policies.rules.secrets import SECRET
from policies.rules.storage import BUCKET_ENCRYPTION
from policies.values import region_of_arn

# Properties that name a key, and the types that must find it in their own region.
KEY_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    INSTANCE: ("kmsKeyId", "performanceInsightsKmsKeyId"),
    REPLICATION: ("kmsKeyId",),
    VAULT: ("kmsKeyArn",),
    REPLICATION_GROUP: ("kmsKeyId",),
    MEMORYDB_CLUSTER: ("kmsKeyArn",),
    LOG_GROUP: ("kmsKeyId",),
    TOPIC: ("kmsMasterKeyId",),
    SECRET: ("kmsKeyId",),
    BUCKET_ENCRYPTION: ("rules",),
}


def _regions_named(stack: Stack, resource: Resource, name: str) -> set[Any]:
    if resource.type == BUCKET_ENCRYPTION:
        places = [
            rule.at("applyServerSideEncryptionByDefault.kmsMasterKeyId") for rule in resource.at(name).items()
        ]
    else:
        places = [resource.at(name)]
    said = {region_of_arn(place.value) for place in places} - {None}
    return said or {key.region for key in stack.referred(resource, name, KEY)}


@stack_rule("what-is-encrypted-has-a-key-of-its-region", Severity.CRITICAL)
def _key_regions(stack: Stack, _: Settings) -> Findings:
    """A copy can be read when the region of its original is lost.

    Remedy: name a key of the region that the resource is in
    """
    for resource in stack.of(*KEY_PROPERTIES):
        for name in KEY_PROPERTIES[resource.type]:
            regions = _regions_named(stack, resource, name)
            if isinstance(resource.region, str) and regions and resource.region not in regions:
                yield Violation(f"`{name}` names a key of another region", resource.urn)
    for secret in stack.of(SECRET):
        for replica in secret.at("replicas").items():
            named, region = region_of_arn(replica.at("kmsKeyId").value), replica.at("region").value
            taken_from = {key.region for key in stack.referred(secret, "replicas", KEY)}
            if named not in (None, region) or (named is None and taken_from and region not in taken_from):
                yield Violation("a replica's key is of another region than the replica", secret.urn)


RULES = (_key_regions,)
