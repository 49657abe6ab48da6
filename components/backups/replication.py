"""An instance's automated backups, in another region: a point in time can be restored there without its home region."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

from components.backups.regions import key_in, require_supported_pair

# RDS guide, "Enabling cross-Region automated backups".
REPLICATIONS_PER_REGION = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class AutomatedBackupsReplicationArgs:
    """What to replicate from where to where. The source keeps automated backups; the key is of the destination region.

    `retention_days` (1 to 35) is the copies' own. Raises RegionError for regions that RDS does not replicate between.
    """

    source_region: str
    destination_region: str
    source_db_instance_arn: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    retention_days: int


class AutomatedBackupsReplication(pulumi.ComponentResource):
    """A replication of RDS's snapshots and transaction logs, made with the destination region's provider.

    It holds no data: when it stops, what was copied stays in the destination region for as long as it was to be kept
    (RDS guide, "Stopping automated backup replication"). So it takes no `Durability`; to hold on to it would only block
    a change of its retention, which replaces it.
    """

    def __init__(
        self,
        name: str,
        args: AutomatedBackupsReplicationArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("reptidex:backups:AutomatedBackupsReplication", name, None, opts)
        require_supported_pair(args.source_region, args.destination_region)
        pulumi.log.info(
            f"an account may have {REPLICATIONS_PER_REGION} replicated automated backups in {args.destination_region}, and a "
            "preview cannot count them: aws rds describe-db-instance-automated-backups tells",
            resource=self,
        )
        rds.InstanceAutomatedBackupsReplication(
            f"{name}-replication",
            source_db_instance_arn=args.source_db_instance_arn,
            kms_key_id=key_in(args.kms_key_arn, args.destination_region),
            retention_period=args.retention_days,
            # A source has one replication to a region: a second cannot start before the first has stopped.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.register_outputs({})
