"""Messages of the AWS provider that our code must recognize. Their words are the provider's."""

# The look-up of a replication group, aws:elasticache/getReplicationGroup, fails with it when there is none of that name.
NO_REPLICATION_GROUP = "no matching ElastiCache Replication Group found"
