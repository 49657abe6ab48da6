"""Parameter groups, subnet groups and event subscriptions of RDS in the emulated account, through boto3.

Proves that they read back as they were changed, and that groups in use stay. Does not prove that a parameter has an
effect.
"""

from collections.abc import Callable
from typing import Any

from tests.sandbox.emulator.calls import numbers, refused


def test_groups_in_use_cannot_be_deleted(
    rds: Any, create: Callable[..., Any], parameter_group: str, subnet_group: str
) -> None:
    subnets = rds.describe_db_subnet_groups(DBSubnetGroupName=subnet_group)["DBSubnetGroups"][0]["Subnets"]
    own = f"subnets-{next(numbers)}"
    rds.create_db_subnet_group(
        DBSubnetGroupName=own,
        DBSubnetGroupDescription="of one instance",
        SubnetIds=[subnet["SubnetIdentifier"] for subnet in subnets],
    )
    instance = create(DBParameterGroupName=parameter_group, DBSubnetGroupName=own)
    assert (
        refused(rds.delete_db_parameter_group, DBParameterGroupName=parameter_group)[0]
        == "InvalidDBParameterGroupState"
    )
    assert refused(rds.delete_db_subnet_group, DBSubnetGroupName=own)[0] == "InvalidDBSubnetGroupStateFault"
    rds.delete_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    rds.delete_db_parameter_group(DBParameterGroupName=parameter_group)
    rds.delete_db_subnet_group(DBSubnetGroupName=own)


def test_parameters_read_back_with_their_apply_method(rds: Any, parameter_group: str) -> None:
    rds.modify_db_parameter_group(
        DBParameterGroupName=parameter_group,
        Parameters=[
            {"ParameterName": "work_mem", "ParameterValue": "65536", "ApplyMethod": "immediate"},
            {"ParameterName": "shared_buffers", "ParameterValue": "262144", "ApplyMethod": "pending-reboot"},
        ],
    )
    found = rds.describe_db_parameters(DBParameterGroupName=parameter_group, Source="user")["Parameters"]
    assert {(p["ParameterName"], p["ParameterValue"], p["ApplyMethod"], p["Source"]) for p in found} == {
        ("work_mem", "65536", "immediate", "user"),
        ("shared_buffers", "262144", "pending-reboot", "user"),
    }
    rds.reset_db_parameter_group(
        DBParameterGroupName=parameter_group,
        Parameters=[{"ParameterName": "work_mem", "ApplyMethod": "immediate"}],
    )
    found = rds.describe_db_parameters(DBParameterGroupName=parameter_group, Source="user")["Parameters"]
    assert [p["ParameterName"] for p in found] == ["shared_buffers"]


def test_a_subnet_group_survives_its_change(rds: Any, subnet_group: str) -> None:
    before = rds.describe_db_subnet_groups(DBSubnetGroupName=subnet_group)["DBSubnetGroups"][0]
    subnets = [subnet["SubnetIdentifier"] for subnet in before["Subnets"]]
    rds.modify_db_subnet_group(
        DBSubnetGroupName=subnet_group, DBSubnetGroupDescription="changed", SubnetIds=subnets
    )
    after = rds.describe_db_subnet_groups(DBSubnetGroupName=subnet_group)["DBSubnetGroups"][0]
    assert after == {**before, "DBSubnetGroupDescription": "changed"}


def test_an_event_subscription_can_be_changed(rds: Any) -> None:
    name = f"events-{next(numbers)}"
    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    created = rds.create_event_subscription(
        SubscriptionName=name, SnsTopicArn=topic, SourceType="db-instance", SourceIds=["a", "b"]
    )["EventSubscription"]
    assert created["Enabled"] is True
    assert created["EventSubscriptionArn"].endswith(f":es:{name}")
    rds.modify_event_subscription(SubscriptionName=name, EventCategories=["failover"], Enabled=False)
    rds.remove_source_identifier_from_subscription(SubscriptionName=name, SourceIdentifier="a")
    rds.add_source_identifier_to_subscription(SubscriptionName=name, SourceIdentifier="c")
    found = rds.describe_event_subscriptions(SubscriptionName=name)["EventSubscriptionsList"][0]
    assert (found["EventCategoriesList"], found["Enabled"]) == (["failover"], False)
    assert found["SourceIdsList"] == ["b", "c"]
    rds.delete_event_subscription(SubscriptionName=name)
    assert refused(rds.describe_event_subscriptions, SubscriptionName=name)[0] == "SubscriptionNotFound"
