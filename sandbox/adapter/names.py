"""Pulumi's and Terraform's names for the same AWS resource types, data sources and properties.

Both sides are generated from the same Terraform provider by a rule: `aws_kms_key.deletion_window_in_days` becomes
`aws:kms/key:Key.deletionWindowInDays`, and a list or set gets a plural name. The installed `pulumi_aws` SDK says
how each name came out, so the rule only proposes and the SDK decides. Where the rule cannot know - a handful of
renamed types and properties - the tables below say so.
"""

import importlib
import inspect
import re
import threading
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from pulumi import _types

# Terraform types whose Pulumi name does not follow from the rule.
TYPE_EXCEPTIONS: Mapping[str, str] = {
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:lb/getLoadBalancer:getLoadBalancer": "aws_lb",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
}

# Properties whose Pulumi name does not follow from the rule: (Terraform type, Terraform property path): Pulumi name.
PROPERTY_EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("aws_cloudwatch_metric_alarm", "alarm_name"): "name",
    ("aws_lambda_function", "filename"): "code",
    ("aws_lambda_function", "function_name"): "name",
    ("aws_lambda_permission", "function_name"): "function",
    ("aws_sns_topic_subscription", "topic_arn"): "topic",
}

# Outputs that pulumi-aws 7 has and version 5 of the Terraform provider has under another name:
# (Terraform type, Pulumi property): Terraform property.
OUTPUT_SOURCES: Mapping[tuple[str, str], str] = {
    ("aws_ecs_service", "arn"): "id",
    ("aws_s3_bucket", "bucketRegion"): "region",
    ("aws_secretsmanager_secret_version", "secretArn"): "arn",
}

# `lambda` is a keyword in Python, so the SDK's module has another name.
_PYTHON_MODULES = {"lambda": "lambda_"}
_SERVICE_PREFIXES: Mapping[str, tuple[str, ...]] = {"rds": ("rds_", "db_"), "index": ("",)}

# The SDK loads its modules on first use, which is not safe from several threads.
_importing = threading.RLock()


class UnknownTypeError(Exception):
    """A resource type or function that the SDK or the Terraform provider does not have."""


def camel_case(name: str) -> str:
    """`vpc_id` as `vpcId`."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def snake_case(name: str) -> str:
    """`VpcEndpoint` as `vpc_endpoint`."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


def plurals(word: str) -> tuple[str, ...]:
    """The plural forms that the rule may have given an English word, the likelier first."""
    if word.endswith("s"):
        return word, word + "es"
    if re.search(r"(x|z|ch|sh)$", word):
        return (word + "es",)
    if re.search(r"[^aeiou]y$", word):
        return (word[:-1] + "ies",)
    return (word + "s",)


def terraform_type(token: str, known: Collection[str]) -> str:
    """The Terraform type among `known` of a Pulumi type or function token such as `aws:kms/key:Key`."""
    if token in TYPE_EXCEPTIONS:
        return TYPE_EXCEPTIONS[token]
    _, module, name = token.split(":")
    service = module.split("/")[0]
    base = snake_case(name).removeprefix("get_") if name.startswith("get") else snake_case(name)
    for prefix in (*_SERVICE_PREFIXES.get(service, (f"{service}_",)), ""):
        if f"aws_{prefix}{base}" in known:
            return f"aws_{prefix}{base}"
    raise UnknownTypeError(f"{token}: the Terraform AWS provider has no such type")


def property_name(
    terraform_type: str, path: str, plural_first: bool, properties: Collection[str]
) -> str | None:
    """Pulumi's name of a Terraform property, or None where the SDK has no such property.

    `path` is the dotted path of Terraform names from the type; `plural_first` says that it holds several values;
    `properties` are the names that the SDK's class has.
    """
    exception = PROPERTY_EXCEPTIONS.get((terraform_type, path))
    if exception in properties:
        return exception
    name = path.rpartition(".")[2]
    singular, several = (camel_case(name),), tuple(camel_case(form) for form in plurals(name))
    for candidate in several + singular if plural_first else singular + several:
        if candidate in properties:
            return candidate
    return None


@cache
def sdk_properties(token: str) -> Mapping[str, Any]:
    """Property names and Python types of the SDK's class of a resource type, or of a function's result."""
    _, module, name = token.split(":")
    service = module.split("/")[0]
    service = _PYTHON_MODULES.get(service, service)
    package = "pulumi_aws" if service == "index" else f"pulumi_aws.{service}"
    with _importing:
        try:
            if name.startswith("get"):
                source = importlib.import_module(f"{package}.{snake_case(name)}")
                wanted = f"{name}result".lower()
                return properties_of(next(cls for key, cls in vars(source).items() if key.lower() == wanted))
            return properties_of(getattr(importlib.import_module(package), name))
        except (ImportError, AttributeError, StopIteration):
            raise UnknownTypeError(f"{token}: the installed pulumi_aws has no such type") from None


def provider_properties() -> Mapping[str, Any]:
    """Property names and Python types of the provider's own arguments."""
    with _importing:
        return properties_of(importlib.import_module("pulumi_aws.provider").ProviderArgs)


@cache
def properties_of(cls: Any) -> Mapping[str, Any]:
    """Pulumi property names and Python types of one class of the SDK, nested or not."""
    with _importing:
        if _types.is_input_type(cls):
            return _types.input_type_types(cls)
        if _types.is_output_type(cls):
            return _types.output_type_types(cls)
        return _types.resource_types(cls)


@cache
def is_optional_argument(token: str, name: str) -> bool:
    """Whether the SDK lets a program leave out an argument of a resource type."""
    _, module, class_name = token.split(":")
    service = module.split("/")[0]
    with _importing:
        package = importlib.import_module(f"pulumi_aws.{_PYTHON_MODULES.get(service, service)}")
        arguments = getattr(package, f"{class_name}Args", None)
    if arguments is None:
        return False
    parameter = inspect.signature(arguments.__init__).parameters.get(snake_case(name))
    return parameter is not None and parameter.default is not inspect.Parameter.empty
