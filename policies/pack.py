"""From the rules to the policies that Pulumi's SDK serves to the engine."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pulumi_policy
from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies import exemptions, serving
from policies.environment import Environment, named_by, stack_name
from policies.exemptions import Exemption, ExemptionError
from policies.late import may_be_late
from policies.resources import Resource, resource_of, stack_of
from policies.rule import Level, ResourceRule, Rule, Severity, StackRule, Undecided, Violation
from policies.rules import RESOURCE_RULES, STACK_RULES

NAME = "reptidex-data-platform"
# The policies that are no rule about a property.
ENVIRONMENT_RULE = "stacks-say-their-environment"
UNKNOWN_RULE = "what-rules-judge-is-known-in-time"
EXPIRY_RULE = "exemptions-have-not-expired"
# What is advisory in one environment and mandatory in another is two policies: the SDK knows one level for each.
ADVICE = "-advice"
STACK = "pulumi:pulumi:Stack"

LEVELS = {Level.MANDATORY: EnforcementLevel.MANDATORY, Level.ADVISORY: EnforcementLevel.ADVISORY}
Policies = list[pulumi_policy.Policy]
# The types of resources that each rule is about.
ABOUT = {rule.id: rule.on for rule in RESOURCE_RULES}


def serve(exemptions_file: Path) -> None:
    """Serve all rules to the engine that started this process; returns when the engine ends it."""
    try:
        policies = all_policies(
            exemptions.load(exemptions_file, rule_ids()),
            today=datetime.now(tz=UTC).date(),
        )
    except ExemptionError as error:
        sys.exit(f"error: {error}")
    serving.serve(NAME, policies, is_about)


def rule_ids() -> set[str]:
    """The ids of all rules that a resource can break."""
    return {rule.id for rule in RESOURCE_RULES} | {rule.id for rule in STACK_RULES}


def all_policies(exempt: Sequence[Exemption], today: date) -> Policies:
    """Every rule as a policy, or as two; the first one reads which environment is configured."""
    pack = Pack(exempt=tuple(exempt), today=today)
    policies: Policies = [pack.environment_policy(), pack.unknown_policy(), pack.expiry_policy()]
    for rule in RESOURCE_RULES:
        policies += [pack.resource_policy(rule, level) for level in levels(rule)]
    for stack_rule in STACK_RULES:
        policies += [pack.stack_policy(stack_rule, level) for level in levels(stack_rule)]
    return policies


def is_about(policy: pulumi_policy.Policy, resource_type: str) -> bool:
    """Whether a policy may have something to say of resources of a type; the pack's own three are about all."""
    types = ABOUT.get(policy.name.removesuffix(ADVICE))
    return types is None or resource_type in types


def levels(rule: Rule[Any]) -> list[Level]:
    """The levels that a rule has in some environment, the strictest first."""
    return [level for level in LEVELS if level in (rule.prod, rule.dev)]


@dataclass(slots=True)
class Pack:
    """What the policies share: exemptions, today's date, and the environment that the configuration names."""

    exempt: tuple[Exemption, ...]
    today: date
    environment: str | None = field(default=None)

    def resource_policy(self, rule: ResourceRule, level: Level) -> ResourceValidationPolicy:
        """A rule about resources at one of its levels; only the strictest mends anything."""

        def violations(args: ResourceValidationArgs) -> list[str]:
            if args.resource_type not in rule.on:
                return []
            resource = resource_of(args, self.environment)
            if rule.level(resource.environment) is not level or self._is_exempt(rule, resource):
                return []
            settings = rule.settings_for(resource.environment, args.get_config())
            return [
                _message(finding, rule, resource.environment)
                for finding in rule.judge(resource, settings)
                if isinstance(finding, Violation)
            ]

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            for message in violations(args):
                report(message, None)

        def remediate(args: ResourceValidationArgs) -> Any:  # the SDK's type knows only the asynchronous form
            if not violations(args):
                return None
            properties: Any = args.props  # takes values, and keeps secret what was
            for name, value in rule.fix.items():
                properties[name] = value
            return args.props

        return ResourceValidationPolicy(
            validate=validate,
            remediate=remediate if rule.fix and level is levels(rule)[0] else None,
            **_metadata(rule, level),
        )

    def stack_policy(self, rule: StackRule, level: Level) -> StackValidationPolicy:
        """A rule about a stack at one of its levels."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            stack = stack_of(args, self.environment)
            # A state may hold stacks of several environments, each with its own settings.
            for environment in Environment:
                if rule.level(environment) is not level:
                    continue
                settings = rule.settings_for(environment, args.get_config())
                for finding in rule.judge(stack, settings):
                    if not isinstance(finding, Violation):
                        continue
                    resource = stack.by_urn(finding.urn)
                    if (
                        resource
                        and resource.environment is environment
                        and not self._is_exempt(rule, resource)
                    ):
                        report(_message(finding, rule, environment), resource.urn)

        return StackValidationPolicy(validate=validate, **_metadata(rule, level))

    def environment_policy(self) -> ResourceValidationPolicy:
        """Reads the configured environment for all others. The engine asks policies in the order of their list."""

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            self.environment = args.get_config().get("environment")
            if args.resource_type == STACK and not self.environment and not named_by(stack_name(args.urn)):
                report(
                    "neither the pack's configuration nor the stack's name says which; what has no tag Environment is"
                    " judged for prod",
                    None,
                )

        return ResourceValidationPolicy(
            name=ENVIRONMENT_RULE,
            description="Which rules hold depends on what a stack is for.",
            validate=validate,
            enforcement_level=EnforcementLevel.ADVISORY,
            config_schema=PolicyConfigSchema(
                {
                    "environment": {
                        "type": "string",
                        "enum": list(Environment),
                        "description": "what every stack is judged for",
                    }
                }
            ),
            severity=pulumi_policy.Severity.LOW,
        )

    def unknown_policy(self) -> ResourceValidationPolicy:
        """Reports what a rule judges and nobody knows yet."""

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            rules = [rule for rule in RESOURCE_RULES if args.resource_type in rule.on]
            if not rules:
                return
            resource = resource_of(args, self.environment)
            also = list(args.get_config().get("alsoLate", []))
            for path, judges in _undecided(rules, resource).items():
                open_rules = [rule.id for rule in judges if not self._is_exempt(rule, resource)]
                if open_rules and not may_be_late(resource.type, path, also):
                    report(
                        f"`{path}` is not known before the deployment; {', '.join(open_rules)} would judge it",
                        None,
                    )

        return ResourceValidationPolicy(
            name=UNKNOWN_RULE,
            description="A value that retention or safety depends on is known when it is judged: unknown is no pass.",
            validate=validate,
            enforcement_level=EnforcementLevel.MANDATORY,
            config_schema=PolicyConfigSchema(
                {
                    "alsoLate": {
                        "type": "array",
                        "items": {"type": "string"},
                        "default": [],
                        "description": "more properties that may be late, as <type>/<path>",
                    }
                }
            ),
            severity=pulumi_policy.Severity.HIGH,
            remediation_steps="take the value from configuration, or from a resource's input instead of its output",
        )

    def expiry_policy(self) -> StackValidationPolicy:
        """Reports exemptions that no longer hold."""

        def validate(_: StackValidationArgs, report: ReportViolation) -> None:
            for exemption in self.exempt:
                if exemption.expires < self.today:
                    report(
                        f"{exemption.rule} for {exemption.resource} expired on {exemption.expires}: {exemption.owner}"
                        " mends it, or renews the entry with a reason",
                        None,
                    )

        return StackValidationPolicy(
            name=EXPIRY_RULE,
            description="An exemption ends on its day.",
            validate=validate,
            enforcement_level=EnforcementLevel.MANDATORY,
            severity=pulumi_policy.Severity.MEDIUM,
        )

    def _is_exempt(self, rule: Rule[Any], resource: Resource) -> bool:
        return any(exemption.covers(rule.id, resource, self.today) for exemption in self.exempt)


def _undecided(rules: Sequence[ResourceRule], resource: Resource) -> dict[str, list[ResourceRule]]:
    """The unknown properties that rules judge, with the rules that do."""
    found: dict[str, list[ResourceRule]] = {}
    for rule in rules:
        if rule.level(resource.environment) is Level.OFF:
            continue
        for finding in rule.judge(resource, rule.settings_for(resource.environment, {})):
            if isinstance(finding, Undecided):
                found.setdefault(finding.path, []).append(rule)
    return found


def _message(violation: Violation, rule: Rule[Any], environment: Environment) -> str:
    return f"{violation.text} (judged for {environment})\n{rule.remedy}"


def _metadata(rule: Rule[Any], level: Level) -> dict[str, Any]:
    """What the SDK tells of a policy beside its function."""
    schema = rule.config_schema()
    return {
        "name": rule.id if level is levels(rule)[0] else rule.id + ADVICE,
        "description": rule.description,
        "enforcement_level": LEVELS[level],
        "config_schema": PolicyConfigSchema(schema) if schema else None,
        "severity": SEVERITIES[rule.severity],
        "tags": list(rule.controls) or None,
        "remediation_steps": rule.remedy,
    }


SEVERITIES = {severity: pulumi_policy.Severity(severity.value) for severity in Severity}
