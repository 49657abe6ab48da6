"""Route 53 of the emulated account, through boto3.

Proves that private zones know their VPCs and that a batch of record changes is all or nothing, with Route 53's codes.
Does not prove that any name resolves.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.emulator.calls import numbers, refused
from tests.sandbox.emulator.conftest import Connect

ZONE = "data.internal"


@pytest.fixture(scope="module")
def route53(connect: Connect) -> Any:
    return connect("route53")


@pytest.fixture
def vpc(connect: Connect) -> dict[str, str]:
    vpc_id = connect("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    return {"VPCId": vpc_id, "VPCRegion": "us-east-1"}


def create_zone(route53: Any, vpc: dict[str, str], name: str = ZONE) -> str:
    reference = f"zone-{next(numbers)}"
    return str(route53.create_hosted_zone(Name=name, CallerReference=reference, VPC=vpc)["HostedZone"]["Id"])


@pytest.fixture
def zone(route53: Any, vpc: dict[str, str]) -> str:
    return create_zone(route53, vpc)


@pytest.fixture
def change(route53: Any, zone: str) -> Callable[..., None]:
    def changed(*changes: tuple[str, dict[str, Any]]) -> None:
        batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})

    return changed


def record(name: str = "writer", target: str = "a.example.com", **values: Any) -> dict[str, Any]:
    return {
        "Name": f"{name}.{ZONE}",
        "Type": "CNAME",
        "TTL": 5,
        "ResourceRecords": [{"Value": target}],
        **values,
    }


def weighted(set_identifier: str, weight: int, **values: Any) -> dict[str, Any]:
    return record(**{"name": "reader", "SetIdentifier": set_identifier, "Weight": weight, **values})


def records(route53: Any, zone: str) -> list[Any]:
    """The records of a zone but those that came with it, by name and identifier."""
    found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [
        (
            entry["Name"].removesuffix(f".{ZONE}."),
            entry.get("SetIdentifier"),
            entry["ResourceRecords"][0]["Value"],
        )
        for entry in found
        if entry["Type"] == "CNAME"
    ]


def test_a_zone_made_with_a_vpc_is_private_and_shows_it(route53: Any, zone: str, vpc: dict[str, str]) -> None:
    found = route53.get_hosted_zone(Id=zone)
    assert (found["HostedZone"]["Config"]["PrivateZone"], found["VPCs"]) == (True, [vpc])
    soa = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"][1]
    assert (soa["Type"], soa["ResourceRecords"][0]["Value"].split()[2:]) == (
        "SOA",
        ["1", "7200", "900", "1209600", "86400"],
    )


def test_two_vpcs_see_zones_of_one_name_and_one_vpc_does_not(
    route53: Any, connect: Connect, zone: str, vpc: dict[str, str]
) -> None:
    other_id = connect("ec2", "us-west-2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    other = create_zone(route53, {"VPCId": other_id, "VPCRegion": "us-west-2"})
    assert other != zone
    assert refused(create_zone, route53=route53, vpc=vpc)[0] == "ConflictingDomainExists"
    code, _ = refused(route53.associate_vpc_with_hosted_zone, HostedZoneId=other, VPC=vpc)
    assert code == "ConflictingDomainExists"
    nowhere = {"VPCId": "vpc-0123456789abcdef0", "VPCRegion": "us-east-1"}
    assert refused(create_zone, route53=route53, vpc=nowhere)[0] == "InvalidVPCId"


def test_a_zone_with_records_cannot_be_deleted(route53: Any, zone: str, change: Callable[..., None]) -> None:
    change(("CREATE", record()))
    assert refused(route53.delete_hosted_zone, Id=zone)[0] == "HostedZoneNotEmpty"
    change(("DELETE", record()))
    route53.delete_hosted_zone(Id=zone)
    assert refused(route53.get_hosted_zone, Id=zone)[0] == "NoSuchHostedZone"


def test_weighted_records_share_a_name_and_change_one_by_one(
    route53: Any, zone: str, change: Callable[..., None]
) -> None:
    change(("CREATE", weighted("one", 10)), ("CREATE", weighted("two", 20)))
    change(("CREATE", weighted("one", 1, name="other")))
    change(("UPSERT", weighted("one", 0, target="b.example.com")))
    assert records(route53, zone) == [
        ("other", "one", "a.example.com"),
        ("reader", "two", "a.example.com"),
        ("reader", "one", "b.example.com"),
    ]
    change(("DELETE", weighted("one", 0, target="b.example.com")))
    assert [entry[:2] for entry in records(route53, zone)] == [("other", "one"), ("reader", "two")]


@pytest.mark.parametrize(
    ("impossible", "words"),
    [
        (("CREATE", record()), "already exists"),
        (("DELETE", record("nobody")), "was not found"),
        (("DELETE", record(target="other.example.com")), "do not match the current values"),
        (("CREATE", {**record(), "Type": "A", "ResourceRecords": [{"Value": "10.0.0.1"}]}), "conflicts"),
        (("CREATE", weighted("one", 1, name="writer")), "other RRSets exist"),
        (("CREATE", {**record(), "Name": ZONE}), "not permitted at apex"),
        (("CREATE", {**record(), "Name": "writer.elsewhere.org"}), "not permitted in zone"),
        (("CREATE", {**record(), "Name": f"writer.x{ZONE}"}), "not permitted in zone"),
    ],
)
def test_a_batch_with_an_impossible_change_changes_nothing(
    route53: Any, zone: str, change: Callable[..., None], impossible: tuple[str, Any], words: str
) -> None:
    change(("CREATE", record()))
    batch = (("CREATE", record("fine")), impossible)
    code, message = refused(lambda: change(*batch))
    assert (code, words in message) == ("InvalidChangeBatch", True), message
    assert records(route53, zone) == [("writer", None, "a.example.com")]
