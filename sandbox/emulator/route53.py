"""Route 53: what moto answers differently from AWS about private zones and their records.

Sources: the Amazon Route 53 API Reference (CreateHostedZone, ChangeResourceRecordSets, GetHostedZone) and the Route 53
Developer Guide ("Considerations when working with a private hosted zone").
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidVPCIdError
from moto.ec2.models import ec2_backends
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import FakeZone, RecordSet, Route53Backend
from moto.route53.responses import Route53

from sandbox.emulator.extending import extend, original

Values = dict[str, Any]


class Backend(Route53Backend):
    """Methods of Route53Backend that answer differently from AWS."""

    def create_hosted_zone(self, name: str, private_zone: bool, **details: Any) -> FakeZone:  # type: ignore[override]
        if details.get("vpcid"):
            self._check_vpc(name, details["vpcid"], details["vpcregion"])
        zone = original(Route53Backend.create_hosted_zone)(self, name, private_zone, **details)
        for record in zone.rrsets:
            # moto nests the value of the SOA record once too often.
            record.records = [
                value["Value"] if isinstance(value, dict) else value for value in record.records
            ]
        return zone

    def associate_vpc_with_hosted_zone(self, zone_id: str, vpcid: str, vpcregion: str) -> FakeZone:
        self._check_vpc(self.get_hosted_zone(zone_id).name, vpcid, vpcregion)
        return original(Route53Backend.associate_vpc_with_hosted_zone)(self, zone_id, vpcid, vpcregion)

    def _check_vpc(self, zone_name: str, vpc_id: str, vpc_region: str) -> None:
        try:
            ec2_backends[self.account_id][vpc_region].get_vpc(vpc_id)
        except InvalidVPCIdError:
            raise Route53ClientError(
                "InvalidVPCId", f"The VPC: {vpc_id} doesn't exist in {vpc_region}"
            ) from None
        for zone in self.zones.values():
            if zone.name == zone_name and any(vpc["vpc_id"] == vpc_id for vpc in zone.vpcs):
                raise Route53ClientError(
                    "ConflictingDomainExists",
                    f"The VPC {vpc_id} in region {vpc_region} has already been associated with the hosted zone"
                    f" {zone.resource_id} with the same domain name.",
                )

    def change_resource_record_sets(self, zoneid: str, change_list: list[Values]) -> None:
        """All changes of the batch or, if AWS would not have one of them, none."""
        zone = self.get_hosted_zone(zoneid)
        records = list(zone.rrsets)
        for change in change_list:
            records = _changed(zone, records, change["Action"], _record_set(change["ResourceRecordSet"]))
        zone.rrsets = records


class InvalidChangeBatchError(Route53ClientError):
    """A batch of changes of which one is not possible."""

    def __init__(self, reason: str) -> None:
        super().__init__("InvalidChangeBatch", f"[{reason}]")


def _record_set(asked: Values) -> RecordSet:
    """The record set of a request: lower-case name with a final dot, values in place of objects around them."""
    return RecordSet(  # type: ignore[abstract]  # abstract are CloudFormation's methods only
        {
            **asked,
            "Name": asked["Name"].lower().removesuffix(".") + ".",
            "ResourceRecords": [record["Value"] for record in asked.get("ResourceRecords", [])],
        }
    )


def _changed(zone: FakeZone, records: list[RecordSet], action: str, record: RecordSet) -> list[RecordSet]:
    """`records` after one change."""
    shown = f"[name='{record.name}', type='{record.type}'" + (
        f", set-identifier='{record.set_identifier}']" if record.set_identifier else "]"
    )
    present = next((other for other in records if _key(other) == _key(record)), None)
    if action == "DELETE":
        if present is None:
            raise InvalidChangeBatchError(f"Tried to delete resource record set {shown} but it was not found")
        if vars(present) != vars(record):
            raise InvalidChangeBatchError(
                f"Tried to delete resource record set {shown} but the values provided do not match the current values"
            )
        return [other for other in records if other is not present]
    if action == "CREATE" and present is not None:
        raise InvalidChangeBatchError(f"Tried to create resource record set {shown} but it already exists")
    others = [other for other in records if other is not present]
    _check_place(zone, others, record)
    return [*others, record]


def _key(record: RecordSet) -> tuple[str, str | None, str | None]:
    return record.name, record.type, record.set_identifier


def _check_place(zone: FakeZone, others: list[RecordSet], record: RecordSet) -> None:
    zone_name = zone.name.removesuffix(".") + "."
    if record.name != zone_name and not record.name.endswith(f".{zone_name}"):
        raise InvalidChangeBatchError(
            f"RRSet with DNS name {record.name} is not permitted in zone {zone_name}"
        )
    if record.type == "CNAME" and record.name == zone_name:
        raise InvalidChangeBatchError(
            f"RRSet of type CNAME with DNS name {record.name} is not permitted at apex in zone {zone_name}"
        )
    same_name = [other for other in others if other.name == record.name]
    if any("CNAME" in (other.type, record.type) and other.type != record.type for other in same_name):
        raise InvalidChangeBatchError(
            f"RRSet of type {record.type} with DNS name {record.name} is not permitted as it conflicts with other"
            f" records with the same DNS name in zone {zone_name}"
        )
    if any(
        other.type == record.type and (other.set_identifier is None) != (record.set_identifier is None)
        for other in same_name
    ):
        raise InvalidChangeBatchError(
            f"RRSet with DNS name {record.name}, type {record.type}, SetIdentifier {record.set_identifier} cannot be"
            " created as other RRSets exist with the same name and type."
        )


class Response(Route53):
    """Calls that moto reads wrongly."""

    def create_hosted_zone(self) -> ActionResult:
        """A zone that is created with a VPC is private, whether the request says so or not."""
        if "VPC" in self.params:
            self.params.setdefault("HostedZoneConfig", {})["PrivateZone"] = True
        return original(Route53.create_hosted_zone)(self)


def install() -> None:
    """Put all of this into moto."""
    extend(Route53Backend, Backend)
    extend(Route53, Response)
