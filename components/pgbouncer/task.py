"""What one task of the pool is made of: the pooler, and beside it what reports how it does."""

import json
from dataclasses import dataclass
from typing import Any

from components.containers import ContainerHost, environment, hardened, without_capabilities

# Where the image expects things; components/pgbouncer/image/Dockerfile makes the folders, the entrypoint fills them.
SECRETS_DIRECTORY = "/run/secrets"
SOCKET_DIRECTORY = "/run/pgbouncer"
RDS_AUTHORITIES = "/etc/pgbouncer/rds-ca.pem"
# The image's user. A number, for ECS cannot look a name up; above the ranges that distributions hand out themselves.
USER_ID = 10001
POOLER_CONTAINER, METRICS_CONTAINER = "pgbouncer", "metrics"
# The longest Fargate allows (ContainerDefinition, stopTimeout): how long transactions that run get to end.
STOP_SECONDS = 120
# The list of users, the key and the certificate are a few kilobytes; a MiB is the least a tmpfs can have.
SECRETS_MIB = 1
# The reporter sleeps most of the time. Its own limit, so that it can never take the pooler's memory.
METRICS_MEMORY_MIB = 128
# The longest period of a container restart policy that still has metrics back within two minutes.
METRICS_RESTART_SECONDS = 60
# A dead event loop is seen after 30 s. The check opens the admin console, which logs nothing.
HEALTH_INTERVAL_SECONDS, HEALTH_TIMEOUT_SECONDS, HEALTH_RETRIES, HEALTH_START_SECONDS = 10, 5, 3, 15


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskContent:
    """What a task is told; all of it plain text by now. `configuration` is pgbouncer.ini, and holds no secret."""

    image: str
    port: int
    configuration: str
    userlist_secret_arn: str
    tls_name: str
    metric_namespace: str
    log_group_name: str
    region: str


def container_definitions(content: TaskContent) -> str:
    """The JSON document of both containers, as RegisterTaskDefinition takes it.

    The pooler's end is the task's end. The reporter's is not: it is started again, and the pool never waits for it.
    """
    return json.dumps([_pooler(content), _metrics(content)])


def _pooler(content: TaskContent) -> dict[str, Any]:
    return {
        **_base(content, POOLER_CONTAINER),
        "essential": True,
        "stopTimeout": STOP_SECONDS,
        "portMappings": [
            {"containerPort": content.port, "hostPort": content.port, "protocol": "tcp"},
        ],
        "environment": environment(
            {"PGBOUNCER_INI": content.configuration, "PGBOUNCER_TLS_NAME": content.tls_name}
        ),
        "secrets": [{"name": "PGBOUNCER_USERLIST", "valueFrom": content.userlist_secret_arn}],
        "linuxParameters": {
            **without_capabilities(),
            "tmpfs": [
                {
                    "containerPath": SECRETS_DIRECTORY,
                    "size": SECRETS_MIB,
                    "mountOptions": ["noexec", "nosuid", "nodev"],
                }
            ],
        },
        "healthCheck": {
            "command": ["CMD", "/usr/local/bin/pooler-health", SOCKET_DIRECTORY, str(content.port)],
            "interval": HEALTH_INTERVAL_SECONDS,
            "timeout": HEALTH_TIMEOUT_SECONDS,
            "retries": HEALTH_RETRIES,
            "startPeriod": HEALTH_START_SECONDS,
        },
    }


def _metrics(content: TaskContent) -> dict[str, Any]:
    return {
        **_base(content, METRICS_CONTAINER),
        "essential": False,
        "restartPolicy": {"enabled": True, "restartAttemptPeriod": METRICS_RESTART_SECONDS},
        "entryPoint": ["/usr/local/bin/pooler-metrics"],
        "command": [content.metric_namespace, SOCKET_DIRECTORY, str(content.port)],
        "memory": METRICS_MEMORY_MIB,
        "dependsOn": [{"containerName": POOLER_CONTAINER, "condition": "START"}],
        "linuxParameters": without_capabilities(),
    }


def _base(content: TaskContent, name: str) -> dict[str, Any]:
    """The base of both containers, which share nothing but the socket."""
    host = ContainerHost(
        image=content.image, user_id=USER_ID, log_group_name=content.log_group_name, region=content.region
    )
    return hardened(host, name, writable={"socket": SOCKET_DIRECTORY})
