"""The output keys of a stack: written by the program, read by other stacks, operators and clients. None is a secret."""

from enum import StrEnum


class OutputKey(StrEnum):
    """The output keys. `postgres_*` describe the current writer: the primary, or the promoted replica.

    Ports are numbers, subnets are lists of ids, `*_arns` and `postgres_replica_addresses` are mappings, all else is
    text.
    """

    POSTGRES_ADDRESS = "postgres_address"
    POSTGRES_PORT = "postgres_port"
    POSTGRES_DATABASE_NAME = "postgres_database_name"
    POSTGRES_REGION = "postgres_region"
    POSTGRES_IDENTIFIER = "postgres_identifier"
    POSTGRES_ARN = "postgres_arn"
    POSTGRES_RESOURCE_ID = "postgres_resource_id"
    POSTGRES_KMS_KEY_ARN = "postgres_kms_key_arn"
    POSTGRES_PARAMETER_GROUP_NAME = "postgres_parameter_group_name"
    POSTGRES_SECURITY_GROUP_ID = "postgres_security_group_id"
    POSTGRES_ADMIN_SECRET_ARN = "postgres_admin_secret_arn"  # noqa: S105 - a key
    POSTGRES_WRITER_NAME = "postgres_writer_name"
    POSTGRES_READERS_NAME = "postgres_readers_name"
    POSTGRES_REPLICA_ADDRESSES = "postgres_replica_addresses"
    POOLER_NAME = "pooler_name"
    POOLER_PORT = "pooler_port"
    POOLER_DATABASE_NAMES = "pooler_database_names"
    POOLER_APP_SECRET_ARN = "pooler_app_secret_arn"  # noqa: S105 - a key
    POOLER_REPOSITORY_URL = "pooler_repository_url"
    POOLER_CLUSTER_NAME = "pooler_cluster_name"
    POOLER_SERVICE_NAME = "pooler_service_name"
    POOLER_LOG_GROUP_NAME = "pooler_log_group_name"
    BACKUP_VAULT_ARN = "backup_vault_arn"
    DR_BACKUP_VAULT_ARN = "dr_backup_vault_arn"
    EXPORT_BUCKET = "export_bucket"
    DR_EXPORT_BUCKET = "dr_export_bucket"
    CACHE_ADDRESS = "cache_address"
    CACHE_PORT = "cache_port"
    CACHE_NAME = "cache_name"
    CACHE_ARN = "cache_arn"
    CACHE_SECURITY_GROUP_ID = "cache_security_group_id"
    CACHE_SECRET_ARNS = "cache_secret_arns"  # noqa: S105 - a key
    SESSIONS_ADDRESS = "sessions_address"
    SESSIONS_PORT = "sessions_port"
    SESSIONS_NAME = "sessions_name"
    SESSIONS_ARN = "sessions_arn"
    SESSIONS_SECURITY_GROUP_ID = "sessions_security_group_id"
    SESSIONS_SECRET_ARNS = "sessions_secret_arns"  # noqa: S105 - a key
    STORE_EVENT_TOPIC_ARN = "store_event_topic_arn"
    NOTIFICATION_TOPIC_ARN = "notification_topic_arn"
    ALARM_TOPIC_ARNS = "alarm_topic_arns"
    DR_ALARM_TOPIC_ARNS = "dr_alarm_topic_arns"
    ALARM_DASHBOARD_NAME = "alarm_dashboard_name"
    PRIMARY_REGION = "primary_region"
    PRIMARY_VPC_ID = "primary_vpc_id"
    PRIMARY_APP_SUBNET_IDS = "primary_app_subnet_ids"
    PRIMARY_DATA_SUBNET_IDS = "primary_data_subnet_ids"
    PRIMARY_DATABASE_KEY_ARN = "primary_database_key_arn"
    DR_REGION = "dr_region"
    DR_VPC_ID = "dr_vpc_id"
    DR_APP_SUBNET_IDS = "dr_app_subnet_ids"
    DR_DATA_SUBNET_IDS = "dr_data_subnet_ids"
    DR_DATABASE_KEY_ARN = "dr_database_key_arn"
    DR_NOTIFICATION_TOPIC_ARN = "dr_notification_topic_arn"
