"""What a stack exports: the one list of keys, written here and read by operators' commands and other stacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import pulumi


@dataclass(frozen=True, kw_only=True, slots=True)
class StackOutputs:
    """The exported values; each field's name is the key. None of them is a secret.

    Ports are numbers, the subnets are lists of ids, the pool's databases are names: of the one for writes, then for
    reads; the replicas' addresses are by name, the stores' secrets by user, the alarms' topics by severity, all else is text. What begins with
    `postgres_` is of the instance that takes writes: the primary, or the replica that was promoted.
    """

    postgres_address: pulumi.Input[str]
    postgres_port: pulumi.Input[int]
    postgres_database_name: pulumi.Input[str]
    postgres_region: pulumi.Input[str]
    postgres_identifier: pulumi.Input[str]
    postgres_arn: pulumi.Input[str]
    postgres_resource_id: pulumi.Input[str]
    postgres_kms_key_arn: pulumi.Input[str]
    postgres_parameter_group_name: pulumi.Input[str]
    postgres_security_group_id: pulumi.Input[str]
    postgres_admin_secret_arn: pulumi.Input[str]
    postgres_writer_name: pulumi.Input[str]
    postgres_readers_name: pulumi.Input[str]
    postgres_replica_addresses: Mapping[str, pulumi.Input[str]]
    pooler_name: pulumi.Input[str]
    pooler_port: pulumi.Input[int]
    pooler_database_names: Sequence[str]
    pooler_app_secret_arn: pulumi.Input[str]
    pooler_repository_url: pulumi.Input[str]
    pooler_cluster_name: pulumi.Input[str]
    pooler_service_name: pulumi.Input[str]
    pooler_log_group_name: pulumi.Input[str]
    backup_vault_arn: pulumi.Input[str]
    dr_backup_vault_arn: pulumi.Input[str]
    export_bucket: pulumi.Input[str]
    dr_export_bucket: pulumi.Input[str]
    cache_address: pulumi.Input[str]
    cache_port: pulumi.Input[int]
    cache_name: pulumi.Input[str]
    cache_arn: pulumi.Input[str]
    cache_security_group_id: pulumi.Input[str]
    cache_secret_arns: Mapping[str, pulumi.Input[str]]
    sessions_address: pulumi.Input[str]
    sessions_port: pulumi.Input[int]
    sessions_name: pulumi.Input[str]
    sessions_arn: pulumi.Input[str]
    sessions_security_group_id: pulumi.Input[str]
    sessions_secret_arns: Mapping[str, pulumi.Input[str]]
    store_event_topic_arn: pulumi.Input[str]
    notification_topic_arn: pulumi.Input[str]
    alarm_topic_arns: Mapping[str, pulumi.Input[str]]
    dr_alarm_topic_arns: Mapping[str, pulumi.Input[str]]
    alarm_dashboard_name: pulumi.Input[str]
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
    dr_notification_topic_arn: pulumi.Input[str]


OUTPUT_KEYS = tuple(field.name for field in fields(StackOutputs))


def export(outputs: StackOutputs) -> None:
    """Make the values outputs of the running stack."""
    for key in OUTPUT_KEYS:
        pulumi.export(key, getattr(outputs, key))
