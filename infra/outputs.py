"""What a stack exports: the one list of keys, written here and read by operators' commands and other stacks."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import pulumi


@dataclass(frozen=True, kw_only=True, slots=True)
class StackOutputs:
    """The exported values; each field's name is the key. None of them is a secret.

    Ports are numbers, the subnets are lists of ids, all else is text.
    """

    postgres_address: pulumi.Input[str]
    postgres_port: pulumi.Input[int]
    postgres_database_name: pulumi.Input[str]
    postgres_identifier: pulumi.Input[str]
    postgres_arn: pulumi.Input[str]
    postgres_resource_id: pulumi.Input[str]
    postgres_kms_key_arn: pulumi.Input[str]
    postgres_parameter_group_name: pulumi.Input[str]
    postgres_security_group_id: pulumi.Input[str]
    postgres_admin_secret_arn: pulumi.Input[str]
    notification_topic_arn: pulumi.Input[str]
    primary_region: pulumi.Input[str]
    primary_vpc_id: pulumi.Input[str]
    primary_app_subnet_ids: Sequence[pulumi.Input[str]]
    primary_data_subnet_ids: Sequence[pulumi.Input[str]]
    primary_database_key_arn: pulumi.Input[str]
    dr_region: pulumi.Input[str]
    dr_vpc_id: pulumi.Input[str]
    dr_app_subnet_ids: Sequence[pulumi.Input[str]]
    dr_data_subnet_ids: Sequence[pulumi.Input[str]]
    dr_database_key_arn: pulumi.Input[str]


OUTPUT_KEYS = tuple(field.name for field in fields(StackOutputs))


def export(outputs: StackOutputs) -> None:
    """Make the values outputs of the running stack."""
    for key in OUTPUT_KEYS:
        pulumi.export(key, getattr(outputs, key))
