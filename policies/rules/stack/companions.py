"""Resources that another resource needs: a bucket's protections, a VPC's flow log, a database's subscriptions."""

from policies import must
from policies.resources import Stack
from policies.rule import Findings, Level, Settings, Severity, Violation, stack_rule
from policies.rules import postgres, storage
from policies.rules.alarms import EVENT_SUBSCRIPTION
from policies.rules.network import VPC
from policies.values import UNKNOWN

FLOW_LOG = "aws:ec2/flowLog:FlowLog"

BUCKET_NEEDS = {
    storage.PUBLIC_ACCESS_BLOCK: "a public access block",
    storage.BUCKET_POLICY: "a policy",
    storage.BUCKET_ENCRYPTION: "encryption with an own key",
    storage.BUCKET_VERSIONING: "versioning",
    storage.BUCKET_OWNERSHIP: "ownership controls",
    storage.BUCKET_LIFECYCLE: "a lifecycle",
}
EVENT_SOURCES = ("db-instance", "db-parameter-group", "db-security-group")


@stack_rule("buckets-have-every-protection", Severity.HIGH)
def _buckets(stack: Stack, _: Settings) -> Findings:
    """A bucket's protections are resources of their own, and all of them are there.

    Remedy: declare them
    Controls: FSBP S3.8, FSBP S3.13, FSBP S3.14, CKV2_AWS_6, CKV2_AWS_61
    """
    for bucket in stack.of(storage.BUCKET):
        missing = [
            what for type_, what in BUCKET_NEEDS.items() if not stack.referring(bucket, "bucket", type_)
        ]
        if missing:
            yield Violation(f"it lacks {', '.join(missing)}", bucket.urn)


@stack_rule("networks-have-flow-logs", Severity.MEDIUM)
def _flow_logs(stack: Stack, _: Settings) -> Findings:
    """Who spoke to whom can be found out afterwards.

    Remedy: declare a flow log for the VPC
    Controls: FSBP EC2.6, CIS 4.7, CKV2_AWS_11
    """
    yield from must.each_have(
        stack.of(VPC),
        lambda vpc: bool(stack.referring(vpc, "vpcId", FLOW_LOG)),
        otherwise="no flow log records who speaks to whom",
    )


@stack_rule("database-events-are-subscribed", Severity.LOW, dev=Level.OFF)
def _database_events(stack: Stack, _: Settings) -> Findings:
    """Somebody hears of failovers, failures, and changes of databases, their parameters and their firewalls.

    Remedy: declare event subscriptions for those sources
    Controls: FSBP RDS.20, FSBP RDS.21, FSBP RDS.22
    """
    sources = {each.at("sourceType").value for each in stack.of(EVENT_SUBSCRIPTION)}
    missing = [source for source in EVENT_SOURCES if source not in sources]
    # A subscription without a source type hears everything; of one that is not known nobody can say.
    if missing and None not in sources and UNKNOWN not in sources:
        for primary in postgres.primaries(stack):
            yield Violation(f"nobody subscribes to the events of {', '.join(missing)}", primary.urn)


RULES = (_buckets, _flow_logs, _database_events)
