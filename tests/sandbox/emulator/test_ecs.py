"""ECS and Application Auto Scaling of the emulated account: proves what a service and a scalable target remember. Does not
prove anything of what tasks do, for none is started."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.emulator.conftest import Connect


@pytest.fixture
def service(connect: Connect) -> Iterator[dict[str, Any]]:
    ecs, ec2 = connect("ecs"), connect("ec2")
    ecs.create_cluster(clusterName="pool")
    ecs.register_task_definition(
        family="pooler", containerDefinitions=[{"name": "one", "image": "one", "memory": 128}]
    )
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    yield ecs.create_service(
        cluster="pool",
        serviceName="pooler",
        taskDefinition="pooler",
        desiredCount=2,
        launchType="FARGATE",
        availabilityZoneRebalancing="ENABLED",
        deploymentConfiguration={
            "maximumPercent": 150,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}},
    )["service"]
    ecs.delete_service(cluster="pool", service="pooler", force=True)


def described(connect: Connect) -> dict[str, Any]:
    [found] = connect("ecs").describe_services(cluster="pool", services=["pooler"])["services"]
    return dict(found)


def test_a_service_remembers_how_it_deploys(connect: Connect, service: dict[str, Any]) -> None:
    for found in (service, described(connect)):
        assert found["availabilityZoneRebalancing"] == "ENABLED"
        assert found["deploymentConfiguration"]["maximumPercent"] == 150
        assert found["deploymentConfiguration"]["deploymentCircuitBreaker"] == {
            "enable": True,
            "rollback": True,
        }
        assert found["enableExecuteCommand"] is False


def test_its_tasks_run_and_a_new_deployment_ends_at_once(connect: Connect, service: dict[str, Any]) -> None:
    ecs = connect("ecs")
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (2, "COMPLETED")
    ecs.update_service(cluster="pool", service="pooler", forceNewDeployment=True)
    assert described(connect)["deployments"][0]["id"] != service["deployments"][0]["id"]
    ecs.get_waiter("services_stable").wait(
        cluster="pool", services=["pooler"], WaiterConfig={"Delay": 1, "MaxAttempts": 1}
    )


def test_a_scalable_target_has_tags(connect: Connect, service: dict[str, Any]) -> None:
    scaling = connect("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/pool/pooler",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    arn = scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=3, Tags={"a": "1", "b": "2"})[
        "ScalableTargetARN"
    ]
    scaling.tag_resource(ResourceARN=arn, Tags={"a": "3"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["b"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "3"}
    with pytest.raises(ClientError, match="no scalable target has the ARN"):
        scaling.list_tags_for_resource(ResourceARN=arn + "x")
    scaling.deregister_scalable_target(**target)
