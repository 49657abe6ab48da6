"""Parameter groups and subnet groups of RDS."""

from collections.abc import Mapping

from policies import must
from policies.resources import Resource
from policies.rule import Findings, Settings, Severity, Undecided, Violation, resource_rule

PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"


def _judge_parameters(group: Resource, wanted: Mapping[str, str | None]) -> Findings:
    """Parameters by name, with the value that each must have; None stands for any value."""
    family = group.at("family")
    if isinstance(family.value, str) and not family.value.startswith("postgres"):
        return
    parameters = group.at("parameters")
    entries = parameters.items()
    may_hold_more = any(entry.at("name").is_unknown for entry in entries)
    if may_hold_more:
        yield Undecided(parameters.path)
    values = {entry.at("name").value: entry.at("value") for entry in entries}
    for name, value in wanted.items():
        found = values.get(name)
        if found is None and not may_hold_more:
            yield Violation(f"the parameter {name} is not set")
        elif found is not None and found.is_unknown:
            yield Undecided(found.path)
        elif found is not None and value is not None and str(found.value) != value:
            yield Violation(f"the parameter {name} is not {value}")


@resource_rule("databases-speak-tls-only", Severity.HIGH, on=(PARAMETER_GROUP,))
def _tls(group: Resource, _: Settings) -> Findings:
    """A database refuses connections without TLS.

    Remedy: set the parameter rds.force_ssl to 1
    Controls: FSBP RDS.38, CKV2_AWS_69
    """
    yield from _judge_parameters(group, {"rds.force_ssl": "1"})


@resource_rule("databases-log-changes-and-slow-statements", Severity.LOW, on=(PARAMETER_GROUP,))
def _logged_statements(group: Resource, _: Settings) -> Findings:
    """A database's log shows who changed its structure, and what was slow.

    Remedy: set the parameters log_statement and log_min_duration_statement
    Controls: CKV2_AWS_30
    """
    yield from _judge_parameters(group, {"log_statement": None, "log_min_duration_statement": None})


@resource_rule("database-subnets-span-zones", Severity.HIGH, on=(SUBNET_GROUP,))
def _subnet_zones(group: Resource, _: Settings) -> Findings:
    """A database can move to another zone.

    Remedy: set subnetIds to subnets of at least two zones
    Controls: FSBP RDS.5
    """
    yield from must.hold_two_subnets(group.at("subnetIds"))


RULES = (_tls, _logged_statements, _subnet_zones)
