"""What a planned change may do to those who use the platform.

Proves, on recordings of the real engine and on the same with one property set otherwise, which risk each change is given and why.
Does not prove that AWS behaves as the tables say: their sources are AWS's guides.
"""

import json
from typing import Any

import pytest

from ops.review.digest import Special, read
from ops.review.finding import Finding, Risk
from ops.review.risk import Change, judged
from tests.harness.recorded import preview, recorded

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


def changes(scenario: str) -> dict[str, Change]:
    return {change.planned.name: change for change in judged(preview(scenario))}


def step(resource_type: str, operation: str = "update", **states: Any) -> Change:
    """One change as the engine would record it; `old` and `new` are inputs."""
    urn = f"urn:pulumi:dev::dataplatform::{resource_type}::it"
    common = {"custom": True, "type": resource_type, "urn": urn}
    document: dict[str, Any] = {"op": operation, "urn": urn, "detailedDiff": None}
    for side in ("old", "new"):
        if side in states:
            given = states[side]
            options = states.get(f"{side}_options", {})
            document[f"{side}State"] = {**common, "inputs": given, "outputs": given, **options}
    [change] = judged(read(json.dumps({"steps": [document], "changeSummary": {operation: 1}})))
    return change


def updated(resource_type: str, name: str, before: Any, after: Any, **also: Any) -> Change:
    return step(resource_type, old={name: before, **also}, new={name: after, **also})


INSTANCE, RULE, BUCKET = "aws:rds/instance:Instance", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:s3/bucket:Bucket"  # fmt: skip


def test_what_the_engine_really_planned_is_judged() -> None:
    assert changes("no-change") == {}
    assert changes("replica-added")["postgres-replica-b-instance"].risk is Risk.COST
    assert changes("instance-class-changed")["postgres-instance"].risk is Risk.DISRUPTIVE
    assert changes("engine-upgraded")["postgres-instance"].risk is Risk.DISRUPTIVE
    assert changes("retention-lowered")["postgres-instance"].risk is Risk.BACKUPS
    assert changes("security-group-opened")["postgres-from-10.0.0.0/8"].risk is Risk.SECURITY
    assert changes("scaling-target-changed")["pooler-scaling-policy"].risk is Risk.ROUTINE
    assert changes("database-renamed")["postgres-instance"].risk is Risk.STATEFUL


def test_a_major_upgrade_is_told_from_a_minor_one() -> None:
    [upgraded] = [finding for finding in changes("engine-upgraded")["postgres-instance"].findings if finding.property == "engineVersion"]  # fmt: skip
    assert "the only way back is a restore" in upgraded.says
    [minor] = updated(INSTANCE, "engineVersion", "17.4", "17.5").findings
    assert minor.says.startswith("restarts the instance on another engine version")


def test_a_replaced_store_says_what_forces_it_in_which_order_and_what_protects_it() -> None:
    store = changes("kms-key-changed")["cache-replication-group"]
    assert store.risk is Risk.STATEFUL
    assert store.forced_by == ("kmsKeyId",)
    assert store.planned.order is not None
    assert "not protected by Pulumi" in store.protections
    assert any("final snapshot" in each for each in store.protections)


def test_a_deletion_beside_a_creation_of_the_same_type_may_be_a_rename() -> None:
    says = [finding.says for finding in changes("database-renamed")["postgres-instance"].findings]
    assert (
        "database-instance of its type would be new: if this is a rename, an alias keeps the resource" in says
    )


def test_an_initial_creation_puts_nothing_at_risk_and_opens_nothing() -> None:
    assert {change.risk for change in changes("initial-create").values()} == {Risk.COST, Risk.ROUTINE, Risk.NOISE}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "inputs", "expected"),
    [
        ({"protect": True}, {"deletionProtection": True, "finalSnapshotIdentifier": "last"},
         ("protected: the engine refuses to delete it", "deletion protection is on: AWS refuses", "a final snapshot is taken")),
        ({"retainOnDelete": True}, {"skipFinalSnapshot": True, "finalSnapshotIdentifier": "last"},
         ("not protected by Pulumi", "retained: it stays in the account when Pulumi lets go of it", "no deletion protection", "no final snapshot")),
        ({}, {}, ("not protected by Pulumi", "no deletion protection", "no final snapshot")),
    ],
)  # fmt: skip
def test_what_protects_a_database_is_told_from_the_state(
    options: dict[str, Any], inputs: dict[str, Any], expected: tuple[str, ...]
) -> None:
    change = step(INSTANCE, "delete", old=inputs, old_options=options)
    assert change.risk is Risk.STATEFUL
    assert change.protections == expected


def test_the_protection_that_counts_is_the_one_before_the_change() -> None:
    change = step(INSTANCE, "replace", old={"deletionProtection": True}, new={"deletionProtection": False})
    assert "deletion protection is on: AWS refuses" in change.protections
    assert Finding(risk=Risk.BACKUPS, says="no deletion protection", property="deletionProtection") in change.findings  # fmt: skip


@pytest.mark.parametrize(
    ("also", "when"),
    [
        ({"applyImmediately": True}, "at once"),
        ({"applyImmediately": False, "maintenanceWindow": "sun:10:00-sun:11:00"}, "in the maintenance window sun:10:00-sun:11:00 (UTC)"),
        ({}, "in the next maintenance window"),
    ],
)  # fmt: skip
def test_when_an_interruption_comes_is_told(also: dict[str, Any], when: str) -> None:
    [finding, _cost] = updated(INSTANCE, "instanceClass", "db.r7g.large", "db.r7g.xlarge", **also).findings
    assert finding.says.endswith(f"; {when}")


@pytest.mark.parametrize(
    ("resource_type", "name", "before", "after", "risk"),
    [
        (INSTANCE, "multiAz", True, False, Risk.DISRUPTIVE),
        (INSTANCE, "multiAz", False, True, Risk.COST),
        (INSTANCE, "publiclyAccessible", False, True, Risk.SECURITY),
        (INSTANCE, "publiclyAccessible", True, False, Risk.ROUTINE),
        (INSTANCE, "publiclyAccessible", False, UNKNOWN, Risk.SECURITY),
        (INSTANCE, "storageEncrypted", True, None, Risk.SECURITY),
        (INSTANCE, "performanceInsightsKmsKeyId", "a", "b", Risk.SECURITY),
        (INSTANCE, "backupRetentionPeriod", 30, 7, Risk.BACKUPS),
        (INSTANCE, "backupRetentionPeriod", 7, 30, Risk.ROUTINE),
        (INSTANCE, "backupRetentionPeriod", 7, UNKNOWN, Risk.BACKUPS),
        (INSTANCE, "backupRetentionPeriod", 7, None, Risk.BACKUPS),
        (INSTANCE, "deletionProtection", True, False, Risk.BACKUPS),
        (INSTANCE, "deletionProtection", True, None, Risk.BACKUPS),
        (INSTANCE, "skipFinalSnapshot", False, True, Risk.BACKUPS),
        (INSTANCE, "allocatedStorage", 100, 200, Risk.COST),
        (INSTANCE, "tags", {"a": "1"}, {"a": "2"}, Risk.ROUTINE),
        (INSTANCE, "tagsAll", {"a": "1"}, {"a": "2"}, Risk.NOISE),
        (INSTANCE, "vpcSecurityGroupIds", ["a", "b"], ["b", "a"], Risk.NOISE),
        ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 0, 30, Risk.BACKUPS),
        ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 30, 0, Risk.ROUTINE),
        ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", None, 30, Risk.BACKUPS),
        ("aws:backup/plan:Plan", "rules", [{"ruleName": "a", "lifecycle": {"deleteAfter": 30}}], [{"ruleName": "a", "lifecycle": {"deleteAfter": 7}}], Risk.BACKUPS),
        ("aws:backup/plan:Plan", "rules", [{"ruleName": "a"}, {"ruleName": "b"}], [{"ruleName": "b"}], Risk.BACKUPS),
        (RULE, "cidrIpv4", "10.0.0.0/24", "10.0.0.0/8", Risk.SECURITY),
        (RULE, "description", "a", "b", Risk.ROUTINE),
        ("aws:ec2/securityGroup:SecurityGroup", "ingress", [], [{"cidrBlocks": ["0.0.0.0/0"]}], Risk.SECURITY),
        ("aws:ec2/securityGroup:SecurityGroup", "ingress", [{"cidrBlocks": ["10.0.0.0/8"]}], [], Risk.ROUTINE),
        ("aws:rds/parameterGroup:ParameterGroup", "parameters", [{"name": "rds.force_ssl", "value": "1"}], [{"name": "rds.force_ssl", "value": "0"}], Risk.SECURITY),
        ("aws:rds/parameterGroup:ParameterGroup", "parameters", [{"name": "shared_buffers", "value": "1", "applyMethod": "pending-reboot"}], [{"name": "shared_buffers", "value": "2", "applyMethod": "pending-reboot"}], Risk.DISRUPTIVE),
        ("aws:ecs/service:Service", "taskDefinition", "a:1", UNKNOWN, Risk.DISRUPTIVE),
    ],
)  # fmt: skip
def test_one_property_decides_the_risk(
    resource_type: str, name: str, before: Any, after: Any, risk: Risk
) -> None:
    assert updated(resource_type, name, before, after).risk is risk


@pytest.mark.parametrize(
    ("resource_type", "operation", "risk"),
    [
        (INSTANCE, "delete", Risk.STATEFUL), (BUCKET, "replace", Risk.STATEFUL), ("aws:kms/key:Key", "delete", Risk.STATEFUL),
        ("aws:backup/vault:Vault", "delete", Risk.STATEFUL), ("aws:secretsmanager/secret:Secret", "delete", Risk.STATEFUL),
        ("aws:backup/plan:Plan", "delete", Risk.BACKUPS), ("aws:lb/listener:Listener", "replace", Risk.DISRUPTIVE),
        ("aws:ecs/taskDefinition:TaskDefinition", "replace", Risk.ROUTINE), ("aws:some/new:Type", "delete", Risk.DISRUPTIVE),
    ],
)  # fmt: skip
def test_a_deletion_is_judged_by_what_is_lost(resource_type: str, operation: str, risk: Risk) -> None:
    new: dict[str, Any] = {"new": {}} if operation == "replace" else {}
    assert step(resource_type, operation, old={}, **new).risk is risk


def allowing(**changed: Any) -> str:
    return json.dumps({**POLICY, "Statement": [{**POLICY["Statement"][0], **changed}]})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (allowing(Action=["s3:GetObject", "s3:PutObject"]), ["allows s3:PutObject on *"]),
        (allowing(Action="*"), ["allows * on *"]),
        (allowing(Principal="*"), ["allows s3:GetObject on * by everybody"]),
        (allowing(Condition={"Bool": {"a": "b"}}), ["allows s3:GetObject on * if Bool"]),
        (allowing(Effect="Deny"), []),
        (allowing(Action=["s3:GetObject"]), []),
        (UNKNOWN, ["a policy whose new text this preview does not say"]),
        (None, ["a policy that is taken away may have denied something"]),
    ],
)  # fmt: skip
def test_a_policy_is_wider_by_what_it_allows_now(after: Any, says: list[str]) -> None:
    change = updated("aws:iam/policy:Policy", "policy", json.dumps(POLICY), after)
    assert [finding.says for finding in change.findings if finding.risk is Risk.SECURITY] == says


def test_a_policy_is_wider_by_what_it_denies_no_more() -> None:
    change = updated("aws:s3/bucketPolicy:BucketPolicy", "policy", allowing(Effect="Deny"), json.dumps({"Statement": []}))  # fmt: skip
    assert [finding.says for finding in change.findings] == ["no longer denies s3:GetObject on *"]


def test_what_is_open_to_everybody_is_told_of_new_resources_too() -> None:
    rule = step(RULE, "create", new={"cidrIpv4": "0.0.0.0/0", "fromPort": 5433, "toPort": 5433})
    assert "lets in everybody (0.0.0.0/0)" in [finding.says for finding in rule.findings]
    bucket = step("aws:s3/bucketPolicy:BucketPolicy", "create", new={"policy": allowing(Principal="*")})
    assert [finding.says for finding in bucket.findings] == ["allows s3:GetObject by everybody"]


def test_a_protection_of_pulumi_s_own_that_goes_is_told_though_the_engine_calls_it_the_same() -> None:
    change = step(INSTANCE, "same", old={}, new={}, old_options={"protect": True, "retainOnDelete": True})
    assert {finding.property for finding in change.findings} == {"protect", "retainOnDelete"}
    assert change.risk is Risk.BACKUPS


def test_an_unknown_value_is_no_pass() -> None:
    assert read(json.dumps({"steps": [], "changeSummary": {}})).resources == ()
    change = updated(INSTANCE, "storageEncrypted", True, UNKNOWN)
    assert change.differences[0].after is Special.UNKNOWN
    assert change.risk is Risk.SECURITY


def test_a_recorded_preview_without_its_unchanged_resources_is_judged_the_same() -> None:
    document = json.loads(recorded("identifier-changed"))
    document["steps"] = [each for each in document["steps"] if each["op"] != "same"]
    with_all = [(c.planned.name, c.risk) for c in judged(read(recorded("identifier-changed")))]
    assert [(c.planned.name, c.risk) for c in judged(read(json.dumps(document)))] == with_all
