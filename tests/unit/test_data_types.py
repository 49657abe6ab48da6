"""The two tables of resource types that hold data: the policy pack's, and that of the report on previews.

Proves that they differ only where a row here gives the reason. Does not prove that either is complete.
"""

from ops.review.aws_effects import STATEFUL
from policies.rules.tags import HOLD_DATA

# Types that a report must call data when they are deleted, and that the tags' rule leaves alone.
ONLY_IN_REPORTS = {
    "aws:rds/cluster:Cluster": "not declared here: a report also judges programs that grow into it",
    "aws:dynamodb/table:Table": "holds the scale-up function's record of its steps, which no person looks for",
    "aws:efs/fileSystem:FileSystem": "not declared here: a report also judges programs that grow into it",
    "aws:ebs/volume:Volume": "not declared here: a report also judges programs that grow into it",
    "aws:ecr/repository:Repository": "holds images, which the source code makes again",
    "aws:cloudwatch/logGroup:LogGroup": "its name says whose logs it holds; the pack asks for its retention and key",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": "takes no tags in the provider",
    "aws:rds/snapshot:Snapshot": "not declared here: AWS Backup and RDS make the snapshots",
    "random:index/randomPassword:RandomPassword": "lives in Pulumi's state and takes no tags",
}
# Types that the tags' rule judges, and whose deletion a report would not call a loss of data.
ONLY_IN_POLICIES: dict[str, str] = {}


def test_the_two_tables_of_types_that_hold_data_differ_only_for_a_reason() -> None:
    assert set(STATEFUL) - set(HOLD_DATA) == set(ONLY_IN_REPORTS)
    assert set(HOLD_DATA) - set(STATEFUL) == set(ONLY_IN_POLICIES)
