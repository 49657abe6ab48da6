"""Properties that may be late: they name or describe other resources, which do not exist before the first deployment.

What is unknown in a preview is no pass. A mandatory rule reports every property that a rule judges and whose value is not
known, but for these. They are judged when the value is known: by the deployment itself, before the resource is created.
"""

import re

from policies.rules import alarms, backups, cache, compute, encryption, identity, postgres, secrets, storage

# By type of resource: the paths, without the positions in lists.
LATE: dict[str, frozenset[str]] = {
    # Keys and roles by their ARN, groups by names that AWS completes; the final snapshot's name has a random part.
    postgres.INSTANCE: frozenset(
        {
            "kmsKeyId",
            "performanceInsightsKmsKeyId",
            "monitoringRoleArn",
            "finalSnapshotIdentifier",
            "parameterGroupName",
            "dbSubnetGroupName",
        }
    ),
    cache.REPLICATION_GROUP: frozenset({"kmsKeyId", "finalSnapshotIdentifier", "subnetGroupName"}),
    cache.MEMORYDB_CLUSTER: frozenset({"kmsKeyArn", "finalSnapshotName", "subnetGroupName", "aclName"}),
    backups.VAULT: frozenset({"kmsKeyArn"}),
    backups.REPLICATION: frozenset({"kmsKeyId"}),
    alarms.LOG_GROUP: frozenset({"kmsKeyId"}),
    alarms.TOPIC: frozenset({"kmsMasterKeyId", "policy"}),
    alarms.EVENT_SUBSCRIPTION: frozenset({"snsTopic"}),
    secrets.SECRET: frozenset({"kmsKeyId", "replicas.kmsKeyId"}),
    storage.BUCKET_ENCRYPTION: frozenset({"rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"}),
    # Documents that name the ARNs of what they are about.
    storage.BUCKET_POLICY: frozenset({"policy"}),
    alarms.TOPIC_POLICY: frozenset({"policy"}),
    secrets.SECRET_POLICY: frozenset({"policy"}),
    encryption.KEY: frozenset({"policy"}),
    **dict.fromkeys(identity.POLICIES, frozenset({"policy"})),
    **dict.fromkeys(identity.ATTACHMENTS, frozenset({"policyArn"})),
    identity.ROLE: frozenset({"assumeRolePolicy", "inlinePolicies.policy"}),
    # Addresses of databases, secrets and images.
    compute.TASK_DEFINITION: frozenset({"containerDefinitions", "taskRoleArn", "executionRoleArn"}),
}


def may_be_late(resource_type: str, path: str, also: list[str]) -> bool:
    """Whether a property may be unknown in a preview. `also` are more of them, as `<type>/<path>` like `a:b/c:D/e`."""
    bare = re.sub(r"\[\d+\]", "", path)
    return bare in LATE.get(resource_type, frozenset()) or f"{resource_type}/{bare}" in also
