"""Private zones and their records under the provider."""

from typing import Any

from tests.sandbox.emulator.provider_walks.lab import Lab
from tests.sandbox.emulator.rds.databases import HERE, THERE
from tests.sandbox.emulator.walk import life

RECORD = "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"


def zone(lab: Lab, region: str) -> dict[str, Any]:
    """A zone of the one name that both Regions have, for a VPC of its own."""
    return {"name": "data.internal", "forceDestroy": True, "vpcs": [lab.create_vpc(region)]}


def cname(zone_id: str, name: str, target: str, **values: Any) -> dict[str, Any]:
    return {"zoneId": zone_id, "name": name, "type": "CNAME", "ttl": 5, "records": [target], **values}


def walk_a_name(lab: Lab) -> None:
    with life(lab.aws, ZONE, HERE, zone(lab, HERE), {"comment": "names"}) as made:
        writer = cname(made.id, "writer", "a.example.com")
        with life(lab.aws, RECORD, "writer", writer, {"records": ["b.example.com"]}):
            pass


def walk_weighted_names(lab: Lab) -> None:
    def weighted(zone_id: str, weight: int) -> dict[str, Any]:
        policies = [{"weight": weight}]
        return cname(
            zone_id, "reader", "a.example.com", setIdentifier="one", weightedRoutingPolicies=policies
        )

    with life(lab.aws, ZONE, THERE, zone(lab, THERE)) as made:
        # Left behind for `forceDestroy`.
        batch = [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": "reader.data.internal",
                    "Type": "CNAME",
                    "TTL": 5,
                    "ResourceRecords": [{"Value": "b.example.com"}],
                    "SetIdentifier": "two",
                    "Weight": 20,
                },
            }
        ]
        lab.connect("route53").change_resource_record_sets(
            HostedZoneId=made.id, ChangeBatch={"Changes": batch}
        )
        changes = {"weightedRoutingPolicies": [{"weight": 0}]}
        with life(lab.aws, RECORD, "reader", weighted(made.id, 10), changes):
            pass
