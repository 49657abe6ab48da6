"""What AWS allows between regions, checked before it is asked for.

Source of the pairs: RDS guide, "Replicating automated backups to another AWS Region", "Source and destination AWS Region
support". The commercial partition's rows; the table is not symmetric. AWS adds pairs: `aws rds describe-source-regions
--region <destination>` shows those of today.
"""

import pulumi

REPLICATION_DESTINATIONS: dict[str, frozenset[str]] = {
    source: frozenset(destinations.split())
    for source, destinations in {
        "ap-northeast-1": "ap-northeast-2 ap-northeast-3 ap-southeast-1 us-east-1 us-east-2 us-west-2",
        "ap-northeast-2": "ap-northeast-1 ap-southeast-1 us-east-1 us-east-2 us-west-2",
        "ap-northeast-3": "ap-northeast-1",
        "ap-south-1": "ap-southeast-1 us-east-1 us-east-2 us-west-2",
        "ap-southeast-1": (
            "ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-2 us-east-1 us-east-2 us-west-2"
        ),
        "ap-southeast-2": "ap-southeast-1 us-east-1 us-west-1 us-west-2",
        "ca-central-1": "eu-west-1 us-east-1 us-east-2 us-west-1 us-west-2",
        "eu-central-1": "eu-north-1 eu-west-1 eu-west-2 eu-west-3 us-east-1 us-east-2 us-west-2",
        "eu-north-1": "eu-central-1 eu-west-1 eu-west-2 eu-west-3 us-east-1",
        "eu-west-1": (
            "ca-central-1 eu-central-1 eu-north-1 eu-west-2 eu-west-3 us-east-1 us-east-2 us-west-1 us-west-2"
        ),
        "eu-west-2": "eu-central-1 eu-north-1 eu-west-1 eu-west-3 us-east-1",
        "eu-west-3": "eu-central-1 eu-north-1 eu-west-1 eu-west-2 us-east-1",
        "sa-east-1": "us-east-1 us-east-2",
        "us-east-1": (
            "ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 "
            "eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-2 us-west-1 us-west-2"
        ),
        "us-east-2": (
            "ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ca-central-1 eu-central-1 eu-west-1 "
            "sa-east-1 us-east-1 us-west-1 us-west-2"
        ),
        "us-west-1": "ap-southeast-2 ca-central-1 eu-west-1 us-east-1 us-east-2 us-west-2",
        "us-west-2": (
            "ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 "
            "eu-west-1 us-east-1 us-east-2 us-west-1"
        ),
    }.items()
}


class RegionError(pulumi.RunError):
    """Something that AWS does not do in or between these regions. Pulumi shows its text alone, without a trace."""


def require_supported_pair(source_region: str, destination_region: str) -> None:
    """Raise RegionError unless RDS replicates automated backups from the one region to the other."""
    destinations = REPLICATION_DESTINATIONS.get(source_region, frozenset())
    if destination_region not in destinations:
        known = ", ".join(sorted(destinations)) or "nowhere"
        raise RegionError(
            f"RDS does not replicate automated backups from {source_region} to {destination_region}, only to {known}; "
            "choose another region, or leave the replication out"
        )


def require_key_region(arn: str, region: str) -> str:
    """The key's ARN, if the key is in `region`: KMS keys work nowhere else. Raises RegionError."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "kms":
        raise RegionError(f"{arn!r} is not the ARN of a KMS key")
    if parts[3] != region:
        raise RegionError(
            f"the key {arn!r} is in {parts[3]}, and is needed in {region}; give a key of {region}"
        )
    return arn


def key_in(arn: pulumi.Input[str], region: str) -> pulumi.Output[str]:
    """`require_key_region` as soon as the ARN is known: at preview, if the key exists."""
    return pulumi.Output.from_input(arn).apply(lambda known: require_key_region(known, region))
