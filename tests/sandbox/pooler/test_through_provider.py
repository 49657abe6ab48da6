"""The pool's resources managed by the real Terraform AWS provider in the emulated account.

Proves that inputs like the components' are accepted and read back without a difference: task definition, service, balancer,
scaling, repository, and the first version of a secret after rotations. Does not prove that AWS would start a task of it, nor
that the components ask for just this: the inputs are a copy of theirs, and the live stacks put the components through.
"""

import json
from typing import Any

import pytest

from components.pgbouncer.balancer import IDLE_SECONDS
from components.pgbouncer.images import lifecycle_policy
from components.pgbouncer.pooler import DEPLOYMENT_MAXIMUM_PERCENT
from components.pgbouncer.task import METRICS_CONTAINER, POOLER_CONTAINER, TaskContent, container_definitions
from components.policy_documents import service_trust
from tests.harness.provider import ACCOUNT_ID, Make, assert_read_back, make_network
from tests.sandbox.adapter.engine import REGION, Plugin, Resource

PORT = 6432
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:userlist-AbCdEf"


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    """No server is needed here."""


@pytest.fixture(scope="module")
def network(make: Make) -> dict[str, Any]:
    vpc_id, subnet_ids = make_network(make, "app", "ab")
    group = make("aws:ec2/securityGroup:SecurityGroup", "tasks", {"vpcId": vpc_id, "description": "tasks"})
    return {"vpc": vpc_id, "subnets": subnet_ids, "group": group.id}


@pytest.fixture(scope="module")
def role(make: Make) -> Resource:
    trust = service_trust("ecs-tasks.amazonaws.com", ACCOUNT_ID, f"arn:aws:ecs:{REGION}:{ACCOUNT_ID}:*")
    return make("aws:iam/role:Role", "role", {"assumeRolePolicy": json.dumps(trust)})


@pytest.fixture(scope="module")
def task_definition(make: Make, role: Resource) -> Resource:
    content = TaskContent(
        image=f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/pooler@sha256:{'0' * 64}",
        port=PORT,
        configuration="[pgbouncer]\nlisten_port = 6432\n",
        userlist_secret_arn=SECRET,
        tls_name="pooler.test.internal",
        metric_namespace="Pool",
        log_group_name="/ecs/pooler",
        region=REGION,
    )
    return make(
        "aws:ecs/taskDefinition:TaskDefinition",
        "task",
        {
            "family": "pooler",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
            "executionRoleArn": role.outputs["arn"],
            "taskRoleArn": role.outputs["arn"],
            "containerDefinitions": container_definitions(content),
            "volumes": [{"name": "socket"}],
        },
    )


@pytest.fixture(scope="module")
def listener(make: Make, network: dict[str, Any]) -> dict[str, Resource]:
    balancer = make(
        "aws:lb/loadBalancer:LoadBalancer",
        "balancer",
        {
            "loadBalancerType": "network",
            "internal": True,
            "subnets": network["subnets"],
            "securityGroups": [network["group"]],
            "enableCrossZoneLoadBalancing": True,
            "enableDeletionProtection": False,
        },
    )
    targets = make(
        "aws:lb/targetGroup:TargetGroup",
        "targets",
        {
            "port": PORT,
            "protocol": "TCP",
            "targetType": "ip",
            "vpcId": network["vpc"],
            "preserveClientIp": "false",
            "stickiness": {"type": "source_ip", "enabled": True},
            "deregistrationDelay": 120,
            "connectionTermination": False,
            "healthCheck": {
                "protocol": "TCP",
                "interval": 10,
                "healthyThreshold": 2,
                "unhealthyThreshold": 2,
            },
        },
    )
    made = make(
        "aws:lb/listener:Listener",
        "listener",
        {
            "loadBalancerArn": balancer.outputs["arn"],
            "port": PORT,
            "protocol": "TCP",
            "tcpIdleTimeoutSeconds": IDLE_SECONDS,
            "defaultActions": [{"type": "forward", "targetGroupArn": targets.outputs["arn"]}],
        },
    )
    return {"balancer": balancer, "targets": targets, "listener": made}


@pytest.fixture(scope="module")
def service(
    make: Make, network: dict[str, Any], task_definition: Resource, listener: dict[str, Resource]
) -> dict[str, Resource]:
    cluster = make(
        "aws:ecs/cluster:Cluster",
        "cluster",
        {"name": "pool", "settings": [{"name": "containerInsights", "value": "enabled"}]},
    )
    made = make(
        "aws:ecs/service:Service",
        "service",
        {
            "cluster": cluster.outputs["arn"],
            "taskDefinition": task_definition.outputs["arn"],
            "launchType": "FARGATE",
            "desiredCount": 2,
            "availabilityZoneRebalancing": "ENABLED",
            "deploymentMinimumHealthyPercent": 100,
            "deploymentMaximumPercent": DEPLOYMENT_MAXIMUM_PERCENT,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "enableExecuteCommand": False,
            "propagateTags": "SERVICE",
            "networkConfiguration": {
                "subnets": network["subnets"],
                "securityGroups": [network["group"]],
                "assignPublicIp": False,
            },
            "loadBalancers": [
                {
                    "targetGroupArn": listener["targets"].outputs["arn"],
                    "containerName": POOLER_CONTAINER,
                    "containerPort": PORT,
                }
            ],
        },
    )
    return {"cluster": cluster, "service": made}


def test_a_task_definition_is_read_back_as_it_was_asked_for(aws: Plugin, task_definition: Resource) -> None:
    assert_read_back(aws, task_definition)
    containers = {each["name"]: each for each in json.loads(task_definition.outputs["containerDefinitions"])}
    assert containers[POOLER_CONTAINER]["linuxParameters"]["tmpfs"][0]["size"] == 1
    assert containers[POOLER_CONTAINER]["stopTimeout"] == 120
    assert containers[METRICS_CONTAINER]["restartPolicy"] == {"enabled": True, "restartAttemptPeriod": 60}


def test_the_balancer_is_read_back_as_it_was_asked_for(aws: Plugin, listener: dict[str, Resource]) -> None:
    for resource in listener.values():
        assert_read_back(aws, resource)


def test_the_service_is_read_back_as_it_was_asked_for(aws: Plugin, service: dict[str, Resource]) -> None:
    for resource in service.values():
        assert_read_back(aws, resource)


def test_a_new_task_definition_is_a_deployment_and_not_another_service(
    aws: Plugin, service: dict[str, Resource], task_definition: Resource
) -> None:
    made = service["service"]
    difference = aws.diff(made, {**made.inputs, "taskDefinition": task_definition.outputs["arn"] + "1"})
    assert set(difference.detailedDiff) == {"taskDefinition"}
    assert list(difference.replaces) == []


def test_scaling_is_read_back_as_it_was_asked_for(
    aws: Plugin, make: Make, service: dict[str, Resource]
) -> None:
    shared = {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": f"service/pool/{service['service'].outputs['name']}",
    }
    target = make(
        "aws:appautoscaling/target:Target", "target", {**shared, "minCapacity": 2, "maxCapacity": 3}
    )
    policy = make(
        "aws:appautoscaling/policy:Policy",
        "policy",
        {
            **shared,
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
                "targetValue": 60,
                "scaleOutCooldown": 60,
                "scaleInCooldown": 600,
            },
        },
    )
    for resource in (target, policy):
        assert_read_back(aws, resource)


def test_the_repository_is_read_back_as_it_was_asked_for(aws: Plugin, make: Make) -> None:
    key = make("aws:kms/key:Key", "images", {"enableKeyRotation": True})
    repository = make(
        "aws:ecr/repository:Repository",
        "repository",
        {
            "name": "pooler",
            "forceDelete": True,
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": key.outputs["arn"]}],
        },
    )
    lifecycle = make(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "lifecycle",
        {"repository": "pooler", "policy": json.dumps(lifecycle_policy())},
    )
    for resource in (repository, lifecycle):
        assert_read_back(aws, resource)


def test_the_first_version_of_a_secret_is_found_after_rotations(aws: Plugin, make: Make) -> None:
    secret = make(
        "aws:secretsmanager/secret:Secret", "userlist", {"name": "userlist", "recoveryWindowInDays": 0}
    )

    def put(content: str, *labels: str) -> Resource:
        version = {
            "secretId": secret.outputs["arn"],
            "secretString": content,
            "versionStages": ["AWSCURRENT", *labels],
        }
        return make("aws:secretsmanager/secretVersion:SecretVersion", content, version)

    first = put("first", "initial-userlist")
    assert_read_back(aws, first)
    for rotated in ("second", "third"):
        put(rotated)
    read = aws.read(first)
    assert read is not None
    assert read.outputs["versionStages"] == ["initial-userlist"]
